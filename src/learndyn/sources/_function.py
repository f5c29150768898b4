"""Trials from a Python function that is called anew for each pass."""

import difflib
import importlib
import sys
import traceback
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from learndyn._errors import InputError
from learndyn.sources._stream import Layout, RawChunk, StreamedTrials
from learndyn.statistics import Trials

_CHUNKS = "Let it return or yield pairs (x, y) of arrays, or (x, y, lengths)."


def find_function(name: str) -> Callable[[], Any]:
    """A function by name, from a module in the current folder or an installed one.

    Args:
        name: `module:function`, the module as `python -m` would find it.

    Returns:
        The function.

    Raises:
        InputError: if there is no such module or function, or the module fails.

    Example:
        >>> from learndyn.sources import find_function
        >>> find_function("random:random")() < 1
        True
    """
    module_name, _, function_name = name.partition(":")
    sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise InputError(f"a module {module_name} to import", _what_happened(error)) from error
    finally:
        sys.path.remove("")
    function = getattr(module, function_name, None)
    if not callable(function):
        known = [n for n, value in vars(module).items() if callable(value) and n[0] != "_"]
        near = ", ".join(difflib.get_close_matches(function_name, known) or sorted(known)[:10])
        got = f"none there; it has {near}" if near else "none there"
        raise InputError(f"a function {function_name} in {module_name}", got)
    return function


def from_function(function: Callable[[], Any], name: str | None = None) -> StreamedTrials:
    """Trials from a function that returns or yields chunks `(x, y)` or `(x, y, lengths)`.

    It is called once here, and again for each pass over the trials, so nothing is kept. Its chunks
    must be the same each time, and may have different lengths: shorter ones are padded.

    Args:
        function: takes no arguments; each chunk is as in `Trials`. A single chunk may be returned
            as it is.
        name: what to call it in errors; None: its own name.

    Returns:
        The trials.

    Raises:
        InputError: if the function fails, gives no chunk, one that `Trials` refuses, chunks of
            different channels, or others at another call.

    Example:
        >>> import numpy as np
        >>> from learndyn.sources import from_function
        >>> def chunks():
        ...     rng = np.random.default_rng(0)
        ...     for _ in range(10):
        ...         x = rng.normal(size=(100, 5, 3))
        ...         yield x, x.sum(axis=1)
        >>> from_function(chunks).count
        1000
    """
    passes = _Passes(function, name or getattr(function, "__name__", "the function"))
    layout = None
    for trials in passes():
        found = Layout(trials.count, trials.length, trials.n_in, trials.n_out, trials.every_step)
        layout = found if layout is None else _joined(layout, found, passes.name)
    if layout is None:
        raise InputError(f"at least one chunk of trials from {passes.name}", "none", _CHUNKS)

    def read() -> Iterator[RawChunk]:
        for trials in passes():
            yield trials.x, trials.y, trials.lengths

    return StreamedTrials(read, layout)


def _joined(layout: Layout, more: Layout, name: str) -> Layout:
    """All trials so far; each chunk may have its own number of steps, and nothing else."""
    joined = replace(
        layout, count=layout.count + more.count, length=max(layout.length, more.length)
    )
    if replace(joined, count=more.count, length=more.length) != more:
        raise InputError(
            f"chunks of one shape from {name}",
            f"{_words(more)} after {_words(layout)}",
        )
    return joined


def _words(layout: Layout) -> str:
    where = "each step" if layout.every_step else "the last step"
    return f"{layout.n_in} inputs and {layout.n_out} targets at {where}"


class _Passes:
    """Chunks of a function, checked; each pass must give what the first one gave."""

    def __init__(self, function: Callable[[], Any], name: str):
        self._function, self.name = function, name
        self._first: int | None = None

    def __call__(self) -> Iterator[Trials]:
        seen = 0
        for number, chunk in enumerate(self._chunks()):
            trials = self._checked(number, chunk)
            for part in (trials.x, trials.y, trials.lengths):
                if part is not None:
                    seen = zlib.crc32(np.ascontiguousarray(part).data, seen)
            yield trials
        if self._first is not None and seen != self._first:
            raise InputError(
                f"the same chunks from {self.name} at each call",
                "others than at the first",
                "Seed its random numbers inside the function.",
            )
        self._first = seen

    def _chunks(self) -> Iterator[Any]:
        try:
            chunks = self._function()
            # A tuple that starts with an array is a chunk, not chunks.
            if isinstance(chunks, tuple) and chunks and hasattr(chunks[0], "shape"):
                chunks = [chunks]
            if not isinstance(chunks, Iterable) or isinstance(chunks, np.ndarray):
                raise InputError(
                    f"chunks of trials from {self.name}", f"{type(chunks).__name__}", _CHUNKS
                )
            yield from chunks
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            got = _what_happened(error)
            raise InputError(f"chunks of trials from {self.name}", got) from error

    def _checked(self, number: int, chunk: Any) -> Trials:
        if not isinstance(chunk, tuple | list) or len(chunk) not in (2, 3):
            kind = type(chunk).__name__
            found = f"{kind} of length {len(chunk)}" if isinstance(chunk, tuple | list) else kind
            raise InputError(f"chunks of trials from {self.name}", found, _CHUNKS)
        try:
            return Trials(chunk[0], chunk[1], lengths=chunk[2] if len(chunk) == 3 else None)
        except InputError as error:
            got = f"{error.got} in chunk {number} of {self.name}"
            raise InputError(error.expected, got, error.cure) from error


def _what_happened(error: BaseException) -> str:
    """An exception of somebody else's code in a few words, with the place where it arose."""
    words = " ".join(str(error).split())[:200]
    frames = traceback.extract_tb(error.__traceback__)
    place = ""
    if isinstance(error, SyntaxError):
        place = ""  # its own words say where
    elif frames and not frames[-1].filename.startswith("<frozen"):
        place = f" ({frames[-1].filename}, line {frames[-1].lineno})"
    return f"{type(error).__name__}{': ' + words if words else ''}{place}"
