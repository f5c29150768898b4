"""The folder of a sweep: which may be written to, and what is in it."""

import json
import shutil
from pathlib import Path

from learndyn import _io

# What is being run, all cells, and the summary, which is written last.
RUN, STORE, SUMMARY = "run.json", "sweep.zarr", "sweep.json"


def claim_folder(folder: Path, configuration: dict, *, force: bool) -> None:
    """Refuse a folder that holds anything but an unfinished run of the same configuration.

    Args:
        folder: where a sweep will be written.
        configuration: what will be run, ready for JSON.
        force: write there all the same, from the beginning.

    Raises:
        InputError: if the folder is in use, or no folder can be made there.
    """

    def found() -> str | None:
        if (folder / SUMMARY).exists():
            return "a finished sweep"
        # As text, since the order of the grid is that of the dimensions.
        same = json.dumps(_configuration(folder)) == json.dumps(configuration)
        return None if same else "files of something else"

    _io.claim_folder(folder, found, force=force)
    if force:
        (folder / SUMMARY).unlink(missing_ok=True)
        shutil.rmtree(folder / STORE, ignore_errors=True)
    _io.write_json(folder / RUN, configuration)


def release_folder(folder: Path, *, existed: bool) -> None:
    """Leave a folder as it was, if nothing was computed.

    Args:
        folder: the folder.
        existed: whether it was there before.
    """
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {RUN}:
        (folder / RUN).unlink(missing_ok=True)
        if not existed:
            folder.rmdir()


def _configuration(folder: Path) -> dict | None:
    try:
        return json.loads((folder / RUN).read_text())
    except (OSError, ValueError):
        return None
