"""What an error in a mode costs (Appendix K)."""

import jax
import jax.numpy as jnp

from learndyn._numerics import square_size
from learndyn._types import Array, ArrayLike, Float, Shaped
from learndyn.theory._energy import zero_target
from learndyn.theory._spectrum import as_numbers


def sensitivity(
    u: Shaped[ArrayLike, "*#modes"] | float | complex,
    b: Shaped[ArrayLike, "*#modes"] | float | complex,
    length: int,
    *,
    u_error: Shaped[ArrayLike, "*#modes"] | float | complex = 0.0,
    b_error: Shaped[ArrayLike, "*#modes"] | float | complex = 0.0,
    weights=None,
) -> Float[Array, "*modes"]:
    """Energy of modes that miss a solution of no loss, `½ Σ_k w_k |u b^k − (u+Δ_u)(b+Δ_b)^k|²`.

    An error in u alone costs `½ Δ_u² Σ_k w_k b^{2k}`, exactly (eq. 139). One in b costs
    `½ u² Δ_b² Σ_k w_k k² b^{2k−2}` while it is small, and is a polynomial of degree 2T − 2
    (eq. 143). Differences are built up lag by lag, so tiny errors lose no digits.

    Args:
        u: input-output mode of the solution, δ.
        b: recurrent mode of the solution.
        length: number of steps T.
        u_error: Δ_u.
        b_error: Δ_b.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Energies, in units of the loss.

    Raises:
        InputError: for a length below 1, or values that are not finite.

    Example:
        >>> import learndyn as ld
        >>> costs = [ld.theory.sensitivity(1.0, 1.0, 3, u_error=e) for e in (0.1, 0.2)]
        >>> round(float(costs[1] / costs[0]), 9)
        4.0
    """
    given = {"u": u, "b": b, "u_error": u_error, "b_error": b_error}
    u, b, du, db = (as_numbers(name, v, allow_complex=True) for name, v in given.items())
    weights = zero_target(length, weights).weights

    def lag(carry, weight):
        power, off_power, difference = carry
        # u b^k − (u + Δu)(b + Δb)^k
        error = u * difference + du * off_power
        carry = (power * b, off_power * (b + db), difference * b + db * off_power)
        return carry, 0.5 * weight * square_size(error)

    shape = jnp.broadcast_shapes(u.shape, b.shape, du.shape, db.shape)
    one = jnp.ones(shape, jnp.result_type(u, b, du, db))
    _, parts = jax.lax.scan(lag, (one, one, 0 * one), weights)
    return parts.sum(0)
