"""What a network makes of an input so many steps ago, within the length of a trial and beyond."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learndyn._types import Inexact
from learndyn.report._panel import INK, panel, styles, whole_numbers


def response_panel(
    best: Inexact[np.ndarray, "T modes"], found: Inexact[np.ndarray, "lags modes"]
) -> Figure:
    """Draw the best response of each mode by lag, and that of a network also beyond the trials.

    Args:
        best: diagonal of the best filter by lag, `(T, modes)`.
        found: diagonal of the network's impulse response, `(lags, modes)`, longer than T.

    Returns:
        A figure of one panel.

    Example:
        >>> import numpy as np
        >>> from learndyn.report import response_panel
        >>> lags = np.arange(8)[:, None]
        >>> len(response_panel(0.5 ** lags[:4], 0.5 ** lags).axes[0].texts)
        1
    """
    length, lags = len(best), np.arange(len(found))

    def draw(axes: Axes) -> None:
        every = max(1, length // 20)
        for i, colour, marker in styles(best.shape[1]):
            look = {"color": colour, "marker": marker, "ms": 4.5, "ls": "none"}
            shown = slice(None, None, every)
            axes.plot(lags[:length][shown], best[shown, i].real, **look, label=f"mode {i + 1}")
            axes.plot(lags, found[:, i].real, color=INK, lw=1.2, ls="--")
        axes.axvline(length - 0.5, color=INK, lw=0.8, ls=":")
        where = {"transform": axes.get_xaxis_transform(), "va": "top", "fontsize": 8}
        axes.text(length - 0.4, 1.0, " longer trials", **where)
        axes.set(xlabel="steps since the input (lag)", ylabel="response")
        whole_numbers(axes)
        axes.legend(frameon=False, ncols=2 if best.shape[1] > 3 else 1)

    return panel(draw)
