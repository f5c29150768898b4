"""Small drawings for a page: one panel each, in colours that the page decides on."""

from collections.abc import Callable, Iterator

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from learndyn._types import Float
from learndyn.report._words import number

# Stand for the colours of the page, which differ by day and by night; see `inline_svg`.
INK, MODES = "#010203", ("#0072b2", "#c44e00", "#00795c", "#a23e85", "#7a6400", "#b0193a")
# So many modes are drawn at most; tables hold more.
DRAWN = len(MODES)
_MARKERS = ("o", "s", "^", "D", "v", "P")
# Wide enough for a phone held upright, in inches: letters there are as large as those of the page.
_SIZE = (3.7, 2.75)
# Between two ticks, as a share of the axis.
_ROOM = 0.17
_STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    ),
}


def panel(draw: Callable[[Axes], None]) -> Figure:
    """A figure of one panel, without a frame, whose text is text.

    Args:
        draw: draws into the axes that it is given.

    Returns:
        The figure.

    Example:
        >>> from learndyn.report import panel
        >>> len(panel(lambda axes: axes.plot([0, 1])).axes)
        1
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
    return figure


def styles(count: int) -> Iterator[tuple[int, str, str]]:
    """Number, colour and marker of each mode that is drawn.

    Args:
        count: modes that there are.

    Yields:
        The index of a mode, its colour and its marker.
    """
    yield from zip(range(count), MODES, _MARKERS, strict=False)


def learning_time(axes: Axes, times: Float[np.ndarray, " times"]) -> None:
    """Learning time along x, by its square root: early events have room, and zero is there.

    Args:
        axes: where.
        times: the times that are drawn.
    """
    last = float(times[-1])
    axes.set_xscale("function", functions=(_root, np.square))
    axes.set(xlabel="learning time, by its square root", xlim=(0, last))
    ticks = np.asarray(MaxNLocator(10, steps=[1, 2, 5, 10]).tick_values(0, last))[1:]
    # Of even ticks the roots crowd at the end: the first one, and then as many as have room.
    kept = [0.0]
    for tick in ticks[ticks <= last]:
        if np.sqrt(tick / last) - np.sqrt(kept[-1] / last) >= _ROOM:
            kept.append(float(tick))
    axes.xaxis.set_major_locator(FixedLocator(kept))
    axes.xaxis.set_major_formatter(FuncFormatter(_power))


def logarithmic(axes: Axes) -> None:
    """A logarithmic y axis, labelled in powers of ten.

    Args:
        axes: where.
    """
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_power))
    axes.yaxis.set_minor_formatter("")


def whole_numbers(axes: Axes) -> None:
    """Whole numbers along x.

    Args:
        axes: where.
    """
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _root(times):
    return np.sqrt(np.maximum(times, 0))


def _power(value: float, _position: int) -> str:
    return number(float(f"{value:.3g}"))
