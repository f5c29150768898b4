"""A function over a grid, one compilation for each combination of static values."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from learndyn._errors import InputError, SweepError
from learndyn._sweep._executor import Executor, Outcome, run
from learndyn._sweep._grid import Grid, check_signature, checked_grid
from learndyn._sweep._outputs import attributes, check_names, check_same, empty_dataset, labelled
from learndyn._sweep._plan import Block, make_plan
from learndyn._sweep._program import Combination, Program, reason_of
from learndyn._sweep._store import Store
from learndyn._types import PRNGKeyArray

if TYPE_CHECKING:
    import xarray

# Cells in one batch: enough that a call costs nothing, few enough for the cache.
_CHUNK = 256


def sweep(
    function: Callable[..., Mapping[str, Any]],
    grid: Mapping[str, Any],
    *,
    static: str | Sequence[str] = (),
    key: PRNGKeyArray | None = None,
    chunk: int | None = None,
    store: str | os.PathLike | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int, float], object] | None = None,
) -> "xarray.Dataset":
    """Call a function in every cell of a grid, batched, and label what it returns.

    Cells are batched by `jax.vmap` and run in chunks of one size by one compiled function, on two
    threads where it holds no matrix factorizations. A lane that diverges disturbs no other:
    return the `RESULTS` of its curve.

    Args:
        function: called with the coordinates of a cell as keywords, and with `key=` where a key
            is given. Returns a dictionary of arrays or scalars; a value may be an item of
            `RESULTS`, such as `curve.result`. It must be traceable by jax.
        grid: values by name, each in one row of distinct real numbers; those of static names may
            be anything.
        static: names whose values are looped in Python, since shapes or control flow depend on
            them, such as the number of hidden units. Each combination is compiled once. All
            combinations must give outputs of the same shapes.
        key: random key. Each cell gets it folded with its own coordinates, so that the key of a
            cell depends on neither the chunks nor the rest of the grid.
        chunk: cells in one batch at most; None: 256. Batches are rectangles of the grid.
        store: a folder, made by the first run, in which every finished batch is kept (zarr, which
            `xarray.open_zarr` reads). A run that is killed at any moment is resumed by calling
            the same again: nothing that is there is computed again, and the files become those
            of a run that was never killed. Batches that are damaged are computed again.
        executor: where batches are run: a Dask client, a `concurrent.futures` executor, or
            whatever has their `submit`; None: threads of this process. What is returned and
            stored does not depend on it.
        progress: called with the number of finished cells, of all cells, and the seconds left, as
            estimated from those gone (NaN where none were).

    Returns:
        A data set with the dimensions of the grid, in its order; further axes of an output are
        called `name_0`, `name_1`, and so on. A result is a variable of flags (`flag_values`,
        `flag_meanings`) beside the truth values `diverged`, `unconverged` and `saddle` (with the
        output's name in front unless that is `result`). Attributes tell how it was made.

    Raises:
        InputError: for a grid, a function or outputs that cannot be used, or a store of another
            grid, function, key, chunk, version or device.
        SweepError: if some cells fail; it names them. All others are computed first and are in
            its `found`; batches without errors are in the store.
        MemoryError: if a batch does not fit into memory, as a smaller chunk may.
        MissingExtraError: for an executor, if cloudpickle is missing.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> def trained(rate, scale, key):
        ...     net = ld.init_unaligned(2, 2, 2, scale, key=key)
        ...     method, times = ld.GradientDescent(rate), 10 * rate * jnp.arange(3)
        ...     curve = ld.solve(ld.Problem(net, task), method, times, throw=False)
        ...     return {"loss": curve.loss, "result": curve.result}
        >>> found = ld.sweep(trained, {"rate": [0.1, 90.0], "scale": [0.3, 0.6, 0.9]},
        ...                  key=jax.random.key(1))
        >>> dict(found.loss.sizes), found.diverged.any("scale").values.tolist()
        ({'rate': 2, 'scale': 3, 'loss_0': 3}, [False, True])
    """
    checked = checked_grid(grid, static)
    check_signature(function, [*grid, *(() if key is None else ("key",))])
    if chunk is not None and chunk < 1:
        raise InputError("a chunk of at least one cell", f"{chunk}", "Leave it out for 256.")
    if executor is not None and not isinstance(executor, Executor):
        raise InputError(
            "an executor with submit, such as a Dask client", f"{type(executor).__name__}"
        )
    plan = make_plan(checked, _CHUNK if chunk is None else chunk)
    combinations, failures = _traced(function, checked, key, plan.size)
    first = next(iter(combinations.values())).program
    programs = "".join(each.program.digest for each in combinations.values())
    record = attributes(checked, function, key, plan.chunk, programs)
    data = empty_dataset(checked, first.shapes, first.results, record)
    kept = None if store is None else Store(store, data, plan.chunk)
    blocks = [block for block in plan.blocks if block.combination in combinations]
    missing = [block for block in blocks if kept is None or not kept.load(block)]
    report = _Progress(progress, blocks, missing)
    for outcome in run(function, key, combinations, missing, plan.size, executor):
        block = outcome.block
        failures += _named(checked, combinations, outcome)
        for part, values in outcome.parts:
            cells = np.unravel_index(part, block.shape)
            for name, value in labelled(values, first.results).items():
                data[name].values[block.place][cells] = value
        if kept is not None and not outcome.failures:
            kept.save(block)
        report(block)
    if failures:
        raise SweepError(failures, data)
    return data


def _traced(
    function, grid: Grid, key, size: int
) -> tuple[dict[int, Combination], list[tuple[str, str]]]:
    """All static combinations, by number, and the cells and reasons of those that fail."""
    found: dict[int, Combination] = {}
    failures: list[tuple[str, Exception]] = []
    for number, (static, texts) in enumerate(grid.combinations()):
        words = grid.key_words(texts) if key is not None else np.zeros((grid.cells, 0), np.uint32)
        cells = (grid.flattened(), words)
        try:
            program = Program(function, static, key, cells, size)
            check_names(program.shapes, program.results, grid)
            if found:
                check_same(program.shapes, next(iter(found.values())).program.shapes)
        except Exception as error:  # whatever the user's function may raise
            failures.append((grid.named(static), error))
        else:
            found[number] = Combination(static, cells, program)
    if not found:  # then it is not about some cells
        raise failures[0][1]
    return found, [(cell, reason_of(error)) for cell, error in failures]


def _named(grid: Grid, combinations, outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Cells of a block that failed, and why."""
    static, (coordinates, _), _ = combinations[outcome.block.combination]
    for row, reason in outcome.failures:
        cell = outcome.block.rows[row]
        yield grid.named(static | {k: v[cell] for k, v in coordinates.items()}), reason


class _Progress:
    """Tells how many cells are done, of all, and the seconds left."""

    def __init__(self, progress, blocks: list[Block], missing: list[Block]):
        self._progress = progress
        self._total = sum(len(block.rows) for block in blocks)
        self._left = sum(len(block.rows) for block in missing)
        # When so many were left: at the start, and, once the first block has been compiled and
        # run, then.
        self._since, self._then = time.monotonic(), self._left
        self._first = True
        if progress is not None and self._left < self._total:
            progress(self._total - self._left, self._total, math.nan if self._left else 0.0)

    def __call__(self, block: Block) -> None:
        self._left -= len(block.rows)
        now = time.monotonic()
        seconds = (now - self._since) * self._left / (self._then - self._left)
        if self._first:
            self._since, self._then, self._first = now, self._left, False
        if self._progress is not None:
            self._progress(self._total - self._left, self._total, seconds)
