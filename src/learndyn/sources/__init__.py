"""Trials from outside: files, tables, functions, and the tasks and data of other packages."""

from learndyn.sources._archive import read_archive as read_archive
from learndyn.sources._describe import describe as describe
from learndyn.sources._digits import digits as digits
from learndyn.sources._extras import needs as needs
from learndyn.sources._function import find_function as find_function
from learndyn.sources._function import from_function as from_function
from learndyn.sources._neurogym import neurogym_integration as neurogym_integration
from learndyn.sources._neurogym import neurogym_task as neurogym_task
from learndyn.sources._npy import read_npy as read_npy
from learndyn.sources._npz import read_npz as read_npz
from learndyn.sources._open import drawn as drawn
from learndyn.sources._open import open_source as open_source
from learndyn.sources._source import Source as Source
from learndyn.sources._stream import Layout as Layout
from learndyn.sources._stream import StreamedTrials as StreamedTrials
from learndyn.sources._table import Columns as Columns
from learndyn.sources._table import read_table as read_table

# For readers; the others are for rooms above.
__all__ = [
    "Columns",
    "Layout",
    "Source",
    "StreamedTrials",
    "describe",
    "digits",
    "from_function",
    "neurogym_integration",
    "neurogym_task",
    "open_source",
    "read_npy",
    "read_npz",
    "read_table",
]
