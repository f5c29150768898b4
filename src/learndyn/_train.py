"""Training to convergence, with a word on where it ended."""

from typing import TypeAlias

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._curve import LearningCurve, make_curve
from learndyn._dynamics import curvature, hessian, lowest_curvature
from learndyn._errors import InputError
from learndyn._path import RESULTS
from learndyn._problem import Problem
from learndyn._solve import prepare
from learndyn._types import ArrayLike, Bool, Float, Scalar, ScalarLike, Tracer, is_traced
from learndyn.methods import Method
from learndyn.network import LinearRNN

Numbers: TypeAlias = Float[ArrayLike, "*#any"] | float

# Up to this many weights the Hessian is diagonalized inside jit, and so under vmap.
_DENSE = 1000


def train(
    problem: Problem, method: Method, *, tolerance: ScalarLike, max_steps: int
) -> LearningCurve:
    """Follow a method until the weights are still, and tell a minimum from a saddle.

    Converged means by a gradient test: the norm of the velocity is at most `tolerance` times the
    first loss above the floor. A minimum has no direction of negative curvature (beyond what the
    tolerance can resolve); at a saddle a smaller tolerance makes the method go on.

    Args:
        problem: network and task.
        method: how to learn.
        tolerance: loss per unit of weight, as a share of the first excess.
        max_steps: steps of the method (of its solver, for a flow) after which to give up.

    Returns:
        The curve on the way: on gradient steps spaced evenly in the logarithm, or at every step
        of a flow's solver. Its result is one of `minimum`, `saddle`, `diverged`, `not_yet`,
        `failed` where a flow's solver could not go on, and `still` for a rule of the problem's own,
        which need not end at a minimum. Points after convergence are not valid.

    Raises:
        InputError: for a tolerance or a number of steps that is not positive.
        AssumptionError: if an assumption of the method is violated.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.train(ld.Problem(net, task), ld.WeightFlow(), tolerance=1e-6, max_steps=500)
        >>> str(ld.RESULTS[curve.result])
        'The weights converged to a minimum.'
    """
    check_request(tolerance, max_steps)
    prepared = prepare(problem, method, "refuse")
    name, tolerance = method.describe(problem), jnp.asarray(tolerance, float)
    curve, slope = _train(*prepared, name, method, tolerance, max_steps)
    if is_traced(curve):
        return curve
    kind = decided(problem, curve.final, curve.result, slope)
    return eqx.tree_at(lambda c: c.result, curve, kind)


def check_request(tolerance: ScalarLike, max_steps: int) -> None:
    """Refuse a tolerance or a number of steps that cannot be used.

    Args:
        tolerance: as in `train`.
        max_steps: as in `train`.

    Raises:
        InputError: if one is not positive.
    """
    if max_steps < 1:
        raise InputError("max_steps of at least 1", f"{max_steps}")
    if not isinstance(tolerance, Tracer) and not tolerance > 0:
        raise InputError("a positive tolerance", f"{tolerance}")


@eqx.filter_jit
def _train(problem, bases, violations, data, name, method, tolerance, max_steps):
    slope = still_slope(problem, tolerance)
    path = method.converge(problem, bases, data, slope, max_steps)
    curve = make_curve(path, problem.statistics, bases, violations, name, method.settings())
    if method.linearized:
        return curve, slope
    kind = classified(problem, curve.final, curve.result, slope)
    return eqx.tree_at(lambda c: c.result, curve, kind), slope


def still_slope(problem: Problem, tolerance: Scalar) -> Scalar:
    """Largest norm of the velocity at which the weights count as still.

    Args:
        problem: the problem.
        tolerance: as in `train`.

    Returns:
        The tolerance times the first excess.
    """
    statistics = problem.statistics
    first = statistics.excess(problem.net.impulse_response(statistics.length))
    return tolerance.astype(first.dtype) * first


def classified(problem: Problem, final: LinearRNN, result: RESULTS, slope: Scalar) -> RESULTS:
    """Tell a saddle from a minimum while tracing, or say that this needs concrete weights.

    Args:
        problem: the problem.
        final: the last weights.
        result: `minimum` if they are still.
        slope: see `still_slope`.

    Returns:
        The result: `diverged` if the loss is not finite, `stationary` for many weights that are
        still, `still` for a rule of the problem's own.
    """
    # A flow towards a loss that is not attained may outrun its numbers in one long step.
    excess = problem.statistics.excess(final.impulse_response(problem.statistics.length))
    result = RESULTS.where(jnp.isfinite(excess), result, RESULTS.diverged)
    if problem.rule is not None:
        return RESULTS.where(result == RESULTS.minimum, RESULTS.still, result)
    size = sum(w.size for w in jax.tree.leaves(problem.net))
    if size > _DENSE:
        return RESULTS.where(result == RESULTS.minimum, RESULTS.stationary, result)
    eigenvalues = jnp.linalg.eigvalsh(hessian(problem, final))
    return _kind(result, eigenvalues[0], eigenvalues[-1], slope)


def decided(problem: Problem, final: LinearRNN, result: RESULTS, slope: Scalar) -> RESULTS:
    """Decide what `classified` had to leave open, on concrete weights.

    Args:
        problem: the problem.
        final: the last weights.
        result: what `classified` said.
        slope: see `still_slope`.

    Returns:
        The result, never `stationary`.
    """
    if not bool(result == RESULTS.stationary):
        return result
    highest = float(curvature(problem, final))
    # To a tenth of what `bends_down` tells apart.
    lowest = lowest_curvature(problem, final, highest=highest, accuracy=float(slope))
    return _kind(result, lowest, highest, slope)


def bends_down(
    eigenvalues: Numbers, highest: Numbers, slope: Numbers
) -> Bool[ArrayLike, "*any"] | bool:
    """Which curvatures are negative beyond what the tolerance can resolve.

    Args:
        eigenvalues: of the Hessian.
        highest: the largest of all.
        slope: see `still_slope`.

    Returns:
        True for a direction in which the loss falls.
    """
    # The residual that is left, of the size of the slope, bends the loss both ways.
    return eigenvalues < -(1e-6 * abs(highest) + 10 * slope)


def _kind(result: RESULTS, lowest: ScalarLike, highest: ScalarLike, slope: ScalarLike) -> RESULTS:
    """Tell a saddle from a minimum, of a result that says the weights are still."""
    still = (result == RESULTS.minimum) | (result == RESULTS.stationary)
    negative = bends_down(lowest, highest, slope)
    return RESULTS.where(still, RESULTS.where(negative, RESULTS.saddle, RESULTS.minimum), result)
