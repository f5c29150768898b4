"""How much loss a number of hidden units leaves at least, as a drawing."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learndyn._types import Float
from learndyn.report._panel import INK, MODES, logarithmic, panel, whole_numbers


def size_panel(bounds: Float[np.ndarray, " sizes"], hidden: int, trained: float) -> Figure:
    """Draw the lower bound of the loss by the number of hidden units, and the trained network.

    Args:
        bounds: loss that no network of n units gets below, no units first.
        hidden: units of the trained network.
        trained: its loss at the end.

    Returns:
        A figure of one panel.

    Example:
        >>> import numpy as np
        >>> from learndyn.report import size_panel
        >>> len(size_panel(np.array([1.0, 0.1, 0.0]), 2, 0.01).axes[0].lines)
        2
    """

    def draw(axes: Axes) -> None:
        # What lies below a billionth of the first bound is a rounding error.
        least = max(bounds[0], trained) * 1e-9
        logarithmic(axes)
        sizes = np.arange(len(bounds))
        lower = np.maximum(bounds, least)
        axes.plot(sizes, lower, "s-", color=MODES[0], ms=4, lw=1.3, label="no network below")
        mark = {"color": INK, "ms": 9, "mew": 2, "ls": "none"}
        axes.plot(hidden, max(trained, least), "x", **mark, label="the trained network")
        axes.set(xlabel="hidden units", ylabel="loss")
        whole_numbers(axes)
        axes.legend(frameon=False)

    return panel(draw)
