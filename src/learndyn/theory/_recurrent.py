"""The recurrent mode in time, with the input-output modes frozen: local (Appendices D, M.2)."""

import jax
import jax.numpy as jnp

from learndyn._types import Array, ArrayLike, Inexact, Shaped
from learndyn.theory._spectrum import Target, as_numbers, as_target, at_least


def recurrent_derivatives(
    u: Shaped[ArrayLike, "*#modes"] | float | complex,
    b: Shaped[ArrayLike, "*#modes"] | float | complex,
    spectrum: Shaped[ArrayLike, "*#modes T"],
    order: int,
    *,
    weights=None,
) -> Inexact[Array, "order *modes"]:
    """Derivatives `dⁿb/dtⁿ`, `n = 1 … order`, along the flow with u frozen (eqs 48–67, 158).

    The flow of b is a polynomial in b, so its power series follows coefficient by coefficient:
    exact to any order, with no nested differentiation and no partitions. The flow of a complex mode
    is not holomorphic, `db/dt = −2 ∂E/∂b*`, and derivatives of the energy in b alone, as in eqs
    48–67, do not determine it; but it is a polynomial in b and b*, and along real time both have
    power series, one the conjugate of the other.

    Args:
        u: input-output mode ac, `()` or `(modes,)`, real or complex.
        b: recurrent mode where the series is taken, likewise.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        order: highest derivative.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Derivatives, `(order, *modes)`, per power of learning time.

    Raises:
        InputError: for an order below 1, or values that are not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> ld.theory.recurrent_derivatives(1.0, 0.0, np.array([0.5, 1.0]), 2).tolist()
        [0.5, -0.5]
    """
    order = at_least("order", order, 1)
    target = as_target(spectrum, weights, allow_complex=True)
    u, b = (as_numbers(name, v, allow_complex=True) for name, v in (("u", u), ("b", b)))
    shape = jnp.broadcast_shapes(u.shape, b.shape, target.values.shape[:-1])
    series = power_series(jnp.broadcast_to(u, shape), jnp.broadcast_to(b, shape), target, order)
    factorials = jnp.cumprod(jnp.arange(1, order + 1, dtype=series.real.dtype))
    return jnp.moveaxis(series[..., 1:] * factorials, -1, 0)


def power_series(u: Array, b: Array, target: Target, order: int) -> Inexact[Array, "*modes terms"]:
    """Coefficients of `b(t) = Σ_n β_n tⁿ`, `n = 0 … order`, along the flow with u frozen.

    Time is real, so that `b*(t)` has the conjugate coefficients.

    Args:
        u: input-output mode.
        b: recurrent mode at time 0.
        target: spectrum by lag.
        order: highest power.

    Returns:
        Coefficients.
    """
    dtype = jnp.result_type(u, b, target.values)
    series = jnp.zeros((*b.shape, order + 1), dtype).at[..., 0].set(b)
    for n in range(order):
        # Only coefficients up to n enter, and these are known.
        velocity = _velocity(u, series[..., : n + 1], target)
        series = series.at[..., n + 1].set(velocity[..., n] / (n + 1))
    return series


def _velocity(u: Array, b: Array, target: Target) -> Array:
    """The series of `db/dt = u* (P′(b*) − u b Q′(|b|²))`, given that of b, to as many terms."""
    lags = jnp.arange(1, target.weights.shape[0])
    pull = _compose(lags * target.cross[..., 1:], jnp.conj(b))
    brake = _product(b, _compose(lags * target.weights[1:], _product(b, jnp.conj(b))))
    u = u[..., None]
    return jnp.conj(u) * (pull - u * brake)


def _compose(coefficients, series):
    """A polynomial of a power series, up to the powers of the series."""

    def horner(value, coefficient):
        return _product(value, series).at[..., 0].add(coefficient), None

    start = jnp.zeros_like(series)
    return jax.lax.scan(horner, start, jnp.moveaxis(coefficients, -1, 0)[::-1])[0]


def _product(x, y):
    terms = x.shape[-1]
    shifted = [
        jnp.concatenate([jnp.zeros_like(y[..., :i]), y[..., : terms - i]], -1) for i in range(terms)
    ]
    return jnp.einsum("...i,...ij->...j", x, jnp.stack(shifted, -2))
