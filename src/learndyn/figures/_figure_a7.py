"""Figure A7: kernel distance over the scales of b and of ac, each by itself (Appendix J)."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from learndyn.figures import _figure_5
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._kernel_maps import maps
from learndyn.figures._kernel_maps_drawing import draw_maps
from learndyn.figures._kernel_maps_points import ends, representative

if TYPE_CHECKING:
    import xarray

TITLE = "kernel distance over the scales of input-output and recurrent modes"
_PAPER = {**_figure_5.CONFIGURATION.paper, "length": [2, 6]}
_CHOSEN = {k: v for k, v in _figure_5.CONFIGURATION.chosen.items() if k != "length"}
CONFIGURATION = Configuration(
    _PAPER, {**_CHOSEN, "scale": [0.1, 1.0, 10], "recurrent_scale": [0.1, 1.0, 10]}
)
QUICK = {
    "scale": [0.2, 1.0, 3],
    "recurrent_scale": [0.2, 0.5, 3],
    "seeds": 8,
    "max_steps": 4000,
}


def data(configuration: Configuration) -> "xarray.Dataset":
    """Kernel distance and change of the weights, and how networks ended.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `start`, `length`, `recurrent_scale` and `scale`.
    """
    axes = ("length", "recurrent_scale", "scale")
    found = maps("A7", configuration, "start", axes, hidden=configuration["hidden"])
    found["scale"].attrs["long_name"] = "scale of input and output weights at the start"
    return found


def draw(data: "xarray.Dataset") -> Figure:
    """A map for each start and length, changes of the weights below.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    panels = [
        (f"{start}, T = {length}", data.sel(start=start, length=length))
        for start in data["start"].to_numpy()
        for length in data["length"].to_numpy()
    ]
    return draw_maps(panels, "scale", "recurrent_scale")


def shares(distance: np.ndarray) -> np.ndarray:
    """How the variance of a map divides.

    Args:
        distance: the map, `(recurrent scales, scales)`. Of rows and columns that miss a point those
            are left out that miss most, one by one.

    Returns:
        Shares of the recurrent scale alone, of the other alone, and of both together.
    """
    distance = _complete(distance)
    total, middle = distance.var(), distance.mean()
    rows, columns = distance.mean(1), distance.mean(0)
    both = distance - rows[:, None] - columns + middle
    return np.array([rows.var(), columns.var(), (both**2).mean()]) / total


def _complete(distance: np.ndarray) -> np.ndarray:
    missing = np.isnan(distance)
    if not missing.any():
        return distance
    axis = 0 if missing.mean(1).max() >= missing.mean(0).max() else 1
    return _complete(np.delete(distance, missing.mean(1 - axis).argmax(), axis))


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A7a.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    shown = representative(data)
    found = {
        (str(start), int(length)): shares(
            shown["distance"].sel(start=start, length=length).to_numpy()
        )
        for start in data["start"].to_numpy()
        for length in data["length"].to_numpy()
    }
    words = "; ".join(
        f"{start}, T = {length}: {' / '.join(f'{x:.2f}' for x in share)}"
        for (start, length), share in found.items()
    )
    more = {panel: share[0] - share[1] for panel, share in found.items()}
    elsewhere = ("unaligned", min(length for _, length in found))
    return [
        Claim(
            "A7a",
            "The scale of the recurrent mode mostly determines the distance, more than that of the "
            "input-output modes.",
            "smallest difference of their shares of variance; shares of b, ac, and both together: "
            f"{words}; networks: {ends(data)}",
            min(more.values()),
            ">",
            0,
            expected=False,
            note="Not in unaligned networks at T = 2. Where their recurrent weights start large, "
            "most of them end at a minimum with one mode unlearned; among those that learn, the "
            "scale of the input and output weights matters more.",
        ),
        Claim(
            "A7a*",
            "It does in aligned networks, and in unaligned ones at long T.",
            "smallest difference of their shares of variance, without unaligned networks at "
            f"T = {elsewhere[1]}",
            min(difference for panel, difference in more.items() if panel != elsewhere),
            ">",
            0,
        ),
    ]
