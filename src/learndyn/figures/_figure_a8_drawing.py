"""How figure A8 is drawn."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from learndyn.figures._figure_6_drawing import draw_singular_values
from learndyn.figures._figure_a8_claims import NAMES, SAME_RATE, TARGETS
from learndyn.report import COLOURS, THEORY, bare

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

_SEED = 0


def draw(data: "xarray.Dataset") -> Figure:
    """Singular values while learning over the optimum of each direction; hidden gradients.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(14, 9), layout="constrained")
    rows = figure.subplots(3, len(TARGETS))
    for target, column in zip(TARGETS, rows.T, strict=True):
        here = data.sel(target=target)
        column[0].set_title(target)
        for axes, name in zip(column, NAMES, strict=False):
            one = here.sel(matrix=name)
            trained = one["matrix_trained"].isel(rate=0)
            draw_singular_values(
                axes, trained, one["time_trained"].isel(rate=0), one["matrix_flow"]
            )
            for solution in one["optimum"].to_numpy():
                axes.axhline(solution, **THEORY)
            axes.set(ylim=(0, None), xlabel="")
        _draw_hidden(column[2], here)
    for axes, name in zip(rows[:, 0], (*NAMES, "|dH_T/dt|, root mean square"), strict=True):
        axes.set_ylabel(f"singular values of {name}" if name in NAMES else name)
    rows[2][0].legend(frameon=False, fontsize="small", loc="upper right")
    figure.suptitle(
        "above: gradient descent at half the largest stable rate to the grey line, then the exact "
        f"flow of the same network; bands: all {data.sizes['seed']} networks; dashed: optimum of "
        "each direction",
        fontsize="medium",
    )
    bare(figure)
    return figure


def _draw_hidden(axes: "Axes", data: "xarray.Dataset") -> None:
    """How fast the hidden state moves, at a stable rate, at one rate for all, and in the flow."""
    looks = {
        0: ("half of the largest stable rate", COLOURS[0], 3.5),
        data["rate"].to_numpy().tolist().index(SAME_RATE): (
            f"rate {data['learning_rate'].sel(rate=SAME_RATE).item():g}, the same for all",
            COLOURS[5],
            1.5,
        ),
    }
    for rate, (label, colour, width) in looks.items():
        here = data.isel(rate=rate, seed=_SEED)
        axes.plot(here["time_trained"], here["hidden"], color=colour, lw=width, label=label)
    times = data["time"].to_numpy()
    axes.plot(times, data["hidden_flow"][_SEED], **THEORY, label="exact flow")
    axes.set(xscale="log", yscale="log", ylim=(1e-5, 1e4), xlabel="learning time")
    axes.set_xlim(times[0], times[-1])
