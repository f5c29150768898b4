"""The page of a folder of figures: what it gathers from their files, and the page in a file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from learndyn._errors import InputError
from learndyn._io import read_json, write_json, write_text
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import FORMAT
from learndyn.figures._run import FIGURES, figure_configuration, load_figure
from learndyn.report import FigurePart, figures_page

REPORT = "report.html"
# How long figures took: in a file of their own, since equal figures have equal files.
TIMES = "times.json"
_FORMAT_OF_TIMES = "learndyn figure times 1"


def read_summary(folder: Path, name: str) -> dict | None:
    """What a finished figure wrote of itself.

    Args:
        folder: where figures are.
        name: name of the figure.

    Returns:
        Its summary; None if it is not there, finished.
    """
    summary = _read(folder / f"{name}.json")
    return summary if summary.get("format") == FORMAT and summary.get("name") == name else None


def read_times(folder: Path) -> dict[str, dict[str, float]]:
    """How long the figures of a folder took.

    Args:
        folder: where figures are.

    Returns:
        Seconds, `elapsed` and of one `processor`, by name of the figure.
    """
    times = _read(folder / TIMES)
    return times["seconds"] if times.get("format") == _FORMAT_OF_TIMES else {}


def write_times(folder: Path, times: Mapping[str, Mapping[str, float]]) -> None:
    """Write how long figures took, beside what is known of the others of the folder.

    Args:
        folder: where figures are.
        times: as `read_times` returns them.
    """
    seconds = {**read_times(folder), **times}
    write_json(folder / TIMES, {"format": _FORMAT_OF_TIMES, "seconds": seconds})


def report_of(folder: Path, asked: Sequence[str], failures: Mapping[str, str]) -> str:
    """The page of all figures that a folder holds or that are to be made there.

    Args:
        folder: where figures are.
        asked: names of figures that are to be there.
        failures: why some of them could not be made, by name.

    Returns:
        HTML; empty if the folder holds no figure.
    """
    summaries = {name: read_summary(folder, name) for name in FIGURES}
    if not any(summaries.values()):
        return ""
    times = read_times(folder)
    parts = [
        FigurePart(name, load_figure(name).TITLE, failure=failures.get(name, ""))
        # One that failed when it was to be made anew is not what is there of it.
        if summary is None or name in failures
        else FigurePart(
            name,
            summary["title"],
            summary,
            (folder / f"{name}.svg").read_text(encoding="utf-8"),
            _extent(name, summary["configuration"]),
            times.get(name, {}).get("elapsed"),
            times.get(name, {}).get("processor"),
        )
        for name, summary in summaries.items()
        if name in asked or summary is not None
    ]
    return figures_page(parts, FORMAT)


def write_report(folder: Path, page: str) -> None:
    """Write the page, whole or not at all.

    Args:
        folder: where figures are.
        page: HTML; nothing is written if it is empty.
    """
    if page:
        write_text(folder / REPORT, page)


def is_report_or_times(path: Path) -> bool:
    """Whether a file is the page of a folder of figures, or holds their times.

    Args:
        path: the file.

    Returns:
        Whether it is.
    """
    if path.name == TIMES:
        return _read(path).get("format") == _FORMAT_OF_TIMES
    if path.name != REPORT:
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return f'<meta name="generator" content="{FORMAT}">' in file.read(1000)


def same_configuration(summary: Mapping, configuration: Configuration) -> bool:
    """Whether a figure was made with these numbers.

    Args:
        summary: of its configuration, as read from its file.
        configuration: the numbers.

    Returns:
        Whether they are the same.
    """
    # Through JSON, which knows no tuples.
    return summary == json.loads(json.dumps(configuration.summary()))


def _extent(name: str, configuration: dict) -> str:
    numbers = {**configuration["paper"], **configuration["chosen"]}
    source = {"source": numbers["source"]} if "source" in numbers else {}
    for extent, quick in (("full", False), ("quick", True)):
        try:
            one = figure_configuration(name, quick=quick, **source)
        except InputError:
            return "other"
        if same_configuration(configuration, one):
            return extent
    return "other"


def _read(path: Path) -> dict:
    """The object of a JSON file; an empty one where there is none."""
    found = read_json(path)
    return found if isinstance(found, dict) else {}
