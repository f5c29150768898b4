"""Would the solution be stable: at other lengths, and under a learning rate (3.3)."""

import equinox as eqx
import jax.numpy as jnp

from learndyn._types import Array, ArrayLike, Bool, Float, Int, Shaped
from learndyn.network import Modes, phases
from learndyn.theory._energy import mode_hessian
from learndyn.theory._optimum import Optimum, optimum
from learndyn.theory._spectrum import as_target


class Stability(eqx.Module):
    """How stable the optimum of a mode is, in both senses of the word.

    Attributes:
        optimum: the global optimum.
        stable: whether activity does not grow along a trajectory, `|b| ≤ 1`.
        sharpness: largest curvature there, with `|a| = |c|`; infinite where it is not attained.
        largest_rate: rates of plain gradient descent below this one stay at the optimum, 2 over the
            sharpness.

    Example:
        >>> import learndyn as ld
        >>> found = ld.theory.stability(ld.task_dynamics("inverse_exponential", 1.0, 1.2, 6))
        >>> bool(found.stable), round(float(found.optimum.b), 6)  # learned, and activity grows
        (False, 1.2)
    """

    optimum: Optimum
    stable: Bool[Array, "*modes"]
    sharpness: Float[Array, "*modes"]
    largest_rate: Float[Array, "*modes"]


def stability(spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None) -> Stability:
    """Stability of the optimum of each mode: of activity, `|b| ≤ 1`, and of learning at a rate.

    Of all splits of u into a and c the balanced one, to which small starts lead, is the flattest.
    A complex spectrum gets the best complex mode, see `optimum`, and its curvature in all six
    directions.

    Args:
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The stability, each part `()` or `(modes,)`.

    Raises:
        InputError: for values that are not finite, or weights that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> found = ld.theory.stability(ld.task_dynamics("constant", np.array([0.5, 2.0]), None, 8))
        >>> found.stable.tolist(), bool(found.largest_rate[0] > found.largest_rate[1])
        ([True, True], True)
    """
    target = as_target(spectrum, weights, allow_complex=True)
    best = optimum(spectrum, weights=weights)
    size = jnp.sqrt(abs(best.u))
    b = jnp.where(best.attained, best.b, 0)
    hessian = mode_hessian(Modes(size, b, phases(best.u) * size), target)
    sharpness = jnp.where(best.attained, jnp.linalg.eigvalsh(hessian)[..., -1], jnp.inf)
    # A solution of one is found to rounding, so that it may come out a little larger.
    stable = best.attained & (abs(best.b) <= 1 + 1e-9)
    return Stability(best, stable, sharpness, 2 / sharpness)


def importance(spectrum: Shaped[ArrayLike, "*#modes T"]) -> Int[Array, "*modes"]:
    """Whether sizes of a spectrum decrease along the trajectory, *early importance*, or increase.

    Where no value is negative, early importance makes the optimum unstable: `|b| > 1`, or not
    attained; late importance makes it stable, `|b| < 1`. Whatever the weights of the lags. Proof:
    values that never decrease with the lag are a sum, with positive factors, of steps `θ_j` that
    are 1 from lag j on. For `0 < b < 1`, by Cauchy's inequality and since `b^{2k}` has less of its
    weight at late lags than 1 has, each `Σ w θ_j b^k / √Q(b)` is at most what it is at `b = 1`; so
    is their sum, whose square is what the best u takes off the energy. `−b` has no less energy
    than b, since all terms of P add up at b. At `b = 1` the energy has a slope, by Chebyshev's sum
    inequality. Late importance is early importance with time reversed, which turns b into 1/b.
    With values of both signs neither holds. A complex spectrum whose phase turns evenly, by θ at
    each step, is a nonnegative one seen from `b e^{iθ}`, so the theorem is its own as well; other
    phases are like signs.

    Args:
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.

    Returns:
        −1 for early importance (sizes never increase, and do decrease), +1 for late importance, 0
        for neither.

    Raises:
        InputError: for values that are not finite.

    Example:
        >>> import learndyn as ld
        >>> [int(ld.theory.importance(ld.task_dynamics("exponential", 1.0, lam, 5)))
        ...  for lam in (0.8, 1.0, 1.2)]
        [-1, 0, 1]
    """
    # By lag: early values come last.
    sizes = abs(as_target(spectrum, None, allow_complex=True).values)
    steps = jnp.diff(sizes, axis=-1)
    early, late = (steps >= 0).all(-1), (steps <= 0).all(-1)
    return late.astype(int) - early.astype(int)
