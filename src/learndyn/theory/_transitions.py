"""What happens to the solutions of a mode as its task changes (3.4, Appendix H).

Three things that are easily taken for one another: where the global optimum changes, where local
minima are born and die, and where gradient flow from a given start ends at another minimum. The
first two are properties of the landscape, the last is not.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._numerics import polynomial
from learndyn._types import Array, ArrayLike, Float
from learndyn.theory._circle import last_lag, reverse, slope_at
from learndyn.theory._destination import Destination, destination
from learndyn.theory._energy import ModesLike
from learndyn.theory._spectrum import Target, as_target
from learndyn.theory._stationary import (
    KINDS,
    Optimum,
    StationaryPoints,
    optimum,
    stationary_points,
)

Family = Callable[[Any], Any]

# A search divides an interval, each time into at least so many, until this share of it is left.
_PARTS, _PRECISION = 4, 1e-10
# A change of the angle `arctan b` that is left after that is a jump; where a minimum forks the
# optimum moves by the root of the interval, 1e-5.
_JUMP = 1e-3
_NEWTON, _RESIDUAL = 50, 1e-10
# Parameters are evaluated so many at a time, always, so that there is one compilation.
_BLOCK = 64


class Jump(NamedTuple):
    """A parameter at which a solution jumps.

    Attributes:
        parameter: where.
        before: (b, u) just below.
        after: (b, u) just above.
    """

    parameter: float
    before: tuple[float, float]
    after: tuple[float, float]


class Birth(NamedTuple):
    """A parameter at which a local minimum is born, or dies.

    Attributes:
        parameter: where.
        b: recurrent mode there.
        u: input-output mode there.
        exists: whether the minimum exists `"above"` or `"below"` the parameter.
        kind: `"fold"`: it meets a saddle; `"pitchfork"`: a minimum becomes a saddle between two
            new ones, and the solution that follows it changes continuously.
    """

    parameter: float
    b: float
    u: float
    exists: str
    kind: str


class Transitions(NamedTuple):
    """How the solutions of a mode change along a family of tasks.

    Attributes:
        parameters: where the family was sampled.
        optimum: global optimum at each.
        points: stationary points at each.
        jumps: where the global optimum changes discontinuously.
        births: where local minima are born or die, among them the continuous transitions.
    """

    parameters: np.ndarray
    optimum: Optimum
    points: StationaryPoints
    jumps: tuple[Jump, ...]
    births: tuple[Birth, ...]

    @property
    def minima(self) -> np.ndarray:
        """Number of local minima at each parameter, at finite b."""
        return _count_minima(self.points)


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
    parameters = _checked(family, parameters)

    best = _in_blocks(lambda p: optimum(family(p), weights=weights))
    at = _in_blocks(lambda p: stationary_points(family(p), weights=weights))
    points = jax.tree.map(jnp.asarray, at(parameters))
    births = tuple(_births(family, parameters, points, weights))
    return Transitions(
        parameters,
        jax.tree.map(jnp.asarray, best(parameters)),
        points,
        _jumps(best, parameters),
        births,
    )


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
    parameters = _checked(family, parameters)

    ends = _in_blocks(lambda p: destination(start, family(p), weights=weights))
    return _jumps(ends, parameters)


class Hysteresis(NamedTuple):
    """A solution that is carried along while the task changes slowly.

    Attributes:
        up: destinations as the parameter increases.
        down: destinations as it decreases, in the order of increasing parameters.
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
    parameters = _checked(family, parameters)
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


def _checked(family: Family, parameters) -> np.ndarray:
    parameters = jnp.asarray(parameters, float)
    if parameters.ndim != 1 or parameters.size < 2 or not bool((jnp.diff(parameters) > 0).all()):
        raise InputError("at least 2 increasing parameters", f"{parameters}")
    shape = jnp.shape(family(parameters))
    if len(shape) != 2 or shape[0] != parameters.size:
        raise InputError(
            f"a family that returns spectra of shape ({parameters.size}, T)",
            f"shape {shape}",
            "It is called with all parameters at once.",
        )
    return np.asarray(parameters)


def _in_blocks(solve):
    """A function of any number of parameters, by calls with always as many."""

    def all_of(parameters):
        parameters = np.asarray(parameters)
        count = -len(parameters) % _BLOCK
        blocks = np.concatenate([parameters, np.full(count, parameters[-1])]).reshape(-1, _BLOCK)
        # In NumPy: to JAX each length would be another compilation.
        found = [jax.device_get(solve(jnp.asarray(block))) for block in blocks]
        return jax.tree.map(lambda *x: np.concatenate(x)[: len(parameters)], *found)

    return all_of


def _angle(b):
    return np.where(np.isinf(b), np.pi / 2, np.arctan(np.where(np.isinf(b), 0, b)))


def _distance(one, other):
    """Distance on the projective line, where ∞ and −∞ are one point."""
    turn = abs(one - other)
    return np.minimum(turn, np.pi - turn)


def _jumps(solve, parameters: np.ndarray) -> tuple[Jump, ...]:
    """Intervals divided where the solution changes most, until only jumps have not gone away."""
    low, high = parameters[:-1], parameters[1:]
    left = 1.0
    while left > _PRECISION:
        # As many parts as fill a block.
        parts = max(_PARTS, _BLOCK // len(low) - 1)
        left /= parts
        inner = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, parts + 1)
        b = solve(inner.ravel()).b.reshape(inner.shape)
        change = _distance(_angle(b)[:, 1:], _angle(b)[:, :-1])
        most = np.argmax(change, axis=1)
        rows = np.flatnonzero(change.max(axis=1) > _JUMP)
        if not rows.size:
            return ()
        low, high = inner[rows, most[rows]], inner[rows, most[rows] + 1]
    before, after = solve(low), solve(high)
    return tuple(
        Jump(
            float((low[i] + high[i]) / 2),
            (float(before.b[i]), float(before.u[i])),
            (float(after.b[i]), float(after.u[i])),
        )
        for i in range(len(low))
    )


def _minima(points: StationaryPoints) -> np.ndarray:
    return np.asarray(points.valid & (points.kind == KINDS.minimum))


def _count_minima(points: StationaryPoints) -> np.ndarray:
    return _minima(points).sum(-1)


def _births(family: Family, parameters, points: StationaryPoints, weights):
    """Minima that are on one side of an interval only, each traced to where it is born."""
    count, minima = _count_minima(points), _minima(points)
    saddles = np.asarray(points.valid & (points.kind == KINDS.saddle) & (points.u != 0))
    before: list[Birth] = []
    for i in np.flatnonzero(np.diff(count)):
        more, less = (i + 1, i) if count[i + 1] > count[i] else (i, i + 1)
        values = np.asarray(points.b[more])
        mine, others = values[minima[more]], np.asarray(points.b[less])[minima[less]]
        gaps = [
            min((_distance(_angle(x), _angle(y)) for y in others), default=np.inf) for x in mine
        ]
        for b in mine[np.argsort(gaps)[::-1][: abs(int(count[i + 1] - count[i]))]]:
            found = _birth(
                family, weights, parameters[[less, more]], float(b), values[saddles[more]]
            )
            # Two minima of a symmetric fork are born as one.
            if found is not None and not any(_same(found, other) for other in before):
                before.append(found)
                yield found


def _same(one: Birth, other: Birth) -> bool:
    return bool(
        np.isclose(one.parameter, other.parameter, rtol=1e-9, atol=0)
        and _distance(_angle(one.b), _angle(other.b)) < _JUMP
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
