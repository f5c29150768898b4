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
    """A value that cannot be used: expected, got, and the cure, in one sentence each."""

    def __init__(self, expected: str, got: str, cure: str = ""):
        self.expected, self.got, self.cure = expected, got, cure
        sentence = f"Expected {expected}; got {got}."
        super().__init__(f"{sentence} {cure}" if cure else sentence)


class AssumptionError(ValueError):
    """A method was asked to work where one of its assumptions fails."""


class SolveError(RuntimeError):
    """A learning curve ended before the last requested time."""


class SweepError(RuntimeError):
    """Some cells of a sweep failed: which, and why. All others are kept.

    Attributes:
        failures: cells and reasons, in words.
        found: the data set, in which those cells are NaN, zero or false, and all others are
            what they would be without them.
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
    if isinstance(error, MemoryError):
        return f"Expected arrays that fit into memory; got others ({error}). Shorten the trials."
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


# What the command line ends on with its sentence alone.
REFUSALS = (
    InputError,
    AssumptionError,
    SolveError,
    SweepError,
    FigureError,
    MissingExtraError,
    MemoryError,
    OSError,
)
