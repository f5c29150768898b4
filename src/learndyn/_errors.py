"""Errors that say what was expected, what was found, and what helps."""

import errno
from collections.abc import Mapping, Sequence
from typing import Any

# What is needed where a disk refuses.
_NEEDED = {
    errno.ENOSPC: "room on the disk",
    errno.EDQUOT: "room within the quota of the disk",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.EROFS: "a disk that can be written to",
}


class InputError(ValueError):
    """A value that cannot be used: expected, got, and the cure, in one sentence each.

    Example:
        >>> import learndyn as ld
        >>> ld.task_dynamics("constant", 1.0, None, 0)
        Traceback (most recent call last):
            ...
        learndyn._errors.InputError: Expected a length of at least 1; got 0.
    """

    def __init__(self, expected: str, got: str, cure: str = ""):
        self.expected, self.got, self.cure = expected, got, cure
        sentence = f"Expected {expected}; got {got}."
        super().__init__(f"{sentence} {cure}" if cure else sentence)


class AssumptionError(ValueError):
    """A method was asked to work where one of its assumptions fails.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.integration_task("mean")
        >>> net = ld.init_unaligned(4, 4, 4, 0.1, key=jax.random.key(0))
        >>> ld.solve(ld.Problem(net, task), ld.ModeFlow(), jnp.array([1.0]))
        Traceback (most recent call last):
            ...
        learndyn._errors.AssumptionError: ModeFlow assumes white_input: measured 1.4, ...
    """


class SolveError(RuntimeError):
    """A learning curve ended before the last requested time.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 1, 1,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> ld.solve(ld.Problem(net, task), ld.GradientDescent(100.0), jnp.array([1e4]))
        Traceback (most recent call last):
            ...
        learndyn._errors.SolveError: Learning diverged: ...
    """


class SweepError(RuntimeError):
    """Some cells of a sweep failed: which, and why. All others are kept.

    Attributes:
        failures: cells and reasons, in words.
        found: the data set, in which those cells are NaN, zero or false, and all others are
            what they would be without them.

    Example:
        >>> import jax, learndyn as ld
        >>> def steps(length):
        ...     return {"last": ld.task_dynamics("constant", 1.0, None, length)[-1]}
        >>> try:
        ...     ld.sweep(steps, {"length": [0, 3]}, static=("length",))
        ... except ld.SweepError as error:
        ...     print(len(error.failures), error.found["last"].values)
        1 [nan  1.]
    """

    def __init__(self, failures: Sequence[tuple[str, str]], found: Any):
        self.failures, self.found = list(failures), found
        shown = "; ".join(f"at {cell}: {reason}" for cell, reason in self.failures[:5])
        more = len(self.failures) - 5
        also = f"; and {more} more" if more > 0 else ""
        super().__init__(
            f"Expected a result in every cell; got errors {shown}{also}. "
            "All other cells are in found of this error, and batches without errors in the store, "
            "which can be read; a mended function, or a grid without these cells, needs a store of "
            "its own."
        )


class FigureError(RuntimeError):
    """Some figures could not be made: which, and why. All others are kept.

    Attributes:
        failures: reasons, in a sentence each, by name of the figure.
    """

    def __init__(self, failures: Mapping[str, str]):
        self.failures = dict(failures)
        shown = " ".join(f"Figure {name} was not made: {why}" for name, why in failures.items())
        super().__init__(f"{shown} All others are kept; the same command makes what is missing.")


class MissingExtraError(ImportError):
    """A feature needs a package that only an optional extra installs."""

    def __init__(self, what: str, extra: str):
        super().__init__(
            f"{what} needs an optional package; install it with: pip install 'learndyn[{extra}]'"
        )


class Interrupted(Exception):
    """The user interrupted what was under way; the sentence says what is done."""


def is_no_room(error: BaseException) -> bool:
    """Whether an error says that there was no memory: Python's own, or that of compiled code.

    Args:
        error: the error.

    Returns:
        Whether it does.

    Example:
        >>> from learndyn._errors import is_no_room
        >>> is_no_room(MemoryError()), is_no_room(ValueError("a value"))
        (True, False)
    """
    said = ("RESOURCE_EXHAUSTED", "Out of memory")
    return isinstance(error, MemoryError) or any(words in str(error) for words in said)


def sentence_of(error: BaseException) -> str:
    """What was needed, what was found, and what helps; where a disk refuses, what is kept.

    Args:
        error: any error; of one that is not foreseen, its kind and its first line.

    Returns:
        A sentence or two.

    Example:
        >>> from learndyn._errors import sentence_of
        >>> sentence_of(ZeroDivisionError("division by zero"))
        'ZeroDivisionError: division by zero.'
    """
    if is_no_room(error):
        said = str(error).strip().rstrip(".") or type(error).__name__
        return f"Expected arrays that fit into memory; got others ({said}). {_SMALLER}"
    if isinstance(error, OSError) and error.errno in _NEEDED:
        where = f" ({error.filename})" if error.filename else ""
        return (
            f"Expected {_NEEDED[error.errno]}; got {error.strerror}{where}. Finished figures and "
            "chunks of a sweep are kept: see to that, and run the same command again."
        )
    if isinstance(error, REFUSALS):
        return str(error)
    first = (str(error).splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}{': ' if first else ''}{first}."


_SMALLER = "Shorten the trials, or give fewer channels or hidden units."
# What the command line ends on with its sentence alone, beside what `is_no_room` knows.
REFUSALS = (
    InputError,
    AssumptionError,
    SolveError,
    SweepError,
    FigureError,
    MissingExtraError,
    OSError,
)
