"""One complex mode: the proof that no b is better, by bounds over cells that cover the sphere."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._types import Array
from learndyn.theory._cells import (
    Cells,
    Frames,
    Rings,
    all_cells,
    bound_of,
    first_rings,
    frames_of,
    split,
    unit,
)
from learndyn.theory._circle import charts
from learndyn.theory._spectrum import Target
from learndyn.theory._sphere import TIE, Solutions, ascend, best_of, solutions

# The energy is proven to be within this of the lowest one, relative to the energy of u = 0.
TOLERANCE = 1e-6
# Points of the real arc to a ring of cells.
_RING = 24
# Splits after which any cell is so small that its bound is within the tolerance.
_LEVELS = 60
# Cells whose products are taken at once, which fit in a cache; cells that are split at once; and
# first cells that are held at once.
_CHUNK, _PIECE, _BLOCK = 1 << 13, 1 << 16, 1 << 19


class Proof(NamedTuple):
    """What is known so far; its arrays are written to.

    Attributes:
        gain: highest F met, for a spectrum of norm 1, `(modes,)`.
        chart: where that was, the chart.
        x: and the point in it; 0 where nothing is better than what was known at first.
        cells: how many cells were looked at, in parts.
    """

    gain: np.ndarray
    chart: np.ndarray
    x: np.ndarray
    cells: list[int]


def certified(target: Target, grids: Array, found: Solutions) -> Solutions:
    """Solutions that are proven, up to rounding, to be within the tolerance of the best.

    Args:
        target: spectrum by lag, complex; values that can be looked at.
        grids: what `grids_of` returned for its weights.
        found: a solution of each mode, as good as any. Better ones replace it where there are.

    Returns:
        One solution of each mode, `(*modes,)`.

    Raises:
        RuntimeError: if the proof fails, which would be a mistake in the bounds.
    """
    weights, values = _in_both_charts(target)
    values = unit(values)
    known = _gain_of(np.asarray(found.b, complex).reshape(-1), values, np.sqrt(weights))
    radii = np.asarray(grids, float)[:, grids.shape[-1] // 2 :: _RING]
    rings = first_rings(radii)
    block = max(1, int(_BLOCK / np.sum(np.pi / rings.spread)))
    chart, x = np.zeros(len(known), int), np.zeros(len(known), complex)
    better = np.zeros(len(known), bool)
    for start in range(0, len(known), block):
        here = slice(start, start + block)
        proof = prove(values[:, here], weights, rings, known[here])
        better[here] = proof.gain > known[here] + TIE
        chart[here], x[here] = proof.chart, proof.x
    if not better.any():
        return found
    points = np.where(better & (chart == np.arange(2)[:, None]), x, 0)
    points = points.reshape(2, *found.b.shape, 1).astype(found.b.dtype)
    return _improved(target, grids, found, jnp.asarray(points))


def _in_both_charts(target: Target) -> tuple[np.ndarray, np.ndarray]:
    """Weights by power of b and of 1/b, `(2, lag)`, and `√w_k m_k`, `(2, modes, lag)`."""
    weights = np.asarray(target.weights, float)
    values = np.asarray(target.values, complex).reshape(-1, len(weights)) * np.sqrt(weights)
    # Up to the last lag of positive weight.
    shift = np.flatnonzero(weights)[-1] + 1 - len(weights)

    def both(x):
        return np.stack([x, np.roll(x[..., ::-1], shift, -1)])

    return both(weights), both(values)


def _gain_of(b: np.ndarray, values: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """F of each spectrum of norm 1 at its b, in the chart in which that is small."""
    chart = (abs(b) > 1).astype(int)
    inverse = np.where(np.isfinite(b), 1 / np.where(chart & np.isfinite(b), b, 1), 0)
    x = np.where(chart, inverse, b)
    basis = unit(roots[chart] * x[:, None] ** np.arange(roots.shape[-1]))
    return abs(np.sum(values[chart, np.arange(len(b))] * basis.conj(), -1)) ** 2


@jax.jit
def _improved(target: Target, grids: Array, found: Solutions, x: Array) -> Solutions:
    both = charts(target, grids)
    more = solutions(both, jax.vmap(ascend)(both.target, x))
    pairs = zip(found, more, strict=True)
    every = (jnp.concatenate([old[..., None], new], -1) for old, new in pairs)
    return best_of(Solutions(*every), target)


def prove(values: np.ndarray, weights: np.ndarray, rings: Rings, known: np.ndarray) -> Proof:
    """Drop cells that cannot hold a better b, and split the others, until none is left.

    Args:
        values: spectra of both charts, `√w_k m_k` by power, of norm 1 (or 0), `(2, modes, lag)`.
        weights: of both charts, `(2, lag)`.
        rings: of the cells to begin with.
        known: F of a solution of each spectrum, `(modes,)`.

    Returns:
        The highest F met, which no F exceeds by more than the tolerance, and where.

    Raises:
        RuntimeError: if cells are left at the last level, which would be a mistake in the bounds.
    """
    proof = Proof(known.copy(), np.zeros(len(known), int), np.zeros(len(known), complex), [])
    frames = frames_of(rings, weights)
    cells = _first_cells(values, rings, frames, proof)
    # Depth first, so that no more than a few lists are held however many cells there are.
    work = _pieces(0, rings, cells)
    while work:
        level, rings, cells = work.pop()
        if level == _LEVELS:
            raise RuntimeError("Expected bounds to close in on the optima; got cells left over.")
        rings, cells = split(rings, cells)
        frames = frames_of(rings, weights)
        cells = _kept(cells, rings, frames, _parts(values, rings, frames, cells), proof)
        work += _pieces(level + 1, rings, cells)
    return proof


def _pieces(level: int, rings: Rings, cells: Cells) -> list[tuple[int, Rings, Cells]]:
    starts = range(0, len(cells.ring), _PIECE)
    return [
        (level, rings, Cells(*(part[start : start + _PIECE] for part in cells))) for start in starts
    ]


def _first_cells(values: np.ndarray, rings: Rings, frames: Frames, proof: Proof) -> Cells:
    """What is left of the first cells; all spectra share them, so matrices are multiplied."""
    _, ring, angle = all_cells(rings)
    turns = np.exp(-1j * angle[:, None] * np.arange(values.shape[-1]))
    parts = np.empty((2, values.shape[1], len(ring)))
    for i, vectors in enumerate((frames.normal, frames.tangent)):
        for chart in (0, 1):
            inside = rings.chart[ring] == chart
            parts[i][:, inside] = abs(values[chart] @ (vectors[ring] * turns)[inside].T)
    modes = values.shape[1]
    everywhere = np.repeat(np.arange(modes), len(ring))
    cells = Cells(everywhere, np.tile(ring, modes), np.tile(angle, modes))
    return _kept(cells, rings, frames, parts.reshape(2, -1), proof)


def _parts(values: np.ndarray, rings: Rings, frames: Frames, cells: Cells):
    """Sizes of the spectra along e₀ and e₁ of their cells, by Horner's scheme."""
    by_lag = values.transpose(2, 0, 1)
    normal, tangent = frames.normal.T.copy(), frames.tangent.T.copy()
    alpha, beta = np.empty((2, len(cells.ring)))
    for start in range(0, len(cells.ring), _CHUNK):
        here = slice(start, start + _CHUNK)
        spectrum, ring = cells.spectrum[here], cells.ring[here]
        turn, chart = np.exp(-1j * cells.angle[here]), rings.chart[ring]
        one, two = np.zeros((2, len(ring)), complex)
        for k in reversed(range(values.shape[-1])):
            value = by_lag[k, chart, spectrum]
            one = one * turn + value * normal[k, ring]
            two = two * turn + value * tangent[k, ring]
        alpha[here], beta[here] = abs(one), abs(two)
    return alpha, beta


def _kept(cells: Cells, rings: Rings, frames: Frames, parts, proof: Proof) -> Cells:
    """Cells whose bound is above what is known, once their centres are known too."""
    alpha, beta = parts
    proof.cells.append(len(alpha))
    _learn(cells, rings, frames, alpha**2, proof)
    along, across = frames.along[cells.ring], frames.across[cells.ring]
    bound = bound_of(alpha, beta, along, across)
    keep = bound > proof.gain[cells.spectrum] + TOLERANCE
    return Cells(*(part[keep] for part in cells))


def _learn(cells: Cells, rings: Rings, frames: Frames, gain: np.ndarray, proof: Proof) -> None:
    """Note the centres that are better than what is known."""
    before = proof.gain.copy()
    np.maximum.at(proof.gain, cells.spectrum, gain)
    better = np.flatnonzero((gain > before[cells.spectrum]) & (gain == proof.gain[cells.spectrum]))
    spectrum, ring = cells.spectrum[better], cells.ring[better]
    proof.chart[spectrum] = rings.chart[ring]
    proof.x[spectrum] = frames.radius[ring] * np.exp(1j * cells.angle[better])
