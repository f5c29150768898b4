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

from learndyn._errors import InputError, MissingExtraError
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
        row: the first cell that fails alone; None where the batch does, but no cell alone.
        reason: the error, in words.
    """

    row: int | None
    reason: str


class Program:
    """A function for one combination of static values, traced for batches of one size.

    Args:
        function: the swept function.
        static: the static values.
        key: random key, or None.
        cells: a batch, for its shapes.
    """

    def __init__(
        self,
        function: Callable[..., Mapping[str, Any]],
        static: dict[str, Any],
        key: PRNGKeyArray | None,
        cells: Cells,
    ):
        self.results: frozenset[str] = frozenset()

        def one(coordinates, words):
            named = {**coordinates, **static}
            if key is not None:
                named["key"] = jax.random.fold_in(jax.random.fold_in(key, words[0]), words[1])
            arrays, self.results = as_arrays(function(**named))
            return arrays

        self._traced = jax.jit(jax.vmap(one)).lower(*_on_device(cells))
        self.shapes = self._traced.out_info
        text = self._traced.as_text()
        self.digest = hashlib.sha256(f"{surroundings()}{text}".encode()).hexdigest()
        # Factorizations, among others, are calls out of the compiled code.
        self.parallel = "custom_call" not in text

    def compile(self) -> Callable[[Cells], dict[str, np.ndarray] | Failed]:
        """Compile it.

        Returns:
            A function of a batch, which returns its outputs or tells which cell failed.
        """
        return functools.partial(_run, self._traced.compile())


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


def filled(cells: Cells, rows: np.ndarray, size: int) -> Cells:
    """A batch of some cells, filled up with copies of the last.

    Args:
        cells: all cells.
        rows: which.
        size: cells in the batch.

    Returns:
        The batch.
    """
    rows = rows[np.minimum(np.arange(size), len(rows) - 1)]
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


def run_packed(pack: Pack, cells: Cells) -> dict[str, np.ndarray] | Failed:
    """Run a batch in this process, which may be any process that has learndyn.

    Args:
        pack: what `packed` returned.
        cells: the batch.

    Returns:
        Outputs of the batch, or which cell failed.

    Raises:
        InputError: if the function is not the same here.
    """
    with precision(pack.x64):
        with _ONE_AT_A_TIME:
            call, parallel = _unpacked(pack, cells)
            if not parallel:
                return call(cells)
        return call(cells)


# Programs of this process, the newest last.
_KNOWN: dict[Pack, tuple[Callable[[Cells], dict[str, np.ndarray] | Failed], bool]] = {}
_KEPT = 16


def _unpacked(pack: Pack, cells: Cells):
    if pack not in _KNOWN:
        import cloudpickle

        function, static, key = cloudpickle.loads(pack.contents)
        program = Program(function, static, key, cells)
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


def _run(compiled: Callable[..., dict[str, Array]], cells: Cells):
    try:
        return {k: np.asarray(v) for k, v in compiled(*_on_device(cells)).items()}
    except Exception as error:  # whatever the user's function, or the compiler's, may raise
        return _first_failure(compiled, cells, error)


def _first_failure(compiled: Callable[..., Any], cells: Cells, error: Exception) -> Failed:
    """Which cell it was, by halving: a batch can be filled with copies of any."""
    size = len(cells[1])
    rows = np.arange(size)

    def raised(rows) -> Exception | None:
        try:
            jax.block_until_ready(compiled(*_on_device(filled(cells, rows, size))))
        except Exception as error:
            return error
        return None

    while len(rows) > 1:
        first, second = np.array_split(rows, 2)
        rows = first if raised(first) is not None else second
    alone = raised(rows)
    row = None if alone is None else int(rows[0])
    error = error if alone is None else alone
    return Failed(row, reason_of(error))


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
