"""Networks with small random weights on sensory integration, by training and by the exact flow."""

from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.polynomial.polynomial import Polynomial, polyval

from learndyn._assumptions import aligned
from learndyn._bases import problem_bases
from learndyn._problem import Problem
from learndyn._train import train
from learndyn.figures._configuration import Configuration
from learndyn.figures._training import end_of
from learndyn.methods import Method
from learndyn.network import (
    Bases,
    LinearRNN,
    Modes,
    init_unaligned,
    network_from_modes,
)
from learndyn.statistics import TaskStatistics

if TYPE_CHECKING:
    import xarray

CHANNELS = 4
# The vectors of the task, in its order: what varies along each.
DIRECTIONS = ("baseline", "evidence", "difference of modalities", "noise alone")


class Learning(NamedTuple):
    """Networks along learning, a row for each seed; after its end a row repeats its last point."""

    times: np.ndarray
    excess: np.ndarray
    nets: LinearRNN
    final: LinearRNN
    end: np.ndarray


def starts(configuration: Configuration) -> LinearRNN:
    """Networks at their start.

    Args:
        configuration: `seeds` of them, of `scale`.

    Returns:
        The networks, with a leading axis.
    """
    keys = jax.random.split(jax.random.key(0), configuration["seeds"])
    sizes = (CHANNELS, configuration["hidden"], CHANNELS)
    return jax.vmap(lambda key: init_unaligned(*sizes, configuration["scale"], key=key))(keys)


def learn(
    nets: LinearRNN, statistics: TaskStatistics, method: Method, tolerance: float, max_steps: int
) -> Learning:
    """Train networks until each is still, or for a number of steps, compiled once per method.

    Args:
        nets: the networks, with a leading axis.
        statistics: of the task.
        method: how to learn.
        tolerance: as in `train`.
        max_steps: as in `train`.

    Returns:
        The networks on the way.
    """
    times, excess, valid, weights, final, end = _learn(
        nets, statistics, method, tolerance, max_steps
    )
    last = np.asarray(valid).sum(-1, keepdims=True) - 1
    held = np.take_along_axis(np.asarray(excess), last, -1)
    excess = np.where(valid, excess, held)
    return Learning(np.asarray(times), excess, weights, final, np.asarray(end))


@eqx.filter_jit
def _learn(nets, statistics, method, tolerance, max_steps):
    def one(net):
        problem = Problem(net, statistics)
        curve = train(problem, method, tolerance=tolerance, max_steps=max_steps)
        return (
            curve.times,
            curve.excess,
            curve.valid,
            curve.weights,
            curve.final,
            end_of(curve.result),
        )

    return jax.vmap(one)(nets)


def singular_values(nets: LinearRNN) -> tuple[np.ndarray, np.ndarray]:
    """What the figures show: of the recurrent weights, and of the input-output map.

    Args:
        nets: networks with leading axes.

    Returns:
        Singular values of `W_h` and of `W_y W_x`, the largest first.
    """
    recurrent, feedforward = np.asarray(nets.w_h), np.asarray(nets.w_y) @ np.asarray(nets.w_x)
    first, second = (np.linalg.svd(each, compute_uv=False) for each in (recurrent, feedforward))
    return first, second


def at_times(learning: Learning, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Curves of all seeds at common times, by straight lines in the logarithm of time.

    Args:
        learning: when the values were taken.
        values: `(seeds, points, *rest)`.
        times: common times, above zero; at times after its end a network is where it ended.

    Returns:
        Values, `(seeds, times, *rest)`.
    """
    flat = values.reshape(*values.shape[:2], -1)
    found = np.empty((len(flat), len(times), flat.shape[2]))
    for seed, (own, curves) in enumerate(zip(learning.times, flat, strict=True)):
        start = np.log(np.maximum(own, 0.1 * times[0]))
        for i in range(flat.shape[2]):
            found[seed, :, i] = np.interp(np.log(times), start, curves[:, i])
    return found.reshape(len(flat), len(times), *values.shape[2:])


class Alignment(NamedTuple):
    """How networks lie in the directions of the task, each with their leading axes."""

    cosine: np.ndarray
    mode: np.ndarray
    misaligned: np.ndarray


def alignment(nets: LinearRNN, statistics: TaskStatistics) -> Alignment:
    """Alignment of networks with the directions of a task.

    Args:
        nets: networks with two leading axes.
        statistics: of the task.

    Returns:
        For each direction v, the cosine of `W_x v` and `W_yᵀ v` in hidden space, 1 if aligned and
        balanced; the input-output mode `vᵀ W_y W_x v`; and the share of all weights off the
        diagonal of the bases, as in the assumption `aligned`.
    """
    output, inputs = _vectors(statistics)
    entering = np.asarray(nets.w_x) @ inputs
    leaving = np.swapaxes(np.asarray(nets.w_y), -1, -2) @ output
    mode = (entering * leaving).sum(-2)
    sizes = np.linalg.norm(entering, axis=-2) * np.linalg.norm(leaving, axis=-2)
    return Alignment(mode / sizes, mode, np.asarray(_misaligned(nets, statistics)))


@eqx.filter_jit
def _misaligned(nets: LinearRNN, statistics: TaskStatistics):
    def one(net):
        problem = Problem(net, statistics)
        return aligned(problem, problem_bases(problem))

    return jax.vmap(jax.vmap(one))(nets)


def best_modes(statistics: TaskStatistics) -> tuple[np.ndarray, np.ndarray]:
    """Exact optimum of one mode in each direction of the task, for its own input moments.

    Input that lasts through a trial is not white: the error of a mode m_k − u b^k is weighed by all
    moments `A_kl` of the direction. Given b the best u is known, and the energy is rational in b.

    Args:
        statistics: of a task whose moments are diagonal in its vectors.

    Returns:
        u and b, `(directions,)`.
    """
    _, inputs = _vectors(statistics)
    lags, channels = statistics.length, len(inputs)
    factor = np.asarray(statistics.inputs.project(jnp.eye(lags * channels)))
    by_lag = factor.reshape(lags, channels, -1)
    target = np.einsum("im,koi,om->mk", inputs, np.asarray(statistics.target), inputs)
    pairs = [
        _best_mode(row, outputs @ outputs.T)
        for row, outputs in zip(target, np.einsum("im,kir->mkr", inputs, by_lag), strict=True)
    ]
    u, b = np.array(pairs).T
    return u, b


def _best_mode(target: np.ndarray, moments: np.ndarray) -> tuple[float, float]:
    """The u and b that minimize `(m − u b^k)ᵀ A (m − u b^k)`, by the roots of a polynomial."""
    lags = np.arange(len(target))
    pull = Polynomial(moments @ target)
    brake = Polynomial(np.bincount(np.add.outer(lags, lags).ravel(), moments.ravel()))
    roots = (2 * pull.deriv() * brake - pull * brake.deriv()).roots()
    real = roots[np.abs(roots.imag) < 1e-9 * (1 + np.abs(roots))].real
    pulls, brakes = (polyval(real, each.coef) for each in (pull, brake))
    best = np.argmax(pulls**2 / brakes)
    return float(pulls[best] / brakes[best]), float(real[best])


def _vectors(statistics: TaskStatistics) -> tuple[np.ndarray, np.ndarray]:
    assert statistics.vectors is not None  # those of integration are known
    output, inputs = (np.asarray(each) for each in statistics.vectors)
    return output, inputs


def solution(statistics: TaskStatistics) -> LinearRNN:
    """The balanced aligned network with the best mode in each direction.

    Args:
        statistics: of a task whose best modes have u > 0.

    Returns:
        The network.
    """
    u, b = best_modes(statistics)
    size = jnp.sqrt(u)
    output, inputs = (jnp.asarray(each) for each in _vectors(statistics))
    bases = Bases(output=output, input=inputs, hidden=jnp.eye(len(u)))
    return network_from_modes(Modes(size, jnp.asarray(b), size), bases)


def when_above(curves, bound: float, times: np.ndarray) -> np.ndarray:
    """From when on curves stay at or above a bound.

    Args:
        curves: `(*cells, times)`.
        bound: the bound.
        times: when they were recorded.

    Returns:
        Times, `(*cells,)`, those of the records; infinite where a curve ends below.
    """
    below = np.asarray(curves) < bound
    last = below.shape[-1] - 1 - below[..., ::-1].argmax(-1)
    return np.append(times, np.inf)[np.where(below.any(-1), last + 1, 0)]


# Of each of `ENDS`.
_IN_WORDS = ("at a minimum", "at a saddle", "not yet still", "diverged", "of failed solvers")


def counted(end: "xarray.DataArray") -> str:
    """How many networks ended in which way.

    Args:
        end: places in `ENDS`.

    Returns:
        Words.
    """
    return ", ".join(f"{int((end == i).sum())} {words}" for i, words in enumerate(_IN_WORDS))
