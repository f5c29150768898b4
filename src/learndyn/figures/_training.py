"""Networks trained in numbers: one unit each, which is one mode of an aligned network, exactly."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn import theory
from learndyn._experiments import lag_weights, one_mode
from learndyn._path import RESULTS
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn._train import train
from learndyn._types import Array, Int
from learndyn.methods import GradientDescent, Method
from learndyn.network import init_unaligned
from learndyn.tasks import structured_task
from learndyn.tasks._structured import Outputs


class Learned(NamedTuple):
    """Learning curves of many networks, each `(*cells, times)`."""

    loss: np.ndarray
    u: np.ndarray
    b: np.ndarray


def padded(spectra: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Spectra of several lengths in one array, padded at early steps.

    Args:
        spectra: each `(*cells, T)`, with the same cells.

    Returns:
        Spectra `(lengths, *cells, longest T)` and the length of each, of the same cells.
    """
    longest = max(each.shape[-1] for each in spectra)
    cells = spectra[0].ndim - 1
    stacked = [np.pad(x, [(0, 0)] * cells + [(longest - x.shape[-1], 0)]) for x in spectra]
    lengths = [np.full(x.shape[:-1], x.shape[-1]) for x in spectra]
    return np.stack(stacked), np.stack(lengths)


def optima(
    stacked: np.ndarray, length: np.ndarray, *, outputs: Outputs = "final"
) -> theory.Optimum:
    """Exact optima of padded spectra, compiled once for all lengths.

    Args:
        stacked: what `padded` returned, `(*cells, T)`.
        length: number of steps of each.
        outputs: readout at the last step, "final", or at "every" step.

    Returns:
        The optima, each part `(*cells,)`.
    """
    spectra = jnp.asarray(stacked.reshape(-1, stacked.shape[-1]))
    weights = lag_weights(outputs, length.ravel(), stacked.shape[-1])
    found = jax.jit(jax.vmap(lambda s, w: theory.optimum(s, weights=w)))(spectra, weights)
    return jax.tree.map(lambda part: np.asarray(part).reshape(length.shape), found)


def learn(spectra, start, method: Method, times) -> Learned:
    """Learning curves of networks of one unit.

    Args:
        spectra: temporal singular values, `(*cells, T)`.
        start: modes (a, b, c) at the start, each broadcast to the cells.
        method: how to learn.
        times: when to record.

    Returns:
        The curves.
    """
    spectra, times = jnp.asarray(spectra), jnp.asarray(times)
    cells = spectra.shape[:-1]
    modes = [jnp.broadcast_to(jnp.asarray(m, float), cells).ravel() for m in start]

    def one(spectrum, a, b, c):
        curve = solve(one_mode(spectrum, a, b, c), method, times, throw=False)
        return curve.loss, (curve.modes.a * curve.modes.c)[:, 0], curve.modes.b[:, 0]

    curves = jax.jit(jax.vmap(one))(spectra.reshape(-1, spectra.shape[-1]), *modes)
    return Learned(*(np.asarray(x).reshape(*cells, -1) for x in curves))


def descend(spectra, start, rate: float, times) -> Learned:
    """As `learn`, by plain gradient descent.

    Args:
        spectra: temporal singular values, `(*cells, T)`.
        start: modes (a, b, c) at the start.
        rate: learning rate.
        times: when to record.

    Returns:
        The curves.
    """
    return learn(spectra, start, GradientDescent(rate), times)


def falls_below(values: np.ndarray, bound, times: np.ndarray) -> np.ndarray:
    """When curves are first at most at a bound, between records by a straight line.

    Args:
        values: curves, `(*cells, times)`.
        bound: the bound, broadcast to the cells.
        times: when they were recorded.

    Returns:
        Times, `(*cells,)`; infinite where a curve stays above.
    """
    above = values - np.broadcast_to(bound, values.shape[:-1])[..., None]
    below = above <= 0
    at = below.argmax(-1)[..., None]
    before = np.maximum(at - 1, 0)
    high, low = (np.take_along_axis(above, i, -1)[..., 0] for i in (before, at))
    t_before, t_at = times[before[..., 0]], times[at[..., 0]]
    drop = np.where(high - low > 0, high - low, 1)
    share = np.where(at[..., 0] > 0, high / drop, 1)
    return np.where(below.any(-1), t_before + share * (t_at - t_before), np.inf)


def stays_within(distance: np.ndarray, bound, times: np.ndarray) -> np.ndarray:
    """When curves come within a distance for the last time, and stay there.

    Args:
        distance: curves of a distance, `(*cells, times)`.
        bound: the distance, broadcast to the cells.
        times: when they were recorded.

    Returns:
        Times, `(*cells,)`; infinite where a curve ends outside.
    """
    backwards = falls_below(-distance[..., ::-1], -np.asarray(bound), times[::-1])
    ends_inside = distance[..., -1] <= bound
    # A curve that is never outside, read backwards, never leaves.
    return np.where(ends_inside, np.where(np.isinf(backwards), times[0], backwards), np.inf)


# How a network ended that was trained to convergence.
ENDS = ("minimum", "saddle", "not_yet", "diverged", "failed")


class Settled(NamedTuple):
    """Where networks ended, each `(*cells,)`; `end` counts in `ENDS`."""

    u: np.ndarray
    b: np.ndarray
    loss: np.ndarray
    end: np.ndarray


def settle(
    spectra,
    start,
    rate,
    *,
    tolerance: float,
    max_steps: int,
    length=None,
    outputs: Outputs = "final",
) -> Settled:
    """Train networks of one unit by gradient descent until the gradient is small.

    Args:
        spectra: temporal singular values, `(*cells, T)`.
        start: modes (a, b, c) at the start, each broadcast to the cells.
        rate: learning rate, broadcast to the cells.
        tolerance: gradient at which to stop, over the first loss.
        max_steps: steps after which to give up.
        length: number of steps of each cell, where spectra are padded; None: all.
        outputs: readout at the last step, "final", or at "every" step.

    Returns:
        Where they ended.
    """
    spectra = jnp.asarray(spectra)
    cells = spectra.shape[:-1]
    length = spectra.shape[-1] if length is None else length
    given = (*start, rate, length)
    numbers = [jnp.broadcast_to(jnp.asarray(m, float), cells).ravel() for m in given]

    def one(spectrum, a, b, c, rate, length):
        method = GradientDescent(rate)
        problem = one_mode(spectrum, a, b, c, length=length, outputs=outputs)
        curve = train(problem, method, tolerance=tolerance, max_steps=max_steps)
        net = curve.final
        loss = problem.statistics.excess(net.impulse_response(spectrum.size))
        return (
            curve.modes.a[-1, 0] * curve.modes.c[-1, 0],
            curve.modes.b[-1, 0],
            loss,
            end_of(curve.result),
        )

    ended = jax.jit(jax.vmap(one))(spectra.reshape(-1, spectra.shape[-1]), *numbers)
    return Settled(*(np.asarray(x).reshape(cells) for x in ended))


def settle_unaligned(
    spectra,
    hidden: int,
    scale: float,
    seeds: int,
    *,
    rate: float,
    tolerance: float,
    max_steps: int,
    outputs: Outputs = "final",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Train networks with small random weights on one task of several modes.

    Args:
        spectra: temporal singular values, `(modes, T)`.
        hidden: hidden units.
        scale: of the weights.
        seeds: number of networks.
        rate: learning rate.
        tolerance: gradient at which to stop, over the first loss.
        max_steps: steps after which to give up.
        outputs: readout at the last step, "final", or at "every" step.

    Returns:
        Singular values of the recurrent weights, `(seeds, hidden)`, loss above the floor, and how
        each ended, which counts in `ENDS`.
    """
    channels = len(spectra)
    task = structured_task(spectra, channels, channels, outputs=outputs, key=jax.random.key(0))

    def one(key):
        net = init_unaligned(channels, hidden, channels, scale, key=key)
        method = GradientDescent(rate)
        curve = train(Problem(net, task), method, tolerance=tolerance, max_steps=max_steps)
        return curve.singular_values.w_h[-1], curve.excess, curve.valid, end_of(curve.result)

    keys = jax.random.split(jax.random.key(1), seeds)
    values, excess, valid, end = jax.jit(jax.vmap(one))(keys)
    return np.asarray(values), np.where(valid, excess, np.inf).min(-1), np.asarray(end)


def end_of(result: RESULTS) -> Int[Array, ""]:
    """How training to convergence ended.

    Args:
        result: of the curve that `train` returned.

    Returns:
        Its place in `ENDS`; that of `not_yet` for any other result, so that nothing
        counts as a minimum but what is one.
    """
    found = jnp.asarray(ENDS.index("not_yet"))
    for place, name in enumerate(ENDS):
        found = jnp.where(result == getattr(RESULTS, name), place, found)
    return found
