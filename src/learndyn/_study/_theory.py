"""What the theory of modes says of the trials, and when each mode was really learned."""

import jax
import jax.numpy as jnp
import numpy as np

from learndyn import theory
from learndyn._curve import LearningCurve
from learndyn._numerics import powers, square_size
from learndyn._problem import Problem
from learndyn._study._responses import mode_energies
from learndyn.network import Bases, partners, response_modes

# A mode learns without recurrence, or not at all, where it would carry less than this share: of its
# own best response, or of that of the largest mode.
_NEGLIGIBLE = 0.01
# A mode counts as learned when this share of its loss is gone.
_SHARE = 0.5


def mode_theory(
    problem: Problem, bases: Bases, learned: dict[str, list[float | None]]
) -> list[dict]:
    """The optimum of each mode, its stability, what it prunes, and its turn in learning.

    The spectrum of a mode is the diagonal, in the bases of the problem, of the best impulse
    response; for white input that is the correlations per lag weight, as in the paper. For other
    input the energies of modes are those of white input. In eigenvectors, pairs are asked for the
    best complex mode, and real ones for the best real mode: no lone real mode can turn.

    Args:
        problem: network and task.
        bases: bases of the problem.
        learned: when each mode was learned, see `learning_times`.

    Returns:
        A dictionary for each mode, ready for JSON; None stands for infinite numbers, and complex
        ones are a radius and an angle.
    """
    statistics = problem.statistics
    by_lag = response_modes(jnp.asarray(statistics.target), bases.output, bases.input)
    spectrum, weights = by_lag[::-1].T, jnp.asarray(statistics.weights)
    found = theory.stability(spectrum, weights=weights)
    real = np.asarray(partners(bases.input)) == np.arange(len(spectrum))
    if jnp.iscomplexobj(spectrum):
        alone = theory.stability(spectrum.real, weights=weights)
        found = jax.tree.map(lambda x, y: jnp.where(real, x, y), alone, found)
    best = found.optimum
    b = jnp.where(best.attained, best.b, 0)
    carried = np.asarray(weights * square_size(best.u[:, None] * powers(b, statistics.length)))
    size = carried.sum(1)
    predicted = [np.inf if time is None else time for time in learned["predicted"]]
    order = np.argsort(predicted, kind="stable")
    return [
        {
            "optimum": {
                "recurrent": _finite(best.b[i].real if real[i] else best.b[i]),
                "input_output": _finite(best.u[i].real if real[i] else best.u[i]),
                "energy": float(best.energy[i]),
                "attained": bool(best.attained[i]),
            },
            "stable": bool(found.stable[i]),
            "sharpness": _finite(found.sharpness[i]),
            "largest_stable_rate": _finite(found.largest_rate[i]),
            "prunes_recurrence": bool(carried[i, 1:].sum() <= _NEGLIGIBLE * size[i]),
            "prunes_mode": bool(size[i] <= _NEGLIGIBLE * size.max()),
            "learned": {name: values[i] for name, values in learned.items()},
            "order": int(np.flatnonzero(order == i)[0]) + 1,
        }
        for i in range(len(size))
    ]


def learning_times(
    problem: Problem, predicted: LearningCurve, trained: LearningCurve
) -> dict[str, list[float | None]]:
    """When each mode has lost half of what it will lose.

    Args:
        problem: network and task.
        predicted: predicted curve.
        trained: trained curve.

    Returns:
        Learning times by name of the curve; None for a mode that loses nothing.
    """
    curves = {"predicted": predicted, "trained": trained}
    return {
        name: [float(t) if np.isfinite(t) else None for t in _times_of_modes(problem, curve)]
        for name, curve in curves.items()
    }


def _times_of_modes(problem: Problem, curve: LearningCurve) -> np.ndarray:
    """Time at which each mode has lost half of what it will lose, infinite if it loses nothing."""
    # Read off the network's response, in the bases of the task: it need not be aligned.
    path = mode_energies(problem, curve.weights, curve.bases)
    assert curve.times is not None
    target = path[0] + _SHARE * (path[-1] - path[0])
    learned = (path <= target) & (path[-1] < path[0])
    first = np.argmax(learned, axis=0)
    return np.where(learned.any(axis=0), np.asarray(curve.times)[first], np.inf)


def _finite(value) -> float | dict[str, float] | None:
    value = np.asarray(value)
    if not np.isfinite(value):
        return None
    if not np.iscomplexobj(value):
        return float(value)
    return {"radius": float(np.abs(value)), "angle": float(np.angle(value))}
