"""The folder of a sweep: which may be written to, and what is in it."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learndyn import _io

# What is being run, all cells, and the summary, which is written last.
RUN, STORE, SUMMARY = "run.json", "sweep.zarr", "sweep.json"


@contextmanager
def claimed_folder(folder: Path, configuration: dict, *, force: bool) -> Iterator[None]:
    """Refuse a folder that holds anything but an unfinished run of the same configuration.

    The folder is left as it was where nothing is computed inside the context.

    Args:
        folder: where a sweep will be written.
        configuration: what will be run, ready for JSON.
        force: write there all the same, from the beginning.

    Yields:
        Nothing.

    Raises:
        InputError: if the folder is in use, or no folder can be made there.
    """

    def found() -> str | None:
        if (folder / SUMMARY).exists():
            return "a finished sweep"
        if not set(folder.iterdir()) - set(_unfinished(folder)):
            return None
        # As text, since the order of the grid is that of the dimensions.
        same = json.dumps(_io.read_json(folder / RUN)) == json.dumps(configuration)
        return None if same else "files of something else"

    existed = folder.exists()
    _io.claim_folder(folder, found, force=force)
    for path in _unfinished(folder):
        path.unlink()
    try:
        if force:
            (folder / SUMMARY).unlink(missing_ok=True)
            if (folder / STORE).exists():
                shutil.rmtree(folder / STORE)
        _io.write_json(folder / RUN, configuration)
        yield
    finally:
        if {path.name for path in folder.iterdir()} <= {RUN}:
            (folder / RUN).unlink(missing_ok=True)
            if not existed:
                folder.rmdir()


def _unfinished(folder: Path) -> list[Path]:
    """Files that a run was writing when it was killed, by the names that `_io` gives them."""
    stems = "|".join(Path(name).stem for name in (RUN, SUMMARY))
    ours = re.compile(rf"\.({stems})-[a-z0-9_]{{8}}\.json")
    return [path for path in folder.iterdir() if ours.fullmatch(path.name)]
