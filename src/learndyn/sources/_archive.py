"""Arrays of an npz file, never unpickled."""

import os
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from learndyn._errors import InputError


def read_archive(
    path: str | os.PathLike,
    required: Sequence[str],
    optional: Sequence[str] = (),
    *,
    expected: str,
    cure: str,
) -> dict[str, np.ndarray]:
    """Some arrays of an npz file; others are left alone, and nothing is ever unpickled.

    Args:
        path: the file.
        required: names of arrays that must be there.
        optional: names of arrays that may be.
        expected: what the file should be, for the sentence of an error.
        cure: how to make such a file.

    Returns:
        Arrays by name.

    Raises:
        InputError: if there is no such file, if it is damaged or of another kind, or if an array is
            missing.
    """
    # Opened here, because numpy forgets to close a damaged archive.
    with _opened(path, expected) as file, _archive(file, expected, cure) as archive:
        found = archive.files
        if not set(required) <= set(found):
            names = ", ".join(sorted(found)[:10]) or "none"
            wanted = f"{', '.join(required[:-1])} and {required[-1]}"
            raise InputError(f"arrays {wanted} in {path}", names, cure)
        wanted = [name for name in (*required, *optional) if name in found]
        return {name: _member(archive, name, cure) for name in wanted}


def _opened(path: str | os.PathLike, expected: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise InputError(expected, f"{path} ({error.strerror})") from error


def _archive(file: BinaryIO, expected: str, cure: str) -> np.lib.npyio.NpzFile:
    try:
        archive = np.load(file, allow_pickle=False)
    except Exception as error:  # whatever zipfile and numpy make of strange bytes
        raise InputError(expected, f"{file.name}, damaged or of another kind", cure) from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(expected, f"{file.name} with a single array", cure)
    return archive


def _member(archive: np.lib.npyio.NpzFile, name: str, cure: str) -> np.ndarray:
    try:
        return np.asarray(archive[name])
    except Exception as error:  # whatever zipfile, zlib and numpy make of strange bytes
        got = f"an array that is damaged or holds objects ({error})"
        raise InputError(f"plain numbers in {name}", got, cure) from error
