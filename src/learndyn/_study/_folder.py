"""The folder of a study while it is made: claimed, resumed, and left tidy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learndyn import _io
from learndyn._errors import Interrupted
from learndyn._study._write import RUN, SUMMARY, TRAINED


@contextmanager
def claimed_folder(folder: Path, configuration: dict, *, force: bool) -> Iterator[None]:
    """Claim a folder for a study, which is made inside.

    A new or empty folder will do, or one with an unfinished run of the same configuration, which
    is taken up. A run that is interrupted, or finds no room, leaves what it has; one that fails
    leaves nothing.

    Args:
        folder: where the study will be written.
        configuration: what will be run.
        force: write there all the same, from the beginning.

    Yields:
        Nothing.

    Raises:
        InputError: if the folder is in use, or no folder can be made there.
    """

    def found() -> str | None:
        if (folder / SUMMARY).exists():
            return "a finished study"
        return None if _io.read_json(folder / RUN) == configuration else "files of something else"

    existed = folder.exists()
    _io.claim_folder(folder, found, force=force)
    if force:
        (folder / SUMMARY).unlink(missing_ok=True)
        _forget(folder)
    _io.write_json(folder / RUN, configuration)
    try:
        yield
    except Exception as error:
        if not isinstance(error, Interrupted | OSError):
            _forget(folder)
            if not existed:
                folder.rmdir()
        raise


def _forget(folder: Path) -> None:
    """Remove what an unfinished run is resumed from."""
    for path in (folder / RUN, *folder.glob(TRAINED), *folder.glob(f"seed-*/{TRAINED}")):
        path.unlink(missing_ok=True)
    for path in folder.glob("seed-*"):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
