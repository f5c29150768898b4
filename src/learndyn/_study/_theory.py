"""What the theory of modes says of the trials, and when each mode was really learned."""

import jax
import jax.numpy as jnp
import numpy as np

from learndyn import theory
from learndyn._curve import LearningCurve
from learndyn._numerics import powers, square_size
from learndyn._problem import Problem
from learndyn.network import partners, response_modes

# A mode learns without recurrence, or not at all, where it would carry less than this share: of its
# own best response, or of that of the largest mode.
_NEGLIGIBLE = 0.01
# A mode counts as learned when this share of its loss is gone.
_SHARE = 0.5


def mode_theory(problem: Problem, predicted: LearningCurve, trained: LearningCurve) -> list[dict]:
    """The optimum of each mode, its stability, what it prunes, and its turn in learning.

    The spectrum of a mode is the diagonal, in the bases of the problem, of the best impulse
    response; for white input that is the correlations per lag weight, as in the paper. For other
    input the energies of modes are those of white input. In eigenvectors, pairs are asked for the
    best complex mode, and real ones for the best real mode: no lone real mode can turn.

    Args:
        problem: network and task.
        predicted: predicted curve.
        trained: trained curve.

    Returns:
        A dictionary for each mode, ready for JSON; None stands for infinite numbers, and complex
        ones are a radius and an angle.
    """
    statistics, bases = problem.statistics, trained.bases
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
    times = {
        "predicted": _times_of_modes(problem, predicted),
        "trained": _times_of_modes(problem, trained),
    }
    order = np.argsort(times["predicted"])
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
            "largest_stable_rate": float(found.largest_rate[i]),
            "prunes_recurrence": bool(carried[i, 1:].sum() <= _NEGLIGIBLE * size[i]),
            "prunes_mode": bool(size[i] <= _NEGLIGIBLE * size.max()),
            "learned": {name: _finite(values[i]) for name, values in times.items()},
            "order": int(np.flatnonzero(order == i)[0]) + 1,
        }
        for i in range(len(size))
    ]


def _times_of_modes(problem: Problem, curve: LearningCurve) -> np.ndarray:
    """Time at which each mode has lost half of what it will lose, infinite if it loses nothing."""
    # Read off the network's response, in the bases of the task: it need not be aligned.
    statistics, bases = problem.statistics, curve.bases
    best = response_modes(jnp.asarray(statistics.target), bases.output, bases.input)

    def energies(net):
        modes = response_modes(net.impulse_response(statistics.length), bases.output, bases.input)
        return 0.5 * jnp.asarray(statistics.weights) @ square_size(best - modes)

    path = np.asarray(jax.jit(jax.vmap(energies))(curve.weights))
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
