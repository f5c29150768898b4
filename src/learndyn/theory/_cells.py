"""One complex mode: the largest F that is possible in a cell of the sphere of b.

The unit vector `γ(b) ∝ (√w_k b^k)_k` maps the sphere to one of area `π (T − 1)`, so that few cells
cover it. In the cell around b₀ write γ in the basis of `e₀ = γ(b₀)`, the tangent `e₁`, and the
rest. Its component along e₁ is of first order in the size of the cell, at most ε; the rest is of
second order, at most δ, since it and its derivative vanish at b₀. So, with the components α, β
and ρ of the spectrum, `(√w_k m_k)_k`,

    √F(b) ≤ max { |α| cos φ + |β| sin φ : 0 ≤ sin φ ≤ ε } + ρ δ

for all b of the cell. As β vanishes where F is stationary, the bound is of second order in the
size of the cell near each maximum, so that cells there need not be tiny to be dropped. ε and δ are
sums of a Taylor series and its remainder. They depend on the ring of a cell only, since to turn b
is to turn γ by a unitary matrix.
"""

import math
from typing import NamedTuple

import numpy as np

# Order of the remainder of the Taylor series.
_ORDER = 6
# Cells next to the point 0.
_LEAST = 6


class Rings(NamedTuple):
    """Rings of cells in a chart: all b of `low ≤ |b| ≤ high` within `spread` of some angle.

    Attributes:
        chart: 0 for b, 1 for 1/b, `(rings,)`.
        low: inner radius.
        high: outer radius.
        spread: half of the angle of a cell.
    """

    chart: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spread: np.ndarray


class Cells(NamedTuple):
    """A worklist: cells that may hold a better b for a spectrum.

    Attributes:
        spectrum: which spectrum, `(cells,)`.
        ring: which ring.
        angle: of the centre.
    """

    spectrum: np.ndarray
    ring: np.ndarray
    angle: np.ndarray


class Frames(NamedTuple):
    """What is known of the cells of rings, at angle 0.

    Attributes:
        radius: of their centres, `(rings,)`.
        normal: e₀ there, `(rings, lag)`.
        tangent: e₁ there; 0 where γ stands still.
        along: the largest component of γ along e₁ in the cell, ε.
        across: the largest component across e₀ and e₁, δ.
    """

    radius: np.ndarray
    normal: np.ndarray
    tangent: np.ndarray
    along: np.ndarray
    across: np.ndarray


def first_rings(radii: np.ndarray) -> Rings:
    """Rings of cells that are about as wide as high, and cover the sphere.

    Args:
        radii: edges of the rings in both charts, `(2, rings + 1)`, which meet.

    Returns:
        The rings.
    """
    low, high = radii[:, :-1], radii[:, 1:]
    count = np.maximum(_LEAST, np.ceil(np.pi * (high + low) / (high - low)))
    chart = np.broadcast_to(np.arange(2)[:, None], low.shape)
    return Rings(*(part.ravel() for part in (chart, low, high, np.pi / count)))


def all_cells(rings: Rings) -> Cells:
    """All cells of whole rings, for one spectrum.

    Args:
        rings: the rings, of which cells divide the circle.

    Returns:
        The cells.
    """
    counts = np.rint(np.pi / rings.spread).astype(int)
    ring = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return Cells(0 * ring, ring, 2 * (np.arange(len(ring)) - first) * rings.spread[ring])


def split(rings: Rings, cells: Cells) -> tuple[Rings, Cells]:
    """Cells in halves or quarters, so that they stay about as wide as high.

    Args:
        rings: the rings of the cells.
        cells: the cells.

    Returns:
        Rings of the parts, and the parts.
    """
    used, ring = np.unique(cells.ring, return_inverse=True)
    chart, low, high, spread = (part[used] for part in rings)
    height, width = high - low, (high + low) * spread
    tall, wide = height > 0.75 * width, width > 0.75 * height
    middle, narrow = (low + high) / 2, np.where(wide, spread / 2, spread)
    inner = Rings(chart, low, np.where(tall, middle, high), narrow)
    outer = Rings(chart, middle, high, narrow)
    halves = Rings(*(np.concatenate(pair) for pair in zip(inner, outer, strict=True)))
    parts = []
    for upper, side in ((0, -1), (0, 1), (1, -1), (1, 1)):
        there = (tall[ring] | (upper == 0)) & (wide[ring] | (side == -1))
        old = ring[there]
        shift = np.where(wide, side * spread / 2, 0)[old]
        parts.append(
            Cells(cells.spectrum[there], old + upper * len(used), cells.angle[there] + shift)
        )
    return halves, Cells(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def frames_of(rings: Rings, weights: np.ndarray) -> Frames:
    """Centres of cells, and how far γ moves away from them.

    Args:
        rings: the rings.
        weights: of both charts, `(2, lag)`.

    Returns:
        The frames.
    """
    radius = (rings.low + rings.high) / 2
    # An outer corner is the point of a cell that is farthest from its centre.
    across = 2 * np.sqrt(rings.high * radius) * np.sin(rings.spread / 2)
    reach = np.hypot((rings.high - rings.low) / 2, across)
    root = np.sqrt(weights)[rings.chart]
    normal = unit(_term(radius, 0, root))
    slope = _term(radius, 1, root)
    # Twice, since what is left may be small. Any unit vector across e₀ gives valid bounds.
    tangent = unit(_without(_without(slope, normal), normal))
    # Terms of the series grow with the radius, so its remainder is largest on the outer side.
    along = np.linalg.norm(_term(radius + reach, _ORDER, root), axis=-1) * reach**_ORDER
    across = along.copy()
    for j in range(1, _ORDER):
        term = _term(radius, j, root)
        along += abs(np.sum(term * tangent, -1)) * reach**j
        left = _without(_without(term, normal), tangent) if j > 1 else 0 * term
        across += np.linalg.norm(left, axis=-1) * reach**j
    least = np.linalg.norm(_term(rings.low, 0, root), axis=-1)
    along, across = (np.minimum(size / least, 1) for size in (along, across))
    return Frames(radius, normal, tangent, along, across)


def _term(radius: np.ndarray, order: int, root: np.ndarray) -> np.ndarray:
    """A term of the Taylor series of γ without its norm: `√w_k C(k, j) b^{k−j}`."""
    lags = np.arange(root.shape[-1])
    counts = np.array([float(math.comb(k, order)) for k in lags])
    return root * counts * radius[:, None] ** np.maximum(lags - order, 0)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of norm 1 in the same directions; 0 stays 0.

    Args:
        vectors: `(*vectors, lag)`.

    Returns:
        The same shape.
    """
    size = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(size > 0, vectors / np.where(size > 0, size, 1), 0)


def _without(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    return vectors - np.sum(vectors * direction, -1, keepdims=True) * direction


def bound_of(
    alpha: np.ndarray, beta: np.ndarray, along: np.ndarray, across: np.ndarray
) -> np.ndarray:
    """The largest F that is possible in a cell, for a spectrum of norm 1.

    Args:
        alpha: size of the spectrum along e₀.
        beta: its size along e₁.
        along: ε of the cell.
        across: δ of the cell.

    Returns:
        Upper bounds.
    """
    plane = np.hypot(alpha, beta)
    edge = alpha * np.sqrt(1 - along**2) + beta * along
    rest = np.sqrt(np.maximum(1 - plane**2, 0))
    return np.minimum(np.where(beta <= along * plane, plane, edge) + rest * across, 1) ** 2
