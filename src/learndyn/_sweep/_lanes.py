"""Many networks side by side: lanes that are run in chunks, and dropped when they have ended."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._problem import Problem
from learndyn._sweep._threads import WORKERS
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics

# Lanes in one call: from 32 on the time of each no longer falls.
CHUNK = 64
# Smaller chunks, for what is left when most lanes have ended; each costs a compilation.
_SMALLER = (4, 16)


class Start(NamedTuple):
    """What differs between lanes at the start.

    Attributes:
        net: networks, with a leading axis.
        statistics: statistics with a leading axis, or None where all lanes share one task.
    """

    net: LinearRNN
    statistics: TaskStatistics | None

    def problem(self, shared: Problem) -> Problem:
        """The problem of one lane.

        Args:
            shared: what all lanes have in common.

        Returns:
            The problem.
        """
        shared = eqx.tree_at(lambda p: p.net, shared, self.net)
        if self.statistics is None:
            return shared
        return eqx.tree_at(lambda p: p.statistics, shared, self.statistics)


def split(problems: Problem) -> tuple[Problem, Start]:
    """Split a batch of problems into what is shared and what is not.

    Args:
        problems: a problem whose network, and possibly statistics, have a leading axis.

    Returns:
        The first problem, and the starts of all.

    Raises:
        InputError: if the leading axes are not one, of one length.
    """
    net, statistics = problems.net, problems.statistics
    if net.w_x.ndim != 3:
        raise InputError(
            "networks with one leading axis",
            f"w_x of shape {net.w_x.shape}",
            "Stack them, or make them under jax.vmap.",
        )
    own = statistics.target.ndim == 4
    if own and len(statistics.target) != len(net.w_x):
        raise InputError(
            "as many statistics as networks", f"{len(statistics.target)} and {len(net.w_x)}"
        )
    start = Start(net, statistics if own else None)
    return jax.tree.map(lambda leaf: leaf[0], start).problem(problems), start


class Chunks:
    """Runs functions on some of the lanes, in chunks of few sizes, on worker threads.

    Args:
        pool: the workers.
        largest: lanes in a full chunk.
    """

    def __init__(self, pool: ThreadPoolExecutor, largest: int):
        self._pool, self._largest, self._compiled = pool, largest, set()

    def run(
        self,
        function: Callable[..., Any],
        shared: tuple,
        lanes: Any,
        *,
        rows: np.ndarray | None = None,
        into: Any = None,
        parallel: bool = False,
    ) -> Any:
        """Run a function on lanes.

        Args:
            function: compiled by jax, once for each size of chunk; called with what is shared
                and a batch of lanes.
            shared: its first arguments.
            lanes: NumPy arrays with a leading axis of lanes.
            rows: the lanes to run; None: all.
            into: where to write what it returns; None: new arrays.
            parallel: run several chunks at a time; only for a function without factorizations,
                which block each other's threads for ever.

        Returns:
            What the function returned, as NumPy arrays with an axis of all lanes.
        """
        count = len(jax.tree.leaves(lanes)[0])
        rows = np.arange(count) if rows is None else rows
        size = self._size(len(rows))
        parts = [rows[i : i + size] for i in range(0, len(rows), size)]

        def call(part):
            # A partial chunk is filled with copies of its last lane.
            filled = part[np.minimum(np.arange(size), len(part) - 1)]
            batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[filled]), lanes)
            return jax.tree.map(np.asarray, function(*shared, batch))

        for part, values in zip(
            parts, self._calls((function, size), call, parts, parallel), strict=True
        ):
            if into is None:
                into = jax.tree.map(lambda v: np.zeros((count, *v.shape[1:]), v.dtype), values)
            jax.tree.map(partial(_write, part), into, values)
        return into

    def _calls(self, compiled, call, parts: list[np.ndarray], parallel: bool) -> Iterator[Any]:
        # The first is alone, or both workers would compile the same.
        alone = parts[:1] if parallel else parts
        alone = [] if parallel and compiled in self._compiled else alone
        for part in alone:
            yield self._pool.submit(call, part).result()
        self._compiled.add(compiled)
        futures = [self._pool.submit(call, part) for part in parts[len(alone) :]]
        for future in futures:
            yield future.result()

    def _size(self, count: int) -> int:
        for size in _SMALLER:
            if size < self._largest and count <= 2 * WORKERS * size:
                return size
        return self._largest


def _write(rows: np.ndarray, whole: np.ndarray, values: np.ndarray) -> None:
    whole[rows] = values[: len(rows)]
