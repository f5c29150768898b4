"""The input-output modes in time, with the recurrent mode frozen: exact (Appendices C, M.1)."""

import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._numerics import decay, hyperbolic_tangent_ratio, polynomial
from learndyn._types import Array, ArrayLike, Float, Tracer
from learndyn.network import Modes
from learndyn.theory._energy import ModesLike, as_modes
from learndyn.theory._spectrum import Target, as_numbers, as_target


def input_output_solution(
    t: Float[ArrayLike, "*times"] | float,
    *,
    u0: Float[ArrayLike, "*#modes"] | float,
    b: Float[ArrayLike, "*#modes"] | float,
    spectrum: Float[ArrayLike, "*#modes T"],
    weights=None,
) -> Float[Array, "..."]:
    """Input-output mode `u = ac` at time t from a balanced start, b frozen (eqs 47 and 157).

    Balanced means `a = c` for `u0 > 0`, whose flow is `du/dt = 2u (P − uQ)`, and `a = −c` for
    `u0 < 0`, whose flow has the other sign; `P = Σ_k w_k m_k b^k` and `Q = Σ_k w_k b^{2k}`. The
    sign of u is kept for ever: where it differs from that of P, u goes to 0.

    Args:
        t: learning times, `()` or `(times,)`, in units of `dW/dt = −∇L`.
        u0: input-output mode at time 0, `()` or `(modes,)`, of any sign; below 1e-150 in size it
            counts as 0.
        b: recurrent mode, likewise.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        u, `(*times, *modes)`.

    Raises:
        InputError: for times that are negative, or values that are not finite or complex.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectrum = np.array([0.5, 1.0])
        >>> late = ld.theory.input_output_solution(1e9, u0=0.01, b=0.5, spectrum=spectrum)
        >>> round(float(late), 12)
        1.0
    """
    target = as_target(spectrum, weights)
    u0, b = as_numbers("u0", u0), as_numbers("b", b)
    shape = jnp.broadcast_shapes(u0.shape, b.shape, target.values.shape[:-1])
    growing, shrinking = 4 * jnp.maximum(u0, 0), 4 * jnp.maximum(-u0, 0)
    n, d = _square_of_growth(_times(t, len(shape)), growing, shrinking, b, target)
    return (growing * n / d - shrinking * d / n) / 4


def input_output_modes(
    t: Float[ArrayLike, "*times"] | float,
    modes: ModesLike,
    spectrum: Float[ArrayLike, "*#modes T"],
    *,
    weights=None,
) -> Modes:
    """All three modes at time t from any start, balanced or not, with b frozen.

    With `S = P − uQ` the flow is `da/dt = cS`, `dc/dt = aS`. So `a + c` grows and `a − c` shrinks
    by the same factor `√z`, and z obeys a Riccati equation with constant coefficients,
    `dz/dt = −½Q (a₀+c₀)² z² + 2Pz + ½Q (a₀−c₀)²`, which has a solution in closed form.

    Args:
        t: learning times, `()` or `(times,)`, in units of `dW/dt = −∇L`.
        modes: connectivity modes (a, b, c) at time 0, each `()` or `(modes,)`.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The modes, each `(*times, *modes)`.

    Raises:
        InputError: for times that are negative, or values that are not finite or complex.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> now = ld.theory.input_output_modes(1e9, (0.5, 0.5, -0.1), np.array([0.5, 1.0]))
        >>> round(float(now.a * now.c), 6)
        1.0
    """
    return modes_in_time(
        _times(t, 1 if jnp.ndim(spectrum) > 1 else 0), as_modes(modes), as_target(spectrum, weights)
    )


def modes_in_time(t: Array, modes: Modes, target: Target) -> Modes:
    """As `input_output_modes`, of arguments that are checked and broadcast already.

    Args:
        t: times, with axes of size 1 for the modes.
        modes: modes at time 0.
        target: spectrum by lag.

    Returns:
        The modes at the times.
    """
    a, b, c = modes
    growing, shrinking = a + c, a - c
    n, d = _square_of_growth(t, growing**2, shrinking**2, b, target)
    root = jnp.sqrt(n) / jnp.sqrt(d)
    growing, shrinking = growing * root, shrinking / root
    return Modes((growing + shrinking) / 2, b + 0 * root, (growing - shrinking) / 2)


def _square_of_growth(t, growing, shrinking, b, target: Target):
    """The square z of the growth as numerator and denominator, from the squares of `a ± c` at 0."""
    p, q = polynomial(target.cross, b), polynomial(target.weights, b * b)
    alpha, beta = q * growing / 2, q * shrinking / 2
    square = p * p + alpha * beta  # of the rate R
    early = square * t * t < 1  # in this order, as t² may overflow
    # While R t < 1: a form in R², smooth at R = 0.
    ratio = hyperbolic_tangent_ratio(jnp.where(early, square, 0), jnp.where(early, t, 0))
    # Later: exponentials that only decay, and no difference of numbers that come to be equal.
    rate = jnp.sqrt(jnp.where(early, 1, square))
    gone = jnp.exp(-2 * rate * t)
    h = 2 * decay(2 * rate, t)
    late_p = jnp.where(early, 1, p)
    above = _side(-late_p, rate, gone, h, alpha * beta) + beta * h
    below = _side(late_p, rate, gone, h, alpha * beta) + alpha * h
    numerator = jnp.where(early, 1 + (p + beta) * ratio, above)
    denominator = jnp.where(early, 1 + (alpha - p) * ratio, below)
    # Near zero only where what it divides is gone as well; the square root of the smallest number,
    # so that derivatives do not overflow.
    tiny = jnp.finfo(numerator.dtype).tiny ** 0.5
    return jnp.maximum(numerator, tiny), jnp.maximum(denominator, tiny)


def _side(p, rate, gone, h, product):
    """`1 + e − p h`, where `h = (1 − e) / R`: for `p > 0`, `R − p` is what `R² − p²` leaves."""
    return jnp.where(p > 0, 2 * gone + h * product / (rate + abs(p)), 1 + gone + abs(p) * h)


def _times(t, axes: int) -> Array:
    times = as_numbers("t", t)
    if not isinstance(times, Tracer) and bool((times < 0).any()):
        raise InputError("times that are not negative", f"{times}")
    return times.reshape(times.shape + (1,) * axes)
