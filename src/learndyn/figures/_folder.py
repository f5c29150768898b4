"""Which folders figures may be written to: new ones, unfinished ones, those of other figures."""

from collections.abc import Mapping
from pathlib import Path

from learndyn import _io
from learndyn._curve_file import package_versions
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import FORMAT
from learndyn.figures._report import (
    REPORT,
    TIMES,
    is_report_or_times,
    read_summary,
    report_of,
    same_configuration,
)
from learndyn.figures._run import FIGURES, SUFFIXES


def claim_folder(
    folder: Path, configurations: Mapping[str, Configuration], *, force: bool
) -> list[str]:
    """Refuse a folder that holds other files, or these figures finished; make it if missing.

    Args:
        folder: where figures will be written.
        configurations: the figures' numbers, by name.
        force: write all of them there all the same.

    Returns:
        The figures still to make: those that are not there, finished, with the same numbers and
        versions.

    Raises:
        InputError: if the folder is in use, or no folder can be made there.
    """
    names = list(configurations)
    finished = [name for name in names if read_summary(folder, name) is not None]
    to_do = [name for name in names if name not in finished]

    def found() -> str | None:
        foreign = sorted(path.name for path in folder.iterdir() if not _is_ours(path))
        if foreign:
            return f"other files, such as {foreign[0]}"
        changed = [name for name in finished if not _same(folder, name, configurations[name])]
        if changed:
            return f"figure {changed[0]} of another configuration or version"
        if to_do or not _is_current(folder):
            return None
        return f"figure {', '.join(finished)}, finished"

    _io.claim_folder(folder, found, force=force)
    return names if force else to_do


def _same(folder: Path, name: str, configuration: Configuration) -> bool:
    summary = read_summary(folder, name) or {}
    same = same_configuration(summary.get("configuration", {}), configuration)
    return same and summary.get("versions") == package_versions()


def _is_current(folder: Path) -> bool:
    """Whether the page says what the figures beside it say: a run may end before it is written."""
    page = folder / REPORT
    return page.exists() and page.read_text(encoding="utf-8") == report_of(folder, [], {})


def _is_ours(path: Path) -> bool:
    """Whether a file is part of a figure, finished, or left by a run that was interrupted."""
    if not path.is_file():
        return False
    if path.name.startswith("."):  # written whole: moved to its place when complete
        stem, suffix = path.name[1:].partition("-")[0], path.suffix
        return (stem in FIGURES and suffix in SUFFIXES) or f"{stem}{suffix}" in (REPORT, TIMES)
    if path.name in (REPORT, TIMES):
        return is_report_or_times(path)
    if path.suffix not in SUFFIXES:
        return False
    if path.stem not in FIGURES:
        return False
    return read_summary(path.parent, path.stem) is not None or (
        path.suffix != ".json" and _is_our_data(path.with_suffix(".nc"))
    )


def _is_our_data(path: Path) -> bool:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return file.attrs.get("format") == FORMAT
    except OSError:
        return False
