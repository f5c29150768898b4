"""Drawing of figure R."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from learndyn._reach import VIOLATIONS
from learndyn.report import COLOURS, THEORY, bare

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_COLUMNS = 4


def draw(data: "xarray.Dataset") -> Figure:
    """Gap against size for each violation, and violations while learning.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    names = [str(name) for name in data["violation"].values]
    tasks = [str(task) for task in data["task"].values]
    rows = -(-len(names) // _COLUMNS) + 1
    figure = Figure(figsize=(3.4 * _COLUMNS, 2.7 * rows), layout="constrained")
    grid = figure.add_gridspec(rows, 2 * _COLUMNS)
    for i, name in enumerate(names):
        row, column = divmod(i, _COLUMNS)
        _gaps(figure.add_subplot(grid[row, 2 * column : 2 * column + 2]), data, name)
    wide = 2 * _COLUMNS // len(tasks)
    for i, task in enumerate(tasks):
        _while_learning(figure.add_subplot(grid[rows - 1, wide * i : wide * (i + 1)]), data, task)
    bare(figure)
    return figure


def _gaps(axes: "Axes", data: "xarray.Dataset", name: str) -> None:
    here = data.sel(violation=name)
    size, gap = here["size"].to_numpy(), here["gap"].where(np.isfinite(here["gap"]))
    axes.loglog(size, gap, color=COLOURS[0], lw=0.6, alpha=0.4)
    axes.loglog(size, gap.median("seed"), color=COLOURS[0], lw=2.5, marker="o", ms=4)
    slope = VIOLATIONS[name].exponent
    title = name.replace("_", " ")
    if slope is not None:
        middle = float(gap.median("seed")[0])
        line = middle * (size / size[0]) ** slope
        shown = line <= max(3.0, float(gap.median("seed").max()))
        axes.loglog(size[shown], line[shown], **THEORY)
        title += f", theory: exponent {slope:g}"
    for level in data["level"].to_numpy():
        axes.axhline(level, color="0.7", lw=0.7, ls=":")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(VIOLATIONS[name].grows, fontsize=8)
    axes.set_ylabel("gap of the loss", fontsize=8)


def _while_learning(axes: "Axes", data: "xarray.Dataset", task: str) -> None:
    here = data.sel(task=task)
    time = here["time"].to_numpy()
    axes.semilogy(time, here["loss"], color="0.75", lw=4, label="loss over its first")
    for i, name in enumerate(data["assumption"].values):
        values = here["along"].sel(assumption=name).to_numpy()
        shown = np.where(values > 1e-12, values, np.nan)
        axes.semilogy(time, shown, color=COLOURS[i], lw=2, label=str(name).replace("_", " "))
    axes.set(ylim=(1e-4, 10), xlabel="learning time", ylabel="violation")
    axes.set_title(f"While learning from a small Gaussian start: {task} task", fontsize=10)
    axes.legend(frameon=False, fontsize=7, ncols=3, loc="lower left")
