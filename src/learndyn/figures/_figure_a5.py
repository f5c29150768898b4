"""Figure A5: figure 5 for unaligned networks of several widths (Appendix J)."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from learndyn.figures import _figure_5
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._kernel_maps import maps
from learndyn.figures._kernel_maps_drawing import draw_maps
from learndyn.figures._kernel_maps_points import ends, recurrent, representative

if TYPE_CHECKING:
    import xarray

TITLE = "kernel distance over trial length and scale, by number of hidden units"
_OWN = ("hidden", "start", "length", "scale", "spacing", "seeds", "tolerance")
CONFIGURATION = Configuration(
    paper={"angle": 0.0},
    chosen={
        "hidden": [4, 16, 64, 300],
        "length": [1, 2, 4, 6],
        "scale": [0.05, 1.0, 6],
        "spacing": "log",
        "seeds": 3,
        # Spare hidden units make the gradient fall ever more slowly, as a power of time, where the
        # distance has settled long before: to 1e-4 at this tolerance.
        "tolerance": 3e-4,
        **{k: v for k, v in _figure_5.CONFIGURATION.chosen.items() if k not in _OWN},
    },
)
QUICK = {"hidden": [4, 16], "length": [1, 2, 4], "scale": [0.05, 0.8, 3], "max_steps": 4000}


def data(configuration: Configuration) -> "xarray.Dataset":
    """Kernel distance and change of the weights, and how networks ended.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `hidden`, `length` and `scale`.
    """
    return maps("A5", configuration, "hidden", ("length", "scale"), start="unaligned")


def draw(data: "xarray.Dataset") -> Figure:
    """A map for each width, changes of the weights below.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    widths = data["hidden"].to_numpy()
    panels = [(f"{hidden} hidden units", data.sel(hidden=hidden)) for hidden in widths]
    return draw_maps(panels, "scale", "length")


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A5a, b.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    distance = recurrent(representative(data))["distance"].to_numpy()
    # Only points where networks of every width learned.
    distance = np.where(np.isfinite(distance).all(0), distance, np.nan)
    last = np.flatnonzero(np.isfinite(distance).all((0, 1))).max()
    means = np.nanmean(distance, axis=(1, 2))
    # What is left of the distance at the smallest scale, at the largest, by width and T.
    left = distance[:, :, last] / distance[:, :, 0]
    widths = data["hidden"].to_numpy()

    def listed(values) -> str:
        return ", ".join(f"{w}: {v:.3g}" for w, v in zip(widths, values, strict=True))

    return [
        Claim(
            "A5a",
            "Kernels of wider networks move less.",
            "largest ratio of mean distances, T > 1, from one width to the next; by width "
            f"{listed(means)}; networks: {ends(data)}",
            (means[1:] / means[:-1]).max(),
            "<",
            1,
        ),
        Claim(
            "A5b",
            "In wide networks movement occurs primarily at smaller scales.",
            "largest ratio over T > 1, widest to narrowest, of the share of its distance at the "
            f"smallest scale that is left at scale {data['scale'][last].item():.2g}; means over T "
            f"by width {listed(left.mean(1))}",
            (left[-1] / left[0]).max(),
            "<",
            1,
        ),
    ]
