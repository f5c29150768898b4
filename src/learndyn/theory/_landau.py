"""The effective energy as a power series in b (Appendix H)."""

import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import Array, ArrayLike, Float, Tracer
from learndyn.theory._spectrum import as_numbers, as_target, at_least


def energy_expansion(
    spectrum: Float[ArrayLike, "*#modes T"], order: int, *, weights=None
) -> Float[Array, "*modes powers"]:
    """Coefficients in b of the energy at the best u, `½ (Σ_k w_k m_k² − P²/Q)`, about `b = 0`.

    Args:
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        order: highest power.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Coefficients of `b⁰ … b^order`, in units of the loss.

    Raises:
        InputError: for an order below 0, or values that are not finite or complex.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> ld.theory.energy_expansion(np.array([1.0, 1.0]), 1).tolist()  # 1 − ½ (1+b)² / (1+b²)
        [0.5, -1.0]
    """
    order = at_least("order", order, 0)
    target = as_target(spectrum, weights)
    terms = order + 1
    p, q = _padded(target.cross, terms), jnp.zeros(terms, target.weights.dtype)
    even = target.weights[: (terms + 1) // 2]
    q = q.at[: 2 * even.shape[0] : 2].set(even)
    gain = _divide(_multiply(p, p), q)
    size = jnp.sum(target.weights * target.values**2, -1)
    return (-0.5 * gain).at[..., 0].add(0.5 * size)


def landau_coefficients(
    beta: Float[ArrayLike, "*betas"] | float, length: int, order: int
) -> Float[Array, "*betas powers"]:
    """Landau coefficients of the effective energy `E*(β)`, to any order (eqs 102–106, 109).

    Here `s_1 = β` and `s_T = 1/β`, unlike `task_dynamics`, and the energy has no ½, as printed. At
    `T = 3` the coefficient of b² changes its sign at `β = 1/√2`, and that of b⁴ is `2 − β²`; the
    printed one, `1/β² + 2 − β²`, comes of an approximation.

    Args:
        beta: β, which is not 0.
        length: number of steps T, at least 2.
        order: highest power of b.

    Returns:
        `c[k]` multiplies `b^k`, `k = 0 … order`.

    Raises:
        InputError: for a length below 2, an order below 0, or β that is 0 or not finite.

    Example:
        >>> import learndyn as ld
        >>> ld.theory.landau_coefficients(1.0, 3, 4)[::2].tolist()
        [1.0, -1.0, 1.0]
    """
    length, beta = at_least("length", length, 2), as_numbers("beta", beta)
    if not isinstance(beta, Tracer) and bool((beta == 0).any()):
        raise InputError("β that is not 0, since s_T = 1/β", f"{beta}")
    zeros = jnp.zeros((*beta.shape, length), beta.dtype)
    return 2 * energy_expansion(zeros.at[..., 0].set(beta).at[..., -1].set(1 / beta), order)


def _padded(coefficients, terms: int):
    missing = max(0, terms - coefficients.shape[-1])
    widths = [(0, 0)] * (coefficients.ndim - 1) + [(0, missing)]
    return jnp.pad(coefficients, widths)[..., :terms]


def _multiply(x, y):
    terms = x.shape[-1]
    products = (x[..., i : i + 1] * y[..., : terms - i] for i in range(terms))
    return sum(jnp.pad(part, [(0, 0)] * (x.ndim - 1) + [(i, 0)]) for i, part in enumerate(products))


def _divide(x, y):
    """`x / y` as power series; `y` has a constant term."""
    quotient = []
    for n in range(x.shape[-1]):
        known = sum(q * y[n - i] for i, q in enumerate(quotient))
        quotient.append((x[..., n] - known) / y[0])
    return jnp.stack(quotient, -1)
