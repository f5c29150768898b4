"""The report of a study: what it gathers for the page, and the page in a file."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from learndyn._bases import diagonalizing_pair
from learndyn._curve_file import package_versions
from learndyn._study._outlook import hidden_units, other_lengths
from learndyn._study._responses import best_responses, mode_energies, mode_responses
from learndyn._study._stages import stages
from learndyn.network import response_modes
from learndyn.report import (
    Plateau,
    Run,
    eigenvalues_panel,
    energies_panel,
    loss_panel,
    plane_panel,
    report_page,
    response_panel,
    singular_values_panel,
    size_panel,
    spectrum_panel,
)

if TYPE_CHECKING:
    from learndyn._study._study import Study

REPORT = "report.html"


def details(study: "Study", modes: list[dict]) -> dict:
    """Numbers of a study that its curves and statistics hold, and only the report asks for.

    Args:
        study: the study.
        modes: theory of its modes, from `mode_theory`.

    Returns:
        Nested dictionaries, ready for JSON.
    """
    problem, predicted, trained = study.problem, study.predicted, study.trained
    other = _other_spectrum(study)
    return {
        "other_form": None if other is None else named_spectrum(other),
        "hidden_units": hidden_units(problem.statistics),
        "other_lengths": other_lengths(problem, predicted, modes),
        "plateaus": stages(problem, trained),
        "recurrent_eigenvalues": {
            "trained": _eigenvalues(trained.final.w_h),
            "predicted": _eigenvalues(predicted.final.w_h),
        },
    }


def report_of(study: "Study", summary: dict) -> str:
    """The report, as a page.

    Args:
        study: the study.
        summary: its summary.

    Returns:
        HTML.
    """
    return report_page({**summary, "versions": package_versions()}, figures_of(study, summary))


def figures_of(study: "Study", summary: dict) -> dict[str, Figure]:
    """The drawings of a report.

    Args:
        study: the study.
        summary: its summary.

    Returns:
        Figures by name.
    """
    problem, trained, predicted = study.problem, study.trained, study.predicted
    bases, length = trained.bases, problem.statistics.length
    runs = [Run(run.seed, run.predicted, run.trained, run.lazy) for run in study.runs]
    waits = [
        Plateau(one["start"], one["end"], one["until"], one["drop"]) for one in summary["plateaus"]
    ]
    losses, foretold = (
        mode_energies(problem, curve.weights, bases) for curve in (trained, predicted)
    )
    found = mode_responses(predicted.final, bases, 2 * length)
    hidden, loss = summary["configuration"]["hidden"], summary["loss"]["trained"]
    drawn = {
        "spectrum": spectrum_panel(study.spectrum),
        "response": response_panel(best_responses(problem, bases), found),
        "sizes": size_panel(np.array(summary["hidden_units"]["bounds"]), hidden, loss),
        "loss": loss_panel(runs, waits),
        "energies": energies_panel(np.asarray(trained.times), losses, foretold, waits),
        "singular_values": singular_values_panel(runs),
        "eigenvalues": eigenvalues_panel(runs),
        "plane": plane_panel(runs[0]),
    }
    other = summary["other_form"]
    return drawn if other is None else {**drawn, "other_spectrum": spectrum_panel(_array(other))}


def _other_spectrum(study: "Study") -> np.ndarray | None:
    """The spectrum in the form that fits less well, in t order; None where there is none."""
    statistics = study.problem.statistics
    if study.forms.better == "eigen":
        vectors = diagonalizing_pair(statistics.cross_moments, study.problem.net)
    elif study.forms.eigen is not None:
        vectors = statistics.in_eigenvectors().vectors
        assert vectors is not None
    else:
        return None
    return np.asarray(response_modes(statistics.lag_targets, *vectors))[::-1].T


def named_spectrum(spectrum: np.ndarray) -> dict:
    """A spectrum under the name of what it is, ready for JSON.

    Args:
        spectrum: temporal singular values, or complex eigenvalues, `(modes, T)`, in t order.

    Returns:
        One entry; complex values as real and imaginary parts.
    """
    if not np.iscomplexobj(spectrum):
        return {"temporal_singular_values": spectrum.tolist()}
    parts = {"real": spectrum.real.tolist(), "imaginary": spectrum.imag.tolist()}
    return {"temporal_eigenvalues": parts}


def _array(named: dict) -> np.ndarray:
    if "temporal_singular_values" in named:
        return np.array(named["temporal_singular_values"])
    parts = named["temporal_eigenvalues"]
    return np.array(parts["real"]) + 1j * np.array(parts["imaginary"])


def _eigenvalues(recurrent) -> list[dict]:
    """Eigenvalues as radius and angle, the largest first, of a pair the one above first."""
    found = np.linalg.eigvals(np.asarray(recurrent))
    order = np.lexsort((-found.imag, -np.abs(found).round(9)))
    return [{"radius": float(abs(z)), "angle": float(np.angle(z))} for z in found[order]]
