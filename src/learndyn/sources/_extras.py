"""Packages that only an optional extra installs."""

from collections.abc import Iterator
from contextlib import contextmanager

from learndyn._errors import MissingExtraError


@contextmanager
def needs(package: str, what: str, *, extra: str) -> Iterator[None]:
    """Import an optional package inside, or say how to install it.

    Args:
        package: name of the package.
        what: what needs it, the start of a sentence.
        extra: extra of this library that installs it.

    Yields:
        Nothing.

    Raises:
        MissingExtraError: if the package is missing.
        ModuleNotFoundError: if the package is there, and misses another.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise MissingExtraError(what, extra) from error
