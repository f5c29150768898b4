"""Which folders a command may write to."""

import json
from pathlib import Path

from learndyn._errors import InputError
from learndyn._study._write import RUN, SUMMARY


def claim_folder(folder: Path, configuration: dict, *, force: bool) -> None:
    """Refuse a folder that holds anything but an unfinished run of the same configuration.

    Args:
        folder: where a study will be written.
        configuration: what will be run.
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
    finished = (folder / SUMMARY).exists()
    if not finished and _configuration(folder) == configuration:
        return
    kind = "a finished study" if finished else "files of something else"
    raise InputError(
        "a new or empty folder for --out",
        f"{folder}, which holds {kind}",
        "Choose another, or overwrite with --force.",
    )


def _configuration(folder: Path) -> dict | None:
    try:
        return json.loads((folder / RUN).read_text())
    except (OSError, ValueError):
        return None
