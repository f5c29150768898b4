"""How figure 6 is drawn."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from learndyn.figures._data import configuration_of
from learndyn.figures._figure_6_claims import NAMES, TARGETS, closed_form, solutions
from learndyn.report import COLOURS, SIMULATION, THEORY, bare

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

# The drawn seed; the others are a band.
_SEED = 0


def draw(data: "xarray.Dataset") -> Figure:
    """Singular values while learning; loss at other lengths, and alignment.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(14, 6.5), layout="constrained")
    rows = figure.subplots(2, 4)
    for i, target in enumerate(TARGETS):
        here = data.sel(target=target)
        for axes, name in zip(rows[0][2 * i :], NAMES, strict=False):
            trained, flow = here[f"{name}_trained"], here[f"{name}_flow"]
            draw_singular_values(axes, trained, here["time_trained"], flow)
            axes.axhline(solutions(data)[target][name], **THEORY)
            axes.set(title=f"{target}: {NAMES[name]}", ylim=(0, None))
        _draw_lengths(rows[1][2 * i], here, closed_form(data)[target])
        _draw_alignment(rows[1][2 * i + 1], here)
    rows[0][0].set_ylabel("singular values")
    figure.suptitle(
        "colour: gradient descent to the grey line, then the exact flow of the same network; "
        f"bands: all {data.sizes['seed']} networks; dashed: theory",
        fontsize="medium",
    )
    bare(figure)
    return figure


def draw_singular_values(
    axes: "Axes",
    trained: "xarray.DataArray",
    time_trained: "xarray.DataArray",
    flow: "xarray.DataArray",
) -> None:
    """Singular values of one network along training and on along the flow, with those of all.

    Args:
        axes: where.
        trained: over seed, record and index.
        time_trained: times of the records.
        flow: over seed, time and index.
    """
    times, until = flow["time"].to_numpy(), time_trained.to_numpy()
    of_all = [each.transpose("index", "seed", ...).to_numpy() for each in (trained, flow)]
    beyond = times >= until[-1]
    for of_training, of_flow, colour in zip(*of_all, COLOURS, strict=False):
        band = {"color": colour, "alpha": 0.15, "lw": 0}
        axes.fill_between(times, of_flow.min(0), of_flow.max(0), **band)
        axes.plot(until, of_training[_SEED], color=colour, lw=SIMULATION["lw"])
        axes.plot(times[beyond], of_flow[_SEED, beyond], color=colour, lw=1.2)
    axes.axvline(until[-1], color="0.7", lw=1, zorder=0)
    axes.set(xscale="log", xlim=(times[0], times[-1]), xlabel="learning time")


def _draw_lengths(axes: "Axes", data: "xarray.Dataset", relative) -> None:
    test_length = data["test_length"]
    for horizon, colour in (("flow", COLOURS[0]), ("training", COLOURS[5])):
        loss = data["loss_elsewhere"].sel(horizon=horizon).transpose("seed", ...).to_numpy()
        axes.fill_between(test_length, loss.min(0), loss.max(0), color=colour, alpha=0.3, lw=0)
        look = {"color": colour, "lw": SIMULATION["lw"], "label": f"after {horizon}"}
        axes.plot(test_length, loss[_SEED], **look)
    axes.plot(test_length, relative * data["loss_of_zero"], **THEORY, label="predicted")
    axes.axvline(configuration_of(data)["length"], color="0.7", lw=1, zorder=0)
    axes.set(
        xlabel="length at test", ylabel="loss", title=f"{data['target'].item()}: other lengths"
    )
    # Loss of a network that has learned nothing, for comparison where there is none to see.
    axes.set_ylim(-0.1, 1.05 * max(2.0, float(data["loss_elsewhere"].max())))
    axes.legend(frameon=False, fontsize="small", loc="upper left")


def _draw_alignment(axes: "Axes", data: "xarray.Dataset") -> None:
    share = data["mode"] / data["mode"].isel(time=-1)
    for i, (name, colour) in enumerate(zip(data["direction"].to_numpy(), COLOURS, strict=False)):
        one = {"seed": _SEED, "direction": i}
        axes.plot(data["time"], data["cosine"].isel(one), color=colour, lw=1.5, label=name)
        axes.plot(data["time"], share.isel(one), color=colour, lw=1.2, ls=":")
    axes.plot([], [], ":", color="0.4", label="share of the mode learned")
    axes.set(xscale="log", xlabel="learning time", title=f"{data['target'].item()}: alignment")
    axes.set(ylim=(-1.05, 1.15), ylabel="cosine of W_x v and W_yᵀ v")
    axes.legend(frameon=False, fontsize="x-small", loc="lower right")
