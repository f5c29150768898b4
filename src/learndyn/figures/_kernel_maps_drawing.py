"""How maps of the kernel distance are drawn."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from learndyn.figures._kernel_maps_points import representative

if TYPE_CHECKING:
    import xarray

# One scale of colours in all figures.
_DISTANCE = {"norm": Normalize(0, 1), "cmap": "viridis"}
_LEAST = 1e-6
_CHANGE = {"norm": LogNorm(0.1, 100), "cmap": "cividis"}


def draw_maps(
    panels: Sequence[tuple[str, "xarray.Dataset"]], across: str, up: str, title: str = ""
) -> Figure:
    """A column for each panel: kernel distance above, relative change of the weights below.

    White: fewer than half of the networks learned the task.

    Args:
        panels: title and data of each, over the two axes alone.
        across: name of the horizontal axis.
        up: name of the vertical axis.
        title: above all panels.

    Returns:
        The drawing.
    """
    panels, count = [(name, representative(data)) for name, data in panels], len(panels)
    figure = Figure(figsize=(1.5 + 3.2 * count, 6.4), layout="constrained")
    rows = figure.subplots(
        2, count, squeeze=False, sharex=True, sharey=True, height_ratios=[1.6, 1]
    )
    looks = (("distance", _DISTANCE, "kernel distance"), ("weight_change", _CHANGE, "|ΔW| / |W|"))
    for row, (variable, look, label) in zip(rows, looks, strict=True):
        mesh = None
        for axes, (_, data) in zip(row, panels, strict=True):
            mesh = axes.pcolormesh(
                edges(data[across].to_numpy()),
                edges(data[up].to_numpy()),
                # Logarithmic colours have no place for no change at all.
                np.maximum(data[variable].transpose(up, across).to_numpy(), _LEAST),
                **look,
            )
            _scales(axes, data, across, up)
        assert mesh is not None  # there is at least one panel
        bar = figure.colorbar(mesh, ax=row, label=label, extend=_extend(variable, panels), pad=0.01)
        assert bar.solids is not None  # a map of colours has them
        bar.solids.set(rasterized=False, edgecolor="face")  # vector graphics
        row[0].set_ylabel(_label(panels, up))
    for axes, (name, _) in zip(rows[0], panels, strict=True):
        axes.set_title(name, fontsize="medium")
    for axes in rows[-1]:
        axes.set_xlabel(_label(panels, across))
    if title:
        figure.suptitle(title, fontsize="medium")
    return figure


def edges(values: np.ndarray) -> np.ndarray:
    """Where cells of a map end, half-way between its points.

    Args:
        values: points along an axis, rising.

    Returns:
        One more than there are points; half-way by ratio where the axis is logarithmic.
    """
    if len(values) == 1:
        return values[0] + np.array([-0.5, 0.5])
    inside = np.log(values) if _logarithmic(values) else values.astype(float)
    middle = 0.5 * (inside[1:] + inside[:-1])
    found = np.concatenate([[2 * inside[0] - middle[0]], middle, [2 * inside[-1] - middle[-1]]])
    return np.exp(found) if _logarithmic(values) else found


def _label(panels, axis: str) -> str:
    return textwrap.fill(panels[0][1][axis].attrs["long_name"], 24)


def _logarithmic(values: np.ndarray) -> bool:
    steps = np.diff(values)
    return bool(len(values) > 2 and values[0] > 0 and steps[-1] > 2 * steps[0])


def _scales(axes: Axes, data: "xarray.Dataset", across: str, up: str) -> None:
    for name, axis, scale in (
        (across, axes.xaxis, axes.set_xscale),
        (up, axes.yaxis, axes.set_yscale),
    ):
        values = data[name].to_numpy()
        if name == "length":
            axis.set_ticks(values)
        elif _logarithmic(values):
            scale("log")


def _extend(variable: str, panels) -> str:
    """Whether values lie beyond the colours, for the colour bar to say so."""
    norm = _CHANGE["norm"] if variable == "weight_change" else _DISTANCE["norm"]
    values = np.concatenate([data[variable].to_numpy().ravel() for _, data in panels])
    below, above = (values < norm.vmin).any(), (values > norm.vmax).any()
    return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]
