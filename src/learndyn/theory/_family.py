"""Families of tasks, spectra by one parameter, and where solutions jump along them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError

Family = Callable[[Any], Any]

# A search divides an interval, each time into at least so many, until this share of it is left.
_PARTS, _PRECISION = 4, 1e-10
# A change of the angle `arctan b` that is left after that is a jump; where a minimum forks the
# optimum moves by the root of the interval, 1e-5.
JUMP = 1e-3
# Parameters are evaluated so many at a time, always, so that there is one compilation.
BLOCK = 64


class Jump(NamedTuple):
    """A parameter at which a solution jumps.

    Attributes:
        parameter: where.
        before: (b, u) just below.
        after: (b, u) just above.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> def family(delta):
        ...     return ld.task_dynamics("constant", delta, None, 20, kappa=5 + 0 * delta)
        >>> (jump,) = ld.theory.transitions(family, jnp.linspace(0.5, 1.5, 12)).jumps
        >>> round(jump.parameter, 3), jump.before[0] < jump.after[0]
        (0.855, True)
    """

    parameter: float
    before: tuple[float, float]
    after: tuple[float, float]


def checked_parameters(family: Family, parameters) -> np.ndarray:
    """Parameters that increase, and of which a family makes spectra.

    Args:
        family: spectra of an array of parameters.
        parameters: the parameters.

    Returns:
        The parameters.

    Raises:
        InputError: for others.
    """
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


def in_blocks(solve):
    """A function of any number of parameters, by calls with always as many.

    Args:
        solve: a function of an array of parameters.

    Returns:
        The function, with results in NumPy.
    """

    def all_of(parameters):
        parameters = np.asarray(parameters)
        count = -len(parameters) % BLOCK
        blocks = np.concatenate([parameters, np.full(count, parameters[-1])]).reshape(-1, BLOCK)
        # In NumPy: to JAX each length would be another compilation.
        found = [jax.device_get(solve(jnp.asarray(block))) for block in blocks]
        return jax.tree.map(lambda *x: np.concatenate(x)[: len(parameters)], *found)

    return all_of


def angle(b) -> np.ndarray:
    """Angle of b on the projective line.

    Args:
        b: recurrent mode, possibly infinite.

    Returns:
        `arctan b`.
    """
    return np.where(np.isinf(b), np.pi / 2, np.arctan(np.where(np.isinf(b), 0, b)))


def distance(one, other) -> np.ndarray:
    """Distance on the projective line, where ∞ and −∞ are one point.

    Args:
        one: an angle.
        other: another.

    Returns:
        Up to π/2.
    """
    turn = abs(one - other)
    return np.asarray(np.minimum(turn, np.pi - turn))


def jumps_of(solve, parameters: np.ndarray) -> tuple[Jump, ...]:
    """Divide intervals where a solution changes most, until only jumps have not gone away.

    Args:
        solve: what `in_blocks` returned, with fields b and u.
        parameters: increasing.

    Returns:
        The jumps.
    """
    low, high = parameters[:-1], parameters[1:]
    left = 1.0
    while left > _PRECISION:
        # As many parts as fill a block.
        parts = max(_PARTS, BLOCK // len(low) - 1)
        left /= parts
        inner = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, parts + 1)
        b = solve(inner.ravel()).b.reshape(inner.shape)
        change = distance(angle(b)[:, 1:], angle(b)[:, :-1])
        most = np.argmax(change, axis=1)
        rows = np.flatnonzero(change.max(axis=1) > JUMP)
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
