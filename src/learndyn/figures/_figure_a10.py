"""Figure A10: rotations by different angles."""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, configuration_of, dataset, quantity
from learndyn.figures._figure_a10_claims import MEASURES, ratios
from learndyn.figures._figure_a10_claims import claims as claims
from learndyn.figures._pairs import Pairs, descend_groups
from learndyn.figures._rotations import draw_panels, panels, record_times
from learndyn.figures._training import falls_below, stays_within
from learndyn.report import THEORY, bare, colours
from learndyn.tasks import task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "learning of rotations by different angles"
CONFIGURATION = Configuration(
    # Angles in units of π; the caption starts at b = 0.1, the text at 0.2 and −0.2.
    paper={
        "radius": 1.0,
        "delta": 1.0,
        "angle": [1 / 8, -1 / 8, 1 / 4, -3 / 4],
        "b_start": [0.1, 0.2, -0.2],
        "compared": [1 / 4, 3 / 4],
    },
    chosen={
        "length": 5,
        "start": [0.1, 0.1, 0.1],
        "rate": 0.001,
        # Networks are trained to the horizon; curves are drawn up to the end.
        "horizon": 14.0,
        "points": 1401,
        "drawn_until": 5.0,
        "angles": [1 / 8, 7 / 8, 7],
        "scales": [0.3, 0.1, 0.03, 0.01, 0.003, 0.001],
        "b_of_small": 0.2,
    },
)


def data(configuration: Configuration) -> "xarray.Dataset":
    """Complex modes while learning; times and sizes by angle and start.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `panel`, `step`, `time`, `part`; `between`; `b_start`, `phi`, `measure`;
        `which`, `scale`, `compared`.
    """
    times, shown = record_times(configuration), np.asarray(configuration["angle"])
    phi, b = np.linspace(*configuration["angles"]), np.asarray(configuration["b_start"])
    a, _, c = configuration["start"]
    small, fixed = np.asarray(configuration["scales"])[:, None], configuration["b_of_small"]
    compared = _spectra(configuration, np.asarray(configuration["compared"]))
    groups = {
        "shown": (_spectra(configuration, shown), configuration["start"]),
        "by_start": (_over(b.size, _spectra(configuration, phi)), (a, b[:, None], c)),
        "small": (_over(small.size, compared), (small, small, small)),
        "fixed": (_over(small.size, compared), (small, fixed, small)),
    }
    trained = descend_groups(groups, configuration["rate"], times)
    solutions = _lam(configuration, shown), np.full(shown.shape, configuration["delta"])
    variables, coords = panels(configuration, groups["shown"][0], trained["shown"], solutions)
    variables |= _turns(trained["shown"], configuration["length"])
    variables |= _by_start(configuration, trained["by_start"], phi, times)
    slow = [
        _times(trained[name], _lam(configuration, np.asarray(configuration["compared"])), times)
        for name in ("small", "fixed")
    ]
    over = ("which", "scale", "compared", "measure")
    variables["time_by_scale"] = quantity(over, slow, "time to learn", LEARNING_TIME)
    coords |= {
        "panel": ("panel", [f"φ = {_of_pi(x)}" for x in shown]),
        "angle": quantity("panel", shown, "angle over π"),
        "b_start": quantity("b_start", configuration["b_start"], "b at the start"),
        "phi": quantity("phi", phi, "angle over π"),
        "measure": ("measure", list(MEASURES)),
        "which": ("which", ["all small", "a and c small"]),
        "scale": quantity("scale", configuration["scales"], "size of the start"),
        "compared": quantity("compared", configuration["compared"], "angle over π"),
    }
    return dataset("A10", configuration, variables, coords)


def _lam(configuration: Configuration, angles: np.ndarray) -> np.ndarray:
    return configuration["radius"] * np.exp(1j * np.pi * angles)


def _spectra(configuration: Configuration, angles: np.ndarray) -> np.ndarray:
    delta, length = configuration["delta"], configuration["length"]
    scale, lam = np.full(angles.shape, delta), _lam(configuration, angles)
    return np.asarray(task_dynamics("inverse_exponential", scale, lam, length))


def _over(count: int, spectra: np.ndarray) -> np.ndarray:
    """The same spectra from so many starts."""
    return np.broadcast_to(spectra, (count, *spectra.shape))


def _turns(trained: Pairs, length: int) -> dict:
    """By how much the output turns from one time t to the next, and the hidden state by step."""
    output, hidden = trained.response(length)
    # By t: a pulse at t is read T − t steps later.
    by_t = output[:, ::-1]
    return {
        f"turn_of_{name}": quantity(
            ("panel", "between"), np.angle(x[:, 1:] / x[:, :-1]), long_name, "radian"
        )
        for name, x, long_name in (
            ("task", by_t, "turn of the learned d_t from t to t + 1"),
            ("state", hidden, "turn of the hidden state in a step"),
        )
    }


def _times(trained: Pairs, lam: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Times to learn, `(*cells, measure)`."""
    distance = np.abs(trained.b - lam[..., None])
    return np.stack(
        [
            stays_within(distance, 0.01 * np.abs(lam), times),
            falls_below(distance, 0.5 * distance[..., 0], times),
            falls_below(trained.loss, 0.01 * trained.loss[..., 0], times),
        ],
        -1,
    )


def _by_start(configuration: Configuration, trained: Pairs, phi, times) -> dict:
    """What depends on angle and start."""
    over, sideways = ("b_start", "phi"), trained.u.imag
    at = np.abs(sideways).argmax(-1)[..., None]
    lam = _lam(configuration, phi)
    b = np.asarray(configuration["b_start"])[:, None]
    return {
        "peak": quantity(over, np.take_along_axis(sideways, at, -1)[..., 0], "largest Im(ac)"),
        "distance": quantity(over, np.abs(lam - b), "distance of λ from b at the start"),
        "time_to_learn": quantity(
            (*over, "measure"), _times(trained, lam, times), "time to learn", LEARNING_TIME
        ),
    }


def _of_pi(share: float) -> str:
    part = Fraction(share).limit_denominator(100)
    sign, top = "−" if part < 0 else "", abs(part.numerator)
    return f"{sign}{'' if top == 1 else top}π/{part.denominator}"


def draw(data: "xarray.Dataset") -> Figure:
    """Tasks and modes; size of the detour, times by distance and by the size of the start.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(16, 9), layout="constrained")
    rows = figure.subplots(3, 5)
    draw_panels(rows, data, configuration_of(data)["drawn_until"])
    detour, distance, small = (row[4] for row in rows)
    # Of opposite starts points fall together: smaller ones lie in larger ones.
    for b, size, colour in zip(data["b_start"].to_numpy(), (8, 8, 4), colours(), strict=False):
        here, label = data.sel(b_start=b), f"b(0) = {b:g}"
        detour.plot(here["phi"], here["peak"], "o-", ms=4, lw=1, color=colour, label=label)
        slow = here["time_to_learn"].isel(measure=0)
        distance.plot(here["distance"], slow, "o", ms=size, color=colour, label=label)
    detour.axhline(0, color="0.7", lw=1, zorder=0)
    detour.set(xlabel="φ / π", ylabel="largest Im(ac)", ylim=(-0.2, 0.35))
    distance.set(xlabel="|λ − b(0)|", ylabel="time until b is within 1 %")
    scale = data["scale"].to_numpy()
    more = ratios(data)[..., 0] - 1
    for values, name, colour in zip(more, data["which"].to_numpy(), colours(), strict=False):
        small.plot(scale, values, "o-", ms=4, lw=1, color=colour, label=name)
    small.plot(scale, more[0, -1] * scale / scale[-1], **THEORY, label="slope 1")
    low, high = (f"{_of_pi(x)}" for x in data["compared"].to_numpy())
    small.set(xscale="log", yscale="log", xlabel="size of the start")
    small.set_ylabel(f"ratio of times, {high} to {low}, − 1")
    for axes in (detour, distance, small):
        axes.legend(frameon=False, fontsize="small")
    bare(figure)
    return figure
