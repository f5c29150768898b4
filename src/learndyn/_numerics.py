"""Sums and limits that must be right in value and in gradient, each once."""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from learndyn._types import Array, ArrayLike, Float, Inexact, Shaped

# Up to this many coefficients Horner's scheme is written out; above, it is a loop.
_UNROLLED = 32
# Where series replace a quotient of exponentials; with so many terms they are exact to rounding.
_SMALL, _TERMS = 1.0, 20


def polynomial(coefficients: Shaped[ArrayLike, "*c lag"], x: Shaped[ArrayLike, "*x"]) -> Array:
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
    coefficients: Shaped[ArrayLike, "*c lag"], x: Shaped[ArrayLike, "*x"], order: int
) -> list[Array]:
    """A polynomial and its derivatives.

    Args:
        coefficients: by power; leading axes broadcast with `x`.
        x: where.
        order: highest derivative.

    Returns:
        Values of the derivatives `0 … order`.
    """
    return _derivatives(jnp.asarray(coefficients), jnp.asarray(x), order)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _derivatives(coefficients, x, order):
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


@partial(_derivatives.defjvp, symbolic_zeros=True)
def _derivatives_jvp(order, primals, tangents):
    # The slope is the next derivative, computed once however many directions are asked for;
    # Horner's scheme would be run again for each.
    (coefficients, x), (of_coefficients, of_x) = primals, tangents
    values = _derivatives(coefficients, x, order + 1)
    moves = [jnp.zeros_like(value) for value in values[:-1]]
    if not isinstance(of_x, SymbolicZero):
        moves = [value * of_x for value in values[1:]]
    if not isinstance(of_coefficients, SymbolicZero):
        direct = _derivatives(of_coefficients, x, order)
        moves = [move + value for move, value in zip(moves, direct, strict=True)]
    return values[:-1], moves


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


def as_reals(
    values: Inexact[Array, " n"],
) -> tuple[Float[Array, " reals"], Callable[[Array], Array]]:
    """Numbers as real ones for a solver of differential equations, complex ones as pairs.

    A gradient flow of complex numbers is not holomorphic, so its Jacobian is one of pairs.

    Args:
        values: real or complex numbers.

    Returns:
        The real ones, and the function that turns such ones back.
    """
    if not jnp.iscomplexobj(values):
        return values, lambda reals: reals
    count = len(values)
    pairs = jnp.concatenate([values.real, values.imag])
    return pairs, lambda reals: jax.lax.complex(reals[:count], reals[count:])


def pair_norm(count: int) -> Callable[[Array], Array]:
    """Root mean square over so many numbers, whether each is one real one or a pair.

    A solver that measures its errors by it takes the same steps for numbers that happen to be real
    as for real ones.

    Args:
        count: how many numbers, real or complex.

    Returns:
        The norm of the reals that `as_reals` makes of them.
    """

    def norm(reals):
        mean = jnp.sum(reals**2) / count
        return jnp.where(mean > 0, jnp.sqrt(jnp.where(mean > 0, mean, 1)), 0)

    return norm


def square_size(z: Inexact[Array, "*z"]) -> Float[Array, "*z"]:
    """`|z|²`, smooth at 0.

    Args:
        z: real or complex numbers.

    Returns:
        Squares of their size.
    """
    return (z * jnp.conj(z)).real


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
