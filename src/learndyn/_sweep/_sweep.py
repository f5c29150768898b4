"""A function over a grid, one compilation for each combination of static values."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._sweep._grid import Grid, check_signature, checked_grid
from learndyn._sweep._outputs import as_arrays, check_names, check_same, dataset
from learndyn._sweep._threads import WORKERS, workers
from learndyn._types import Array, PRNGKeyArray

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
        chunk: cells in one batch; None: 256, or all of a smaller grid.
        progress: called with the number of finished cells, of all cells, and the seconds left, as
            estimated from those gone, compilation included.

    Returns:
        A data set with the dimensions of the grid, in its order; further axes of an output are
        called `name_0`, `name_1`, and so on. A result is a variable of flags (`flag_values`,
        `flag_meanings`) beside the truth values `diverged`, `unconverged` and `saddle` (with the
        output's name in front unless that is `result`). Attributes tell how it was made.

    Raises:
        InputError: for a grid, a function or outputs that cannot be used.

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
    size = min(_CHUNK if chunk is None else chunk, checked.cells)
    combinations = [_Combination(function, checked, *pair, key, size) for pair in _all(checked)]
    for combination in combinations:
        check_names(combination.shapes, combination.results, checked)
        check_same(combination.shapes, combinations[0].shapes, combination.static)
    found = _run(combinations, checked, progress)
    outputs = {name: _arranged(checked, [part[name] for part in found]) for name in found[0]}
    return dataset(checked, outputs, combinations[0].results, function, key)


def _all(grid: Grid):
    return list(grid.combinations())


class _Combination:
    """One combination of static values: a function traced once, and its cells in chunks."""

    def __init__(self, function, grid: Grid, static, texts, key, size: int):
        self.static, self.results = static, frozenset()
        words = grid.key_words(texts) if key is not None else np.zeros((grid.cells, 0), np.uint32)
        cells = (grid.flattened(), words)

        def one(coordinates, words):
            named = {**coordinates, **static}
            if key is not None:
                named["key"] = jax.random.fold_in(jax.random.fold_in(key, words[0]), words[1])
            arrays, self.results = as_arrays(function(**named))
            return arrays

        self.chunks = _chunks(cells, size)
        self._traced = jax.jit(jax.vmap(one)).lower(*self.chunks[0])
        self.shapes = self._traced.out_info
        # Factorizations, among others, are calls out of the compiled code.
        self.parallel = "custom_call" not in self._traced.as_text()

    def compile(self) -> Callable[..., dict[str, Array]]:
        return self._traced.compile()


def _chunks(cells, size: int) -> list:
    """Chunks of one size; the last is filled with copies of its last cell."""
    count = len(cells[1])
    rows = [np.minimum(np.arange(i, i + size), count - 1) for i in range(0, count, size)]
    # Here and not on a worker: what precision a number has may be a setting of this thread.
    return [jax.tree.map(lambda v, row=row: jnp.asarray(v[row]), cells) for row in rows]


def _run(combinations: list[_Combination], grid: Grid, progress) -> list[dict[str, np.ndarray]]:
    """Compile and run everything; workers take tasks in order, so none waits for a later one."""
    total, done, found, began = grid.cells * len(combinations), 0, [], time.monotonic()
    count = WORKERS if all(c.parallel for c in combinations) else 1
    with workers(count) as pool:
        compiled = [pool.submit(combinations[0].compile)]
        running: list[list[Future]] = []
        for i, combination in enumerate(combinations):
            if i + 1 < len(combinations):
                compiled.append(pool.submit(combinations[i + 1].compile))
            running.append(_submit(pool, compiled[i], combination.chunks))
        for futures in running:
            parts = []
            for future in futures:
                parts.append(future.result())
                finished = min(len(parts) * len(next(iter(parts[0].values()))), grid.cells)
                if progress is not None:
                    gone = time.monotonic() - began
                    left = total - done - finished
                    progress(done + finished, total, gone * left / (done + finished))
            done += grid.cells
            found.append({k: np.concatenate([p[k] for p in parts])[: grid.cells] for k in parts[0]})
    return found


def _submit(pool: ThreadPoolExecutor, compiled: Future, chunks: list) -> list[Future]:
    def run(chunk) -> dict[str, np.ndarray]:
        return {k: np.asarray(v) for k, v in compiled.result()(*chunk).items()}

    return [pool.submit(run, chunk) for chunk in chunks]


def _arranged(grid: Grid, parts: list[np.ndarray]) -> np.ndarray:
    """One axis for each coordinate, in the order of the grid."""
    whole, names = np.stack(parts), [*grid.static, *grid.batched]
    sizes = [len(grid.labels[name]) for name in names]
    whole = whole.reshape(*sizes, *whole.shape[2:])
    order = [names.index(name) for name in grid.labels]
    return whole.transpose(*order, *range(len(order), whole.ndim))
