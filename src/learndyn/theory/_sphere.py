"""One complex mode: the search for its best b, over the Riemann sphere.

Given b the best u is known, `u = p/Q` with `p = Σ_k w_k m_k b*^k`, `Q = Σ_k w_k |b|^{2k}`, and
the energy that remains is `½ (Σ_k w_k |m_k|² − F)`, `F = |p|²/Q`. So the best b is where the unit
vector `γ(b) ∝ (√w_k b^k)_k` has the smallest angle to the line of the spectrum, `(√w_k m_k)_k`.
As in the real case (`_circle`) time reversed is b inverted, two charts are all there is, and points
spaced evenly along the length that γ gives to its points see what there is to see: rings along
the real arc, and `4 T` angles, since F is a trigonometric polynomial of degree `T − 1` in the
angle.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._numerics import powers, square_size
from learndyn._types import Array, Float
from learndyn.theory._circle import Charts, charts, last_lag
from learndyn.theory._energy import energy_of
from learndyn.theory._spectrum import Target

# Points of the real arc to a ring.
_RING = 12
# Maxima on the grid, of the highest, from which a chart is searched; and always its point 0.
_STARTS = 5
# Newton's method needs 4 to 8 steps from the grid; a step is no longer than this, as an angle.
_STEPS, _LONGEST = 100, 0.3
# Maxima of this size are in the other chart.
_LEAVES = 2.0
# Energies that differ by less, relative to the energy of u = 0, are equal; and so are sizes of b.
TIE, _SAME = 1e-12, 1e-9


class Solutions(NamedTuple):
    """Solutions of modes.

    Attributes:
        b: recurrent mode, `(*modes, solutions)`, +inf for the point ∞.
        u: input-output mode.
        energy: energy, or its limit.
    """

    b: Array
    u: Array
    energy: Array


@jax.jit
def search(target: Target, grids: Float[Array, "2 points"]) -> Solutions:
    """The best solution that Newton's method finds from the best points of a grid.

    Args:
        target: spectrum by lag, complex.
        grids: what `grids_of` returned for its weights.

    Returns:
        One solution of each mode, `(*modes,)`.
    """

    def of_chart(chart: Target, grid: Array):
        x = ascend(chart, _starts(chart, grid))
        # What leaves a chart is found in the other one, where it is known to rounding.
        x = jnp.where(abs(x) > _LEAVES, 0, x)
        # Newton's method does not end at 0 exactly, where b may be infinite.
        x = jnp.where(abs(x) < 16 * jnp.finfo(grid.dtype).eps, 0, x)
        return jnp.concatenate([x, jnp.zeros_like(x[..., :1])], -1)

    both = charts(target, grids)
    x = jax.vmap(of_chart)(both.target, both.grid)
    return best_of(solutions(both, x), target)


def solutions(both: Charts, x: Array) -> Solutions:
    """Solutions at points of both charts.

    Args:
        both: the charts.
        x: points, `(2, *modes, points)`.

    Returns:
        The solutions, those of both charts along the last axis.
    """
    found = jax.vmap(_solution)(both.target, x, both.inverted)
    return Solutions(*(jnp.concatenate([part[0], part[1]], -1) for part in found))


def best_of(found: Solutions, target: Target) -> Solutions:
    """The one of least energy; of those that tie the least `|b|`, then the larger real part.

    Then the positive imaginary part.

    Args:
        found: solutions of each mode.
        target: spectrum by lag.

    Returns:
        One solution of each mode, `(*modes,)`.
    """
    b, _, energy = found
    size = 0.5 * jnp.sum(target.weights * square_size(target.values), -1, keepdims=True)
    tie = max(TIE, 16 * float(jnp.finfo(energy.dtype).eps))
    left = energy <= energy.min(-1, keepdims=True) + tie * size
    # With margins, since each is found by itself.
    far = jnp.where(left, abs(b), jnp.inf)
    least = far.min(-1, keepdims=True)
    left = left & ((far <= least * (1 + _SAME)) | (far == least))
    right = jnp.where(left, b.real, -jnp.inf)
    most = right.max(-1, keepdims=True)
    left = left & ((right >= most - _SAME * least) | (right == most))
    best = jnp.argmax(jnp.where(left, b.imag, -jnp.inf), -1)[..., None]
    return Solutions(*(jnp.take_along_axis(part, best, -1)[..., 0] for part in found))


def ascend(target: Target, x: Array) -> Array:
    """A maximum of F near each point, by Newton's method on `log F`, which never goes down.

    With `l = ∂ log F`, `A = ∂² log F` and `g = −∂∂* log F`, the metric of γ, the step d solves
    `A d − g d* = −l`. Where that is not uphill A is shortened. Nothing depends on the phase of b.

    Args:
        target: spectrum by power of x.
        x: from where, `(*modes, points)`.

    Returns:
        The maxima, `(*modes, points)`.
    """
    eps = jnp.finfo(x.real.dtype).eps
    count = target.weights.shape[0]

    def unfinished(state):
        step, *_, moving = state
        return (step < _STEPS) & moving.any()

    def improve(state):
        step, x, gain, share, moving = state
        move, length = _newton(target, x)
        new = x + share * move
        higher = _gain(target, new)
        # Where F is flat to rounding, the slope still tells where the maximum is.
        accepted = moving & (higher >= gain * (1 - 4 * count * eps))
        x, gain = jnp.where(accepted, new, x), jnp.where(accepted, higher, gain)
        moving = moving & (share * length > 4 * eps) & (abs(x) < 2 * _LEAVES)
        return step + 1, x, gain, jnp.where(accepted, 1, share / 4), moving

    gain = _gain(target, x)
    first = (jnp.zeros((), int), x, gain, jnp.ones_like(gain), gain > 0)
    return jax.lax.while_loop(unfinished, improve, first)[1]


def _newton(target: Target, x: Array) -> tuple[Array, Array]:
    """Newton's step for the maximum of `log F`, and its length as an angle."""
    p, dp, ddp = _rising(target, x)
    q, dq, ddq = _norm(target.weights, square_size(x))
    safe = jnp.where(p == 0, 1, p)
    ratio = dp / safe
    slope = ratio - jnp.conj(x) * dq / q
    bend = ddp / safe - ratio**2 - jnp.conj(x) ** 2 * (ddq / q - (dq / q) ** 2)
    metric = dq / q + square_size(x) * (ddq / q - (dq / q) ** 2)
    metric = jnp.where(metric > 0, metric, 1)
    excess = abs(bend) / metric
    bend = bend * jnp.where(excess < 1 - 1e-6, 1, 0.9 / jnp.where(excess > 0, excess, 1))
    up = metric * jnp.conj(slope) + jnp.conj(bend) * slope
    move = jnp.where(p == 0, 0, up / (metric**2 - square_size(bend)))
    length = jnp.sqrt(metric) * abs(move)
    return move * jnp.minimum(1, _LONGEST / jnp.where(length > 0, length, 1)), length


def _rising(target: Target, x: Array) -> tuple[Array, Array, Array]:
    """`p* = Σ_k w_k m_k* x^k`, holomorphic in x, and two derivatives."""
    cross, lags = jnp.conj(target.cross)[..., None, :], np.arange(target.weights.shape[0])
    basis = powers(x, len(lags))
    p = jnp.sum(cross * basis, -1)
    dp = jnp.sum((cross * lags)[..., 1:] * basis[..., :-1], -1)
    ddp = jnp.sum((cross * (lags * (lags - 1)))[..., 2:] * basis[..., :-2], -1)
    return p, dp, ddp


def _norm(weights: Array, square: Array) -> tuple[Array, Array, Array]:
    """`Q = Σ_k w_k r^k` and two derivatives in `r = |x|²`."""
    lags = np.arange(weights.shape[0])
    basis = powers(square, len(lags))
    q = basis @ weights
    dq = basis[..., :-1] @ (weights * lags)[1:]
    ddq = basis[..., :-2] @ (weights * lags * (lags - 1))[2:]
    return q, dq, ddq


def _gain(target: Target, x: Array) -> Array:
    """F, what the best u takes off twice the energy."""
    basis = powers(x, target.weights.shape[0])
    p = jnp.sum(jnp.conj(target.cross)[..., None, :] * basis, -1)
    return square_size(p) / (square_size(basis) @ target.weights)


def _solution(target: Target, x: Array, inverted: Array) -> Solutions:
    basis = powers(x, target.weights.shape[0])
    p = jnp.sum(target.cross[..., None, :] * jnp.conj(basis), -1)
    u = p / (square_size(basis) @ target.weights)
    energy = energy_of(u, x, Target(target.values[..., None, :], target.weights))
    zero = x == 0
    other = jnp.where(zero, jnp.inf, 1 / jnp.where(zero, 1, x))
    other_u = u * x ** last_lag(target.weights)
    return Solutions(jnp.where(inverted, other, x), jnp.where(inverted, other_u, u), energy)


def _starts(target: Target, grid: Array) -> Array:
    """The highest maxima of F on the grid of a chart, and its point 0."""
    count = target.weights.shape[0]
    angles = max(8, 4 * count)
    radii = grid[grid.shape[-1] // 2 :: _RING]
    basis = powers(radii, count)
    # On a ring p is a Fourier series in the angle.
    p = jnp.fft.fft(target.cross[..., None, :] * basis, angles)
    gain = square_size(p) / (basis**2 @ target.weights)[:, None]
    # Beyond the last ring is the other chart.
    beyond = jnp.concatenate([gain[..., 2:, :], -jnp.ones_like(gain[..., :1, :])], -2)
    inner, ring = gain[..., :-1, :], gain[..., 1:, :]
    beside = jnp.maximum(jnp.roll(ring, 1, -1), jnp.roll(ring, -1, -1))
    around = jnp.maximum(beside, jnp.maximum(inner, beyond))
    top = ring >= around * (1 - 1e-6)
    turn = jnp.exp(2j * np.pi * np.arange(angles) / angles).astype(target.cross.dtype)
    points = (radii[1:, None] * turn).reshape(-1)
    height = jnp.where(top, ring, -1).reshape(*gain.shape[:-2], points.size)
    positions, found = jnp.arange(height.shape[-1]), []
    for _ in range(_STARTS):
        # The first of those that tie: a spectrum of one lag has rings of them.
        high = height >= height.max(-1, keepdims=True) * (1 - 1e-6)
        index = jnp.argmax(high, -1)[..., None]
        found.append(points[index])
        height = jnp.where(positions == index, -1, height)
    return jnp.concatenate([*found, jnp.zeros_like(found[0])], -1)
