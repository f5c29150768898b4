"""Starts that the theory does not assume, and one that it need not assume."""

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._problem import Problem
from learndyn._reach._cell import Cell
from learndyn._reach._setting import (
    MODES,
    aligned_problem,
    random_bases,
    start_modes,
    statistics,
    until,
)
from learndyn.network import LinearRNN, Modes, network_from_modes

# Hidden units of the widest network; narrower ones have silent units, which never wake.
_WIDEST = 24
_SMALL_SCALE = 0.05


def misalignment(size: float, rng: np.random.Generator) -> Cell:
    """An aligned start plus off-diagonal weights, ε times as large as all of its weights."""
    bases = random_bases(rng)
    net = network_from_modes(start_modes(rng), bases)
    off = rng.normal(size=(3, MODES, MODES)) * (1 - np.eye(MODES))
    whole = np.sqrt(sum(np.sum(np.square(w)) for w in jax.tree.leaves(net)))
    off *= size * whole / np.linalg.norm(off)
    output, inputs, hidden = bases.output, bases.input, bases.hidden
    more = LinearRNN(
        hidden @ off[0] @ inputs.T, hidden @ off[1] @ hidden.T, output @ off[2] @ hidden.T
    )
    return Cell(Problem(jax.tree.map(jnp.add, net, more), statistics(bases)))


def imbalance(size: float, rng: np.random.Generator) -> Cell:
    """An aligned start with `a/c = e^{s}`, and ac as it was."""
    bases = random_bases(rng)
    a, b, c = start_modes(rng)
    modes = Modes(a * np.exp(size / 2), b, c * np.exp(-size / 2))
    return Cell(Problem(network_from_modes(modes, bases), statistics(bases)))


def start_scale(size: float, rng: np.random.Generator) -> Cell:
    """A Gaussian start of this scale, with as many hidden units as modes."""
    return _gaussian(size, MODES, MODES, rng)


def narrowness(size: float, rng: np.random.Generator) -> Cell:
    """A small Gaussian start of few hidden units: modes per unit."""
    return _gaussian(_SMALL_SCALE, _WIDEST, round(MODES / size), rng)


def _gaussian(scale: float, hidden: int, units: int, rng: np.random.Generator) -> Cell:
    """As `init_unaligned`, of some of the hidden units: standard deviation scale / √columns."""
    task = aligned_problem(rng).statistics
    shapes = ((hidden, MODES), (hidden, hidden), (MODES, hidden))
    w_x, w_h, w_y = (scale * rng.normal(size=shape) for shape in shapes)
    used = np.arange(hidden) < units
    net = LinearRNN(
        w_x * used[:, None] / np.sqrt(MODES),
        w_h * np.outer(used, used) / np.sqrt(units),
        w_y * used / np.sqrt(units),
    )
    return Cell(Problem(net, task), until=until(scale))
