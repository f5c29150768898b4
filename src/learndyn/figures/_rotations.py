"""What the figures of rotations share: curves in the complex plane, and how they are drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes

from learndyn import theory
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, quantity
from learndyn.figures._pairs import Pairs
from learndyn.report import SIMULATION, THEORY

if TYPE_CHECKING:
    import xarray

RADIUS, ANGLE = "#E69F00", "#0072B2"
# A network has converged when its gradient, over the first loss, is at most this.
STILL = 1e-5


def parts(values) -> np.ndarray:
    """Complex numbers as two real ones, along a last axis, since files hold no others.

    Args:
        values: complex numbers.

    Returns:
        Real and imaginary parts, `(..., 2)`.
    """
    values = np.asarray(values)
    return np.stack([values.real, values.imag], -1)


def joined(values: "xarray.DataArray") -> np.ndarray:
    """Complex numbers from their parts.

    Args:
        values: a variable whose last dimension is `part`.

    Returns:
        Complex numbers, without that dimension.
    """
    return values.to_numpy() @ np.array([1, 1j])


def angle(values: np.ndarray) -> np.ndarray:
    """Angles along a path, without jumps by a whole turn.

    Args:
        values: complex numbers, time last.

    Returns:
        The angles.
    """
    return np.unwrap(np.angle(values))


def record_times(configuration: Configuration) -> np.ndarray:
    """When to record: `points` times up to about the horizon, in multiples of the rate.

    Args:
        configuration: `horizon`, `points` and `rate`.

    Returns:
        The times.
    """
    rate, points = configuration["rate"], configuration["points"]
    every = max(1, round(configuration["horizon"] / rate / (points - 1)))
    return rate * every * np.arange(points)


def panels(configuration: Configuration, spectra, trained: Pairs, solutions: Sequence):
    """Curves of a row of panels: trained networks, and the flow of their modes.

    Args:
        configuration: `start` and what `record_times` takes.
        spectra: eigenvalues, `(panels, T)`.
        trained: the networks, `(panels,)`.
        solutions: predicted (b, ac), each `(panels,)`.

    Returns:
        Variables over `panel`, `step`, `time` and `part`, and their coordinates.
    """
    times = record_times(configuration)
    flow = theory.mode_flow(tuple(configuration["start"]), jnp.asarray(spectra), times)
    predicted = jax.tree.map(lambda m: np.asarray(m).T, flow)
    over = ("panel", "time", "part")
    variables = {
        "d": quantity(("panel", "step", "part"), parts(spectra), "eigenvalue of the correlations"),
        "b_trained": quantity(over, parts(trained.b), "b, trained"),
        "u_trained": quantity(over, parts(trained.u), "ac, trained"),
        "b_predicted": quantity(over, parts(predicted.b), "b, flow of complex modes"),
        "u_predicted": quantity(over, parts(predicted.a * predicted.c), "ac, flow of modes"),
        "b_solution": quantity(("panel", "part"), parts(solutions[0]), "predicted b"),
        "u_solution": quantity(("panel", "part"), parts(solutions[1]), "predicted ac"),
        "slope": quantity("panel", trained.slope, "last gradient over the first loss"),
    }
    coords = {
        "step": quantity("step", np.arange(1, np.shape(spectra)[1] + 1), "step of the trajectory"),
        "time": quantity("time", times, "learning time", LEARNING_TIME),
        "part": ("part", ["real", "imaginary"]),
    }
    return variables, coords


def distances(data: "xarray.Dataset") -> np.ndarray:
    """How far networks ended from their solutions.

    Args:
        data: with the variables of `panels`.

    Returns:
        The larger relative distance of b and ac, `(panels,)`; infinite for a network whose last
        gradient is not small.
    """
    ends = ((joined(data[f"{m}_trained"])[:, -1], joined(data[f"{m}_solution"])) for m in "bu")
    gap = np.maximum(*(np.abs(x / s - 1) for x, s in ends))
    return np.where(data["slope"].to_numpy() <= STILL, gap, np.inf)


def flow_claim(data: "xarray.Dataset", name: str) -> Claim:
    """That the networks follow the flow of complex modes.

    Args:
        data: with the variables of `panels`.
        name: name of the figure.

    Returns:
        The claim.
    """
    gaps = []
    for mode in "bu":
        trained, predicted = (joined(data[f"{mode}_{kind}"]) for kind in ("trained", "predicted"))
        gaps.append(np.abs(trained - predicted).max(1) / np.abs(trained).max(1))
    return Claim(
        f"{name}-flow",
        "The framework extends to complex modes: eqs 182–184 predict how networks learn.",
        "largest distance of b and ac from training, over the largest size of the curve",
        np.max(gaps),
        "<=",
        0.01,
    )


def draw_panels(rows: np.ndarray, data: "xarray.Dataset", until: float) -> None:
    """Tasks in the complex plane; b and ac in polar coordinates, theory over simulation.

    Args:
        rows: axes, three rows, a column for each panel and maybe more.
        data: with the variables of `panels`, and a coordinate `panel` of titles.
        until: learning time at which curves are cut.
    """
    tasks, *modes = rows
    for i, title in enumerate(data["panel"].to_numpy()):
        here = data.isel(panel=i).sel(time=slice(0, until))
        _draw_task(tasks[i], joined(here["d"]))
        tasks[i].set_title(str(title))
        for axes, mode in zip((row[i] for row in modes), "bu", strict=True):
            _draw_polar(axes, here, mode)
    tasks[0].set_ylabel("imaginary part of d_t")
    for row, name in zip(modes, ("recurrent mode b", "input–output mode ac"), strict=True):
        row[0].set_ylabel(name)
    for axes in modes[-1][: data.sizes["panel"]]:
        axes.set_xlabel("learning time")
    handles, labels = modes[0][0].get_legend_handles_labels()
    tasks[0].figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)


def _draw_task(axes: Axes, d: np.ndarray) -> None:
    turn = np.exp(2j * np.pi * np.linspace(0, 1, 101))
    axes.plot(turn.real, turn.imag, color="0.7", lw=1, ls=":")
    axes.plot(d.real, d.imag, "o-", color="#009E73", lw=1, ms=4)
    # A constant task stays where it is.
    ends = {0: "t = 1", -1: "t = T"} if abs(d[-1] - d[0]) > 0 else {-1: "all t"}
    for at, label in ends.items():
        # Away from the origin, where nothing else is.
        shift = 16 * d[at] / abs(d[at])
        offset = {"xytext": (shift.real, shift.imag), "textcoords": "offset points"}
        axes.annotate(label, (d[at].real, d[at].imag), **offset, ha="center", va="center")
    axes.set(xlabel="real part of d_t", xlim=(-1.8, 1.8), ylim=(-1.6, 1.6), aspect="equal")


def _draw_polar(axes: Axes, here: "xarray.Dataset", mode: str) -> None:
    for kind, style in (("trained", SIMULATION), ("predicted", THEORY)):
        values = joined(here[f"{mode}_{kind}"])
        for curve, colour, label in (
            (np.abs(values), RADIUS, "radius"),
            (angle(values), ANGLE, "angle in radians"),
        ):
            own = {"color": colour, "label": label} if kind == "trained" else {}
            axes.plot(here["time"], curve, **{**own, **style})
    axes.plot([], [], **THEORY, label="theory")
