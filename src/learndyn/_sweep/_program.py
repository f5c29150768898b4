"""A swept function, traced for a batch of cells; and what happens when a cell fails."""

import functools
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError, MissingExtraError, is_no_room
from learndyn._sweep._outputs import as_arrays, surroundings
from learndyn._sweep._threads import double_precision, precision
from learndyn._types import Array, PRNGKeyArray

# Coordinates by name, and the words that are folded into keys, each with an axis of cells.
Cells = tuple[dict[str, np.ndarray], np.ndarray]
# A worker of a cluster may have several threads. One compiles; and calls with factorizations can
# wait for each other for ever, as in `workers`.
_ONE_AT_A_TIME = threading.Lock()


class Failed(NamedTuple):
    """A batch that failed while it was run.

    Attributes:
        reason: the error, in words.
    """

    reason: str


Values = dict[str, np.ndarray] | Failed
Compiled = Callable[[Cells, np.ndarray], Values]


class Program:
    """A function for one combination of static values, traced for batches of one size.

    Args:
        function: the swept function.
        static: the static values.
        key: random key, or None.
        cells: some cells, for their shapes.
        size: cells in a batch.
    """

    def __init__(
        self,
        function: Callable[..., Mapping[str, Any]],
        static: dict[str, Any],
        key: PRNGKeyArray | None,
        cells: Cells,
        size: int,
    ):
        self._size = size
        self.results: frozenset[str] = frozenset()

        def swept_cell(coordinates, words):
            named = {**coordinates, **static}
            if key is not None:
                named["key"] = jax.random.fold_in(jax.random.fold_in(key, words[0]), words[1])
            arrays, self.results = as_arrays(function(**named))
            return arrays

        self._traced = jax.jit(jax.vmap(swept_cell)).lower(
            *_on_device(taken(cells, np.zeros(size, int)))
        )
        self.shapes = self._traced.out_info
        text = self._traced.as_text()
        self.digest = hashlib.sha256(f"{surroundings()}{_numbered(text)}".encode()).hexdigest()
        # Factorizations, among others, are calls out of the compiled code.
        self.parallel = "custom_call" not in text

    def compile(self) -> Compiled:
        """Compile it.

        Returns:
            A function of the cells of a block and of the rows of those that are wanted, which
            returns their outputs, or how they failed.
        """
        return functools.partial(_run, self._traced.compile(), self._size)


def _numbered(text: str) -> str:
    # By their place in the text: some versions of jax count what the process traced before.
    seen: dict[str, int] = {}
    return _SYMBOL.sub(lambda found: f"@{found[1]}#{seen.setdefault(found[0], len(seen))}", text)


_SYMBOL = re.compile(r"@(\w+?)(?:_\d+)?\b")


class Combination(NamedTuple):
    """One combination of static values.

    Attributes:
        static: the values, by name.
        cells: all its cells.
        program: the function for a batch of them.
    """

    static: dict[str, Any]
    cells: Cells
    program: Program


def taken(cells: Cells, rows: np.ndarray) -> Cells:
    """Some cells.

    Args:
        cells: all cells.
        rows: which.

    Returns:
        The cells, in the order of the rows.
    """
    return jax.tree.map(lambda values: values[rows], cells)


class Pack(NamedTuple):
    """What another process needs to make a program.

    Attributes:
        contents: function, static values and key.
        x64: whether numbers are of double precision.
        size: cells in a batch.
        digest: of the program that is meant.
    """

    contents: bytes
    x64: bool
    size: int
    digest: str


def packed(
    function: Callable[..., Any],
    static: dict[str, Any],
    key: PRNGKeyArray | None,
    size: int,
    program: Program,
) -> Pack:
    """Pack a program for other processes.

    Args:
        function: the swept function.
        static: the static values.
        key: random key, or None.
        size: cells in a batch.
        program: the program, made here.

    Returns:
        What `run_packed` takes.

    Raises:
        MissingExtraError: if the package that packs functions is missing.
    """
    try:
        import cloudpickle
    except ImportError as error:
        raise MissingExtraError("A sweep in other processes", "cluster") from error
    contents = cloudpickle.dumps((function, static, key))
    return Pack(contents, double_precision(), size, program.digest)


def run_packed(pack: Pack, cells: Cells, part: np.ndarray) -> Values:
    """Run a batch in this process, which may be any process that has learndyn.

    Args:
        pack: what `packed` returned.
        cells: the cells of a block.
        part: rows of those that are wanted.

    Returns:
        Outputs of the part, or how it failed.

    Raises:
        InputError: if the function is not the same here.
    """
    with precision(pack.x64):
        with _ONE_AT_A_TIME:
            call, parallel = _unpacked(pack, cells)
            if not parallel:
                return call(cells, part)
        return call(cells, part)


# Programs of this process, the newest last.
_KNOWN: dict[Pack, tuple[Compiled, bool]] = {}
_KEPT = 16


def _unpacked(pack: Pack, cells: Cells):
    if pack not in _KNOWN:
        import cloudpickle

        function, static, key = cloudpickle.loads(pack.contents)
        program = Program(function, static, key, cells, pack.size)
        if program.digest != pack.digest:
            raise InputError(
                "workers that compute what this process would",
                "one with other packages, another device, or another value of a global variable",
                "Install the same packages there, and pass values as arguments.",
            )
        _KNOWN[pack] = program.compile(), program.parallel
        for old in list(_KNOWN)[:-_KEPT]:
            del _KNOWN[old]
    return _KNOWN[pack]


def _run(compiled: Callable[..., dict[str, Array]], size: int, cells: Cells, part) -> Values:
    """A batch of a part of a block; copies fill it up, and stand in for the rest of the block."""
    # Each cell keeps its place, so that compiled code does the same to it, whatever is beside it.
    rows = np.minimum(np.arange(size), len(cells[1]) - 1)
    rows = np.where(np.isin(rows, part), rows, part[0])
    try:
        found = compiled(*_on_device(taken(cells, rows)))
        return {name: np.asarray(values)[part] for name, values in found.items()}
    except Exception as error:  # whatever the user's function, or the compiler's, may raise
        # Which is not about some cells: no part of them would need less.
        if is_no_room(error):
            raise MemoryError(f"{reason_of(error)}, for a batch of {size} cells") from error
        return Failed(reason_of(error))


def reason_of(error: Exception) -> str:
    """An error in words.

    Args:
        error: the error.

    Returns:
        Its kind, unless it is ours, and the line that matters of what it says.
    """
    text = str(error).strip()
    # What was raised in a call from compiled code arrives as the text of a traceback.
    raised = _RAISED.findall(text) if "Traceback" in text else []
    said = (raised or text.splitlines() or [""])[-1 if raised else 0].rstrip(".")
    return said if isinstance(error, InputError) else f"{type(error).__name__}: {said}"


_RAISED = re.compile(r"^[\w.]+: .+", re.MULTILINE)


def _on_device(cells: Cells):
    return jax.tree.map(jnp.asarray, cells)
