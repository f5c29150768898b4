"""How many dimensions a spectrum has, in effect."""

import jax.numpy as jnp
from jax.scipy.special import entr

from learndyn._types import Array, ArrayLike, Float


def effective_rank(values: Float[ArrayLike, "*spectra values"]) -> Float[Array, "*spectra"]:
    """Effective rank of a spectrum, the exponential of its entropy (Roy and Vetterli, 2007).

    Args:
        values: singular values or eigenvalues, none below zero, along the last axis.

    Returns:
        A number between 1, for a single value, and how many there are, for equal ones; 0 if all
        are zero.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> round(float(ld.effective_rank(jnp.array([2.0, 2.0, 0.0]))), 6)
        2.0
    """
    values = jnp.asarray(values)
    total = values.sum(-1, keepdims=True)
    shares = values / jnp.where(total > 0, total, 1)
    return jnp.where(total[..., 0] > 0, jnp.exp(entr(shares).sum(-1)), 0)
