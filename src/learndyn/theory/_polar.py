"""Radius and angle of complex modes: how they move, and when (Appendix O)."""

from typing import NamedTuple

import jax.numpy as jnp

from learndyn._numerics import square_size
from learndyn._types import Array, ArrayLike, Float, Inexact, Shaped
from learndyn.network import Modes
from learndyn.theory._energy import ModesLike, as_modes, mode_velocity
from learndyn.theory._order import crossing_times, progress_along, start_and_end
from learndyn.theory._spectrum import as_numbers, as_target


class Polar(NamedTuple):
    """Something of a radius, and the same of an angle.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> found = ld.theory.polar(np.array([1, 1j, -2, -2j]))
        >>> found.radius.tolist(), (found.angle / np.pi).tolist()  # unwrapped
        ([1.0, 1.0, 2.0, 2.0], [0.0, 0.5, 1.0, 1.5])
    """

    radius: Float[Array, "..."]
    angle: Float[Array, "..."]


class PolarModes(NamedTuple):
    """Something of the radii and angles of the input-output mode `u = ac` and of b.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("inverse_exponential", 1.0, 0.6j, 4)
        >>> velocity = ld.theory.polar_velocity((0.3 + 0j, 0.3 + 0j, 0.3 + 0j), spectrum)
        >>> bool(velocity.recurrent.angle > 0)  # b turns towards 0.6i
        True
    """

    input_output: Polar
    recurrent: Polar


def polar(z: Inexact[ArrayLike, "times *modes"]) -> Polar:
    """Radius and angle of numbers along a path, the angle without jumps.

    Args:
        z: path of complex (or real) numbers, `(times, *modes)`.

    Returns:
        Radii, and angles in radians; the first lies in (−π, π], and none is further than π from the
        one before. While a number is zero, its angle is 0.

    Raises:
        InputError: for numbers that are not finite.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> round(float(ld.theory.polar(jnp.exp(1j * jnp.arange(6.0))).angle[-1]), 6)
        5.0
    """
    z = as_numbers("path of numbers", z, allow_complex=True)
    return Polar(abs(z), jnp.unwrap(jnp.angle(z), axis=0))


def polar_velocity(
    modes: ModesLike, spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None
) -> PolarModes:
    """How fast radii and angles of u and b move along the gradient flow (eqs 182–184).

    With `ż` the velocity of z, the radius moves at `Re(z* ż) / |z|` and the angle at
    `Im(z* ż) / |z|²`. At a small radius the angle is quick, since it takes the direction of the
    pull at once: that is why angles adapt first.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Velocities per learning time of `dW/dt = −∇L`; where a mode is zero its angle has none, and
        its radius grows at `|ż|`.

    Raises:
        InputError: for values that are not finite, or shapes that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectrum = np.array([1.0j, 1.0])
        >>> moving = ld.theory.polar_velocity((1.0, 0.5, 1.0), spectrum).recurrent
        >>> float(moving.radius), float(moving.angle)
        (-0.5, 2.0)
    """
    target = as_target(spectrum, weights, allow_complex=True)
    a, b, c = as_modes(modes, allow_complex=True)
    of_a, of_b, of_c = mode_velocity(a, b, c, target.cross, target.weights)
    return PolarModes(_in_polar(a * c, of_a * c + a * of_c), _in_polar(b, of_b))


def _in_polar(z, velocity) -> Polar:
    z = z + 0 * velocity
    there = square_size(z) > 0
    size = jnp.sqrt(jnp.where(there, square_size(z), 1))
    turned = jnp.conj(z) * velocity
    radius = jnp.where(there, turned.real / size, abs(velocity))
    return Polar(radius, jnp.where(there, turned.imag / size**2, 0))


def polar_learning_times(
    modes: ModesLike,
    spectrum: Shaped[ArrayLike, "*#modes T"],
    *,
    share: float = 0.5,
    weights=None,
) -> PolarModes:
    """Times at which gradient flow has learned a share of radius and angle of u and b.

    Args:
        modes: connectivity modes (a, b, c) at the start, each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        share: between 0 and 1.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Times in units of `dW/dt = −∇L`, as in `learning_times`. An angle is measured from the one
        at the end, the short way round; there is no way to go, and the time is infinite, where it
        is that already, and where a mode starts or ends at zero.

    Raises:
        InputError: for a share that is not between 0 and 1, or values that are not finite.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("inverse_exponential", 1.0, 0.6 + 0.6j, 5)
        >>> times = ld.theory.polar_learning_times((0.1, 0.1, 0.1), spectrum).recurrent
        >>> bool(times.angle < times.radius)
        True
    """
    start, end, target = start_and_end(modes, spectrum, share=share, weights=weights)
    ends = (jnp.where(end.settled, end.u, 1), jnp.where(end.settled, end.b, 1))

    def measures(now: Modes):
        parts = []
        for z, last in zip((now.a * now.c, now.b), ends, strict=True):
            parts += [abs(z), abs(jnp.angle(z * jnp.conj(last)))]
        return parts

    last = measures(Modes(ends[0], ends[1], jnp.ones_like(ends[0])))
    progress = progress_along(measures(start), last, measures)
    u_radius, u_angle, b_radius, b_angle = crossing_times(start, end, target, progress, share)
    return PolarModes(Polar(u_radius, u_angle), Polar(b_radius, b_angle))
