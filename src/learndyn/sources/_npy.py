"""Trials from a folder of npy files, mapped piece by piece."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from learndyn._errors import InputError
from learndyn.sources._stream import Layout, RawChunk, StreamedTrials
from learndyn.statistics import Trials
from learndyn.statistics._chunks import rows_per_chunk

_SAVE = "Save plain numbers with numpy.save, one array for each of x.npy and y.npy."


def read_npy(folder: str | os.PathLike) -> StreamedTrials:
    """Trials from a folder with `x.npy`, `y.npy` and, if wanted, `lengths.npy`, as in `Trials`.

    The arrays may be larger than memory: a piece of the files is mapped at a time, and let go of.

    Args:
        folder: the folder.

    Returns:
        The trials.

    Raises:
        InputError: if a file is missing, damaged or of another kind, for arrays that `Trials`
            refuses, and for arrays in Fortran order.

    Example:
        >>> import numpy as np, tempfile, learndyn.sources
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(f"{folder}/x.npy", np.ones((10, 5, 3)))
        ...     np.save(f"{folder}/y.npy", np.ones((10, 2)))
        ...     trials = learndyn.sources.read_npy(folder)
        >>> trials.count, trials.length
        (10, 5)
    """
    folder = Path(folder)
    x, y = _mapped(folder / "x.npy"), _mapped(folder / "y.npy")
    lengths = None
    if (folder / "lengths.npy").exists():
        lengths = np.array(_mapped(folder / "lengths.npy"))
    # Checked as any trials are; no number is read.
    trials = Trials(x, y, lengths=lengths)
    layout = Layout(trials.count, trials.length, trials.n_in, trials.n_out, trials.every_step)
    pieces = _Pieces(x), _Pieces(y)
    size = rows_per_chunk(int(np.prod(x.shape[1:]) + np.prod(y.shape[1:])))

    def read() -> Iterator[RawChunk]:
        for start in range(0, layout.count, size):
            rows = slice(start, min(start + size, layout.count))
            yield pieces[0][rows], pieces[1][rows], None if lengths is None else lengths[rows]

    return StreamedTrials(read, layout)


class _Pieces:
    """Rows of an npy file; pages of the file are in memory only while a piece is."""

    def __init__(self, array: np.memmap):
        self._path, self._dtype, self._offset = array.filename, array.dtype, array.offset
        self._row = array.shape[1:]
        self._row_bytes = array.dtype.itemsize * int(np.prod(self._row))

    def __getitem__(self, rows: slice) -> np.ndarray:
        # A map of the whole file would count each page once read as memory of the process.
        return np.memmap(
            self._path or "",
            self._dtype,
            "r",
            offset=self._offset + rows.start * self._row_bytes,
            shape=(rows.stop - rows.start, *self._row),
        )


def _mapped(path: Path) -> np.memmap:
    if not path.is_file():
        raise InputError(f"a file {path.name} of trials", f"none in {path.parent}", _SAVE)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise InputError(f"a file {path.name} of trials", f"{path} ({error.strerror})") from error
    except Exception as error:  # whatever numpy makes of strange bytes
        got = f"{path}, which is damaged, empty, of another kind or holds objects"
        raise InputError(f"plain numbers in {path.name}", got, _SAVE) from error
    if not isinstance(array, np.memmap):
        raise InputError(f"plain numbers in {path.name}", f"{path}, of another kind", _SAVE)
    if not array.flags.c_contiguous:
        raise InputError(
            f"{path.name} with one trial after another (C order)",
            f"{path} in Fortran order",
            f"Save numpy.ascontiguousarray({path.stem}).",
        )
    return array
