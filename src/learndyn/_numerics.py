"""Sums and limits that must be right in value and in gradient, each once."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._types import Array, ArrayLike, Float, Shaped

# Up to this many coefficients Horner's scheme is written out; above, it is a loop.
_UNROLLED = 32
# Where series replace a quotient of exponentials; with so many terms they are exact to rounding.
_SMALL, _TERMS = 1.0, 20


def polynomial(coefficients: Float[ArrayLike, "*c lag"], x: Float[ArrayLike, "*x"]) -> Array:
    """`Σ_k coefficients[..., k] x^k` by Horner's scheme.

    A polynomial has no singularity: geometric sums are right at `|x| = 1`, powers at 0, and so are
    derivatives of any order.

    Args:
        coefficients: by power; leading axes broadcast with `x`.
        x: where.

    Returns:
        Values.
    """
    return derivatives(coefficients, x, 0)[0]


def derivatives(
    coefficients: Float[ArrayLike, "*c lag"], x: Float[ArrayLike, "*x"], order: int
) -> list[Array]:
    """A polynomial and its derivatives.

    Args:
        coefficients: by power; leading axes broadcast with `x`.
        x: where.
        order: highest derivative.

    Returns:
        Values of the derivatives `0 … order`.
    """
    coefficients, x = jnp.asarray(coefficients), jnp.asarray(x)
    by_power = jnp.moveaxis(coefficients, -1, 0)
    shape = jnp.broadcast_shapes(x.shape, by_power.shape[1:])
    zero = jnp.zeros(shape, jnp.result_type(coefficients, x))

    def add(values, coefficient):
        higher = [values[i] * x + values[i - 1] for i in range(order, 0, -1)]
        return [values[0] * x + coefficient, *reversed(higher)], None

    values = [zero] * (order + 1)
    if len(by_power) <= _UNROLLED:
        for coefficient in by_power[::-1]:
            values, _ = add(values, coefficient)
    else:
        values, _ = jax.lax.scan(add, values, by_power[::-1])
    return [math.factorial(i) * value for i, value in enumerate(values)]


def powers(x: Shaped[ArrayLike, "*x"], count: int) -> Shaped[Array, "*x {count}"]:
    """`x⁰ … x^{count−1}` by repeated squaring: products only, so all derivatives exist at 0.

    Args:
        x: real or complex.
        count: number of powers.

    Returns:
        Powers along a last axis.
    """
    x = jnp.asarray(x)[..., None]
    lags, result = np.arange(count), jnp.ones((), x.dtype)
    for bit in range(max(1, (count - 1).bit_length())):
        x = x * x if bit else x
        result = result * jnp.where(lags >> bit & 1, x, 1)
    return result


def decay(rate: Float[ArrayLike, "*r"], t: Float[ArrayLike, "*t"]) -> Array:
    """`(1 − e^{−rate t}) / rate`, which is t where the rate is 0.

    Args:
        rate: any sign.
        t: time.

    Returns:
        Values.
    """
    x = jnp.asarray(rate * t)
    small = abs(x) < _SMALL
    series = [(-1) ** k / math.factorial(k + 1) for k in range(_TERMS)]
    near = t * polynomial(jnp.asarray(series, x.dtype), jnp.where(small, x, 0))
    safe = jnp.where(small, 1, rate)
    return jnp.where(small, near, -jnp.expm1(-jnp.where(small, 1, x)) / safe)


def hyperbolic_tangent_ratio(square: Float[ArrayLike, "*r"], t: Float[ArrayLike, "*t"]) -> Array:
    """`tanh(r t) / r` as a function of `r²`, for `r t` of at most 1; it is t where r is 0.

    Args:
        square: r², nonnegative.
        t: time.

    Returns:
        Values.
    """
    y, t = jnp.asarray(square * t * t), jnp.asarray(t)
    sine = [1 / math.factorial(2 * k + 1) for k in range(_TERMS // 2)]
    cosine = [1 / math.factorial(2 * k) for k in range(_TERMS // 2)]
    by_power = (jnp.asarray(c, y.dtype) for c in (sine, cosine))
    numerator, denominator = (polynomial(c, y) for c in by_power)
    return t * numerator / denominator
