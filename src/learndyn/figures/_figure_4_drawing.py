"""The drawing of figure 4; a file of its own for its length."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from learndyn.figures._data import configuration_of
from learndyn.figures._readout import name_readout
from learndyn.report import COLOURS, THEORY, bare

if TYPE_CHECKING:
    import xarray

_LABELS = ("constant, δ", "inverse-exponential, λ (δ = 1)", "exponential, λ (δ = 1)", "Dirac, β")


def draw(data: "xarray.Dataset") -> Figure:
    """Learned modes over exact optima; flows by start; unaligned networks.

    Args:
        data: data of figure 4.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(16, 6.8), layout="constrained")
    rows = figure.subplots(2, 5)
    for k, kind in enumerate(data["kind"].to_numpy()):
        here, x = data.sel(kind=kind), data["x"].sel(kind=kind).to_numpy()
        two = here["minima"].isel(kappa=0, length=-1).to_numpy() > 1
        for axes, name in zip(rows[:, k], ("b", "u"), strict=True):
            for i in range(data.sizes["length"]):
                for j in range(data.sizes["kappa"]):
                    _draw_one(axes, here.isel(length=i, kappa=j), name, x, COLOURS[j], i)
            if two.any():
                axes.axvspan(x[two][0], x[two][-1], color="0.92", zorder=0)
            axes.set(xlabel=_LABELS[k])
        _zero_loss(rows[:, k], kind, x, int(data["length"][-1]))
        rows[0, k].set_ylim(-0.05, 4 if kind == "dirac_delta" else 1.6)
        rows[1, k].set_ylim(0, 3.2)
    rows[0, 0].set_ylabel("recurrent mode b")
    rows[1, 0].set_ylabel("input–output mode ac")
    handles = _legend(data)
    figure.legend(handles=handles, frameon=False, loc="outside lower center", ncols=len(handles))
    _draw_flows(rows[0, 4], data)
    _draw_unaligned(rows[1, 4], data)
    name_readout(figure, configuration_of(data)["outputs"])
    bare(figure)
    return figure


def _draw_one(axes, here: "xarray.Dataset", name: str, x: np.ndarray, colour: str, i: int) -> None:
    done = here["end"].to_numpy() == 0
    learned = here[f"{name}_trained"].to_numpy()
    style = {"ls": "", "marker": "o", "ms": 2 + 1.5 * i, "color": colour}
    axes.plot(x[done], learned[done], alpha=0.45 + 0.25 * i, **style)
    axes.plot(x[~done], learned[~done], fillstyle="none", mew=0.6, **style)
    finite = np.isfinite(here["b"].to_numpy())
    axes.plot(x, np.where(finite, here[name], np.nan), **{**THEORY, "lw": 0.7})


def _zero_loss(column, kind: str, x: np.ndarray, length: int) -> None:
    lines = {
        "constant": (np.ones_like(x), x),
        "inverse_exponential": (x, np.ones_like(x)),
        "exponential": (1 / x, x**length),
    }
    for axes, line in zip(column, lines.get(kind, ()), strict=False):
        axes.plot(x, line, ":", color="#D55E00", lw=1.2)


def _legend(data: "xarray.Dataset") -> list[Line2D]:
    handles = []
    for i, length in enumerate(data["length"].to_numpy()):
        style = {"ls": "", "marker": "o", "color": "0.4", "ms": 2 + 1.5 * i}
        handles.append(Line2D([], [], label=f"trained, T = {length}", **style))
    for j, kappa in enumerate(data["kappa"].to_numpy()):
        handles.append(Line2D([], [], label=f"κ = {kappa:g}", color=COLOURS[j], lw=3))
    hollow = {"ls": "", "marker": "o", "color": "0.4", "fillstyle": "none", "ms": 4}
    handles.append(Line2D([], [], label="not settled", **hollow))
    handles.append(Line2D([], [], label="exact optimum", **THEORY))
    handles.append(Line2D([], [], label="zero-loss line", color="#D55E00", ls=":"))
    return handles


def _draw_flows(axes, data: "xarray.Dataset") -> None:
    here = data.isel(flow_kappa=0)
    for i, b in enumerate(data["b_start"].to_numpy()):
        axes.plot(data["ratio"], here["flow_b"][i], lw=2.5, color=COLOURS[i], label=f"b(0) = {b:g}")
        axes.plot(data["ratio"], here["flow_predicted"][i], **THEORY)
    axes.axvline(
        float(data["optimum_jump"]), color="0.7", lw=1, ls="-.", label="jump of the optimum"
    )
    axes.set(xlabel=f"β/κ, Dirac, T = {configuration_of(data)['flow_length']}")
    # Room above the curves, which fill the rest.
    top = 1.7 * float(here["flow_b"].max())
    axes.set(title="end of the flow, by start", ylabel="b", ylim=(-0.1, top))
    axes.legend(frameon=False, fontsize="x-small", loc="upper center", ncols=2)


def _draw_unaligned(axes, data: "xarray.Dataset") -> None:
    for i, units in enumerate(data["units"].to_numpy()):
        values = data["w_h"].sel(units=units).to_numpy()[:, :units]
        rank = np.arange(1, units + 1) + 0.15 * (i - 0.5)
        axes.plot(rank, values.T, "o", ms=4, color=COLOURS[i], alpha=0.4)
        label = f"{units} units, {len(values)} seeds"
        axes.plot([], [], "o", ms=4, color=COLOURS[i], label=label)
    best = np.sort(data["b_predicted"].to_numpy())[::-1]
    axes.plot(np.arange(1, best.size + 1), best, "k_", ms=18, label="b of each mode, theory")
    axes.set(xlabel="recurrent singular value, by size", title="unaligned, constant dynamics")
    axes.set_xticks(data["rank"].to_numpy())
    axes.legend(frameon=False, fontsize="x-small", loc="center right")
