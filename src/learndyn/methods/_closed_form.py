"""Paths of methods that know the weights at any time."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from learndyn._path import RESULTS, Path, State
from learndyn._types import Array, Float, Scalar
from learndyn.network import LinearRNN

# Times at which `train` looks whether the weights are still: four for each doubling.
_FIRST, _PER_DOUBLING, _RECORDS = 2.0**-10, 4, 240


def closed_path(
    times: Float[Array, " times"],
    weights: LinearRNN,
    excess: Float[Array, " times"] | None = None,
    leaves: tuple[Array, ...] = (),
) -> Path:
    """A path that is known at all times.

    Args:
        times: learning times.
        weights: weights at these times.
        excess: loss above the floor, where it is not that of the weights.
        leaves: what resuming needs, if anything.

    Returns:
        The path.
    """
    state = State(times[-1], jnp.zeros((), int), leaves)
    return Path(times, None, weights, jnp.isfinite(times), RESULTS.reached, state, excess)


def settle(
    path_at: Callable[[Float[Array, " times"]], Path],
    speeds: Callable[[Path], Float[Array, " times"]],
    slope: Scalar,
    max_steps: int,
) -> Path:
    """Look at ever later times, until the weights are still.

    Args:
        path_at: the path at some times.
        speeds: how fast the weights move along a path.
        slope: largest speed at which they count as still.
        max_steps: times to look at.

    Returns:
        The path; points after the weights are still are not valid, and repeat the first such point.
    """
    count = min(max_steps, _RECORDS)
    doublings = jnp.arange(count - 1) / _PER_DOUBLING
    times = jnp.concatenate([jnp.zeros(1), _FIRST * 2.0**doublings]).astype(slope.dtype)
    path = path_at(times)
    still = speeds(path) <= slope
    valid = jnp.cumsum(still) - still < 1  # up to the first at which they are
    index = jnp.minimum(jnp.arange(count), valid.sum() - 1)
    path = path._replace(
        times=times[index],
        weights=jax.tree.map(lambda w: w[index], path.weights),
        excess=None if path.excess is None else path.excess[index],
        valid=valid,
        result=RESULTS.where(still.any(), RESULTS.minimum, RESULTS.not_yet),
    )
    return path._replace(state=State(times[index[-1]], path.state.step, path.state.leaves))
