"""The energy of a mode, its parts, and its curvature (eqs 8, 9, 40, 68, 156, 159)."""

import jax.numpy as jnp

from learndyn._numerics import derivatives, polynomial, powers
from learndyn._types import Array, ArrayLike, Float, Shaped
from learndyn.network import Modes
from learndyn.theory._spectrum import Target, as_numbers, as_target, at_least

ModesLike = tuple[
    Shaped[ArrayLike, "*#modes"] | float,
    Shaped[ArrayLike, "*#modes"] | float,
    Shaped[ArrayLike, "*#modes"] | float,
]


def as_modes(modes: ModesLike, *, allow_complex: bool = False) -> Modes:
    """Connectivity modes as arrays.

    Args:
        modes: (a, b, c).
        allow_complex: whether complex values have a meaning.

    Returns:
        The modes.
    """
    names = ("input mode a", "recurrent mode b", "output mode c")
    checked = (
        as_numbers(name, mode, allow_complex=allow_complex)
        for name, mode in zip(names, modes, strict=True)
    )
    return Modes(*checked)


def energy(
    modes: ModesLike, spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None
) -> Float[Array, "*modes"]:
    """Energy of each mode, `½ Σ_k w_k |m_k − u b^k|²`, `u = ac` (eqs 8 and 156).

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones, a readout at the last step.

    Returns:
        Energies, `()` or `(modes,)`, in units of the loss; their sum is the excess loss.

    Raises:
        InputError: for values that are not finite, or shapes that do not belong together.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> float(ld.theory.energy((1.0, 0.5, 1.0), np.array([0.5, 0.0])))
        0.5
    """
    target = as_target(spectrum, weights, allow_complex=True)
    a, b, c = as_modes(modes, allow_complex=True)
    return energy_of(a * c, b, target)


def energy_of(u: Array, b: Array, target: Target) -> Array:
    """`½ Σ_k w_k |m_k − u b^k|²` as a sum of squares, which never goes negative.

    Args:
        u: input-output mode.
        b: recurrent mode.
        target: spectrum by lag.

    Returns:
        Energies.
    """
    error = target.values - jnp.asarray(u)[..., None] * powers(b, target.weights.shape[0])
    return 0.5 * jnp.sum(target.weights * (error * jnp.conj(error)).real, axis=-1)


def effective_regularization(
    u: Shaped[ArrayLike, "*#modes"] | float,
    b: Shaped[ArrayLike, "*#modes"] | float,
    length: int,
    *,
    weights=None,
) -> Float[Array, "*modes"]:
    """The part of the energy that knows no task, `½ |u|² Σ_k w_k |b|^{2k}` (eqs 9, 159).

    As the length grows it goes to `½ u² / (1 − b²)` for `|b| < 1`, and to infinity for `|b| ≥ 1`
    where `u ≠ 0`.

    Args:
        u: input-output mode ac.
        b: recurrent mode.
        length: number of steps T.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The regularization, in units of the loss.

    Raises:
        InputError: for a length below 1, or values that are not finite.

    Example:
        >>> import learndyn as ld
        >>> float(ld.theory.effective_regularization(1.0, 1.0, 4))
        2.0
    """
    u, b = (as_numbers(name, v, allow_complex=True) for name, v in (("u", u), ("b", b)))
    target = zero_target(length, weights)
    square = (b * jnp.conj(b)).real
    return 0.5 * (u * jnp.conj(u)).real * polynomial(target.weights, square)


def data_term(
    modes: ModesLike, spectrum: Float[ArrayLike, "*#modes T"], *, weights=None
) -> Float[Array, "*modes"]:
    """The part of the energy that the task enters, `½ Σ_k w_k (m_k² − 2 m_k u b^k)` (eqs 9, 159).

    With the effective regularization it adds up to the energy.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The data-driven term, in units of the loss; of either sign.

    Raises:
        InputError: for values that are not finite or complex, or shapes that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectrum = np.array([0.5, 0.0])
        >>> data = ld.theory.data_term((1.0, 0.5, 1.0), spectrum)
        >>> float(data + ld.theory.effective_regularization(1.0, 0.5, 2))
        0.5
    """
    target = as_target(spectrum, weights)
    a, b, c = as_modes(modes)
    squares = jnp.sum(target.weights * target.values**2, axis=-1)
    return 0.5 * squares - a * c * polynomial(target.cross, b)


def sharpness(
    modes: ModesLike, spectrum: Float[ArrayLike, "*#modes T"], *, weights=None
) -> Float[Array, "*modes"]:
    """Largest curvature of each mode's energy, over directions in (a, b, c).

    Gradient descent on aligned weights is gradient descent on modes, so near a minimum it is
    stable at rates below 2 over the largest sharpness, as far as the weights stay aligned. The
    curvature of the whole network, with directions off the diagonal, is `learndyn.curvature`.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The largest Hessian eigenvalue, loss per squared mode.

    Raises:
        InputError: for values that are not finite or complex, or shapes that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> float(ld.theory.sharpness((1.0, 0.0, 1.0), np.array([1.0])))
        2.0
    """
    target = as_target(spectrum, weights)
    a, b, c = jnp.broadcast_arrays(*as_modes(modes))
    return jnp.linalg.eigvalsh(mode_hessian(a, b, c, target))[..., -1]


def mode_hessian(a: Array, b: Array, c: Array, target: Target) -> Float[Array, "*modes 3 3"]:
    """Second derivatives of the energy in (a, b, c).

    Args:
        a: input mode.
        b: recurrent mode.
        c: output mode.
        target: spectrum by lag.

    Returns:
        The matrices.
    """
    slope, curvature = energy_derivatives(a * c, b, target)
    e_u, (e_uu, e_ub, e_bb) = slope[0], curvature
    rows = [
        [c * c * e_uu, c * e_ub, e_u + a * c * e_uu],
        [c * e_ub, e_bb, a * e_ub],
        [e_u + a * c * e_uu, a * e_ub, a * a * e_uu],
    ]
    return jnp.stack([jnp.stack(jnp.broadcast_arrays(*row), -1) for row in rows], -2)


def energy_derivatives(u: Array, b: Array, target: Target):
    """First and second derivatives of a mode's energy in (u, b).

    Args:
        u: input-output mode.
        b: recurrent mode.
        target: spectrum by lag.

    Returns:
        `(E_u, E_b)` and `(E_uu, E_ub, E_bb)`.
    """
    p, dp, ddp = derivatives(target.cross, b, 2)
    q, dq, ddq = norm_derivatives(target.weights, b)
    slope = (u * q - p, u * (0.5 * u * dq - dp))
    return slope, (q + 0 * u, u * dq - dp, u * (0.5 * u * ddq - ddp))


def norm_derivatives(weights: Array, b: Array) -> tuple[Array, Array, Array]:
    """`Q(b) = Σ_k w_k b^{2k}` and two derivatives.

    Args:
        weights: by lag.
        b: recurrent mode.

    Returns:
        Q, Q′, Q″.
    """
    q, dq, ddq = derivatives(weights, b * b, 2)
    return q, 2 * b * dq, 2 * dq + 4 * b * b * ddq


def zero_target(length: int, weights) -> Target:
    """The spectrum of a task without a target, for its checked weights.

    Args:
        length: number of steps.
        weights: by lag, or None.

    Returns:
        Zeros and weights.
    """
    return as_target(jnp.zeros(at_least("length", length, 1)), weights)
