"""Files that are written whole or not at all, and folders that may be written to."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from learndyn._errors import InputError


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


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write text, whole or not at all.

    Args:
        path: file name.
        text: what to write.
    """
    write_whole(path, lambda to: to.write_text(text, encoding="utf-8"))


def write_json(path: str | os.PathLike, content: dict) -> None:
    """Write JSON, whole or not at all.

    Args:
        path: file name.
        content: what to write.
    """
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Args:
        path: file name.

    Returns:
        What the file holds; None where there is no file that can be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def claim_folder(folder: Path, found: Callable[[], str | None], *, force: bool) -> None:
    """Make a folder to write to, or refuse one that holds what must not be overwritten.

    Args:
        folder: where files will be written.
        found: names what the folder holds that must stay, or None where nothing does; asked only
            of a folder that is not empty.
        force: write there all the same.

    Raises:
        InputError: if the folder is in use, or no folder can be made there.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("a folder for --out", f"the file {folder}", "Choose another name.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("a folder for --out", f"{folder} ({error.strerror})") from error
    if force or not any(folder.iterdir()):
        return
    holds = found()
    if holds is not None:
        raise InputError(
            "a new or empty folder for --out",
            f"{folder}, which holds {holds}",
            "Choose another, or overwrite with --force.",
        )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
