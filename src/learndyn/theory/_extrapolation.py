"""What a solution does at trajectories of another length (3.3)."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._numerics import square_size
from learndyn._types import Array, ArrayLike, Float, Int, Shaped
from learndyn.theory._energy import ModesLike, as_modes, energy_of
from learndyn.theory._spectrum import Target, as_numbers


class Extrapolation(eqx.Module):
    """Loss of modes at other lengths.

    Attributes:
        energy: energy at each length, `(lengths, *modes)`.
        relative: the same over the energy of a network that does nothing, `½ Σ |s_t|²`.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> at = ld.theory.extrapolation((1.0, 1.0, 1.0), "constant", 1.0, None, np.array([3, 30]))
        >>> at.energy.shape, at.relative.tolist()
        ((2,), [0.0, 0.0])
    """

    energy: Float[Array, "lengths *modes"]
    relative: Float[Array, "lengths *modes"]


def extrapolation(
    modes: ModesLike,
    kind: str,
    delta: Shaped[ArrayLike, "*#modes"] | float | complex,
    lam: Shaped[ArrayLike, "*#modes"] | float | complex | None,
    lengths: Int[ArrayLike, " lengths"],
) -> Extrapolation:
    """Loss of modes, learned at one length, on the same task dynamics at other lengths.

    The solutions of constant and inverse-exponential dynamics do not depend on the length, and
    extrapolate without loss. That of exponential dynamics, `b = 1/λ`, `u = δ λ^T`, does: at length
    T′ its relative loss is `|1 − λ^{T − T′}|²`. For `λ > 1` that stays below 1 at longer
    trajectories and grows without bound at shorter ones, and the other way round for `λ < 1`. For a
    rotation, `|λ| = 1`, it goes round, between 0 and 4.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`, real or complex.
        kind: `"constant"`, `"inverse_exponential"` or `"exponential"`, see `task_dynamics`.
        delta: scale δ.
        lam: dynamic parameter λ; None for constant dynamics.
        lengths: numbers of steps to be tested at, `(lengths,)`.

    Returns:
        The losses, with a readout at the last step.

    Raises:
        InputError: for lengths below 1, other dynamics, or values that are not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> best = ld.theory.optimum(ld.task_dynamics("exponential", 1.0, 0.5, 4))
        >>> modes = (best.u, best.b, 1.0)
        >>> at = ld.theory.extrapolation(modes, "exponential", 1.0, 0.5, np.array([3, 4, 5]))
        >>> at.relative.round(6).tolist()
        [0.25, 0.0, 1.0]
    """
    lengths = np.asarray(lengths)
    if lengths.ndim != 1 or lengths.size == 0 or not (lengths >= 1).all():
        raise InputError("lengths of at least 1, an array of one axis", f"{lengths}")
    kinds = ("constant", "inverse_exponential", "exponential")
    if kind not in kinds or (lam is None) != (kind == "constant"):
        raise InputError(
            f"one of {', '.join(kinds)}, with lam unless constant", f"{kind!r}, lam={lam}"
        )
    a, b, c = as_modes(modes, allow_complex=True)
    delta = as_numbers("delta", delta, allow_complex=True)
    lam = as_numbers("lam", 1.0 if lam is None else lam, allow_complex=True)
    longest = int(lengths.max())
    lags = jnp.arange(longest)

    def at(length):
        values = delta[..., None] * lam[..., None] ** lags
        if kind == "exponential":
            # s_t = δ λ^t is lag T − t, read in an order in which no power is undefined.
            values = delta[..., None] * lam[..., None] ** jnp.maximum(length - lags, 0)
        target = Target(values, (lags < length).astype(values.real.dtype))
        nothing = 0.5 * jnp.sum(target.weights * square_size(target.values), -1)
        energy = energy_of(a * c, b, target)
        return energy, energy / nothing

    energy, relative = jax.vmap(at)(jnp.asarray(lengths))
    return Extrapolation(energy, relative)
