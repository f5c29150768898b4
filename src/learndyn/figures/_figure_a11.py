"""Figure A11: rotations of different radii."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, LOSS, configuration_of, dataset, quantity
from learndyn.figures._pairs import Pairs, descend
from learndyn.figures._rotations import distances, draw_panels, flow_claim, panels, record_times
from learndyn.figures._training import falls_below
from learndyn.report import SIMULATION, bare, colours
from learndyn.tasks import task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "learning of rotations of different radii"
CONFIGURATION = Configuration(
    # The angle is in units of π.
    paper={"radius": [0.4, 0.9, 1.0, 1.05], "angle": 1 / 6, "delta": 1.0},
    chosen={
        "length": 5,
        "start": [0.1, 0.1, 0.1],
        "rate": 0.001,
        # Networks are trained to the horizon; curves are drawn up to the end.
        "horizon": 14.0,
        "points": 1401,
        "drawn_until": 5.0,
        "test_length": 200,
    },
)
# What is left when a network has learned, by each measure.
_LEFT = {"loss": (0.75, 0.5, 0.25, 0.1, 0.01), "b": (0.5, 0.1), "ac": (0.5, 0.1)}
_NAMES = tuple(f"{1 - left:.0%} of {name}" for name, of in _LEFT.items() for left in of)
# Those of convergence.
_LATE = ("99% of loss", "90% of b", "90% of ac")


def data(configuration: Configuration) -> "xarray.Dataset":
    """Complex modes and loss while learning, times to learn, and activity over long trajectories.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `panel`, `step`, `time`, `part`; `between`; `measure`; `test_step`.
    """
    radius, delta = np.asarray(configuration["radius"]), configuration["delta"]
    lam = radius * np.exp(1j * np.pi * configuration["angle"])
    scale, length = np.full(radius.shape, delta), configuration["length"]
    spectra = np.asarray(task_dynamics("inverse_exponential", scale, lam, length))
    times = record_times(configuration)
    trained = descend(spectra, configuration["start"], configuration["rate"], times)
    variables, coords = panels(configuration, spectra, trained, (lam, scale))
    learned, _ = trained.response(length)
    by_t = np.abs(learned[:, ::-1])
    _, state = trained.response(configuration["test_length"])
    variables |= {
        "loss": quantity(("panel", "time"), trained.loss, "loss of the pair of modes", LOSS),
        "growth": quantity(
            ("panel", "between"), by_t[:, 1:] / by_t[:, :-1], "|d_t+1| over |d_t|, learned"
        ),
        "spectral_radius": quantity(
            "panel",
            np.abs(np.linalg.eigvals(trained.final.w_h)).max(1),
            "largest size of an eigenvalue of the recurrent weights",
        ),
        "activity": quantity(
            ("panel", "test_step"), np.abs(state) / np.abs(state[:, :1]), "hidden state, over first"
        ),
        "time_to_learn": quantity(
            ("panel", "measure"), _times(trained, lam, scale, times), "time to learn", LEARNING_TIME
        ),
    }
    coords |= {
        "panel": ("panel", [f"R = {r:g}" for r in radius]),
        "radius": quantity("panel", radius, "radius of λ"),
        "measure": ("measure", list(_NAMES)),
        "test_step": quantity("test_step", np.arange(state.shape[1]), "steps after a pulse"),
    }
    return dataset("A11", configuration, variables, coords)


def _times(trained: Pairs, lam: np.ndarray, delta: np.ndarray, times: np.ndarray) -> np.ndarray:
    """When each measure is first at what is left of it, `(panel, measure)`."""
    measured = {
        "loss": trained.loss,
        "b": np.abs(trained.b - lam[:, None]),
        "ac": np.abs(trained.u - delta[:, None]),
    }
    return np.stack(
        [
            falls_below(measured[name], left * measured[name][:, 0], times)
            for name, of in _LEFT.items()
            for left in of
        ],
        -1,
    )


def draw(data: "xarray.Dataset") -> Figure:
    """Tasks and modes; loss, times by measure, and activity over long trajectories.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(16, 9), layout="constrained")
    rows = figure.subplots(3, 5)
    until = configuration_of(data)["drawn_until"]
    draw_panels(rows, data, until)
    losses, times, activity = (row[4] for row in rows)
    for i, (panel, colour) in enumerate(zip(data["panel"].to_numpy(), colours(), strict=False)):
        here = data.isel(panel=i)
        curve = (here["loss"] / here["loss"][0]).sel(time=slice(0, until))
        losses.plot(curve["time"], curve, color=colour, label=panel, **SIMULATION)
        times.plot(here["time_to_learn"], np.arange(len(_NAMES)), "o", ms=4, color=colour)
        activity.plot(here["test_step"], here["activity"], color=colour, label=panel)
    losses.set(xlabel="learning time", ylabel="loss over that at the start")
    times.set_yticks(range(len(_NAMES)), labels=_NAMES)
    times.set(xlabel="time to learn")
    times.invert_yaxis()
    activity.set(yscale="log", ylim=(1e-6, 1e6), xlabel="steps after a pulse")
    activity.set(ylabel="hidden state, over first")
    for axes in (losses, activity):
        axes.legend(frameon=False, fontsize="small")
    bare(figure)
    return figure


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A11a–c.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [*_of_tasks(data), flow_claim(data, "A11"), *_of_stability(data), *_of_speed(data)]


def _of_tasks(data: "xarray.Dataset") -> list[Claim]:
    radius, growth = data["radius"].to_numpy()[:, None], data["growth"].to_numpy()
    listed = ", ".join(
        f"R = {r:g}: {g:.3f}" for r, g in zip(radius[:, 0], growth.mean(1), strict=True)
    )
    # A cycle is one to what training leaves.
    seen = np.where(np.abs(growth - 1) < 1e-6, 0, np.sign(growth - 1))
    return [
        Claim(
            "A11a",
            "R < 1 is a spiral source (|d_t| grows over t), R = 1 a cycle, R > 1 a spiral sink.",
            "steps from t to t + 1, of what the networks learned, that do otherwise; "
            f"|d_t+1| over |d_t| {listed}",
            (seen != np.sign(1 - radius)).sum(),
            "<=",
            0,
        ),
        Claim(
            "A11-ends",
            "Networks converge to b = λ, ac = δ at every radius.",
            "largest relative distance of b and ac, in the complex plane, after convergence",
            distances(data).max(),
            "<=",
            0.01,
        ),
    ]


def _of_stability(data: "xarray.Dataset") -> list[Claim]:
    radius, size = data["radius"].to_numpy(), data["spectral_radius"].to_numpy()
    last = data["activity"].to_numpy()[:, -1]
    listed = ", ".join(f"R = {r:g}: {x:.3g}" for r, x in zip(radius, last, strict=True))
    return [
        Claim(
            "A11b",
            "R > 1 leads to unstable solutions, |b| > 1, and R ≤ 1 does not.",
            "radii whose trained weights have a spectral radius that says otherwise; hidden state "
            f"{data.sizes['test_step'] - 1} steps after a pulse, over the first, {listed}",
            ((size > 1 + 1e-6) != (radius > 1)).sum(),
            "<=",
            0,
            erratum=14,
            note="R = 1 is on the line. For spectra of decreasing size without a constant turn "
            "this need not be.",
        ),
    ]


def _of_speed(data: "xarray.Dataset") -> list[Claim]:
    times, order = data["time_to_learn"], np.argsort(data["radius"].to_numpy())
    steps = times[order[1:]].to_numpy() / times[order[:-1]].to_numpy()
    worst = dict(zip(_NAMES, steps.max(0), strict=True))
    ends = times[order[-1]].to_numpy() / times[order[0]].to_numpy()
    listed = ", ".join(f"{m} {r:.2f}" for m, r in zip(_NAMES, ends, strict=True))
    return [
        Claim(
            "A11c",
            "The larger the radius, the faster it is learned, in every measure.",
            "largest ratio of times from one radius to the next larger, over measures; from the "
            f"smallest to the largest radius, {listed}",
            max(worst.values()),
            "<",
            1.0,
            expected=False,
            erratum=30,
            note="As shares of the loss go, those of a small radius fall earlier at first, since "
            "most of that loss is the last step's: the smallest radius loses a quarter first.",
        ),
        Claim(
            "A11c*",
            "The larger the radius, the earlier the network converges.",
            f"largest ratio of times from one radius to the next larger, to {', '.join(_LATE)}",
            max(worst[name] for name in _LATE),
            "<",
            1.0,
        ),
    ]
