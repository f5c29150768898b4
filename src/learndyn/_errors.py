"""Errors that say what was expected, what was found, and what helps."""

from collections.abc import Sequence
from typing import Any


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
