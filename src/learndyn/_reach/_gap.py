"""Gaps between theory and training of many networks at once."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._curve import LearningCurve, compare
from learndyn._problem import Problem
from learndyn._reach._cell import SOLVER, Cell
from learndyn._reach._setting import UNTIL
from learndyn._solve import solve
from learndyn._types import Array, Float
from learndyn.methods import ModeFlow

# Recorded points of a curve.
POINTS = 41
_THEORY = ModeFlow(solver=SOLVER)
# Networks in a batch at least.
_LEAST = 8


def gaps(cells: Sequence[Cell]) -> dict[str, np.ndarray]:
    """Gap of the loss between the theory and each network, and how far it is from each assumption.

    Cells whose arrays have the same shapes run in one compiled batch.

    Args:
        cells: the networks.

    Returns:
        Arrays by name, a value for each cell.
    """
    groups: dict[Any, list[int]] = {}
    for number, cell in enumerate(cells):
        leaves, structure = jax.tree.flatten(cell)
        groups.setdefault((structure, *(leaf.shape for leaf in leaves)), []).append(number)
    found: dict[str, np.ndarray] = {}
    for rows in groups.values():
        # Filled up to a power of two with copies, so that few batch sizes are compiled.
        size = max(_LEAST, 1 << (len(rows) - 1).bit_length())
        filled = [cells[row] for row in (rows + rows[-1:] * size)[:size]]
        for name, values in _of_batch(jax.tree.map(lambda *x: jnp.stack(x), *filled)).items():
            found.setdefault(name, np.zeros(len(cells), values.dtype))[rows] = values[: len(rows)]
    return found


def _of_batch(cells: Cell) -> dict[str, np.ndarray]:
    times = cells.until[:, None] * jnp.linspace(0.0, 1.0, POINTS)
    trained = _trained(cells, times)
    if trained.times is None:
        gap, scale = _at_best_scale(cells.problem, trained, times)
    else:
        gap, scale = _gap(cells.problem, trained, trained.times), np.ones(len(times))
    measured = {name: np.asarray(v) for name, v in trained.violations.items()}
    reached = np.asarray(trained.valid.all(1))
    return {"gap": gap, "time_scale": scale, "reached": reached, **measured}


@eqx.filter_jit
@eqx.filter_vmap
def _trained(cell: Cell, times: Float[Array, " times"]) -> LearningCurve:
    problem = cell.problem
    if cell.trials is not None:
        trials = cell.trials()
        problem = eqx.tree_at(lambda p: p.trials, problem, trials, is_leaf=lambda x: x is None)
    return solve(problem, cell.method, times, throw=False)


@eqx.filter_jit
@eqx.filter_vmap
def _predicted(problem: Problem, times: Float[Array, " times"]) -> LearningCurve:
    return solve(problem, _THEORY, times, assumptions="report", throw=False)


@eqx.filter_jit
@eqx.filter_vmap
def _largest_gap(predicted: LearningCurve, trained: LearningCurve):
    # On the theory's axis, which is the trained network's under a time scale of ours.
    trained = eqx.tree_at(lambda c: c.times, trained, predicted.times, is_leaf=lambda x: x is None)
    return compare(predicted, trained).largest_gap


def _gap(problem: Problem, trained: LearningCurve, times) -> np.ndarray:
    return np.asarray(_largest_gap(_predicted(problem, times), trained))


def _at_best_scale(
    problem: Problem, trained: LearningCurve, times
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest gap over constant scales of time, and that scale: golden section in its logarithm.

    An optimizer without a flow time has a clock of its own; this is the kindest one to the theory.

    Args:
        problem: the problems.
        trained: curves without times.
        times: what the method took as times.

    Returns:
        The gaps, and the flow time per unit of these times.
    """
    nominal = UNTIL / times[:, -1]

    def at(log_scale):
        return _gap(problem, trained, times * (nominal * np.exp(log_scale))[:, None])

    coarse = np.linspace(-1.0, 1.5, 6)
    tried = np.stack([at(np.full(len(times), c)) for c in coarse])
    best = np.clip(tried.argmin(0), 1, len(coarse) - 2)
    low, high = coarse[best - 1], coarse[best + 1]
    for _ in range(20):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        keep_left = at(left) < at(right)
        low, high = np.where(keep_left, low, left), np.where(keep_left, right, high)
    middle = (low + high) / 2
    return at(middle), np.asarray(nominal * np.exp(middle))


_GOLDEN = (np.sqrt(5) - 1) / 2
