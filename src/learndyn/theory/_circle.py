"""All recurrent modes at once: the projective line, as two charts and a grid on each.

Given b the best u is known, `u = P/Q` with `P = Σ_k w_k m_k b^k`, `Q = Σ_k w_k b^{2k}`, and the
energy that remains is `½ (Σ_k w_k m_k² − P²/Q)`. So the best b is where the unit vector
`γ(b) ∝ (√w_k b^k)_k` comes closest to the line of the spectrum, `(√w_k m_k)_k`. Two facts make
that easy:

- Reversing spectrum and weights in time turns b into 1/b. So `|b| ≤ 1` of a spectrum and of its
  reverse are all there is; nothing overflows, and `b = ∞` is the point 0 of the second chart.
- On a sphere, a curve of unit speed cannot do much in a short arc. Points spaced evenly along the
  arc of γ therefore see every maximum, whatever the length T: the arc is no longer than `2 log T`
  and a bit.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._numerics import derivatives
from learndyn._types import Array, Bool, Float, Tracer
from learndyn.theory._energy import norm_derivatives
from learndyn.theory._spectrum import Target

# Points of the curve on which its arc is measured.
_FINE = 1025
# Steps of the search for a root in its bracket; Newton's needs 4 to 8, bisection takes over else.
_STEPS = 60


class Charts(NamedTuple):
    """The projective line as two charts, of b and of 1/b, along a leading axis of two.

    Attributes:
        target: spectrum and weights by power of x, `(2, *modes, lag)` and `(2, lag)`.
        grid: points of x, `(2, points)`, increasing.
        inverted: whether x is 1/b, `(2,)`.
    """

    target: Target
    grid: Float[Array, "2 points"]
    inverted: Bool[Array, "2"]


def charts(target: Target, grids: Float[Array, "2 points"]) -> Charts:
    """Both charts of a spectrum.

    Args:
        target: spectrum by lag.
        grids: what `grids_of` returned for its weights.

    Returns:
        The charts.
    """
    both = Target(*(jnp.stack(pair) for pair in zip(target, reverse(target), strict=True)))
    return Charts(both, grids, jnp.array([False, True]))


def grids_of(weights: Float[Array, " lag"]) -> Float[Array, "2 points"]:
    """Points of both charts, which meet a little beyond `|b| = 1`.

    Done once for weights that are at hand, outside whatever is compiled.

    Args:
        weights: by lag.

    Returns:
        Points of b and of 1/b, increasing.
    """
    if isinstance(weights, Tracer):
        return _both_grids(weights, jnp)
    values = np.asarray(weights)
    return jnp.asarray(_known_grids(values.tobytes(), values.dtype.str))


@lru_cache(maxsize=64)
def _known_grids(content: bytes, dtype: str):
    return _both_grids(np.frombuffer(content, dtype), np)


def _both_grids(weights, xp):
    count = weights.shape[0]
    lags = np.arange(count)
    last = xp.max(xp.where(weights > 0, lags, 0))
    back = xp.where(lags <= last, weights[xp.where(lags <= last, last - lags, 0)], 0)
    # So far beyond 1 that the point 1, a common solution, is inside a chart rather than at its end.
    edge = 1 + 0.3 / count
    both = (_even_grid(weights, edge, xp), _even_grid(back, 1 / edge, xp))
    return xp.stack(both).astype(weights.dtype)


def last_lag(weights: Float[Array, " lag"]) -> Array:
    """The last lag of positive weight, which plays T − 1.

    Args:
        weights: by lag.

    Returns:
        Its index.
    """
    return jnp.max(jnp.where(weights > 0, jnp.arange(weights.shape[0]), 0))


def reverse(target: Target) -> Target:
    """Spectrum and weights reversed in time, up to the last lag of positive weight.

    Args:
        target: spectrum by lag.

    Returns:
        The reversed spectrum by lag, zero where there was none.
    """
    source = last_lag(target.weights) - jnp.arange(target.weights.shape[0])
    there = source >= 0
    source = jnp.where(there, source, 0)
    values = jnp.where(there, target.values[..., source], 0)
    return Target(values, jnp.where(there, target.weights[source], 0))


def _even_grid(weights, edge: float, xp):
    """Points of `[−edge, edge]`, 0 among them, spaced evenly along the arc of γ."""
    count = weights.shape[0]
    half = 48 + 24 * math.ceil(math.log2(count + 1))
    # The arc is dense in steps of artanh x, until 1 − x is about 1 / T.
    far = math.atanh(1 - 0.3 / (4 * count))
    fine = edge * np.tanh(np.linspace(0, far, _FINE)) / math.tanh(far)
    lags = np.arange(count)
    powers = weights * (fine[:, None] ** 2) ** lags
    total = powers.sum(1)
    mean = (powers * lags).sum(1) / total
    spread = (powers * (lags - mean[:, None]) ** 2).sum(1) / total
    # |dγ/dx| is the standard deviation of the lag under the weights w_k x^{2k}, over x.
    origin = xp.sqrt(weights[1:2] / weights[0]) if count > 1 else xp.zeros(1, weights.dtype)
    speed = xp.concatenate([origin, xp.sqrt(spread[1:]) / fine[1:]])
    steps = np.diff(fine) * (speed[1:] + speed[:-1]) / 2
    arc = xp.concatenate([xp.zeros(1), xp.cumsum(steps)])
    # A curve that stands still, of one lag only, is sampled evenly in x.
    arc = xp.where(arc[-1] > 0, arc, fine)
    right = xp.interp(xp.linspace(0, 1, half + 1) * arc[-1], arc, fine)
    return xp.concatenate([-right[:0:-1], right])


def signs(values: Array, slope: Array) -> tuple[Array, Array]:
    """Signs of a function just left and just right of each point of a grid.

    They differ at the middle of the grid, which is 0, where symmetric spectra have a root.

    Args:
        values: function on the grid, `(*modes, points)`.
        slope: its derivative at 0, `(*modes,)`.

    Returns:
        Both signs, `(*modes, points)`.
    """
    middle = jnp.arange(values.shape[-1]) == values.shape[-1] // 2
    there = jnp.where(middle & (values == 0), jnp.sign(slope)[..., None], 0)
    return jnp.sign(values) - there, jnp.sign(values) + there


def on_grid(target: Target, grid: Float[Array, " points"]) -> tuple[Array, Array, Array]:
    """P, `2P′Q − PQ′` and Q at all points of one chart.

    Args:
        target: spectrum by power of x.
        grid: points of x.

    Returns:
        The first two `(*modes, points)`, the last `(points,)`.
    """
    lags = np.arange(target.weights.shape[0])
    powers = grid ** lags[:, None]
    lower = lags[:, None] * grid ** np.maximum(lags - 1, 0)[:, None]
    p, dp = target.cross @ powers, target.cross @ lower
    q = target.weights @ powers**2
    dq = 2 * target.weights @ (powers * lower)
    return p, 2 * dp * q - p * dq, q


def slope_at(target: Target, x: Array) -> tuple[Array, Array]:
    """`g = 2P′Q − PQ′`, zero where the remaining energy is stationary, and its derivative.

    Args:
        target: spectrum by power of x.
        x: where.

    Returns:
        g and dg/dx.
    """
    p, dp, ddp = derivatives(target.cross, x, 2)
    q, dq, ddq = norm_derivatives(target.weights, x)
    return 2 * dp * q - p * dq, 2 * ddp * q + dp * dq - p * ddq


def value_at(target: Target, x: Array) -> tuple[Array, Array]:
    """P, zero where the best u is 0, and its derivative.

    Args:
        target: spectrum by power of x.
        x: where.

    Returns:
        P and dP/dx.
    """
    p, dp = derivatives(target.cross, x, 1)
    return p, dp


def root(function, low: Array, high: Array, sign: Array) -> Array:
    """A root in each open bracket, by Newton's method, kept in the bracket by bisection.

    Args:
        function: value and derivative at x.
        low: lower ends.
        high: upper ends.
        sign: of the function towards the upper end; it has the other one towards the lower end.

    Returns:
        The roots.
    """

    def unfinished(state):
        step, _, _, _, moving = state
        return (step < _STEPS) & moving.any()

    def improve(state):
        step, x, low, high, _ = state
        value, slope = function(x)
        above = value * sign > 0
        low, high = jnp.where(above, low, x), jnp.where(above, x, high)
        change = value / jnp.where(slope == 0, 1, slope)
        newton, rounding = x - change, jnp.finfo(x.dtype).eps * abs(x)
        # Not at an end, which may be a root itself: the point 0.
        inside = (newton > low) & (newton < high) & (slope != 0)
        # A step that rounding swallows ends at x, which is an end by now; it must not be bisected.
        ended = (value == 0) | ((slope != 0) & (abs(change) <= rounding))
        new = jnp.where(ended, x, jnp.where(inside, newton, (low + high) / 2))
        return step + 1, new, low, high, abs(new - x) > rounding

    first = (jnp.zeros((), int), (low + high) / 2, low, high, low < high)
    return jax.lax.while_loop(unfinished, improve, first)[1]
