"""The files of a study, each whole, the summary last."""

import os
from pathlib import Path

import numpy as np

from learndyn._curve import LearningCurve
from learndyn._curve_file import package_versions
from learndyn._io import write_json
from learndyn.report import learning_figure, save_svg

SUMMARY, RUN = "summary.json", "run.json"


def write_study(
    folder: str | os.PathLike,
    predicted: LearningCurve,
    trained: LearningCurve,
    lazy: LearningCurve,
    spectrum: np.ndarray,
    summary: dict,
) -> None:
    """Write the files of a study.

    Args:
        folder: where; made if missing.
        predicted: predicted curve.
        trained: trained curve.
        lazy: curve of the network linearized at its start.
        spectrum: temporal singular values, `(modes, T)`, in t order.
        summary: the study in numbers, with its configuration.
    """
    folder = Path(folder)
    write_json(folder / RUN, summary["configuration"])
    predicted.save(folder / "predicted.nc")
    trained.save(folder / "trained.nc")
    lazy.save(folder / "lazy.nc")
    figure = learning_figure(predicted, trained, lazy, spectrum)
    save_svg(figure, folder / "figure.svg")
    write_json(folder / SUMMARY, {**summary, "versions": package_versions()})
