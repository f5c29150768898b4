"""What an experiment is: named parameters, and a function of one cell that `sweep` batches."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from learndyn._sweep import sweep

if TYPE_CHECKING:
    import xarray

# The coordinate of repeated cells, which differ by their random key alone.
REPEAT = "repeat"
# Cells in one batch: enough that the time of each no longer falls, but few. A batch runs until its
# last cell has ended, one that takes long then holds up few others, and it is what two threads
# share, what a run that is cut off loses, and what the time left is told by.
BATCH = 64


def usual_batch(values: Mapping[str, np.ndarray]) -> int:  # noqa: ARG001
    """Cells in one batch of most experiments.

    Args:
        values: every value that each parameter takes.

    Returns:
        Their number.
    """
    return BATCH


class Parameter(NamedTuple):
    """A parameter of an experiment.

    Attributes:
        default: its value where none is given, whose type is that of all its values; None: a
            number that may be absent.
        meaning: what it is, with its unit, in one line.
        choices: the words it may be; none for a number.
        static: whether shapes depend on it, so that each value is compiled by itself.
    """

    default: float | int | str | None
    meaning: str
    choices: tuple[str, ...] = ()
    static: bool = False

    @property
    def looped(self) -> bool:
        """Whether its values are looped in Python, and not batched."""
        return self.static or bool(self.choices)


class Experiment(NamedTuple):
    """What can be swept over a grid without writing Python.

    Attributes:
        name: how it is asked for.
        title: what it finds out, in one line.
        parameters: its parameters, by name.
        function: called with every value that each parameter takes in a sweep, an array, empty
            where the parameter is absent. Returns the function of one cell, which takes every
            parameter as a keyword (None where absent), and `key` where the experiment is random;
            it returns arrays by name, as the function of a `sweep` does. Raises InputError for
            values that do not go together.
        random: whether cells depend on a random key.
        batch: called with the same values as `function`; returns how many cells are in one batch.
    """

    name: str
    title: str
    parameters: dict[str, Parameter]
    function: Callable[[Mapping[str, np.ndarray]], Callable[..., dict[str, Any]]]
    random: bool = True
    batch: Callable[[Mapping[str, np.ndarray]], int] = usual_batch


@dataclass(frozen=True)
class Cell:
    """The function of one cell, without closures, so that it can be sent to other processes.

    Attributes:
        func: function of an experiment.
        values: every value that each parameter takes.
        fixed: values of the parameters that are not on the grid.
    """

    func: Callable[[Mapping[str, np.ndarray]], Callable[..., dict[str, Any]]]
    values: dict[str, np.ndarray]
    fixed: dict[str, Any]

    def __call__(self, *, repeat: Any = None, **coordinates: Any) -> dict[str, Any]:  # noqa: ARG002
        """Run the experiment in one cell.

        Args:
            repeat: number of the repetition, which only the key depends on.
            **coordinates: parameters on the grid, and the key.

        Returns:
            Outputs by name.
        """
        return self.func(self.values)(**self.fixed, **coordinates)


def bind(experiment: Experiment, grid: Mapping[str, Any], fixed: Mapping[str, Any]) -> Cell:
    """The function of one cell of a grid.

    Args:
        experiment: the experiment.
        grid: values of some of its parameters, by name.
        fixed: the value of others; the rest have their defaults.

    Returns:
        The function, of the parameters on the grid.
    """
    defaults = {name: p.default for name, p in experiment.parameters.items() if name not in grid}
    constants = {**defaults, **fixed}
    rows = {
        name: grid[name] if name in grid else [v for v in (constants[name],) if v is not None]
        for name in experiment.parameters
    }
    return Cell(experiment.function, {k: np.asarray(row) for k, row in rows.items()}, constants)


def sweep_experiment(
    experiment: Experiment,
    grid: Mapping[str, Any],
    fixed: Mapping[str, Any],
    *,
    seed: int | None = None,
    store: str | os.PathLike | None = None,
    progress: Callable[[int, int, float], object] | None = None,
) -> "xarray.Dataset":
    """Run an experiment in every cell of a grid.

    Args:
        experiment: the experiment.
        grid: values of some of its parameters, by name, and of `repeat`, where cells are repeated
            with other keys.
        fixed: the value of others; the rest have their defaults.
        seed: random key, where the experiment is random; None: 0.
        store: folder in which finished batches are kept, see `sweep`.
        progress: called with cells done, of all, and the seconds left.

    Returns:
        A labelled data set.

    Raises:
        InputError: for values that do not go together, or a store of another sweep.
    """
    cell = bind(experiment, grid, fixed)
    return sweep(
        cell,
        grid,
        static=[name for name in grid if name != REPEAT and experiment.parameters[name].looped],
        key=jax.random.key(seed or 0) if experiment.random else None,
        chunk=experiment.batch(cell.values),
        store=store,
        progress=progress,
    )
