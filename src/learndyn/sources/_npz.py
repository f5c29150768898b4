"""Trials from an npz file."""

import os

from learndyn.sources._archive import read_archive
from learndyn.statistics import Trials

_SAVE = (
    "Save plain numbers with numpy.savez(path, x=x, y=y); pad trials of different lengths to one "
    "length, and add lengths=lengths."
)


def read_npz(path: str | os.PathLike) -> Trials:
    """Trials from an npz file with arrays `x`, `y` and, if wanted, `lengths`, as in `Trials`.

    Other arrays in the file are left alone, and nothing is ever unpickled.

    Args:
        path: the file.

    Returns:
        The trials.

    Raises:
        InputError: if there is no such file, if it is damaged or of another kind, if `x` or `y` is
            missing, or for arrays that `Trials` refuses.

    Example:
        >>> import numpy as np, tempfile, learndyn.sources
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/trials.npz", x=np.ones((10, 5, 3)), y=np.ones((10, 2)))
        ...     trials = learndyn.sources.read_npz(f"{folder}/trials.npz")
        >>> trials.count, trials.length
        (10, 5)
    """
    arrays = read_archive(
        path, ("x", "y"), ("lengths",), expected="an npz file of trials", cure=_SAVE
    )
    return Trials(arrays["x"], arrays["y"], lengths=arrays.get("lengths"))
