"""Cells of a map once more: a network trained alone, and its kernels over explicit trials."""

from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from learndyn._experiments import REPEAT
from learndyn._experiments._feature_learning import CHANNELS, learn, problem_of
from learndyn._sweep._grid import checked_grid
from learndyn._types import PRNGKeyArray
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import configuration_of
from learndyn.figures._kernel_maps import KEY
from learndyn.network import LinearRNN
from learndyn.tasks._white import white_inputs

if TYPE_CHECKING:
    import xarray

# More trials than there must be for them to be white.
_SPARE = 5


def largest_difference(data: "xarray.Dataset") -> tuple[float, int]:
    """Train some cells alone, and measure their kernels over explicit, exactly white trials.

    Args:
        data: maps over `start`, `length` and `scale`.

    Returns:
        Largest difference from the distance in the sweep, and the number of cells.
    """
    configuration, gaps = configuration_of(data), []
    for start in data["start"].to_numpy():
        here = data.sel(start=start)
        lengths, scales = (here[name].to_numpy() for name in ("length", "scale"))
        middle = len(lengths) // 2
        for i, j in {(0, -1), (middle, 0), (-1, len(scales) // 2)}:
            alone = _distance_alone(configuration, str(start), int(lengths[i]), float(scales[j]))
            gaps.append(abs(float(here["first_distance"][i, j]) - alone))
    return max(gaps), len(gaps)


def cell_key(length: int, scale: float) -> PRNGKeyArray:
    """The random key of the first network in a cell of a map.

    Args:
        length: number of steps T.
        scale: of the weights.

    Returns:
        The key.
    """
    words = checked_grid({"length": [length], "scale": [scale], REPEAT: [0]}, ()).key_words({})
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(KEY), words[0, 0]), words[0, 1])


def _distance_alone(configuration: Configuration, start: str, length: int, scale: float) -> float:
    longest, outputs = max(configuration["length"]), configuration["outputs"]
    numbers = [configuration[name] for name in ("step", "tolerance", "max_steps")]
    key, of = cell_key(length, scale), (configuration["angle"], length, scale)
    nets = _trained(start, configuration["hidden"], longest, outputs, key, of, numbers)
    x = white_inputs(CHANNELS * longest + _SPARE, length, CHANNELS, key=jax.random.key(1))
    # Silent steps before a trial change nothing, and then one compiled function serves all.
    x = jnp.pad(x, ((0, 0), (longest - length, 0), (0, 0)))
    kernels = [np.asarray(_kernel(net, x, outputs)) for net in nets]
    first, second = (k / np.linalg.norm(k) for k in kernels)
    return 1 - float((first * second).sum())


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def _trained(start, hidden, longest, outputs, key, of, numbers) -> tuple[LinearRNN, LinearRNN]:
    angle, length, scale = of
    problem = problem_of(
        longest,
        start,
        hidden,
        angle=angle,
        length=length,
        outputs=outputs,
        scale=scale,
        recurrent_scale=None,
        key=key,
    )
    return problem.net, learn(problem, *numbers).final


@partial(jax.jit, static_argnums=2)
def _kernel(net: LinearRNN, x, outputs: str):
    """The kernel over all trials, outputs and readouts, by automatic differentiation."""
    flat, unflatten = ravel_pytree(net)

    def read_out(flat):
        y = unflatten(flat)(x)
        return (y if outputs == "every" else y[:, -1]).ravel()

    by_weight = jax.jacfwd(read_out)(flat)
    return by_weight @ by_weight.T
