"""Some of the figures, as if there were no others."""

import contextlib
from collections.abc import Collection, Iterator

from learndyn.figures import FIGURES


@contextlib.contextmanager
def only_figures(names: Collection[str]) -> Iterator[None]:
    """Leave these figures for a while; afterwards all of them are there, in their order."""
    every = dict(FIGURES)
    FIGURES.clear()
    FIGURES.update({name: every[name] for name in every if name in names})
    try:
        yield
    finally:
        FIGURES.clear()
        FIGURES.update(every)
