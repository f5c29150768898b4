"""Steps that the theory does not assume: of finite rate, with memory, rescaled, from batches."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._problem import Problem
from learndyn._reach._cell import Cell
from learndyn._reach._optimizers import Adam, Momentum
from learndyn._reach._setting import (
    MODES,
    UNTIL,
    aligned_problem,
    largest_rate,
    orthogonal,
    spectrum,
    start_modes,
    statistics,
)
from learndyn.methods import GradientDescent
from learndyn.network import Bases, network_from_modes
from learndyn.statistics import Trials
from learndyn.tasks import structured_task

# Where the rate is not the violation, a share of the largest stable one; for Adam a smaller one, so
# that its own gap is less than that of small sizes.
_SMALL_RATE = 0.01
_SMALLER_RATE = 0.002
_MOMENTUM = 0.9
_TRIALS = 256
_USUAL_EPSILON = 1e-8
# In rates: while their slopes keep their signs, weights move by one rate a step, and none ends
# beyond the root of the largest strength.
_UNTIL_OF_SIGNS = 3.0


def learning_rate(size: float, rng: np.random.Generator) -> Cell:
    """Gradient descent at this share of 2 over the curvature at the solution."""
    return Cell(aligned_problem(rng), GradientDescent(size * largest_rate()))


def momentum(size: float, rng: np.random.Generator) -> Cell:
    """Momentum 0.9, at a flow time per step, `η/(1 − μ)`, of this share of 2 over the curvature."""
    scale = 1 / (1 - _MOMENTUM)
    method = GradientDescent(
        size * largest_rate() / scale, optimizer=Momentum(jnp.asarray(_MOMENTUM)), time_scale=scale
    )
    return Cell(aligned_problem(rng), method)


def adam(size: float, rng: np.random.Generator) -> Cell:
    """Adam of `ε = 1/size`, without momentum and at a small rate; it has no flow time.

    The larger ε, the nearer are its steps to plain ones at rate η/ε.

    Args:
        size: 1/ε.
        rng: where the problem is drawn from.

    Returns:
        The cell.
    """
    rate = _SMALLER_RATE * largest_rate() / size
    optimizer = Adam(jnp.asarray(1 / size), momentum=0.0)
    method = GradientDescent(rate, optimizer=optimizer, time_scale=None)
    # Slopes of 1 are slowed 1 + size times.
    return Cell(aligned_problem(rng), method, until=UNTIL * (1 + size) / size)


def usual_adam(size: float, rng: np.random.Generator) -> Cell:
    """Adam as it is used, `b1 = 0.9`, `b2 = 0.999`, `ε = 1e-8`, at this rate; no flow time."""
    optimizer = Adam(jnp.asarray(_USUAL_EPSILON))
    method = GradientDescent(size, optimizer=optimizer, time_scale=None)
    return Cell(aligned_problem(rng), method, until=_UNTIL_OF_SIGNS)


def minibatch(size: float, rng: np.random.Generator) -> Cell:
    """Batches of `1/size` trials, drawn anew at each step with replacement, at a small rate."""
    task, _ = _white_task()
    bases = Bases(*task.vectors, jnp.asarray(orthogonal(rng)))
    method = GradientDescent(
        _SMALL_RATE * largest_rate(),
        on="data",
        batch_size=round(1 / size),
        key=jax.random.key(int(rng.integers(2**31))),
    )
    problem = Problem(network_from_modes(start_modes(rng), bases), statistics(bases))
    return Cell(problem, method, trials=_white_trials)


def _white_trials() -> Trials:
    return _white_task()[1]


@cache
def _white_task():
    """The task in bases of its own, and trials whose moments are exactly its statistics."""
    task = structured_task(spectrum(), MODES, MODES, key=jax.random.key(0))
    return task, Trials(*map(np.asarray, task.sample(_TRIALS, key=jax.random.key(1))))
