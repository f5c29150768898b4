"""Networks of two units, each with the task of one plane: a conjugate pair of modes."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._dynamics import velocity
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn.methods import GradientDescent
from learndyn.methods._method import speed
from learndyn.network import Bases, LinearRNN, init_aligned
from learndyn.tasks import StructuredTask, structured_task


def pair_task(spectrum, key) -> StructuredTask:
    """The real task of one plane: a complex mode and its conjugate.

    Args:
        spectrum: eigenvalues of the mode, `(T,)`, in t order.
        key: random key of the plane's basis.

    Returns:
        The task, the given mode first.
    """
    spectrum = jnp.asarray(spectrum, complex)
    return structured_task(jnp.stack([spectrum, jnp.conj(spectrum)]), 2, 2, key=key)


def pair_problem(spectrum, start, key) -> Problem:
    """A network of two units, aligned to the task of one plane.

    Args:
        spectrum: eigenvalues of the mode, `(T,)`.
        start: real modes (a, b, c) at the start.
        key: random key of the bases.

    Returns:
        The problem; row 0 of its modes is the given one.
    """
    keys = jax.random.split(key)
    task = pair_task(spectrum, keys[0])
    return Problem(init_aligned(task, *start, key=keys[1]), task)


class Pairs(NamedTuple):
    """Networks of two units while learning, and at the end.

    Attributes:
        loss: loss of both modes of a pair, `(*cells, times)`.
        u: input-output mode ac of the given one, complex, likewise.
        b: recurrent mode of the given one.
        slope: norm of the last gradient over the first loss, `(*cells,)`.
        final: last weights, with leading axes.
        bases: bases of the tasks and of the hidden units, with leading axes.
    """

    loss: np.ndarray
    u: np.ndarray
    b: np.ndarray
    slope: np.ndarray
    final: LinearRNN
    bases: Bases

    def response(self, lags: int) -> tuple[np.ndarray, np.ndarray]:
        """How the last networks answer a pulse in the plane of the given mode.

        Args:
            lags: number of steps.

        Returns:
            The output and the hidden state along the given mode, `(*cells, lags)`, from powers of
            the real weights.
        """
        w_x, w_h, w_y = (np.asarray(w) for w in (self.final.w_x, self.final.w_h, self.final.w_y))
        first = (np.asarray(p)[..., :1] for p in (self.bases.output, self.bases.input))
        output, inputs = first
        state, hidden = w_x @ inputs, np.asarray(self.bases.hidden)[..., :1]
        states = []
        for _ in range(lags):
            states.append(state)
            state = w_h @ state
        read = [((output.conj() * (w_y @ h)).sum((-2, -1))) for h in states]
        turned = [(hidden.conj() * h).sum((-2, -1)) for h in states]
        return np.stack(read, -1), np.stack(turned, -1)


def descend(spectra, start, rate: float, times) -> Pairs:
    """Gradient descent on exact statistics, a network and a plane of its own for each cell.

    Args:
        spectra: eigenvalues of the modes, `(*cells, T)`.
        start: real modes (a, b, c) at the start, each broadcast to the cells.
        rate: learning rate.
        times: when to record, in multiples of the rate.

    Returns:
        The networks.
    """
    spectra = jnp.asarray(spectra, complex)
    cells = spectra.shape[:-1]
    modes = [jnp.broadcast_to(jnp.asarray(m, float), cells).ravel() for m in start]
    flat = spectra.reshape(-1, spectra.shape[-1])
    keys = jax.random.split(jax.random.key(0), len(flat))

    pairs = _descend(flat, *modes, keys, jnp.asarray(rate), jnp.asarray(times))
    return Pairs(*jax.tree.map(lambda x: np.asarray(x).reshape(*cells, *x.shape[1:]), pairs))


@jax.jit
@partial(jax.vmap, in_axes=(0, 0, 0, 0, 0, None, None))
def _descend(spectrum, a, b, c, key, rate, times):
    problem = pair_problem(spectrum, (a, b, c), key)
    curve = solve(problem, GradientDescent(rate), times, throw=False)
    slope = speed(velocity(problem, curve.final)) / curve.excess[0]
    u, b = (curve.modes.a * curve.modes.c)[:, 0], curve.modes.b[:, 0]
    return curve.loss, u, b, slope, curve.final, curve.bases


def descend_groups(
    groups: dict[str, tuple[np.ndarray, Sequence]], rate: float, times
) -> dict[str, Pairs]:
    """As `descend`, of several grids of cells, compiled once.

    Args:
        groups: spectra `(*cells, T)` and starts (a, b, c), by name.
        rate: learning rate.
        times: when to record.

    Returns:
        The networks, by name.
    """
    shapes = {name: spectra.shape[:-1] for name, (spectra, _) in groups.items()}
    spectra = np.concatenate([s.reshape(-1, s.shape[-1]) for s, _ in groups.values()])
    starts = [
        [np.broadcast_to(mode, shapes[name]).ravel() for mode in start]
        for name, (_, start) in groups.items()
    ]
    start = [np.concatenate(modes) for modes in zip(*starts, strict=True)]
    every = descend(spectra, start, rate, times)
    ends = np.cumsum([0, *(math.prod(shape) for shape in shapes.values())])
    return {
        name: jax.tree.map(
            lambda x, i=i, c=c: x[ends[i] : ends[i + 1]].reshape(*c, *x.shape[1:]), every
        )
        for i, (name, c) in enumerate(shapes.items())
    }
