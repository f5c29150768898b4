"""How far the tangent kernel of a network moves while it learns (Section 3.5, Appendix J)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._dynamics import through_weights
from learndyn._errors import InputError
from learndyn._experiments._experiment import BATCH, Experiment, Parameter
from learndyn._experiments._one_mode import lag_weights
from learndyn._path import RESULTS
from learndyn._problem import Problem
from learndyn._types import Array, Float, PRNGKeyArray, Scalar
from learndyn.kernels import kernel_distance
from learndyn.methods import GradientDescent
from learndyn.network import (
    Bases,
    LinearRNN,
    Modes,
    init_unaligned,
    lag_responses,
    network_from_modes,
    response_from_modes,
)
from learndyn.statistics import TaskStatistics
from learndyn.statistics._task_statistics import lags_to_stack
from learndyn.tasks._eigen import eigenvectors
from learndyn.tasks._structured import Outputs

# Inputs, outputs, and modes of the task: two planes, each turned by the angle at every step.
CHANNELS = 4
_PARTNERS = np.array([1, 0, 3, 2])
# Every task here can be learned entirely. A network that is still, with more than this share of the
# loss of a silent one, has stopped at a saddle or at another minimum.
_LEARNED = 1e-4
# Enough for a tenth of the largest curvature, which a rate well below its bound does not notice.
_POWER_STEPS = 20
# Wide networks keep a core busy in small batches.
_WIDE, _FEW = 32, 4

_PARAMETERS = {
    "angle": Parameter(0.0, "angle in π by which the task turns at each step; 0: constant task"),
    "length": Parameter(5, "number of steps T of a trial"),
    "outputs": Parameter("final", "read out at the last step, or at every one", ("final", "every")),
    "start": Parameter("unaligned", "weights at the start", ("aligned", "unaligned")),
    "scale": Parameter(
        0.1, "scale of the weights at the start: modes if aligned, else sd times root of columns"
    ),
    "recurrent_scale": Parameter(None, "scale of the recurrent weights; without one, as scale"),
    "hidden": Parameter(CHANNELS, "number of hidden units", static=True),
    "step": Parameter(
        0.25, "learning rate over the largest that is stable, at the start and at the solution"
    ),
    "tolerance": Parameter(1e-6, "gradient at which to stop, over the loss of a silent network"),
    "max_steps": Parameter(20_000, "gradient steps after which to give up"),
}


class Trained(NamedTuple):
    """A network before and after learning.

    Attributes:
        problem: the task, and the network at its start.
        final: the network at the end.
        steps: gradient steps taken.
        result: `minimum`; `saddle` for a network that is still but has not learned the task,
            whatever stopped it; `not_yet`; or `diverged`.
    """

    problem: Problem
    final: LinearRNN
    steps: Array
    result: RESULTS


def turning_task(angle, length, longest: int, outputs: Outputs) -> TaskStatistics:
    """Rotation of two planes at each step, `d_t = e^{iφ(T−t)}`, constant for no angle (App. J).

    Its bases are unit vectors. Others would turn all weights, and neither kernels nor learning
    depend on that.

    Args:
        angle: φ in π.
        length: number of steps T, which may be traced.
        longest: number of lags, those of padding included.
        outputs: readout at the last step, or at every one.

    Returns:
        The statistics, exact.
    """
    vectors = eigenvectors(jnp.asarray(_PARTNERS), jnp.eye(CHANNELS))
    turns = (
        jnp.pi * angle * jnp.arange(longest)[:, None] * jnp.sign(_PARTNERS - np.arange(CHANNELS))
    )
    target = response_from_modes(jnp.exp(1j * turns), vectors, vectors)
    weights = lag_weights(outputs, length, longest)
    return TaskStatistics.white(target, weights=weights, vectors=(vectors, vectors))


def start_network(
    task: TaskStatistics, start: str, hidden: int, scales: tuple, key: PRNGKeyArray
) -> LinearRNN:
    """Weights at the start.

    Args:
        task: what aligned weights are aligned to.
        start: `"aligned"`, with all modes at the scale, or `"unaligned"`, Gaussian (P.1.2).
        hidden: number of hidden units.
        scales: of the input and output weights, and of the recurrent weights.
        key: random key of unaligned weights; aligned ones are the same up to a rotation.

    Returns:
        The network.
    """
    scale, recurrent = scales
    if start == "unaligned":
        net = init_unaligned(CHANNELS, hidden, CHANNELS, 1.0, key=key)
        return LinearRNN(scale * net.w_x, recurrent * net.w_h, scale * net.w_y)
    assert task.vectors is not None
    output, inputs = task.vectors
    directions = jnp.eye(hidden, CHANNELS) @ inputs  # eqs 194–196, and silent units
    modes = Modes(*(m * jnp.ones(CHANNELS) for m in (scale, recurrent, scale)))
    return network_from_modes(modes, Bases(output=output, input=inputs, hidden=directions))


def learn(problem: Problem, step, tolerance, max_steps) -> Trained:
    """Gradient descent until the weights are still.

    Args:
        problem: a task of `turning_task`, and the network at its start.
        step: learning rate over the largest that is stable.
        tolerance: norm of the gradient at which weights are still, over the loss of a silent
            network.
        max_steps: steps after which to give up.

    Returns:
        The network before and after.
    """
    statistics = problem.statistics
    silent = statistics.excess(0 * statistics.target)
    curved = jnp.maximum(_curvature_solved(statistics), _curvature(problem))
    method = GradientDescent(step * 2 / curved)
    end = method.advance(problem, None, tolerance * silent, method.begin(problem), max_steps)
    final, _ = end.now
    unlearned = _excess(problem, final) > _LEARNED * silent
    elsewhere = end.alive & end.done & unlearned
    result = RESULTS.where(elsewhere, RESULTS.saddle, end.result())
    return Trained(problem, final, end.step, result)


def _curvature_solved(statistics: TaskStatistics) -> Scalar:
    """Largest curvature at the balanced solution, where `dG_k = dW_y + k dW_h + dW_x`, turned."""
    weights, lag = statistics.weights, jnp.arange(statistics.length)
    both, mixed, recurrent = 2 * weights.sum(), weights @ lag, weights @ lag**2
    half = 0.5 * (both - recurrent)
    return 0.5 * (both + recurrent) + jnp.sqrt(half**2 + 2 * mixed**2)


def _curvature(problem: Problem) -> Scalar:
    """Largest curvature at the start as far as it comes from the outputs, by power iteration."""
    net, statistics = problem.net, problem.statistics
    responses = lag_responses(net.w_h, net.w_x, statistics.length)

    def once(_, direction):
        unit = (1 / _norm(direction)) * direction
        _, moved = jax.jvp(lambda n: n.impulse_response(statistics.length), (net,), (unit,))
        return through_weights(net, responses, statistics.inputs.slope(lags_to_stack(moved)))

    return _norm(jax.lax.fori_loop(0, _POWER_STEPS, once, net))


def _excess(problem: Problem, net: LinearRNN) -> Scalar:
    return problem.statistics.excess(net.impulse_response(problem.statistics.length))


def _norm(net: LinearRNN) -> Float[Array, ""]:
    return jnp.sqrt(sum(jnp.sum(w**2) for w in jax.tree.leaves(net)))


def _feature_learning(values: Mapping[str, np.ndarray]) -> Callable[..., dict[str, Any]]:
    _check(values)
    longest = int(values["length"].max())

    def cell(*, key, start, hidden, step, tolerance, max_steps, **task) -> dict[str, Any]:
        problem = problem_of(longest, start, int(hidden), key=key, **task)
        found = learn(problem, step, tolerance, max_steps)
        net, reached = problem.net, found.result != RESULTS.diverged
        silent = problem.statistics.excess(0 * problem.statistics.target)
        measured = {
            "distance": kernel_distance(net, found.final, problem.statistics),
            "weight_change": _norm(found.final + (-1) * net) / _norm(net),
            "loss_left": _excess(problem, found.final) / silent,
        }
        measured = {name: jnp.where(reached, x, jnp.nan) for name, x in measured.items()}
        return {**measured, "steps": found.steps, "result": found.result}

    return cell


def problem_of(
    longest: int,
    start: str,
    hidden: int,
    *,
    angle,
    length,
    outputs: Outputs,
    scale,
    recurrent_scale,
    key: PRNGKeyArray,
) -> Problem:
    """The problem of one cell.

    Args:
        longest: number of lags, those of padding included.
        start: `"aligned"` or `"unaligned"`.
        hidden: number of hidden units.
        angle: see the parameters of the experiment.
        length: number of steps T.
        outputs: readout at the last step, or at every one.
        scale: of input and output weights.
        recurrent_scale: of recurrent weights; None: the same.
        key: random key.

    Returns:
        The problem.
    """
    task = turning_task(angle, length, longest, outputs)
    scales = (scale, scale if recurrent_scale is None else recurrent_scale)
    return Problem(start_network(task, start, hidden, scales, key), task)


def _batch(values: Mapping[str, np.ndarray]) -> int:
    return _FEW if values["hidden"].max() > _WIDE else BATCH


def _check(values: Mapping[str, np.ndarray]) -> None:
    for name in ("scale", "recurrent_scale", "step", "tolerance"):
        if values[name].size and values[name].min() <= 0:
            raise InputError(f"{name} above 0", f"{values[name].min()}")
    for name, least in (("length", 1), ("hidden", 1), ("max_steps", 1)):
        if values[name].min() < least:
            raise InputError(f"{name} of at least {least}", f"{values[name].min()}")
    if "aligned" in values["start"] and values["hidden"].min() < CHANNELS:
        raise InputError(
            f"at least {CHANNELS} hidden units, one per mode, for aligned weights",
            f"{values['hidden'].min()}",
        )


FEATURE_LEARNING = Experiment(
    "feature-learning",
    "how far the tangent kernel and the weights move while a constant or turning task is learned",
    _PARAMETERS,
    _feature_learning,
    batch=_batch,
)
