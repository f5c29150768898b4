"""A network that was trained elsewhere, at some of its steps, on the axes of a prediction."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize_scalar

from learndyn._curve import LearningCurve, make_curve
from learndyn._errors import InputError
from learndyn._path import RESULTS, Path, State
from learndyn._problem import Problem
from learndyn._solve import prepare
from learndyn._study._plan import Bend, Plan, flow_until_still
from learndyn.methods import WeightFlow
from learndyn.network import LinearRNN

_SHAPES = "w_x (steps, hidden, in), w_h (steps, hidden, hidden), w_y (steps, out, hidden)"
# Decades on either side of the longest time of the flow in which a time scale is sought.
_DECADES, _TRIED = 6, 400


class Checkpoints(eqx.Module):
    """A linear RNN at some of its training steps.

    Args:
        steps: training steps, `(steps,)`, increasing; the prediction starts from the first.
        w_x: input weights, `(steps, hidden, in)`.
        w_h: recurrent weights, `(steps, hidden, hidden)`.
        w_y: output weights, `(steps, out, hidden)`.
        name: where they come from, for the record.

    Attributes:
        weights: the networks, with a leading axis.

    Raises:
        InputError: for fewer than two steps, steps that do not increase, or weights that are not
            finite or do not belong together.

    Example:
        >>> import learndyn as ld, numpy as np
        >>> two = ld.Checkpoints([0, 9], np.ones((2, 3, 1)), np.ones((2, 3, 3)), np.ones((2, 1, 3)))
        >>> two.first.w_h.shape
        (3, 3)
    """

    steps: np.ndarray
    weights: LinearRNN
    name: str = eqx.field(static=True)

    def __init__(self, steps, w_x, w_h, w_y, *, name: str = "arrays"):
        self.weights = _checked_weights(np.asarray(w_x), np.asarray(w_h), np.asarray(w_y))
        self.steps, self.name = _checked_steps(steps, len(self.weights.w_x)), name

    @property
    def first(self) -> LinearRNN:
        """The network from which the prediction starts."""
        return jax.tree.map(lambda w: w[0], self.weights)

    def curve(self, problem: Problem, times: np.ndarray) -> LearningCurve:
        """The learning curve of the networks.

        Args:
            problem: the first network, and the statistics of a task.
            times: learning time of each step, `(steps,)`.

        Returns:
            The curve, with the loss of each network on the task.
        """
        problem, bases, violations, _ = prepare(problem, WeightFlow(), "report")
        at, steps = jnp.asarray(times, self.weights.w_x.dtype), jnp.asarray(self.steps)
        valid = jnp.ones(len(steps), bool)
        last = jax.tree.leaves(jax.tree.map(lambda w: w[-1], self.weights))
        state = State(at[-1], steps[-1], tuple(last))
        path = Path(at, steps, self.weights, valid, RESULTS.reached, state)
        made = f"Checkpoints({self.name!r})"
        return make_curve(path, problem.statistics, bases, violations, made, {})


def plan_of_checkpoints(
    checkpoints: Checkpoints, problem: Problem, learning_rate: float | None
) -> Plan:
    """Learning times of checkpoints, and the flow that predicts them.

    Args:
        checkpoints: the networks.
        problem: the first of them, and the statistics of a task.
        learning_rate: learning time of one step; None: the one at which the loss of the flow is
            closest to theirs, by the mean distance of the logarithms.

    Returns:
        The plan.
    """
    flow = flow_until_still(problem)
    since = checkpoints.steps - checkpoints.steps[0]
    if learning_rate is None:
        losses = checkpoints.curve(problem, since).loss
        learning_rate = _fitted_rate(since, np.asarray(losses), flow)
    times = learning_rate * since
    return Plan(
        curvature=Bend.along(problem, flow).until(float(times[-1])),
        learning_rate=learning_rate,
        horizon=float(times[-1]),
        times=times,
        flows=(flow,),
        enough_steps=None,
    )


def _fitted_rate(steps: np.ndarray, losses: np.ndarray, flow: LearningCurve) -> float:
    assert flow.times is not None
    times, path = np.asarray(flow.times), np.log(np.asarray(flow.loss))
    tiny = 1e-12 * losses[0]

    def distance(exponent: float) -> float:
        predicted = np.interp(np.exp(exponent) * steps, times, path)
        return float(np.mean(np.abs(np.log(np.maximum(losses, tiny)) - predicted)))

    centre, reach = np.log(max(times[-1], 1e-300) / steps[-1]), _DECADES * np.log(10)
    tried = np.linspace(centre - reach, centre + reach, _TRIED)
    best = tried[np.argmin([distance(exponent) for exponent in tried])]
    step = tried[1] - tried[0]
    found = minimize_scalar(distance, bounds=(best - step, best + step), method="bounded")
    return float(np.exp(found.x))


def _checked_steps(steps, networks: int) -> np.ndarray:
    steps = np.asarray(steps)
    if steps.dtype.kind not in "iu" or steps.ndim != 1 or len(steps) != networks:
        raise InputError(
            f"steps as {networks} whole numbers, one a network", f"{steps.dtype} {steps.shape}"
        )
    if networks < 2:
        raise InputError("at least two networks, the first and a later one", f"{networks}")
    if (np.diff(steps) <= 0).any():
        raise InputError("steps that increase", f"{steps[:10].tolist()}", "Sort the networks.")
    return steps


def _checked_weights(w_x: np.ndarray, w_h: np.ndarray, w_y: np.ndarray) -> LinearRNN:
    shapes = f"w_x {w_x.shape}, w_h {w_h.shape}, w_y {w_y.shape}"
    fits = (
        w_x.ndim == w_h.ndim == w_y.ndim == 3
        and len(w_x) == len(w_h) == len(w_y)
        and w_x.shape[1] == w_h.shape[1] == w_h.shape[2] == w_y.shape[2]
        and min(*w_x.shape, *w_y.shape) > 0
    )
    if not fits:
        raise InputError(f"stacks {_SHAPES}", shapes)
    for name, matrix in zip(("w_x", "w_h", "w_y"), (w_x, w_h, w_y), strict=True):
        if matrix.dtype.kind not in "fiu":
            raise InputError(f"real numbers in {name}", f"an array of type {matrix.dtype}")
        if not np.isfinite(matrix).all():
            step = int(np.argwhere(~np.isfinite(matrix))[0][0])
            raise InputError(f"finite numbers in {name}", f"others in network {step} of the stack")
    return LinearRNN(*(jnp.asarray(matrix, float) for matrix in (w_x, w_h, w_y)))
