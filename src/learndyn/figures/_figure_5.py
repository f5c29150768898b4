"""Figure 5: kernel distance over trial length and scale, aligned and unaligned (Section 3.5)."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._kernel_maps import maps
from learndyn.figures._kernel_maps_claims import map_claims
from learndyn.figures._kernel_maps_drawing import draw_maps

if TYPE_CHECKING:
    import xarray

TITLE = "kernel distance from start to end over trial length and scale, aligned and unaligned"
CONFIGURATION = Configuration(
    paper={"hidden": 4, "angle": 0.0},
    chosen={
        "start": ["aligned", "unaligned"],
        "length": [1, 2, 3, 4, 5, 6, 7, 8],
        "scale": [0.025, 0.5, 20],
        "spacing": "linear",
        "seeds": 10,
        "outputs": "final",
        "step": 0.25,
        "tolerance": 1e-6,
        "max_steps": 10_000,
    },
)
QUICK = {"length": [1, 2, 3, 5], "scale": [0.1, 0.5, 4], "seeds": 4, "max_steps": 5000}


def data(configuration: Configuration, name: str = "5") -> "xarray.Dataset":
    """Kernel distance and change of the weights, and how networks ended.

    Args:
        configuration: the numbers.
        name: name of the figure.

    Returns:
        Variables over `start`, `length` and `scale`.
    """
    return maps(name, configuration, "start", ("length", "scale"), hidden=configuration["hidden"])


def draw(data: "xarray.Dataset", title: str = "") -> Figure:
    """A map for aligned and one for unaligned networks, changes of the weights below.

    Args:
        data: the data.
        title: above the panels.

    Returns:
        The drawing.
    """
    panels = [(str(start), data.sel(start=start)) for start in data["start"].to_numpy()]
    return draw_maps(panels, "scale", "length", title)


def claims(data: "xarray.Dataset") -> list[Claim]:
    """5a–e.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return map_claims(data, data.attrs["figure"])
