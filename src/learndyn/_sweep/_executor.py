"""Where batches are run: threads of this process, or an executor of the user's."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Protocol, runtime_checkable

import numpy as np

from learndyn._sweep._plan import Block
from learndyn._sweep._program import Combination, Failed, filled, packed, run_packed
from learndyn._sweep._threads import WORKERS, workers
from learndyn._types import PRNGKeyArray

Values = dict[str, np.ndarray] | Failed


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


def run(
    function: Callable[..., Any],
    key: PRNGKeyArray | None,
    combinations: Mapping[int, Combination],
    blocks: Sequence[Block],
    size: int,
    executor: Executor | None,
) -> Iterator[tuple[Block, Values]]:
    """Run blocks, in whatever order they end.

    Args:
        function: the swept function.
        key: random key, or None.
        combinations: static combinations, by number.
        blocks: what to run, by combination.
        size: cells in a batch.
        executor: where; None: threads of this process.

    Yields:
        Each block, and its outputs or how it failed.
    """
    batches = [(b, filled(combinations[b.combination].cells, b.rows, size)) for b in blocks]
    needed = list(dict.fromkeys(block.combination for block in blocks))
    if executor is None:
        yield from _run_here([combinations[n].program for n in needed], needed, batches)
        return
    packs = {
        n: packed(function, combinations[n].static, key, size, combinations[n].program)
        for n in needed
    }
    yield from _as_they_end(
        (block, executor.submit(run_packed, packs[block.combination], cells))
        for block, cells in batches
    )


def _run_here(programs, needed, batches) -> Iterator[tuple[Block, Values]]:
    """Compile and run; workers take tasks in order, so none waits for a later one."""
    count = WORKERS if all(p.parallel for p in programs) else 1
    with workers(count) as pool:
        yield from _as_they_end(_submit(pool, dict(zip(needed, programs, strict=True)), batches))


def _submit(pool: ThreadPoolExecutor, programs, batches) -> Iterator[tuple[Block, Future]]:
    """Each program is compiled while the one before it is, or runs."""
    numbers = list(programs)
    places = {number: place for place, number in enumerate(numbers)}
    compiled: list[Future] = []
    for block, cells in batches:
        place = places[block.combination]
        following = numbers[len(compiled) : place + 2]
        compiled.extend(pool.submit(programs[number].compile) for number in following)

        def call(ready=compiled[place], cells=cells) -> Values:
            return ready.result()(cells)

        yield block, pool.submit(call)


def _as_they_end(submitted: Iterable[tuple[Block, Any]]) -> Iterator[tuple[Block, Values]]:
    """Results of futures; if one fails, or the caller does, those that wait are not run."""
    ended: SimpleQueue[Any] = SimpleQueue()
    futures = {}
    for number, (block, future) in enumerate(submitted):
        futures[number] = (block, future)
        future.add_done_callback(lambda _, number=number: ended.put(number))
    try:
        while futures:
            block, future = futures.pop(ended.get())
            yield block, future.result()
    finally:
        for _, future in futures.values():
            future.cancel()
