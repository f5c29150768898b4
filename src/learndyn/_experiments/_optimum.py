"""The best solution of a mode: whether it is stable, and which learning rates are."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from learndyn import theory
from learndyn._experiments._experiment import Experiment
from learndyn._experiments._one_mode import TASK, check_task, lag_weights, padded_dynamics


def _optimum(values: Mapping[str, np.ndarray]) -> Callable[..., dict[str, Any]]:
    longest = check_task(values)

    def cell(*, dynamics, delta, lam, kappa, length, outputs) -> dict[str, Any]:
        spectrum = padded_dynamics(dynamics, delta, lam, kappa, length, longest)
        found = theory.stability(spectrum, weights=lag_weights(outputs, length, longest))
        best = found.optimum
        return {
            "b": best.b,
            "u": best.u,
            "energy": best.energy,
            "attained": best.attained,
            "stable": found.stable,
            "largest_rate": found.largest_rate,
        }

    return cell


OPTIMUM = Experiment(
    "optimum",
    "the exact best solution of a mode: recurrent mode b, input-output mode u, energy, stability",
    TASK,
    _optimum,
    random=False,
)
