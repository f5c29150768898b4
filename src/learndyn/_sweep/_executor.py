"""Where batches are run: threads of this process, or an executor of the user's."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from learndyn._sweep._plan import Block
from learndyn._sweep._program import (
    Cells,
    Combination,
    Failed,
    Program,
    packed,
    run_packed,
    taken,
)
from learndyn._sweep._threads import WORKERS, workers
from learndyn._types import PRNGKeyArray


@runtime_checkable
class Executor(Protocol):
    """What runs functions elsewhere: a `concurrent.futures.Executor`, or a Dask client."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Run a function.

        Args:
            function: what to run.
            *arguments: its arguments.

        Returns:
            A future with `result`, `cancel` and `add_done_callback`.
        """
        ...


class Outcome(NamedTuple):
    """What became of a block.

    Attributes:
        block: the block.
        parts: rows within the block, and their outputs.
        failures: rows of cells that fail alone, and why.
    """

    block: Block
    parts: list[tuple[np.ndarray, dict[str, np.ndarray]]]
    failures: list[tuple[int, str]]

    @property
    def whole(self) -> bool:
        """Whether nothing more is to come."""
        found = sum(len(part) for part, _ in self.parts) + len(self.failures)
        return found == len(self.block.rows)


# Starts the rows of a part of a block: the block, all its cells, the rows.
Start = Callable[[Block, Cells, np.ndarray], Any]


def run(
    function: Callable[..., Any],
    key: PRNGKeyArray | None,
    combinations: Mapping[int, Combination],
    blocks: Sequence[Block],
    size: int,
    executor: Executor | None,
) -> Iterator[Outcome]:
    """Run blocks, in whatever order they end.

    Args:
        function: the swept function.
        key: random key, or None.
        combinations: static combinations, by number.
        blocks: what to run, by combination.
        size: cells in a batch.
        executor: where; None: threads of this process.

    Yields:
        What became of each block.
    """
    batches = [(b, taken(combinations[b.combination].cells, b.rows)) for b in blocks]
    needed = list(dict.fromkeys(block.combination for block in blocks))
    if executor is None:
        programs = {number: combinations[number].program for number in needed}
        count = WORKERS if all(p.parallel for p in programs.values()) else 1
        with workers(count) as pool:
            yield from _as_they_end(_here(pool, programs), batches)
        return
    packs = {
        n: packed(function, combinations[n].static, key, size, combinations[n].program)
        for n in needed
    }

    def there(block: Block, cells: Cells, part: np.ndarray) -> Any:
        return executor.submit(run_packed, packs[block.combination], cells, part)

    yield from _as_they_end(there, batches)


def _here(pool: ThreadPoolExecutor, programs: Mapping[int, Program]) -> Start:
    """Each program is compiled while the one before it is, or runs."""
    # Workers take tasks in order, so none waits for a later one.
    places = {number: place for place, number in enumerate(programs)}
    waiting, compiled = iter(programs.values()), []

    def start(block: Block, cells: Cells, part: np.ndarray) -> Future:
        place = places[block.combination]
        following = itertools.islice(waiting, max(0, place + 2 - len(compiled)))
        compiled.extend(pool.submit(program.compile) for program in following)
        ready = compiled[place]
        return pool.submit(lambda: ready.result()(cells, part))

    return start


def _as_they_end(start: Start, batches: Sequence[tuple[Block, Cells]]) -> Iterator[Outcome]:
    """Run blocks, and those that fail in ever smaller parts; leave nothing waiting at the end."""
    ended: SimpleQueue[Any] = SimpleQueue()
    numbers = itertools.count()
    futures: dict[int, tuple[Outcome, Cells, np.ndarray, Any]] = {}

    def begin(outcome: Outcome, cells: Cells, part: np.ndarray) -> None:
        number, future = next(numbers), start(outcome.block, cells, part)
        futures[number] = (outcome, cells, part, future)
        future.add_done_callback(lambda _: ended.put(number))

    try:
        for block, cells in batches:
            begin(Outcome(block, [], []), cells, np.arange(len(block.rows)))
        while futures:
            outcome, cells, part, future = futures.pop(ended.get())
            found = future.result()
            if not isinstance(found, Failed):
                outcome.parts.append((part, found))
            elif len(part) == 1:
                outcome.failures.append((int(part[0]), found.reason))
            else:
                for half in np.array_split(part, 2):
                    begin(outcome, cells, half)
            if outcome.whole:
                outcome.failures.sort()
                yield outcome
    finally:
        for *_, future in futures.values():
            future.cancel()
