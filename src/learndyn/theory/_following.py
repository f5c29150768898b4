"""Which minimum gradient flow ends at, along a family of tasks: by its start, and by its past."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._types import ArrayLike, Float
from learndyn.theory._destination import Destination, destination
from learndyn.theory._energy import ModesLike
from learndyn.theory._family import Family, Jump, checked_parameters, in_blocks, jumps_of
from learndyn.theory._optimum import optimum


def flow_jumps(
    family: Family,
    parameters: Float[ArrayLike, " points"],
    start: ModesLike,
    *,
    weights=None,
) -> tuple[Jump, ...]:
    """Where gradient flow from one start begins to end at another minimum.

    Args:
        family: spectra of an array of parameters: `(points,)` to `(points, T)`, in t order.
        parameters: increasing, at least 2.
        start: connectivity modes (a, b, c) at the start, numbers.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The jumps, to about 1e-10 of an interval.

    Raises:
        InputError: for parameters that do not increase, or a family of other shapes.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(s_1):
        ...     return ld.task_dynamics("dirac_delta", s_1, None, 4, kappa=jnp.ones_like(s_1))
        >>> small, large = (
        ...     ld.theory.flow_jumps(family, jnp.linspace(0.5, 40.0, 16), (x, x, x))[0].parameter
        ...     for x in (0.1, 0.3)
        ... )
        >>> 1.0 < large < small  # the optimum changes at 1; the flow later, the smaller its start
        True
    """
    parameters = checked_parameters(family, parameters)

    ends = in_blocks(lambda p: destination(start, family(p), weights=weights))
    return jumps_of(ends, parameters)


class Hysteresis(NamedTuple):
    """A solution that is carried along while the task changes slowly.

    Attributes:
        up: destinations as the parameter increases.
        down: destinations as it decreases, in the order of increasing parameters.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(delta):
        ...     return ld.task_dynamics("constant", delta, None, 20, kappa=5 + 0 * delta)
        >>> loop = ld.theory.hysteresis(family, jnp.array([0.7, 0.85, 1.1]))
        >>> loop.up.b.shape, bool(loop.up.b[1] < loop.down.b[1])
        ((3,), True)
    """

    up: Destination
    down: Destination


def hysteresis(
    family: Family, parameters: Float[ArrayLike, " points"], *, weights=None, nudge: float = 1e-3
) -> Hysteresis:
    """Follow a minimum along a family and back: it is left only where it dies.

    At each parameter gradient flow starts from the last solution, moved by a nudge in b so that it
    does not rest on what has become a saddle.

    Args:
        family: spectra of an array of parameters: `(points,)` to `(points, T)`, in t order.
        parameters: increasing, at least 2.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.
        nudge: what is added to b before each flow.

    Returns:
        The solutions on the way up, from the global optimum at the first parameter, and down, from
        that at the last. A solution that escapes to infinity stays there.

    Raises:
        InputError: for parameters that do not increase, or a family of other shapes.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(delta):
        ...     return ld.task_dynamics("constant", delta, None, 20, kappa=5 + 0 * delta)
        >>> loop = ld.theory.hysteresis(family, jnp.array([0.7, 0.85, 1.1]))
        >>> float(loop.up.b[1].round(2)), float(loop.down.b[1].round(2))
        (0.29, 0.91)
    """
    parameters = checked_parameters(family, parameters)
    spectra = family(parameters)
    ways = []
    for order in (np.arange(len(parameters)), np.arange(len(parameters))[::-1]):
        first = optimum(spectra[order[0]], weights=weights)
        b, u, way = float(first.b), float(first.u), []
        for i in order:
            way.append(_carry(b, u, spectra[i], weights, nudge))
            b, u = float(way[-1].b), float(way[-1].u)
        ways.append(jax.tree.map(lambda *x: jnp.stack(x), *(way[i] for i in np.argsort(order))))
    return Hysteresis(*ways)


def _carry(b: float, u: float, spectrum, weights, nudge: float) -> Destination:
    """Where the flow takes a solution of another spectrum."""
    if np.isinf(b):
        energy = optimum(spectrum, weights=weights).energy
        yes, no = jnp.asarray(True), jnp.asarray(False)
        return Destination(jnp.asarray(b), jnp.asarray(u), energy, no, yes, no)
    size = float(np.sqrt(abs(u)))
    return destination((size, b + nudge, np.sign(u) * size), spectrum, weights=weights)
