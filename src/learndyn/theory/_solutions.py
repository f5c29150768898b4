"""The input-output modes in time, with the recurrent mode frozen: exact (Appendices C, M.1)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._numerics import decay, hyperbolic_tangent_ratio, polynomial, square_size
from learndyn._types import Array, ArrayLike, Float, Inexact, Shaped, Tracer
from learndyn.network import Modes, phases
from learndyn.theory._energy import ModesLike, as_modes
from learndyn.theory._spectrum import Target, as_numbers, as_target


def input_output_solution(
    t: Float[ArrayLike, "*times"] | float,
    *,
    u0: Shaped[ArrayLike, "*#modes"] | float | complex,
    b: Shaped[ArrayLike, "*#modes"] | float | complex,
    spectrum: Shaped[ArrayLike, "*#modes T"],
    weights=None,
) -> Inexact[Array, "..."]:
    """Input-output mode `u = ac` at time t from a balanced start, b frozen (eqs 47 and 157).

    Balanced means `|a| = |c|`, whose flow is `du/dt = 2|u| (P − uQ)` with `P = Σ_k w_k m_k b*^k`
    and `Q = Σ_k w_k |b|^{2k}`. A real u keeps its sign for ever: where it differs from that of P, u
    goes to 0. A complex one turns to the phase of P, unless it is exactly opposite.

    Args:
        t: learning times, `()` or `(times,)`, in units of `dW/dt = −∇L`.
        u0: input-output mode at time 0, `()` or `(modes,)`, real or complex; below 1e-150 in size
            it counts as 0.
        b: recurrent mode, likewise.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        u, `(*times, *modes)`.

    Raises:
        InputError: for times that are negative, or values that are not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectrum = np.array([0.5, 1.0])
        >>> late = ld.theory.input_output_solution(1e9, u0=0.01, b=0.5, spectrum=spectrum)
        >>> round(float(late), 12)
        1.0
    """
    target = as_target(spectrum, weights, allow_complex=True)
    u0, b = (as_numbers(name, v, allow_complex=True) for name, v in (("u0", u0), ("b", b)))
    shape = jnp.broadcast_shapes(u0.shape, b.shape, target.values.shape[:-1])
    p, q = _pull_and_brake(b, target)
    pace = _pace(_times(t, len(shape)), square_size(p))
    size = abs(u0)
    # Early: the entry of (1 + τM) X₀X₀† (1 + τM), from products with τ, which are at most 1.
    pull = pace.tau * p
    early = u0 + pull * (2 * size + pull * jnp.conj(u0))
    norm = 1 - square_size(pull) + 2 * q * pace.tau * (size + (jnp.conj(pull) * u0).real)
    # Later: the parts of u along the phase of P and against it, of which the second decays.
    phase = jnp.where(pace.early, 1, p) / pace.rate
    turned = jnp.conj(phase) * u0
    along, against = size + turned.real, size - turned.real
    late = phase * (along - pace.gone**2 * against + pace.gone * 2 * (turned - turned.real)) / 2
    late_norm = pace.gone + q * pace.h * (along + pace.gone * against)
    return jnp.where(pace.early, early / norm, late / _positive(late_norm))


def input_output_modes(
    t: Float[ArrayLike, "*times"] | float,
    modes: ModesLike,
    spectrum: Shaped[ArrayLike, "*#modes T"],
    *,
    weights=None,
) -> Modes:
    """All three modes at time t from any start, balanced or not, with b frozen.

    With `D = |a|² − |c|²`, which never changes, the flow of `X = (a, c*)` is

        dX/dt = (M − ½ Q |X|²) X,    M = [[½QD, P], [P*, −½QD]]

    so that `X(t) = e^{Mt} X₀ / √(1 + Q ∫₀ᵗ |e^{Ms} X₀|² ds)`, in closed form, since `M² = R²` is a
    number, `R² = |P|² + ¼Q²D²`.

    Args:
        t: learning times, `()` or `(times,)`, in units of `dW/dt = −∇L`.
        modes: connectivity modes (a, b, c) at time 0, each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The modes, each `(*times, *modes)`.

    Raises:
        InputError: for times that are negative, or values that are not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> now = ld.theory.input_output_modes(1e9, (0.5, 0.5, -0.1), np.array([0.5, 1.0]))
        >>> round(float(now.a * now.c), 6)
        1.0
    """
    return modes_in_time(
        _times(t, 1 if jnp.ndim(spectrum) > 1 else 0),
        as_modes(modes, allow_complex=True),
        as_target(spectrum, weights, allow_complex=True),
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
    p, q = _pull_and_brake(modes.b, target)
    # Seen from the phase of P, where X is (a, z) and P = κ is positive; derivatives of κ are kept,
    # its phase is not, so that all is smooth at P = 0.
    phase = jax.lax.stop_gradient(phases(p))
    a, z, kappa = modes.a, phase * jnp.conj(modes.c), jnp.conj(phase) * p
    sum_, difference = a + z, a - z
    # As a product: |a|² − |c|² of equal sizes need not be 0 where it is fused into one operation.
    tilt = q * (jnp.conj(difference) * sum_).real / 2
    pace = _pace(t, square_size(p) + tilt**2)
    early_a, early_z, early_norm = _early(a, z, kappa, tilt, q, pace.tau)
    late_a, late_z, late_norm = _late(a, z, kappa, tilt, q, pace)
    norm = jnp.sqrt(jnp.where(pace.early, early_norm, _positive(late_norm)))
    a = jnp.where(pace.early, early_a, late_a) / norm
    z = jnp.where(pace.early, early_z, late_z) / norm
    return Modes(a, modes.b + 0 * a, jnp.conj(jnp.conj(phase) * z))


class _Pace(NamedTuple):
    """Functions of time and of the rate R; each is used, and finite, on its own side."""

    early: Array  # whether R t < 1
    tau: Array  # tanh(R t) / R, of R², smooth at R = 0
    rate: Array  # R
    gone: Array  # e^{−2Rt}
    h: Array  # (1 − e^{−2Rt}) / 2R


def _pace(t, square) -> _Pace:
    early = square * t * t < 1  # in this order, as t² may overflow
    tau = hyperbolic_tangent_ratio(jnp.where(early, square, 0), jnp.where(early, t, 0))
    rate = jnp.sqrt(jnp.where(early, 1, square))
    return _Pace(early, tau, rate, jnp.exp(-2 * rate * t), decay(2 * rate, t))


def _early(a, z, kappa, tilt, q, tau):
    """X and the square of its norm's factor, both over cosh R t."""
    pull, tilt = tau * kappa, tau * tilt  # at most 1, where τ may be huge
    m_a, m_z = tilt * a + pull * z, jnp.conj(pull) * a - tilt * z
    length = square_size(a) + square_size(z) + (jnp.conj(a) * m_a + jnp.conj(z) * m_z).real
    return a + m_a, z + m_z, 1 - square_size(pull) - tilt**2 + q * tau * length


def _late(a, z, kappa, tilt, q, pace: _Pace):
    """The same over e^{Rt}, of what grows, `M = R`, and what decays, `M = −R`."""
    rate = pace.rate
    straight, across = kappa.real, kappa - kappa.real
    # R minus the pull, without a difference of numbers that come to be equal.
    rest = (square_size(across) + tilt**2) / (rate + straight)
    growing_a = straight * (a + z) + (rest + tilt) * a + across * z
    growing_z = straight * (a + z) + (rest - tilt) * z - across * a
    falling_a = straight * (a - z) + (rest - tilt) * a - across * z
    falling_z = straight * (z - a) + (rest + tilt) * z + across * a
    grown = square_size(growing_a) + square_size(growing_z)
    fallen = square_size(falling_a) + square_size(falling_z)
    norm = pace.gone + q * pace.h * (grown + pace.gone * fallen) / (2 * rate) ** 2
    width = 2 * rate
    return (
        (growing_a + pace.gone * falling_a) / width,
        (growing_z + pace.gone * falling_z) / width,
        norm,
    )


def _pull_and_brake(b, target: Target):
    """P and Q, of which the flow of u is made."""
    return polynomial(target.cross, jnp.conj(b)), polynomial(target.weights, square_size(b))


def _positive(norm):
    # Near zero only where what it divides is gone as well; the square root of the smallest number,
    # so that derivatives do not overflow.
    return jnp.maximum(norm, jnp.finfo(norm.dtype).tiny ** 0.5)


def _times(t, axes: int) -> Array:
    times = as_numbers("t", t)
    if not isinstance(times, Tracer) and bool((times < 0).any()):
        raise InputError("times that are not negative", f"{times}")
    return times.reshape(times.shape + (1,) * axes)
