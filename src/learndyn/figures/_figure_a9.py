"""Figure A9: networks learn rotations, in the complex plane."""

from typing import TYPE_CHECKING

import jax
import numpy as np
from matplotlib.figure import Figure

from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, configuration_of, dataset, quantity
from learndyn.figures._figure_a9_claims import KINDS, MODES, closed_form, numbers, way
from learndyn.figures._figure_a9_claims import claims as claims
from learndyn.figures._pairs import Pairs, descend
from learndyn.figures._rotations import ANGLE, RADIUS, angle, draw_panels, panels, record_times
from learndyn.report import SIMULATION, THEORY, bare, colours
from learndyn.tasks import task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "learning of rotations"
CONFIGURATION = Configuration(
    # Constant, inverse-exponential, exponential; the angle is in units of π.
    paper={"radius": [0.7, 0.9, 1.05], "angle": 1 / 6},
    chosen={
        "length": 5,
        "delta": 1.0,
        "start": [0.1, 0.1, 0.1],
        "rate": 0.0005,
        # Networks are trained to the horizon; curves are drawn up to the end.
        "horizon": 14.0,
        "points": 1401,
        "drawn_until": 6.0,
        "scales": [0.3, 0.1, 0.01, 0.001],
        # Exponential dynamics that turn without growing.
        "turn_radius": 1.0,
        "test_lengths": [1, 18],
    },
)
_SHARES = (0.1, 0.5)


def data(configuration: Configuration) -> "xarray.Dataset":
    """Complex modes while learning, how long radius and angle take, loss at other lengths.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `panel`, `step`, `time`, `part`; `scale`, `mode`, `share`; `test_length`.
    """
    spectra, scales = _spectra(configuration, configuration["length"]), configuration["scales"]
    starts = np.array([configuration["start"], *([s, s, s] for s in scales)]).T
    cells = np.broadcast_to(spectra[:, None], (len(spectra), starts.shape[1], spectra.shape[1]))
    trained = descend(cells, starts, configuration["rate"], record_times(configuration))
    shown, others = (jax.tree.map(lambda x, i=i: x[:, i], trained) for i in (0, slice(1, None)))
    variables, coords = panels(configuration, spectra, shown, _solutions(configuration))
    over = ("panel", "scale", "mode", "share")
    for name, values in _times(others, coords["time"][1]).items():
        long_name = f"time to a share of the way of the {name}"
        variables[f"time_{name}"] = quantity(over, values, long_name, LEARNING_TIME)
    test_length = np.arange(*configuration["test_lengths"])
    variables["relative_loss"] = quantity(
        ("panel", "test_length"),
        _relative_loss(configuration, shown, test_length),
        "loss at another length over that of zero",
    )
    coords |= {
        "panel": ("panel", _titles(configuration)),
        "scale": quantity("scale", scales, "a = b = c at the start"),
        "mode": ("mode", list(MODES)),
        "share": quantity("share", _SHARES, "share of the way"),
        "test_length": quantity("test_length", test_length, "steps of the trajectory"),
    }
    return dataset("A9", configuration, variables, coords)


def _titles(configuration: Configuration) -> list[str]:
    radius = (*configuration["radius"], configuration["turn_radius"])
    kinds, letters = (*KINDS, KINDS[-1]), "δλλλ"
    return [f"{k}, |{x}| = {r:g}" for k, x, r in zip(kinds, letters, radius, strict=True)]


def _spectra(configuration: Configuration, length: int) -> np.ndarray:
    scale, inverse, exponential, turning = numbers(configuration)
    delta = configuration["delta"]
    return np.stack(
        [
            task_dynamics("constant", scale, None, length),
            task_dynamics("inverse_exponential", delta, inverse, length),
            task_dynamics("exponential", delta, exponential, length),
            task_dynamics("exponential", delta, turning, length),
        ]
    )


def _solutions(configuration: Configuration) -> tuple[np.ndarray, np.ndarray]:
    """Predicted b and ac."""
    scale, inverse, exponential, turning = numbers(configuration)
    delta, length = configuration["delta"], configuration["length"]
    b = np.array([1, inverse, 1 / exponential, 1 / turning])
    u = np.array([scale, delta, delta * exponential**length, delta * turning**length])
    return b, u


def _times(trained: Pairs, times: np.ndarray) -> dict[str, np.ndarray]:
    """Time of radius and angle by the size of the start, `(panel, scale, mode, share)`."""
    modes = np.stack([trained.b, trained.u], 2)
    return {
        name: np.stack([way(values, share, times) for share in _SHARES], -1)
        for name, values in (("radius", np.abs(modes)), ("angle", angle(modes)))
    }


def _relative_loss(configuration: Configuration, trained: Pairs, lengths: np.ndarray) -> np.ndarray:
    """Loss at other lengths over that of the zero network, `(panel, test_length)`."""
    response, _ = trained.response(int(lengths.max()))
    longest, relative = _spectra(configuration, int(lengths.max())), []
    for length in lengths:
        # By lag λ^{T−t} does not depend on the length, and by t λ^t does not.
        target = np.concatenate([longest[:2, -length:], longest[2:, :length]])[:, ::-1]
        missed = np.abs(target - response[:, :length]) ** 2
        relative.append(missed.sum(1) / (np.abs(target) ** 2).sum(1))
    return np.stack(relative, 1)


def draw(data: "xarray.Dataset") -> Figure:
    """Tasks and modes; loss at other lengths; times of radius and angle by the start.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(14, 9), layout="constrained")
    rows = figure.subplots(3, 4)
    draw_panels(rows, data.isel(panel=slice(3)), configuration_of(data)["drawn_until"])
    _draw_lengths(rows[0][3], data)
    for axes, mode in zip((row[3] for row in rows[1:]), MODES, strict=True):
        here = data.sel(mode=mode, share=_SHARES[1]).transpose("panel", ...)
        for panel, kind, mark in zip(range(3), KINDS, "os^", strict=True):
            for name, colour in (("radius", RADIUS), ("angle", ANGLE)):
                values = here[f"time_{name}"].isel(panel=panel)
                axes.plot(here["scale"], values, f"{mark}-", color=colour, ms=4, lw=1)
            axes.plot([], [], mark, color="0.4", ms=4, label=kind)
        axes.set(xscale="log", ylabel=f"time to half of the way, {mode}")
        axes.legend(frameon=False, fontsize="small")
    rows[2][3].set_xlabel("a = b = c at the start")
    bare(figure)
    return figure


def _draw_lengths(axes, data: "xarray.Dataset") -> None:
    test_length = data["test_length"].to_numpy()
    for i, (panel, colour) in enumerate(zip(data["panel"].to_numpy(), colours(), strict=False)):
        style = {"color": colour, "label": panel, **SIMULATION}
        axes.plot(test_length, data["relative_loss"].isel(panel=i), **style)
        axes.plot(test_length, closed_form(data)[i], **THEORY)
    axes.axvline(configuration_of(data)["length"], color="0.7", lw=1, zorder=0)
    axes.set(xlabel="length at test", ylabel="loss over that of zero")
    axes.set_ylim(top=1.6 * float(data["relative_loss"].max()))
    axes.legend(frameon=False, fontsize="x-small", ncols=2, loc="upper left")
