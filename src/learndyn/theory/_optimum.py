"""The best solution of a mode, real or complex (Appendix F)."""

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._numerics import square_size
from learndyn._types import Array, ArrayLike, Bool, Float, Inexact, Tracer
from learndyn.theory._certificate import certified
from learndyn.theory._circle import charts, grids_of, on_grid, root, signs, slope_at
from learndyn.theory._spectrum import Target, as_target
from learndyn.theory._sphere import TIE, search
from learndyn.theory._stationary import evaluate, expand

# Brackets of the lowest energy that are searched in each chart. Symmetries tie two, b and −b.
_CANDIDATES = 4


class Optimum(eqx.Module):
    """The global optimum of a mode.

    Attributes:
        b: recurrent mode; +inf where the infimum is not attained. Complex if the spectrum is.
        u: input-output mode ac; 0 there.
        energy: lowest energy, or the infimum.
        attained: whether finite modes have that energy.

    Example:
        >>> import learndyn as ld
        >>> best = ld.theory.optimum(ld.task_dynamics("dirac_delta", 2.0, None, 4, kappa=1.0))
        >>> float(best.b), float(best.u), bool(best.attained)  # ever better with ever larger b
        (inf, 0.0, False)
    """

    b: Inexact[Array, "*modes"]
    u: Inexact[Array, "*modes"]
    energy: Float[Array, "*modes"]
    attained: Bool[Array, "*modes"]


def optimum(spectrum: Inexact[ArrayLike, "*#modes T"], *, weights=None) -> Optimum:
    """The exact global optimum of each mode: of `½ Σ_k w_k |m_k − u b^k|²` over all u and b.

    There are two questions, and the dtype of the spectrum says which is asked. A real spectrum has
    the best real u and b; a complex one, even if all its imaginary parts are 0, the best complex
    ones. A real spectrum may have a lower complex optimum, which no real mode has: (1, 0.5, −1) has
    one of 5/12 at `b = i`, and at −i, and a real one of 7/12. Spectra without negative values have
    none, since then `|p(b)| ≤ p(|b|)`, `p = Σ_k w_k m_k b*^k`.

    Where the infimum lies at `|b| = ∞` it is not attained: b is +inf, u is 0, and the energy is
    the infimum. Between equal energies the smaller `|b|` is taken, then the larger real part, then
    the positive imaginary part. With one step, or a spectrum of zeros, b has no influence and is 0.

    Real optima are found among all stationary points. Complex ones are found by a search, and then
    proven: bounds of the energy over cells, which cover the sphere of all b, show that none is
    lower by more than `1e-6` of the energy of `u = 0`, up to rounding; where the search missed a
    better one it is taken. The proof needs values: under `jit` or `vmap` there is the search alone.

    Args:
        spectrum: temporal singular values, or complex eigenvalues, in t order, `(T,)` or
            `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The optimum, each part `()` or `(modes,)`.

    Raises:
        InputError: for values that are not finite, or weights that do not fit.
        RuntimeError: if the proof fails, which would be a mistake in it.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> best = ld.theory.optimum(ld.task_dynamics("inverse_exponential", 2.0, 0.5, 6))
        >>> round(float(best.b), 12), round(float(best.u), 12)
        (0.5, 2.0)
        >>> best = ld.theory.optimum(2.0 * (0.5j) ** np.arange(6)[::-1])
        >>> bool(abs(best.b - 0.5j) < 1e-12), bool(abs(best.u - 2) < 1e-12)
        (True, True)
    """
    target = as_target(spectrum, weights, allow_complex=True)
    grids = grids_of(target.weights)
    if jnp.iscomplexobj(target.values):
        return _complex_optimum(target, grids)
    return _optimum(target, grids)


def _complex_optimum(target: Target, grids: Array) -> Optimum:
    found = search(target, grids)
    if not any(isinstance(part, Tracer) for part in (*target, grids)):
        found = certified(target, grids, found)
    return Optimum(found.b, found.u, found.energy, jnp.isfinite(found.b))


@jax.jit
def _optimum(target: Target, grids: Array) -> Optimum:
    found = jax.vmap(_best_of_chart)(*charts(target, grids))
    b, u, energy = (jnp.concatenate([part[0], part[1]], -1) for part in found)
    size = 0.5 * jnp.sum(target.weights * target.values**2, -1, keepdims=True)
    tied = energy <= energy.min(-1, keepdims=True) + TIE * size
    distance = jnp.where(tied, abs(b), jnp.inf)
    least = distance.min(-1, keepdims=True)
    # With a margin, since b and −b come from different brackets.
    nearest = tied & ((distance <= least * (1 + 1e-9)) | (distance == least))
    best = jnp.argmax(jnp.where(nearest, b, -jnp.inf), -1)[..., None]
    b, u, energy = (jnp.take_along_axis(x, best, -1)[..., 0] for x in (b, u, energy))
    return Optimum(b, u, energy, jnp.isfinite(b))


def zero_loss(
    spectrum: Inexact[ArrayLike, "*#modes T"], *, weights=None, tolerance: float = 1e-9
) -> Bool[Array, "*modes"]:
    """Whether a mode can solve its task without loss (Appendix F).

    Spectra that are inverse-exponential, `s_t = δ λ^{T−t}` with λ of any sign, can be solved; if
    the dtype is complex, with any complex δ and λ. That includes all spectra of one step, those of
    two with `s_T ≠ 0`, those of which only `s_T` is not 0 (b = 0), and zeros.

    Args:
        spectrum: temporal singular values, or complex eigenvalues, in t order, `(T,)` or
            `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.
        tolerance: error that counts as none, relative to the spectrum.

    Returns:
        Whether finite modes exist that miss the spectrum by no more than the tolerance.

    Raises:
        InputError: for values that are not finite, or weights that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectra = np.array([[1.0, -2.0, 4.0], [1.0, 2.0, 3.0], [0.0, 0.0, 2.0]])
        >>> ld.theory.zero_loss(spectra).tolist()
        [True, False, True]
    """
    target = as_target(spectrum, weights, allow_complex=True)
    best = optimum(spectrum, weights=weights)
    size = 0.5 * jnp.sum(target.weights * square_size(target.values), -1)
    return best.attained & (best.energy <= tolerance**2 * size)


def _best_of_chart(target: Target, grid: Array, inverted: Array):
    """The maxima of `P²/Q` in a chart, as many as are searched, as (b, u, energy)."""
    p, g, q = on_grid(target, grid)
    here = expand(target)
    zero = jnp.zeros_like(p[..., :1])
    left, right = signs(p * g, (p * slope_at(here, zero)[1])[..., g.shape[-1] // 2])
    bracketed = (right[..., :-1] > 0) & (left[..., 1:] < 0)  # of the derivative of P²/Q
    gain = p * p / q
    height = jnp.where(bracketed, jnp.maximum(gain[..., :-1], gain[..., 1:]), -1)
    height, index = _highest(height, _CANDIDATES)
    falling = -jnp.sign(p[..., :-1])  # the sign of g beyond a maximum
    sign = jnp.take_along_axis(falling, index, -1)
    x = root(lambda x: slope_at(here, x), grid[index], grid[index + 1], sign)
    # The points 0 and ∞ are always candidates: a maximum may be exactly there, or none anywhere.
    x = jnp.concatenate([x, zero], -1)
    b, u, energy = evaluate(x, here, inverted)
    found = jnp.concatenate([height >= 0, jnp.ones_like(zero, bool)], -1)
    return b, u, jnp.where(found, energy, jnp.inf)


def _highest(height: Array, count: int) -> tuple[Array, Array]:
    """The highest values and where they are: a few passes, where `top_k` sorts all of them."""
    positions = jnp.arange(height.shape[-1])
    values, indices = [], []
    for _ in range(count):
        index = jnp.argmax(height, -1)[..., None]
        values.append(jnp.take_along_axis(height, index, -1))
        indices.append(index)
        height = jnp.where(positions == index, -1, height)
    return jnp.concatenate(values, -1), jnp.concatenate(indices, -1)
