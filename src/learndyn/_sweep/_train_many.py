"""Many networks trained to convergence, those that have ended making room for the others."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._assumptions import measure
from learndyn._bases import problem_bases
from learndyn._errors import InputError
from learndyn._path import RESULTS
from learndyn._problem import Problem
from learndyn._solve import refuse_violations
from learndyn._sweep._lanes import CHUNK, Chunks, Start, split
from learndyn._sweep._threads import workers
from learndyn._train import check_request, classified, decided, still_slope
from learndyn._types import Array, Float, Int, ScalarLike
from learndyn.methods import GradientDescent, Method
from learndyn.network import LinearRNN

# Records in one round: the steps of a round are about a quarter of those before it.
_RECORDS = 4
# Numbers in the Hessians of one chunk.
_HESSIANS = 2**22


class TrainedNetworks(eqx.Module):
    """Where training took many networks.

    Attributes:
        final: the last network of each lane, with a leading axis.
        times: learning times at which they stopped, `(networks,)`, in units of the flow
            `dW/dt = −∇L`; None where the optimizer has no flow time.
        steps: gradient steps, `(networks,)`; None for flows.
        excess: loss above the floor of the last networks, `(networks,)`.
        result: how each ended, of `RESULTS`, with a leading axis.
        slope: norm of the velocity at which each counts as still, loss per unit of weight,
            `(networks,)`.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> keys = jax.random.split(jax.random.key(1), 5)
        >>> nets = jax.vmap(lambda key: ld.init_unaligned(2, 2, 2, 0.5, key=key))(keys)
        >>> trained = ld.train_many(ld.Problem(nets, task), ld.GradientDescent(0.1),
        ...                         tolerance=1e-4, max_steps=10_000)
        >>> trained.excess.shape, bool((trained.excess < 1e-6).all())
        ((5,), True)
    """

    final: LinearRNN
    times: Float[Array, " networks"] | None
    steps: Int[Array, " networks"] | None
    excess: Float[Array, " networks"]
    result: RESULTS
    slope: Float[Array, " networks"]


def train_many(
    problems: Problem,
    method: Method,
    *,
    tolerance: ScalarLike,
    max_steps: int,
    chunk: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> TrainedNetworks:
    """Train many networks until each is still: `train`, lane by lane.

    Times to convergence differ a hundredfold. Gradient descent is therefore run in rounds; after
    each, networks that are still or have diverged are dropped, and the rest closes ranks. Flows
    are run by `jax.vmap`, chunk by chunk. Chunks run on two threads.

    Args:
        problems: a problem whose network has one leading axis, and whose statistics have it too
            (each network has its own task) or not.
        method: how to learn.
        tolerance: as in `train`: loss per unit of weight, as a share of each first excess.
        max_steps: as in `train`: steps after which to give up.
        chunk: networks in one batch; None: 64.
        progress: called with the number of networks that have ended and of all.

    Returns:
        The last networks, and how each ended.

    Raises:
        InputError: for a batch, a tolerance or a number that cannot be used, or for `Linearized`.
        AssumptionError: if an assumption of the method is violated by any of the networks.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> keys = jax.random.split(jax.random.key(1), 5)
        >>> nets = jax.vmap(lambda key: ld.init_unaligned(2, 2, 2, 0.5, key=key))(keys)
        >>> trained = ld.train_many(ld.Problem(nets, task), ld.GradientDescent(0.1),
        ...                         tolerance=1e-4, max_steps=10_000)
        >>> trained.final.w_h.shape, (trained.result == ld.RESULTS.minimum).tolist()
        ((5, 2, 2), [True, True, True, True, True])
    """
    check_request(tolerance, max_steps)
    if chunk is not None and chunk < 1:
        raise InputError("a chunk of at least one network", f"{chunk}", f"None is {CHUNK}.")
    first, start = split(problems)
    method.check(first)
    if method.linearized:
        raise InputError(
            "a method that moves networks",
            f"{type(method).__name__}, whose loss is not that of its networks",
            "Solve it over a grid with sweep.",
        )
    data, shared = method.data(first), first.without_trials()
    start, tolerance = jax.tree.map(np.asarray, start), jnp.asarray(tolerance, float)
    with workers() as pool:
        chunks = Chunks(pool, chunk or CHUNK)
        slope = chunks.run(_slopes, (shared, tolerance), start)
        if isinstance(method, GradientDescent):
            rounds = _rounds(method, max_steps)
            end = _descend(chunks, (shared, method, data), (start, slope), rounds, progress)
        else:
            end = _flow(chunks, (shared, method), (start, slope), max_steps, progress)
        return _finish(shared, start, slope, end, pool)


class _End(NamedTuple):
    """Where lanes ended, before minima are told from saddles."""

    final: LinearRNN
    times: Any
    steps: Any
    result: RESULTS


def _descend(chunks: Chunks, shared, lanes, rounds, progress) -> _End:
    """Gradient descent in rounds, without the lanes that have ended."""
    start, slope = lanes
    descent = chunks.run(_begin, shared, start)
    active = np.arange(len(slope))
    for targets in rounds:
        lanes = (start, slope, descent)
        descent = chunks.run(
            _advance, (*shared, targets), lanes, rows=active, into=descent, parallel=True
        )
        active = active[descent.alive[active] & ~descent.done[active]]
        if progress is not None:
            progress(len(slope) - len(active), len(slope))
        if not active.size:
            break
    _, method, _ = shared
    times = None
    if method.time_scale is not None:
        times = (descent.step * np.asarray(method.time_per_step)).astype(start.net.w_x.dtype)
    result = jax.tree.map(np.asarray, jax.vmap(lambda one: one.result())(descent))
    return _End(descent.now[0], times, descent.step, result)


def _flow(chunks: Chunks, shared, lanes, max_steps, progress) -> _End:
    """Flows under vmap; assumptions are refused for the worst of the lanes."""
    start, slope = lanes
    problem, method = shared
    if method.assumptions:
        violations = chunks.run(_violations, (problem,), start)
        refuse_violations(method, jax.tree.map(np.max, violations))
    end = chunks.run(_settle, (problem, method, max_steps), (start, slope))
    if progress is not None:
        progress(len(slope), len(slope))
    return end


def _finish(problem: Problem, start: Start, slope, end: _End, pool) -> TrainedNetworks:
    """Excess, and minima told from saddles."""
    size = sum(w[0].size for w in jax.tree.leaves(start.net))
    chunks = Chunks(pool, max(1, min(CHUNK, _HESSIANS // size**2)))
    lanes = (start, slope, end.final, end.result)
    excess, result = chunks.run(_classify, (problem,), lanes)
    (codes,) = jax.tree.leaves(result)
    for lane in np.flatnonzero(np.asarray(result == RESULTS.stationary)):
        one, slope_of_one, final, found = jax.tree.map(
            lambda leaf, lane=lane: jnp.asarray(leaf[lane]), (start, slope, end.final, result)
        )
        (codes[lane],) = jax.tree.leaves(decided(one.problem(problem), final, found, slope_of_one))
    final, times, steps = jax.tree.map(jnp.asarray, (end.final, end.times, end.steps))
    result = jax.tree.map(jnp.asarray, result)
    return TrainedNetworks(final, times, steps, jnp.asarray(excess), result, jnp.asarray(slope))


def _rounds(method: GradientDescent, max_steps: int) -> list[Array]:
    """Steps to reach in each round, all of one shape."""
    steps = np.unique(np.asarray(method.record_steps(max_steps)))
    steps = np.append(steps, np.full(-len(steps) % _RECORDS, steps[-1]))
    return list(jnp.asarray(steps.reshape(-1, _RECORDS)))


@eqx.filter_jit
def _slopes(problem, tolerance, start):
    return jax.vmap(lambda one: still_slope(one.problem(problem), tolerance))(start)


@eqx.filter_jit
def _begin(problem, method, data, start):  # noqa: ARG001
    return jax.vmap(lambda one: method.begin(one.problem(problem)))(start)


@eqx.filter_jit
def _advance(problem, method, data, targets, lanes):
    def advance(lane):
        start, slope, descent = lane
        mine = start.problem(problem)

        def record(descent, target):
            return method.advance(mine, data, slope, descent, target), None

        return jax.lax.scan(record, descent, targets)[0]

    return jax.vmap(advance)(lanes)


@eqx.filter_jit
def _violations(problem, start):
    def one(start):
        mine = start.problem(problem)
        return measure(mine, problem_bases(mine))

    return jax.vmap(one)(start)


@eqx.filter_jit
def _settle(problem, method, max_steps, lanes):
    def settle(lane):
        start, slope = lane
        mine = start.problem(problem)
        path = method.converge(mine, problem_bases(mine), method.data(mine), slope, max_steps)
        last = jnp.maximum(jnp.sum(path.valid) - 1, 0)
        reached = (path.weights, path.times, path.steps)
        final, times, steps = jax.tree.map(lambda leaf: leaf[last], reached)
        return _End(final, times, steps, path.result)

    return jax.vmap(settle)(lanes)


@eqx.filter_jit
def _classify(problem, lanes):
    def classify(lane):
        start, slope, final, result = lane
        mine = start.problem(problem)
        excess = mine.statistics.excess(final.impulse_response(mine.statistics.length))
        return excess, classified(mine, final, result, slope)

    return jax.vmap(classify)(lanes)
