"""Which cells are computed together: blocks of the grid, of one size."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from learndyn._sweep._grid import Grid


class Block(NamedTuple):
    """Cells that are computed together, and stored in one chunk.

    Attributes:
        combination: number of the static combination.
        place: where they are, one slice for each coordinate of the grid.
        rows: numbers of the cells in their combination, in the order of `Grid.flattened`.
    """

    combination: int
    place: tuple[slice, ...]
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """How many cells there are along each coordinate of the grid."""
        return tuple(part.stop - part.start for part in self.place)


class Plan(NamedTuple):
    """A grid in blocks.

    Attributes:
        chunk: cells of a block along each coordinate of the grid; blocks at an end have fewer.
        size: cells in a full block.
        blocks: all blocks, by combination.
    """

    chunk: tuple[int, ...]
    size: int
    blocks: list[Block]


def make_plan(grid: Grid, limit: int) -> Plan:
    """Divide a grid into blocks.

    Blocks are rectangles, since chunks of a store are, and those along one coordinate are nearly
    equal, since each costs as much as a full one.

    Args:
        grid: the grid.
        limit: cells in one block at most.

    Returns:
        The plan.
    """
    lengths = [len(values) for values in grid.batched.values()]
    steps = dict(zip(grid.batched, _steps(lengths, limit), strict=True))
    chunk = tuple(steps.get(name, 1) for name in grid.labels)
    numbers = np.arange(grid.cells).reshape(lengths)
    blocks = []
    for combination, static in enumerate(np.ndindex(*map(len, grid.static.values()))):
        fixed = {name: slice(i, i + 1) for name, i in zip(grid.static, static, strict=True)}
        for parts in itertools.product(*map(_slices, lengths, steps.values())):
            place = fixed | dict(zip(grid.batched, parts, strict=True))
            ordered = tuple(place[name] for name in grid.labels)
            blocks.append(Block(combination, ordered, numbers[parts].ravel()))
    return Plan(chunk, math.prod(chunk), blocks)


def _steps(lengths: Sequence[int], limit: int) -> list[int]:
    """How far to go along each axis: the last ones whole, as many as there is room for."""
    steps, room = [], limit
    for length in reversed(lengths):
        pieces = math.ceil(length / room)
        steps.append(math.ceil(length / pieces))
        room //= steps[-1]
    return steps[::-1]


def _slices(length: int, step: int) -> list[slice]:
    return [slice(i, min(i + step, length)) for i in range(0, length, step)]
