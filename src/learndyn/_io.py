"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_whole(path: str | os.PathLike, write: Callable[[Path], object]) -> Path:
    """Write a file beside its destination first, and move it there when it is complete.

    Args:
        path: destination; its folder is made if missing.
        write: writes the content to the path that it is given.

    Returns:
        The destination.
    """
    destination = Path(path)
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=destination.parent, prefix=f".{destination.stem}-", suffix=destination.suffix
    )
    os.close(handle)
    unfinished = Path(name)
    try:
        write(unfinished)
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(destination)
    finally:
        unfinished.unlink(missing_ok=True)
    return destination


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
