"""Which folders a study may write to."""

import json
from pathlib import Path

from learndyn import _io
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

    def found() -> str | None:
        if (folder / SUMMARY).exists():
            return "a finished study"
        return None if _configuration(folder) == configuration else "files of something else"

    _io.claim_folder(folder, found, force=force)


def _configuration(folder: Path) -> dict | None:
    try:
        return json.loads((folder / RUN).read_text())
    except (OSError, ValueError):
        return None
