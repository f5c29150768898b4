"""Where local minima are born and die along a family of tasks (Appendix H)."""

from collections.abc import Iterator
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._numerics import polynomial
from learndyn._types import Array
from learndyn.theory._circle import last_lag, reverse, slope_at
from learndyn.theory._family import BLOCK, JUMP, Family, angle, distance
from learndyn.theory._spectrum import Target, as_target
from learndyn.theory._stationary import KINDS, StationaryPoints

_NEWTON, _RESIDUAL = 50, 1e-10


class Birth(NamedTuple):
    """A parameter at which a local minimum is born, or dies.

    Attributes:
        parameter: where.
        b: recurrent mode there.
        u: input-output mode there.
        exists: whether the minimum exists `"above"` or `"below"` the parameter.
        kind: `"fold"`: it meets a saddle; `"pitchfork"`: a minimum becomes a saddle between two
            new ones, and the solution that follows it changes continuously.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(delta):
        ...     return ld.task_dynamics("constant", delta, None, 20, kappa=5 + 0 * delta)
        >>> births = ld.theory.transitions(family, jnp.linspace(0.5, 1.5, 12)).births
        >>> [(birth.kind, birth.exists, round(birth.parameter, 3)) for birth in births]
        [('fold', 'above', 0.745), ('fold', 'below', 1.0)]
    """

    parameter: float
    b: float
    u: float
    exists: str
    kind: str


def _minima(points: StationaryPoints) -> np.ndarray:
    return np.asarray(points.valid & (points.kind == KINDS.minimum))


def count_minima(points: StationaryPoints) -> np.ndarray:
    """Number of minima at finite b.

    Args:
        points: stationary points.

    Returns:
        Counts.
    """
    return _minima(points).sum(-1)


def births_of(
    family: Family, parameters: np.ndarray, points: StationaryPoints, at, weights
) -> Iterator[Birth]:
    """Minima that are on one side of an interval only, each traced to where it is born.

    Args:
        family: spectra of an array of parameters.
        parameters: increasing.
        points: stationary points at each.
        at: stationary points of any parameters, what `in_blocks` returned.
        weights: by lag, or None.

    Yields:
        The births.
    """
    before: list[Birth] = []
    for i in np.flatnonzero(np.diff(count_minima(points))):
        # A closer look, so that Newton's method starts close to the one event that it looks for.
        closer = np.linspace(parameters[i], parameters[i + 1], BLOCK)
        for found in _between(family, closer, at(closer), weights):
            # Two minima of a symmetric fork are born as one.
            if not any(_same(found, other) for other in before):
                before.append(found)
                yield found


def _between(family: Family, parameters, points: StationaryPoints, weights) -> Iterator[Birth]:
    """Births between neighbours of which one has more minima than the other."""
    count, minima = count_minima(points), _minima(points)
    saddles = np.asarray(points.valid & (points.kind == KINDS.saddle) & (points.u != 0))
    for i in np.flatnonzero(np.diff(count)):
        more, less = (i + 1, i) if count[i + 1] > count[i] else (i, i + 1)
        values = np.asarray(points.b[more])
        mine, others = values[minima[more]], np.asarray(points.b[less])[minima[less]]
        gaps = distance(angle(mine)[:, None], angle(others)).min(axis=1, initial=np.inf)
        for b in mine[np.argsort(gaps)[::-1][: abs(int(count[i + 1] - count[i]))]]:
            found = _birth(
                family, weights, parameters[[less, more]], float(b), values[saddles[more]]
            )
            if found is not None:
                yield found


def _same(one: Birth, other: Birth) -> bool:
    return bool(
        np.isclose(one.parameter, other.parameter, rtol=1e-9, atol=0)
        and distance(angle(one.b), angle(other.b)) < JUMP
    )


def _birth(family: Family, weights, interval, b: float, saddles) -> Birth | None:
    """A birth between a parameter without a minimum and one with it, at b."""
    inverted = abs(b) > 1
    x, others = (1 / b, 1 / saddles[saddles != 0]) if inverted else (b, saddles)
    # It meets the nearest saddle, half way.
    if len(others):
        x = (x + others[np.argmin(abs(others - x))]) / 2
    middle, width = np.mean(interval), abs(interval[1] - interval[0])
    exists = "above" if interval[1] > interval[0] else "below"
    # First a fork at 0 or ∞, where symmetric spectra keep a solution.
    for kind, start in (("pitchfork", 0.0), ("fold", x)):
        unknown, flags = jnp.array([start, middle]), (inverted, kind == "fold")
        found = _search(family, weights, unknown, *(jnp.asarray(flag) for flag in flags))
        x, parameter, u, residual = (float(v) for v in found)
        if abs(parameter - middle) <= width and residual < _RESIDUAL:
            b = (1 / x if x else np.inf) if inverted else x
            return Birth(parameter, b, u, exists, kind)
    return None


@eqx.filter_jit
def _search(family: Family, weights, unknown: Array, inverted: Array, moves: Array):
    """Newton's method in (x, parameter) for `g = dg/dx = 0`, x being b or 1/b, or held."""

    def target_of(parameter):
        target = as_target(family(parameter[None])[0], weights)
        back = reverse(target)
        return Target(*(jnp.where(inverted, y, x) for x, y in zip(target, back, strict=True)))

    def equations(unknown):
        target = target_of(unknown[1])
        return jnp.stack(slope_at(target, unknown[0])) / jnp.sum(target.weights * target.values**2)

    def improve(_, unknown):
        jacobian = jax.jacfwd(equations)(unknown) * jnp.stack([moves * 1.0, 1.0])
        # By least squares: where x is held one unknown is left.
        return unknown - jnp.linalg.lstsq(jacobian, equations(unknown), rcond=1e-12)[0]

    unknown = jax.lax.fori_loop(0, _NEWTON, improve, unknown)
    x, target = unknown[0], target_of(unknown[1])
    u = polynomial(target.cross, x) / polynomial(target.weights, x * x)
    u = jnp.where(inverted, u * x ** last_lag(target.weights), u)
    return x, unknown[1], u, abs(equations(unknown)).max()
