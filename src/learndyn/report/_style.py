"""What all drawings share: colours, lines of theory over simulation, vector files."""

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from learndyn._io import write_whole

# Okabe and Ito's palette, told apart by colour-blind readers.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")

# Theory is dashed and thin, over simulation, which is coloured and wide.
THEORY = {"color": "black", "ls": "--", "lw": 1}
SIMULATION = {"lw": 2.5}


def colours() -> Iterator[str]:
    """The palette, over and over.

    Yields:
        Colours.
    """
    while True:
        yield from COLOURS


def bare(figure: Figure) -> None:
    """Take the frame off the top and the right of every panel.

    Args:
        figure: the figure.
    """
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)


def save_svg(figure: Figure, path: str | os.PathLike) -> Path:
    """Write a figure as vector graphics, whole or not at all, in equal bytes each time.

    Args:
        figure: the figure.
        path: file name.

    Returns:
        The file name.
    """
    # Without a salt of its own matplotlib draws the identifiers of a file by chance.
    with matplotlib.rc_context({"svg.hashsalt": "learndyn"}):
        return write_whole(
            path, lambda to: figure.savefig(to, format="svg", metadata={"Date": None})
        )
