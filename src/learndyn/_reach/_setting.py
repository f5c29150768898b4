"""The problem at which nothing is violated: three modes of distinct strength, an aligned start."""

from functools import cache

import jax.numpy as jnp
import numpy as np

from learndyn._dynamics import hessian
from learndyn._problem import Problem
from learndyn._types import Array, Float
from learndyn.network import Bases, Modes, network_from_modes, response_from_modes
from learndyn.statistics import CorrelatedInputs, TaskStatistics
from learndyn.tasks import task_dynamics

STRENGTHS = np.array([2.0, 1.5, 1.0])
LAM, LENGTH = 0.6, 5
MODES = len(STRENGTHS)
# Modes of an aligned start are drawn between these.
SMALLEST, LARGEST = 0.05, 0.2
# By then the weakest mode is learned from any such start.
UNTIL = 6.0


def spectrum() -> Float[Array, "modes T"]:
    """Inverse-exponential dynamics of each mode, in t order."""
    return task_dynamics("inverse_exponential", STRENGTHS, LAM, LENGTH)


def statistics(
    bases: Bases, covariance: Float[np.ndarray, "columns columns"] | None = None
) -> TaskStatistics:
    """The task in some bases, of as many inputs and outputs as modes.

    Args:
        bases: bases of the task, the same at all lags.
        covariance: second moments of the inputs by lag; None: white.

    Returns:
        The statistics, as those of data: with moments, and bases still to be found.
    """
    return statistics_of(
        response_from_modes(spectrum()[:, ::-1].T, bases.output, bases.input), covariance
    )


def statistics_of(
    target: Float[Array, "lag out in"], covariance: Float[np.ndarray, "columns columns"] | None
) -> TaskStatistics:
    """As `statistics`, of any best impulse response.

    Args:
        target: the best impulse response.
        covariance: second moments of the inputs by lag; None: white.

    Returns:
        The statistics.
    """
    covariance = np.eye(LENGTH * MODES) if covariance is None else covariance
    factor = np.linalg.cholesky(covariance).T
    inputs = CorrelatedInputs(jnp.ones(LENGTH), factor, np.zeros((MODES, 0)))
    return TaskStatistics(target=target, inputs=inputs, floor=jnp.zeros(()))


def random_bases(rng: np.random.Generator) -> Bases:
    """Bases of a task and the hidden directions of a network aligned to it.

    Args:
        rng: where they are drawn from.

    Returns:
        The bases.
    """
    return Bases(*(jnp.asarray(orthogonal(rng)) for _ in range(3)))


def orthogonal(rng: np.random.Generator) -> Float[np.ndarray, "modes modes"]:
    """An orthogonal matrix.

    Args:
        rng: where it is drawn from.

    Returns:
        The matrix.
    """
    return np.linalg.qr(rng.normal(size=(MODES, MODES)))[0]


def start_modes(rng: np.random.Generator) -> Modes:
    """Modes of an aligned start, small enough for a plateau, balanced.

    Args:
        rng: where they are drawn from.

    Returns:
        a = c, log-uniform; b, uniform.
    """
    a = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST), MODES))
    return Modes(jnp.asarray(a), jnp.asarray(rng.uniform(0, LARGEST, MODES)), jnp.asarray(a))


def aligned_problem(rng: np.random.Generator) -> Problem:
    """The problem at which nothing is violated.

    Args:
        rng: where bases and start are drawn from.

    Returns:
        The problem.
    """
    bases = random_bases(rng)
    return Problem(network_from_modes(start_modes(rng), bases), statistics(bases))


def until(smallest: float) -> float:
    """When the weakest mode is learned, by the growth `e^{δt}` of a small start.

    Args:
        smallest: size of the modes at the start.

    Returns:
        Learning time.
    """
    return UNTIL + max(np.log(SMALLEST / smallest), 0.0) / STRENGTHS.min()


@cache
def largest_rate() -> float:
    """Largest stable learning rate near the balanced solution, 2 over the curvature there.

    Returns:
        The rate. Along the flow from a small balanced start, curvature is largest at its end.
    """
    identity = Bases(*3 * [jnp.eye(MODES)])
    root = jnp.sqrt(STRENGTHS)
    net = network_from_modes(Modes(root, jnp.full(MODES, LAM), root), identity)
    return 2 / float(jnp.linalg.eigvalsh(hessian(Problem(net, statistics(identity)), net))[-1])
