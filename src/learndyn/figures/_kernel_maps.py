"""Maps of the kernel distance: networks trained over a grid of trial lengths and scales."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from learndyn._experiments import FEATURE_LEARNING, REPEAT, sweep_experiment
from learndyn._path import RESULTS
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import dataset, quantity

if TYPE_CHECKING:
    import xarray

_NAMES = {
    "length": "steps T",
    "scale": "scale of the weights at the start",
    "recurrent_scale": "scale of the recurrent weights at the start",
    "start": "weights at the start",
    "hidden": "hidden units",
}
# Numbers of a configuration that every network of a figure has in common.
_COMMON = ("angle", "outputs", "step", "tolerance", "max_steps")
KEY = 0


def grid_of(configuration: Configuration, name: str) -> np.ndarray:
    """Values along an axis of the maps.

    Args:
        configuration: for a scale, first, last and number; else the values.
        name: of the axis.

    Returns:
        The values.
    """
    values = configuration[name]
    if not name.endswith("scale"):
        return np.asarray(values)
    first, last, count = values
    spaced = np.geomspace if configuration["spacing"] == "log" else np.linspace
    return np.round(spaced(first, last, count), 6)


def maps(
    name: str, configuration: Configuration, panels: str, axes: Sequence[str], **fixed: Any
) -> "xarray.Dataset":
    """Train networks at each point of a map, panel by panel.

    Networks of aligned weights differ by a rotation alone, so there is one at each point; of
    unaligned ones there are `seeds`. Averages are of those that have learned the task; the others
    are counted.

    Args:
        name: name of the figure.
        configuration: the numbers.
        panels: parameter in which panels differ, each compiled once.
        axes: parameters along the axes of a map, and over several.
        **fixed: other parameters of the experiment.

    Returns:
        Variables over the panels and the axes.
    """
    grid = {axis: grid_of(configuration, axis) for axis in axes}
    common = {each: configuration[each] for each in _COMMON} | fixed
    over = (panels, *axes)
    values = list(configuration[panels])
    found = [_reduced(_trained(configuration, grid, common | {panels: each})) for each in values]
    variables = {
        variable: quantity(over, np.stack([one[variable] for one in found]), *words)
        for variable, words in _VARIABLES.items()
    }
    coords: dict[str, Any] = {axis: quantity(axis, row, _NAMES[axis]) for axis, row in grid.items()}
    words = isinstance(values[0], str)
    coords[panels] = (panels, values) if words else quantity(panels, values, _NAMES[panels])
    return dataset(name, configuration, variables, coords)


_VARIABLES = {
    "distance": ("mean kernel distance from start to end, of networks that learned the task",),
    "distance_spread": ("standard deviation of the kernel distance over these networks",),
    "first_distance": ("kernel distance of the first network, whatever stopped it",),
    "weight_change": ("mean change of all weights, over their norm at the start",),
    "learned": ("networks that learned the task",),
    "elsewhere": ("networks that are still at a saddle or another minimum",),
    "not_yet": ("networks that still moved after all steps",),
    "diverged": ("networks that diverged",),
    "steps": ("largest number of gradient steps", "gradient steps"),
}


def _trained(configuration: Configuration, grid, fixed: dict[str, Any]) -> "xarray.Dataset":
    """The experiment over a grid, with repeats last."""
    aligned = fixed.get("start") == "aligned"
    repeated = {**grid, REPEAT: np.arange(1 if aligned else configuration["seeds"])}
    return sweep_experiment(FEATURE_LEARNING, repeated, fixed, seed=KEY)


def _reduced(found: "xarray.Dataset") -> dict[str, np.ndarray]:
    """Averages over those that learned, NaN where there are none; counts of the others."""
    learned = found["result"].to_numpy() == _code(RESULTS.minimum)
    count = learned.sum(-1)

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.where(learned, values, 0).sum(-1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    distance, change = (found[each].to_numpy() for each in ("distance", "weight_change"))
    return {
        "distance": mean(distance),
        "distance_spread": np.sqrt(mean((distance - mean(distance)[..., None]) ** 2)),
        "first_distance": distance[..., 0],
        "weight_change": mean(change),
        "learned": count,
        "elsewhere": found["saddle"].to_numpy().sum(-1),
        "not_yet": found["unconverged"].to_numpy().sum(-1),
        "diverged": found["diverged"].to_numpy().sum(-1),
        "steps": found["steps"].to_numpy().max(-1),
    }


def _code(result: RESULTS) -> int:
    (value,) = jax.tree.leaves(result)
    return int(value)
