"""The recurrent mode in time, with the input-output modes frozen: local (Appendices D, M.2)."""

import jax
import jax.numpy as jnp

from learndyn._types import Array, ArrayLike, Float
from learndyn.theory._spectrum import Target, as_numbers, as_target, at_least


def recurrent_derivatives(
    u: Float[ArrayLike, "*#modes"] | float,
    b: Float[ArrayLike, "*#modes"] | float,
    spectrum: Float[ArrayLike, "*#modes T"],
    order: int,
    *,
    weights=None,
) -> Float[Array, "order *modes"]:
    """Derivatives `dⁿb/dtⁿ`, `n = 1 … order`, along the flow with u frozen (eqs 48–67, 158).

    The flow `db/dt = −∂E/∂b` is a polynomial in b, so its power series follows coefficient by
    coefficient: exact to any order, with no nested differentiation and no partitions.

    Args:
        u: input-output mode ac, `()` or `(modes,)`.
        b: recurrent mode where the series is taken, likewise.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        order: highest derivative.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Derivatives, `(order, *modes)`, per power of learning time.

    Raises:
        InputError: for an order below 1, or values that are not finite or complex.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> ld.theory.recurrent_derivatives(1.0, 0.0, np.array([0.5, 1.0]), 2).tolist()
        [0.5, -0.5]
    """
    order = at_least("order", order, 1)
    target = as_target(spectrum, weights)
    u, b = as_numbers("u", u), as_numbers("b", b)
    shape = jnp.broadcast_shapes(u.shape, b.shape, target.values.shape[:-1])
    series = power_series(jnp.broadcast_to(u, shape), jnp.broadcast_to(b, shape), target, order)
    factorials = jnp.cumprod(jnp.arange(1, order + 1, dtype=series.dtype))
    return jnp.moveaxis(series[..., 1:] * factorials, -1, 0)


def power_series(u: Array, b: Array, target: Target, order: int) -> Float[Array, "*modes terms"]:
    """Coefficients of `b(t) = Σ_n β_n tⁿ`, `n = 0 … order`, along the flow with u frozen.

    Args:
        u: input-output mode.
        b: recurrent mode at time 0.
        target: spectrum by lag.
        order: highest power.

    Returns:
        Coefficients.
    """
    coefficients = velocity_coefficients(u, target)
    series = jnp.zeros((*b.shape, order + 1), b.dtype).at[..., 0].set(b)
    for n in range(order):
        # Only coefficients up to n enter, and these are known.
        velocity = _compose(coefficients, series[..., : n + 1])
        series = series.at[..., n + 1].set(velocity[..., n] / (n + 1))
    return series


def velocity_coefficients(u: Array, target: Target) -> Float[Array, "*modes power"]:
    """Coefficients in b of `db/dt = u Σ_k k w_k b^{k−1} (m_k − u b^k)`.

    Args:
        u: input-output mode.
        target: spectrum by lag.

    Returns:
        Coefficients of `b⁰ … b^{2T−3}`.
    """
    length = target.weights.shape[0]
    if length == 1:
        return jnp.zeros((*u.shape, 1), u.dtype)
    lags = jnp.arange(1, length)
    u = u[..., None]
    coefficients = jnp.zeros((*u.shape[:-1], 2 * length - 2), u.dtype)
    coefficients = coefficients.at[..., lags - 1].add(u * lags * target.cross[..., 1:])
    return coefficients.at[..., 2 * lags - 1].add(-u * u * lags * target.weights[1:])


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
