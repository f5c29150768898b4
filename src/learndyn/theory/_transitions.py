"""What happens to the solutions of a mode as its task changes (3.4, Appendix H).

Three things that are easily taken for one another: where the global optimum changes, where local
minima are born and die, and where gradient flow from a given start ends at another minimum. The
first two are properties of the landscape and here; the last is not, see `flow_jumps`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._types import ArrayLike, Float
from learndyn.theory._births import Birth, births_of, count_minima
from learndyn.theory._family import Family, Jump, checked_parameters, in_blocks, jumps_of
from learndyn.theory._optimum import Optimum, optimum
from learndyn.theory._stationary import StationaryPoints, stationary_points


class Transitions(NamedTuple):
    """How the solutions of a mode change along a family of tasks.

    Attributes:
        parameters: where the family was sampled.
        optimum: global optimum at each.
        points: stationary points at each.
        jumps: where the global optimum changes discontinuously.
        births: where local minima are born or die, among them the continuous transitions.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(s_1):
        ...     return ld.task_dynamics("dirac_delta", s_1, None, 5, kappa=jnp.ones_like(s_1))
        >>> found = ld.theory.transitions(family, jnp.linspace(0.5, 1.5, 12))
        >>> found.optimum.b.shape, len(found.jumps)
        ((12,), 1)
    """

    parameters: np.ndarray
    optimum: Optimum
    points: StationaryPoints
    jumps: tuple[Jump, ...]
    births: tuple[Birth, ...]

    @property
    def minima(self) -> np.ndarray:
        """Number of local minima at each parameter, at finite b."""
        return count_minima(self.points)


def transitions(
    family: Family, parameters: Float[ArrayLike, " points"], *, weights=None
) -> Transitions:
    """Where the global optimum changes, and where local minima are born and die.

    Jumps are found between sampled parameters by dividing intervals, births from there by Newton's
    method on `g = dg/db = 0`, both to about 1e-10 of an interval. Two events in one interval can be
    taken for one, or for none: sample finely enough. A family made by `jax.tree_util.Partial` of a
    function and an array is compiled once for all values of the array.

    Args:
        family: spectra of an array of parameters: `(points,)` to `(points, T)`, in t order, written
            in jax.numpy.
        parameters: increasing, at least 2.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The transitions.

    Raises:
        InputError: for parameters that do not increase, or a family of other shapes.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(s_1):
        ...     return ld.task_dynamics("dirac_delta", s_1, None, 5, kappa=jnp.ones_like(s_1))
        >>> found = ld.theory.transitions(family, jnp.linspace(0.5, 1.5, 12))
        >>> round(found.jumps[0].parameter, 9), found.jumps[0].after
        (1.0, (inf, 0.0))
    """
    parameters = checked_parameters(family, parameters)

    best = in_blocks(lambda p: optimum(family(p), weights=weights))
    at = in_blocks(lambda p: stationary_points(family(p), weights=weights))
    points = jax.tree.map(jnp.asarray, at(parameters))
    births = tuple(births_of(family, parameters, points, at, weights))
    return Transitions(
        parameters,
        jax.tree.map(jnp.asarray, best(parameters)),
        points,
        jumps_of(best, parameters),
        births,
    )
