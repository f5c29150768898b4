"""The best solution of a mode, and all stationary points of its energy (Appendix F)."""

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

# Brackets of the lowest energy that are searched in each chart. Symmetries tie two, b and −b.
_CANDIDATES = 4
# Energies that differ by less, relative to the energy of u = 0, are equal.
_TIE = 1e-12
# Below this curvature along the arc, relative to the square of the spectrum, a point is flat.
_FLAT = 1e-9


class Optimum(eqx.Module):
    """The global optimum of a mode.

    Attributes:
        b: recurrent mode; infinite where the infimum is not attained.
        u: input-output mode ac; 0 there.
        energy: lowest energy, or the infimum.
        attained: whether finite modes have that energy.
    """

    b: Float[Array, "*modes"]
    u: Float[Array, "*modes"]
    energy: Float[Array, "*modes"]
    attained: Bool[Array, "*modes"]


class KINDS(eqx.Enumeration):
    """Kinds of stationary points."""

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
    """

    b: Float[Array, "*modes points"]
    u: Float[Array, "*modes points"]
    energy: Float[Array, "*modes points"]
    kind: KINDS
    valid: Bool[Array, "*modes points"]


def optimum(spectrum: Float[ArrayLike, "*#modes T"], *, weights=None) -> Optimum:
    """The exact global optimum of each mode, over all real u and b.

    Where the infimum lies at `|b| = ∞` it is not attained: b is +inf, u is 0, and the energy is
    the infimum. Between equal energies the smaller `|b|` is taken, then the positive one. With one
    step, or a spectrum of zeros, b has no influence and is 0.

    Args:
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The optimum, each part `()` or `(modes,)`.

    Raises:
        InputError: for values that are not finite or complex, or weights that do not fit.

    Example:
        >>> import learndyn as ld
        >>> best = ld.theory.optimum(ld.task_dynamics("inverse_exponential", 2.0, 0.5, 6))
        >>> round(float(best.b), 12), round(float(best.u), 12)
        (0.5, 2.0)
    """
    target = as_target(spectrum, weights)
    return _optimum(target, grids_of(target.weights))


@jax.jit
def _optimum(target: Target, grids: Array) -> Optimum:
    found = jax.vmap(_best_of_chart)(*charts(target, grids))
    b, u, energy = (jnp.concatenate([part[0], part[1]], -1) for part in found)
    size = 0.5 * jnp.sum(target.weights * target.values**2, -1, keepdims=True)
    tied = energy <= energy.min(-1, keepdims=True) + _TIE * size
    distance = jnp.where(tied, abs(b), jnp.inf)
    least = distance.min(-1, keepdims=True)
    # With a margin, since b and −b come from different brackets.
    nearest = tied & ((distance <= least * (1 + 1e-9)) | (distance == least))
    best = jnp.argmax(jnp.where(nearest, b, -jnp.inf), -1)[..., None]
    b, u, energy = (jnp.take_along_axis(x, best, -1)[..., 0] for x in (b, u, energy))
    return Optimum(b, u, energy, jnp.isfinite(b))


def zero_loss(
    spectrum: Float[ArrayLike, "*#modes T"], *, weights=None, tolerance: float = 1e-9
) -> Bool[Array, "*modes"]:
    """Whether a mode can solve its task without loss (Appendix F).

    Spectra that are inverse-exponential, `s_t = δ λ^{T−t}` with λ of any sign, can be solved. That
    includes all spectra of one step, those of two with `s_T ≠ 0`, those of which only `s_T` is not
    0 (b = 0), and zeros.

    Args:
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.
        tolerance: error that counts as none, relative to the spectrum.

    Returns:
        Whether finite modes exist that miss the spectrum by no more than the tolerance.

    Raises:
        InputError: for values that are not finite or complex, or weights that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectra = np.array([[1.0, -2.0, 4.0], [1.0, 2.0, 3.0], [0.0, 0.0, 2.0]])
        >>> ld.theory.zero_loss(spectra).tolist()
        [True, False, True]
    """
    target = as_target(spectrum, weights)
    best = optimum(spectrum, weights=weights)
    size = 0.5 * jnp.sum(target.weights * target.values**2, -1)
    return best.attained & (best.energy <= tolerance**2 * size)


def _best_of_chart(target: Target, grid: Array, inverted: Array):
    """The maxima of `P²/Q` in a chart, as many as are searched, as (b, u, energy)."""
    p, g, q = on_grid(target, grid)
    here = _expand(target)
    zero = jnp.zeros_like(p[..., :1])
    left, right = signs(p * g, (p * slope_at(here, zero)[1])[..., g.shape[-1] // 2])
    bracketed = (right[..., :-1] > 0) & (left[..., 1:] < 0)  # of the derivative of P²/Q
    gain = p * p / q
    height = jnp.where(bracketed, jnp.maximum(gain[..., :-1], gain[..., 1:]), -1)
    height, index = _highest(height, _CANDIDATES)
    falling = -jnp.sign(p[..., :-1])  # the sign of g beyond a maximum
    sign = jnp.take_along_axis(falling, index, -1)
    x = root(lambda x: slope_at(here, x), grid[index], grid[index + 1], sign)
    # The points 0 and ∞ are always candidates: a maximum may be exactly there, or none anywhere.
    x = jnp.concatenate([x, zero], -1)
    b, u, energy = _evaluate(x, here, inverted)
    found = jnp.concatenate([height >= 0, jnp.ones_like(zero, bool)], -1)
    return b, u, jnp.where(found, energy, jnp.inf)


def _highest(height: Array, count: int) -> tuple[Array, Array]:
    """The highest values and where they are: a few passes, where `top_k` sorts all of them."""
    positions = jnp.arange(height.shape[-1])
    values, indices = [], []
    for _ in range(count):
        index = jnp.argmax(height, -1)[..., None]
        values.append(jnp.take_along_axis(height, index, -1))
        indices.append(index)
        height = jnp.where(positions == index, -1, height)
    return jnp.concatenate(values, -1), jnp.concatenate(indices, -1)


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


def _expand(target: Target) -> Target:
    """A target with an axis for points before that of lags."""
    return Target(target.values[..., None, :], target.weights)


def _evaluate(x: Array, here: Target, inverted: Array):
    """b, u and energy of points of a chart."""
    u = polynomial(here.cross, x) / polynomial(here.weights, x * x)
    energy = energy_of(u, x, here)
    zero = x == 0
    other = jnp.where(zero, jnp.inf, 1 / jnp.where(zero, 1, x))
    other_u = u * x ** last_lag(here.weights)
    return jnp.where(inverted, other, x), jnp.where(inverted, other_u, u), energy


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
    here, parts = _expand(target), []
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
        b, u, energy = _evaluate(x, here, inverted)
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
