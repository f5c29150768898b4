"""The files of a study, each whole, the summary last."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from learndyn._curve_file import package_versions
from learndyn._io import write_json, write_text
from learndyn._study._report import REPORT
from learndyn._study._run import Run
from learndyn.report import learning_figure, save_svg

SUMMARY, RUN = "summary.json", "run.json"
PREDICTED, TRAINED, LAZY = "predicted.nc", "trained.nc", "lazy.nc"


def run_folder(folder: Path, number: int, seed: int | None) -> Path:
    """Where the curves of a network are.

    Args:
        folder: folder of the study.
        number: which network of the study it is.
        seed: its seed.

    Returns:
        The folder itself for the first network, and one named after the seed for each other.
    """
    return folder if number == 0 else folder / f"seed-{seed}"


def write_study(
    folder: str | os.PathLike, runs: Sequence[Run], spectrum: np.ndarray, summary: dict, page: str
) -> None:
    """Write the files of a study.

    Args:
        folder: where; made if missing.
        runs: the networks.
        spectrum: temporal singular values, `(modes, T)`, in t order.
        summary: the study in numbers, with its configuration.
        page: the report, HTML.
    """
    folder = Path(folder)
    write_json(folder / RUN, summary["configuration"])
    for number, run in enumerate(runs):
        inside = run_folder(folder, number, run.seed)
        run.predicted.save(inside / PREDICTED)
        run.trained.save(inside / TRAINED)
        run.lazy.save(inside / LAZY)
    first = runs[0]
    figure = learning_figure(first.predicted, first.trained, first.lazy, spectrum)
    save_svg(figure, folder / "figure.svg")
    write_text(folder / REPORT, page)
    write_json(folder / SUMMARY, {**summary, "versions": package_versions()})
