"""One entry point: the learning curve of a problem by a method."""

from collections.abc import Mapping
from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from learndyn._assumptions import measure
from learndyn._bases import problem_bases
from learndyn._curve import LearningCurve, make_curve
from learndyn._errors import AssumptionError, InputError, SolveError
from learndyn._path import RESULTS, SUCCESSFUL
from learndyn._problem import Problem
from learndyn._types import Array, ArrayLike, Float, Scalar, is_traced
from learndyn.methods import Method
from learndyn.network import Bases


def solve(
    problem: Problem,
    method: Method,
    times: Float[ArrayLike, " times"],
    *,
    assumptions: Literal["refuse", "report"] = "refuse",
    throw: bool = True,
    resume: LearningCurve | None = None,
) -> LearningCurve:
    """Learning curve of a problem, by any method.

    May be called under `jax.jit` and `jax.vmap`; then assumptions are reported, never refused,
    and nothing is thrown.

    Args:
        problem: network and task.
        method: how to get the curve.
        times: when to record, nonnegative and increasing, in units of `dW/dt = −∇L`. Gradient
            descent records at the nearest step.
        assumptions: `"refuse"` a problem that violates an assumption of the method, or `"report"`
            the violations on the curve and go on.
        throw: raise an error if the last time is not reached; else the result says so.
        resume: a curve of the same problem and method to continue; times must lie beyond it.

    Returns:
        The curve at the requested times.

    Raises:
        InputError: for times that are not usable, or data that the method lacks.
        AssumptionError: if an assumption of the method is violated.
        SolveError: if the last time is not reached.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.ModeFlow(), jnp.linspace(0.0, 9.0, 4))
        >>> curve.loss.shape, str(ld.RESULTS[curve.result])
        ((4,), 'The curve reached the last requested time.')
    """
    times = _checked_times(times, problem, resume)
    prepared = prepare(problem, method, assumptions)
    name = method.describe(problem)
    if resume is not None:
        _check_resumed(resume, name, method.settings())
    state = None if resume is None else resume.state
    curve = _solve(*prepared, name, method, times, state)
    return _finish(curve, throw=throw)


def prepare(problem: Problem, method: Method, assumptions: str):
    """Measure and check everything about a problem that happens before compiling.

    Args:
        problem: network and task.
        method: the method.
        assumptions: `"refuse"` or `"report"`.

    Returns:
        The problem without trials, its bases, the violations, and the method's data.

    Raises:
        InputError: for an unknown word for `assumptions`, or what is no method.
        AssumptionError: if an assumption of the method is violated.
    """
    if assumptions not in ("refuse", "report"):
        raise InputError('assumptions="refuse" or "report"', f"{assumptions!r}")
    if not isinstance(method, Method):
        found = f"the class {method.__name__}" if isinstance(method, type) else repr(method)
        raise InputError("a method, such as WeightFlow()", found)
    if problem.net.w_h.ndim != 2:
        raise InputError(
            f"one network for {type(method).__name__}", "a batch of them", "Use jax.vmap, or sweep."
        )
    method.check(problem)
    data = method.data(problem)
    problem = problem.without_trials()
    bases, violations = _measured(problem)
    if assumptions == "refuse" and not is_traced(violations):
        refuse_violations(method, violations)
    return problem, bases, violations, data


@eqx.filter_jit
def _measured(problem: Problem) -> tuple[Bases, dict[str, Scalar]]:
    bases = problem_bases(problem)
    return bases, measure(problem, bases)


@eqx.filter_jit
def _solve(problem, bases, violations, data, name, method, times, state) -> LearningCurve:
    path = method.run(problem, bases, data, times, state)
    return make_curve(path, problem.statistics, bases, violations, name, method.settings())


def _check_resumed(resume: LearningCurve, name: str, settings: dict[str, Array]) -> None:
    """Refuse to go on by another method: its steps would be counted as this one's."""
    kinds = [text.partition("(")[0] for text in (name, resume.method)]
    if kinds[0] != kinds[1]:
        raise InputError(f"a curve of {kinds[0]} to resume", f"one of {resume.method}")
    if is_traced((settings, resume.settings)):
        return
    for key in settings.keys() & resume.settings.keys():
        if not np.allclose(settings[key], resume.settings[key], rtol=1e-6, atol=0):
            raise InputError(
                f"a curve with {key} {np.asarray(settings[key])} to resume",
                f"one with {np.asarray(resume.settings[key])}",
                "Start from its last network: Problem(curve.final, …).",
            )


def _finish(curve: LearningCurve, *, throw: bool) -> LearningCurve:
    if throw and not is_traced(curve.result):
        raise_unless_successful(curve)
    return curve


def raise_unless_successful(curve: LearningCurve) -> None:
    """Raise an error for a curve, or any of a batch, that ended early.

    Args:
        curve: the curve.

    Raises:
        SolveError: if it did.
    """
    if any(bool(jnp.all(curve.result == good)) for good in SUCCESSFUL):
        return
    axis = curve.steps if curve.times is None else curve.times
    reached = np.asarray(axis)[np.asarray(curve.valid)]
    until = f"up to {reached.max():.6g}" if reached.size else "nowhere"
    raise SolveError(f"{RESULTS[curve.result]} The curve is valid {until}; throw=False returns it.")


def _checked_times(times, problem: Problem, resume: LearningCurve | None):
    times = jnp.asarray(times, problem.net.w_x.dtype)
    if times.ndim != 1 or times.size == 0:
        raise InputError("times of shape (times,), at least one", f"shape {times.shape}")
    if is_traced(times):
        return times
    values = np.asarray(times)
    if not np.isfinite(values).all() or (values < 0).any() or (np.diff(values) <= 0).any():
        raise InputError("finite, nonnegative, increasing times", f"{values}")
    if resume is not None and not is_traced(resume.state.time):
        # Half a step of slack: gradient descent records at the step nearest to a request.
        stopped = float(resume.state.time)
        if values[0] < stopped * (1 - 1e-6):
            raise InputError(
                f"times from {stopped:.6g} on, where the curve to resume stopped",
                f"{values[0]:.6g}",
            )
        if bool(resume.result == RESULTS.diverged):
            raise InputError("a curve to resume that did not diverge", "one that did")
    return times


def refuse_violations(method: Method, violations: Mapping[str, Any]) -> None:
    """Refuse a problem that violates an assumption of the method.

    Args:
        method: the method.
        violations: how far the problem is from each assumption.

    Raises:
        AssumptionError: if one is above its tolerance.
    """
    for assumption in method.assumptions:
        value = float(violations[assumption.name])
        tolerance = assumption.tolerance
        if not value <= tolerance:
            raise AssumptionError(
                f"{type(method).__name__} assumes {assumption.name}: measured {value:.3g}, "
                f"tolerance {tolerance:.3g}. {assumption.cure} "
                'Or pass assumptions="report" to go on and see where the theory stops holding.'
            )
