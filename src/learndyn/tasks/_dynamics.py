"""Task dynamics: how the singular values of a task run through a trajectory (3.2–3.4, P.4)."""

from typing import Literal

import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import Array, ArrayLike, Inexact, ScalarLike

Kind = Literal["constant", "inverse_exponential", "exponential", "dirac_delta"]


def task_dynamics(
    kind: Kind,
    delta: ScalarLike | complex | Inexact[ArrayLike, "*#modes"],
    lam: ScalarLike | complex | Inexact[ArrayLike, "*#modes"] | None,
    length: int,
    *,
    kappa: ScalarLike | complex | Inexact[ArrayLike, "*#modes"] | None = None,
) -> Inexact[Array, "*modes T"]:
    """Temporal singular values `s_t = δ f(λ, t)`, `t = 1 … T`.

    | kind | f(λ, t) |
    |---|---|
    | `constant` | 1 (`lam=None`) |
    | `inverse_exponential` | λ^{T−t} |
    | `exponential` | λ^t |
    | `dirac_delta` | `s_1 = delta`, `s_T = kappa`, zero between (eq. 11; `lam=None`) |

    Args:
        kind: one of the names above.
        delta: scale δ, for one mode or for each; complex for rotations, as is λ.
        lam: dynamic parameter λ, likewise; None where the kind has none.
        length: number of steps T.
        kappa: replaces the value at `t = T` (eq. 10); required by `dirac_delta`.

    Returns:
        Spectrum in t order: `(T,)` from scalars, `(modes, T)` from arrays.

    Raises:
        InputError: for an unknown kind, a length below 1 (2 for `dirac_delta`), or parameters that
            the kind needs and lacks, or has and does not use.

    Example:
        >>> import learndyn as ld
        >>> ld.task_dynamics("inverse_exponential", 2.0, 0.5, 3).tolist()
        [0.5, 1.0, 2.0]
        >>> ld.task_dynamics("dirac_delta", 1.5, None, 4, kappa=1.0).tolist()
        [1.5, 0.0, 0.0, 1.0]
    """
    kinds = ("constant", "inverse_exponential", "exponential", "dirac_delta")
    if kind not in kinds:
        raise InputError(f"one of {', '.join(kinds)}", f"{kind!r}")
    needs_lam = kind in ("inverse_exponential", "exponential")
    if (lam is not None) != needs_lam:
        raise InputError(f"{'a' if needs_lam else 'no'} lam for {kind} dynamics", f"lam={lam}")
    shortest = 2 if kind == "dirac_delta" else 1
    if length < shortest:
        raise InputError(f"a length of at least {shortest}", f"{length}")
    if kind == "dirac_delta" and kappa is None:
        raise InputError("kappa, the value at the last step", "None")

    given = [jnp.asarray(v) for v in (delta, lam, kappa) if v is not None]
    shape = jnp.broadcast_shapes(*(v.shape for v in given))
    dtype = jnp.result_type(float, *given)
    delta = jnp.broadcast_to(jnp.asarray(delta, dtype), shape)[..., None]
    step = jnp.arange(1, length + 1)
    if kind == "dirac_delta":
        spectrum = jnp.where(step == 1, delta, 0)
    elif kind == "constant":
        spectrum = jnp.broadcast_to(delta, (*shape, length))
    else:
        power = step if kind == "exponential" else length - step
        spectrum = delta * jnp.broadcast_to(jnp.asarray(lam, dtype), shape)[..., None] ** power
    if kappa is not None:
        spectrum = spectrum.at[..., -1].set(jnp.asarray(kappa, dtype))
    return spectrum
