"""The energy of a mode, its parts, slope and curvature (eqs 8, 9, 40, 68, 156, 159, 182–189)."""

import jax
import jax.numpy as jnp

from learndyn._numerics import as_reals, derivatives, polynomial, powers, square_size
from learndyn._types import Array, ArrayLike, Float, Shaped
from learndyn.network import Modes
from learndyn.theory._spectrum import Target, as_numbers, as_target, at_least

ModesLike = tuple[
    Shaped[ArrayLike, "*#modes"] | float | complex,
    Shaped[ArrayLike, "*#modes"] | float | complex,
    Shaped[ArrayLike, "*#modes"] | float | complex,
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
    """Energy of each mode, `½ Σ_k w_k |m_k − u b^k|²`, `u = ac` (eqs 8, 156, 186).

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
    return 0.5 * jnp.sum(target.weights * square_size(error), axis=-1)


def effective_regularization(
    u: Shaped[ArrayLike, "*#modes"] | float | complex,
    b: Shaped[ArrayLike, "*#modes"] | float | complex,
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
    return 0.5 * square_size(u) * polynomial(target.weights, square_size(b))


def data_term(
    modes: ModesLike, spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None
) -> Float[Array, "*modes"]:
    """The part of the energy that the task enters (eqs 9, 159).

    `½ Σ_k w_k (|m_k|² − 2 Re m_k* u b^k)`; with the effective regularization it adds up to the
    energy.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The data-driven term, in units of the loss; of either sign.

    Raises:
        InputError: for values that are not finite, or shapes that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectrum = np.array([0.5, 0.0])
        >>> data = ld.theory.data_term((1.0, 0.5, 1.0), spectrum)
        >>> float(data + ld.theory.effective_regularization(1.0, 0.5, 2))
        0.5
    """
    target = as_target(spectrum, weights, allow_complex=True)
    a, b, c = as_modes(modes, allow_complex=True)
    squares = jnp.sum(target.weights * square_size(target.values), axis=-1)
    return 0.5 * squares - (a * c * polynomial(jnp.conj(target.cross), b)).real


def sharpness(
    modes: ModesLike, spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None
) -> Float[Array, "*modes"]:
    """Largest curvature of each mode's energy, over directions in (a, b, c).

    Gradient descent on aligned weights is gradient descent on modes, so near a minimum it is
    stable at rates below 2 over the largest sharpness, as far as the weights stay aligned. The
    curvature of the whole network, with directions off the diagonal, is `learndyn.curvature`.
    Complex modes, or a complex spectrum, have six directions, three of them imaginary; a pair of
    conjugates has the curvature of each.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The largest Hessian eigenvalue, loss per squared mode.

    Raises:
        InputError: for values that are not finite, or shapes that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> float(ld.theory.sharpness((1.0, 0.0, 1.0), np.array([1.0])))
        2.0
    """
    target = as_target(spectrum, weights, allow_complex=True)
    modes = as_modes(modes, allow_complex=True)
    return jnp.linalg.eigvalsh(mode_hessian(modes, target))[..., -1]


def mode_hessian(modes: Modes, target: Target) -> Float[Array, "*modes reals reals"]:
    """Second derivatives of the energy in (a, b, c), or in their real and imaginary parts.

    Args:
        modes: where.
        target: spectrum by lag.

    Returns:
        The matrices, 3 × 3, or 6 × 6 where anything is complex, real parts first.
    """
    dtype = jnp.result_type(*modes, target.values)

    def one(modes, cross):
        reals, of_reals = as_reals(modes)

        def downhill(reals):
            a, b, c = of_reals(reals)
            return as_reals(jnp.stack(mode_velocity(a, b, c, cross, target.weights)))[0]

        return -jax.jacfwd(downhill)(reals)

    shape = jnp.broadcast_shapes(*(m.shape for m in modes), target.values.shape[:-1])
    stacked = jnp.stack([jnp.broadcast_to(m, shape).astype(dtype) for m in modes], -1)
    cross = jnp.broadcast_to(target.cross, (*shape, target.cross.shape[-1]))
    return jnp.vectorize(one, signature="(m),(k)->(n,n)")(stacked, cross)


def mode_velocity(a, b, c, cross, weights) -> tuple[Array, Array, Array]:
    """How modes want to move, minus the slope of the energy (eqs 5–7, 182–184).

    In complex modes `−2 ∂E/∂z*`, which moves them as the real weights move (docs/errata.md).

    Args:
        a: input mode.
        b: recurrent mode.
        c: output mode.
        cross: coefficients of P, `(*modes, lag)`.
        weights: coefficients of Q in |b|².

    Returns:
        Velocities of a, b and c.
    """
    s, r = slopes(a * c, b, cross, weights)
    return jnp.conj(c) * s, jnp.conj(a * c) * r, jnp.conj(a) * s


def slopes(u, b, cross, weights) -> tuple[Array, Array]:
    """`S = P − uQ` and `R = P′ − u b Q′`, of which the flow is made: `ȧ = c* S`, `ḃ = u* R`.

    `P = Σ_k w_k m_k b*^k` and its derivative are taken at b*, `Q = Σ_k w_k |b|^{2k}` at |b|².

    Args:
        u: input-output mode.
        b: recurrent mode.
        cross: coefficients of P, `(*modes, lag)`.
        weights: coefficients of Q.

    Returns:
        S and R.
    """
    p, dp = derivatives(cross, jnp.conj(b), 1)
    q, dq = derivatives(weights, square_size(b), 1)
    return p - u * q, dp - u * b * dq


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
