"""All stationary points of a mode's energy (Appendix F)."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._numerics import polynomial
from learndyn._types import Array, ArrayLike, Bool, Float
from learndyn.theory._circle import (
    charts,
    grids_of,
    last_lag,
    on_grid,
    root,
    signs,
    slope_at,
    value_at,
)
from learndyn.theory._energy import energy_of, norm_derivatives
from learndyn.theory._spectrum import Target, as_target

# Below this curvature along the arc, relative to the square of the spectrum, a point is flat.
_FLAT = 1e-9


class KINDS(eqx.Enumeration):
    """Kinds of stationary points.

    Example:
        >>> import learndyn as ld
        >>> ld.theory.KINDS[ld.theory.KINDS.saddle]
        'A saddle in (u, b).'
    """

    minimum = "A minimum in (u, b)."
    saddle = "A saddle in (u, b)."
    degenerate = "The energy is flat here in one direction, to second order."


class StationaryPoints(eqx.Module):
    """Stationary points of a mode's energy in (u, b), by increasing b, padded.

    Attributes:
        b: recurrent mode.
        u: input-output mode ac.
        energy: energy there.
        kind: an item of `KINDS` for each. There is no maximum, since the energy is convex in u.
        valid: which entries are points; the others are padding, with infinite b and energy.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("dirac_delta", 1.0, None, 4, kappa=1.0)
        >>> points = ld.theory.stationary_points(spectrum)
        >>> saddles = points.valid & (points.kind == ld.theory.KINDS.saddle)
        >>> int(saddles.sum()), int(points.valid.sum())
        (3, 5)
    """

    b: Float[Array, "*modes points"]
    u: Float[Array, "*modes points"]
    energy: Float[Array, "*modes points"]
    kind: KINDS
    valid: Bool[Array, "*modes points"]


def _first_true(mask: Array, count: int) -> tuple[Array, Array]:
    """Whether there are so many true entries, and where the first ones are."""
    ranks = jnp.cumsum(mask, -1)
    wanted = jnp.arange(1, count + 1)
    find = jnp.vectorize(lambda r: jnp.searchsorted(r, wanted), signature="(n)->(m)")
    return wanted <= ranks[..., -1:], jnp.minimum(find(ranks), mask.shape[-1] - 1)


def _at_zero(target: Target):
    """Input-output mode and energy of the best solution with b = 0."""
    u = target.values[..., :1]
    return u, 0.5 * jnp.sum(target.weights[1:] * target.values[..., 1:] ** 2, -1, keepdims=True)


def stationary_points(spectrum: Float[ArrayLike, "*#modes T"], *, weights=None) -> StationaryPoints:
    """All stationary points of each mode's energy in (u, b).

    Either u is the best for its b and b is stationary for it, `2P′Q = PQ′`, or `u = 0` and `P = 0`,
    a saddle. Infinite b is not a point; see `optimum`. With one step, or a spectrum of zeros, b has
    no influence, and one point stands for the line of them.

    Args:
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The points, each part `(points,)` or `(modes, points)`.

    Raises:
        InputError: for values that are not finite or complex, or weights that do not fit.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("dirac_delta", 1.0, None, 4, kappa=1.0)
        >>> points = ld.theory.stationary_points(spectrum)
        >>> minima = points.valid & (points.kind == ld.theory.KINDS.minimum)
        >>> [round(b, 6) for b in points.b[minima].tolist()]
        [0.0, 1.0]
    """
    target = as_target(spectrum, weights)
    return _stationary_points(target, grids_of(target.weights))


@jax.jit
def _stationary_points(target: Target, grids: Array) -> StationaryPoints:
    found = jax.vmap(_points_of_chart)(*charts(target, grids))
    b, u, energy, bend, valid = (jnp.concatenate([part[0], part[1]], -1) for part in found)
    valid = valid & jnp.isfinite(b)
    size = jnp.sum(target.weights * target.values**2, -1, keepdims=True)
    # One point that stands for a line of them.
    stand_in = ~valid.any(-1, keepdims=True) & (jnp.arange(b.shape[-1]) == 0)
    u_zero, energy_zero = _at_zero(target)
    b, u = jnp.where(stand_in, 0, b), jnp.where(stand_in, u_zero, u)
    energy = jnp.where(stand_in, energy_zero, energy)
    bend, valid = jnp.where(stand_in, 0, bend), valid | stand_in

    padding = jnp.where(valid, 0, jnp.inf)
    order = jnp.argsort(b + padding, -1)
    parts = (b + padding, jnp.where(valid, u, 0), energy + padding, bend, valid)
    b, u, energy, bend, valid = (jnp.take_along_axis(x, order, -1) for x in parts)
    return StationaryPoints(b, u, energy, _kind(abs(bend) <= _FLAT * size, bend > 0), valid)


def _kind(flat, up) -> KINDS:
    def one(flat, up):
        return KINDS.where(flat, KINDS.degenerate, KINDS.where(up, KINDS.minimum, KINDS.saddle))

    for _ in range(flat.ndim):
        one = jax.vmap(one)
    return one(flat, up)


def _points_of_chart(target: Target, grid: Array, inverted: Array):
    """Stationary points in a chart as (b, u, energy, bend, whether there is one)."""
    p, g, _ = on_grid(target, grid)
    count = target.weights.shape[0]
    slots = min(3 * count, 12 + 4 * math.ceil(math.log2(count + 1)))
    here, parts = expand(target), []
    zero = jnp.zeros_like(p[..., :1])
    for values, function in ((g, slope_at), (p, value_at)):
        at_zero, slope = function(here, zero)
        left, right = signs(values, slope[..., 0])
        crossed = right[..., :-1] * left[..., 1:] < 0
        there, index = _first_true(crossed, slots)
        sign = jnp.take_along_axis(left[..., 1:], index, -1)
        x = root(lambda x, f=function: f(here, x), grid[index], grid[index + 1], sign)
        x = jnp.concatenate([x, zero], -1)
        found = jnp.concatenate([there, (at_zero == 0) & (slope != 0)], -1)
        b, u, energy = evaluate(x, here, inverted)
        if function is value_at:
            u, bend = jnp.zeros_like(u), jnp.full_like(u, -jnp.inf)
        else:
            bend = _bend(here, x)
        parts.append((b, u, energy, bend, found))
    return tuple(jnp.concatenate(pair, -1) for pair in zip(*parts, strict=True))


def _bend(target: Target, x: Array) -> Array:
    """Second derivative of the remaining energy along the arc of γ, at a stationary point.

    Its sign is the kind; in units of arc it compares to the size of the spectrum.

    Args:
        target: spectrum by power of x.
        x: where.

    Returns:
        Second derivatives.
    """
    _, dg = slope_at(target, x)
    q, dq, _ = norm_derivatives(target.weights, x)
    p = polynomial(target.cross, x)
    lags = jnp.arange(target.weights.shape[0])
    # |dγ/dx|² = (Q Σ k² w_k x^{2k−2} − (Q′/2)²) / Q².
    moment = polynomial(target.weights[1:] * lags[1:] ** 2, x * x) if len(lags) > 1 else 0 * q
    speed = (q * moment - dq * dq / 4) / q**2
    return -0.5 * p * dg / q**2 / jnp.where(speed > 0, speed, 1)


def expand(target: Target) -> Target:
    """A target with an axis for points before that of lags.

    Args:
        target: spectrum by lag.

    Returns:
        The target, its values `(*modes, 1, lag)`.
    """
    return Target(target.values[..., None, :], target.weights)


def evaluate(x: Array, here: Target, inverted: Array) -> tuple[Array, Array, Array]:
    """Solutions at points of a chart.

    Args:
        x: where.
        here: spectrum by power of x, expanded.
        inverted: whether x is 1/b.

    Returns:
        b, u and energy.
    """
    u = polynomial(here.cross, x) / polynomial(here.weights, x * x)
    energy = energy_of(u, x, here)
    zero = x == 0
    other = jnp.where(zero, jnp.inf, 1 / jnp.where(zero, 1, x))
    other_u = u * x ** last_lag(here.weights)
    return jnp.where(inverted, other, x), jnp.where(inverted, other_u, u), energy
