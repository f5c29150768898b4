"""Figure A9: networks learn rotations, in the complex plane."""

from typing import TYPE_CHECKING

import jax
import numpy as np
from matplotlib.figure import Figure

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, configuration_of, dataset, quantity
from learndyn.figures._rotations import (
    ANGLE,
    RADIUS,
    Pairs,
    angle,
    descend,
    distances,
    draw_panels,
    flow_claim,
    joined,
    panels,
    record_times,
)
from learndyn.figures._training import falls_below
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
_KINDS = ("constant", "inverse-exponential", "exponential")
_MODES, _SHARES = ("b", "ac"), (0.1, 0.5)
# An angle that ends closer than this to where it began has no way to go.
_NO_WAY = 0.01


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
        "mode": ("mode", list(_MODES)),
        "share": quantity("share", _SHARES, "share of the way"),
        "test_length": quantity("test_length", test_length, "steps of the trajectory"),
    }
    return dataset("A9", configuration, variables, coords)


def _titles(configuration: Configuration) -> list[str]:
    radius = (*configuration["radius"], configuration["turn_radius"])
    kinds, letters = (*_KINDS, _KINDS[-1]), "δλλλ"
    return [f"{k}, |{x}| = {r:g}" for k, x, r in zip(kinds, letters, radius, strict=True)]


def _numbers(configuration: Configuration) -> tuple[complex, ...]:
    """δ of constant dynamics, and λ of the others."""
    turn = np.exp(1j * np.pi * configuration["angle"])
    return tuple(r * turn for r in (*configuration["radius"], configuration["turn_radius"]))


def _spectra(configuration: Configuration, length: int) -> np.ndarray:
    scale, inverse, exponential, turning = _numbers(configuration)
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
    scale, inverse, exponential, turning = _numbers(configuration)
    delta, length = configuration["delta"], configuration["length"]
    b = np.array([1, inverse, 1 / exponential, 1 / turning])
    u = np.array([scale, delta, delta * exponential**length, delta * turning**length])
    return b, u


def _way(curves: np.ndarray, share: float, times: np.ndarray) -> np.ndarray:
    """When curves have gone a share of the way to their end; NaN where there is no way."""
    way = (curves[..., -1] - curves[..., 0])[..., None]
    none = np.abs(way) < _NO_WAY
    gone = (curves - curves[..., :1]) / np.where(none, 1, way)
    return np.where(none[..., 0], np.nan, falls_below(-gone, -share, times))


def _times(trained: Pairs, times: np.ndarray) -> dict[str, np.ndarray]:
    """Time of radius and angle by the size of the start, `(panel, scale, mode, share)`."""
    modes = np.stack([trained.b, trained.u], 2)
    return {
        name: np.stack([_way(values, share, times) for share in _SHARES], -1)
        for name, values in (("radius", np.abs(modes)), ("angle", angle(modes)))
    }


def _relative_loss(configuration: Configuration, trained: Pairs, lengths: np.ndarray) -> np.ndarray:
    """Loss at other lengths over that of the zero network, `(panel, test_length)`."""
    response, _ = trained.response(int(lengths.max()))
    relative = []
    for length in lengths:
        target = _spectra(configuration, int(length))[:, ::-1]
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
    for axes, mode in zip((row[3] for row in rows[1:]), _MODES, strict=True):
        here = data.sel(mode=mode, share=_SHARES[1]).transpose("panel", ...)
        for panel, kind, mark in zip(range(3), _KINDS, "os^", strict=True):
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
        axes.plot(test_length, _closed_form(data)[i], **THEORY)
    axes.axvline(configuration_of(data)["length"], color="0.7", lw=1, zorder=0)
    axes.set(xlabel="length at test", ylabel="loss over that of zero")
    axes.set_ylim(top=1.6 * float(data["relative_loss"].max()))
    axes.legend(frameon=False, fontsize="x-small", ncols=2, loc="upper left")


def _closed_form(data: "xarray.Dataset") -> np.ndarray:
    """Relative loss at other lengths, `|1 − λ^{T−T′}|²` for exponential dynamics, else 0."""
    configuration = configuration_of(data)
    shift = configuration["length"] - data["test_length"].to_numpy().astype(float)
    exponential = np.array(_numbers(configuration)[2:])[:, None]
    return np.concatenate([np.zeros((2, shift.size)), np.abs(1 - exponential**shift) ** 2])


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A9a–e.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [*_of_ends(data), flow_claim(data, "A9"), *_of_order(data), *_of_lengths(data)]


def _of_ends(data: "xarray.Dataset") -> list[Claim]:
    gap = distances(data)
    predicted = ("b = 1, ac = δ", "b = λ, ac = δ", "b = 1/λ, ac = δλ^T")
    return [
        Claim(
            f"A9{letter}",
            f"Networks trained on {kind} rotations converge to {solution}.",
            "larger relative distance of b and ac, in the complex plane, after convergence",
            gap[i],
            "<=",
            0.01,
        )
        for i, (letter, kind, solution) in enumerate(zip("abc", _KINDS, predicted, strict=True))
    ]


def _of_order(data: "xarray.Dataset") -> list[Claim]:
    half, times = {}, data["time"].to_numpy()
    still = []
    for mode, name in zip("bu", _MODES, strict=True):
        curves = joined(data[f"{mode}_trained"])
        pair = _way(angle(curves), 0.5, times), _way(np.abs(curves), 0.5, times)
        for i, kind in enumerate(_KINDS):
            turned = np.abs(angle(curves[i]))
            if np.isfinite(pair[0][i]):
                half[f"{name} of {kind}"] = pair[0][i], pair[1][i]
            else:
                peak = f"{turned.max():.2g} at {times[turned.argmax()]:.2g}"
                still.append(f"{name} of {kind} by at most {peak}")
    listed = ", ".join(f"{name} {a:.2f} against {r:.2f}" for name, (a, r) in half.items())
    ratio = (data["time_angle"] / data["time_radius"]).sel(share=0.5)
    worst = ratio.max(("panel", "mode"))
    small = data["time_angle"].sel(share=0.1, scale=data["scale"] <= 0.1)
    delay = small.isel(scale=-1) / small.isel(scale=0)
    shrunk = float(small["scale"][0] / small["scale"][-1])
    wait = {mode: small.sel(mode=mode).isel(scale=-1).to_numpy() for mode in _MODES}
    waits = {mode: np.array2string(t[np.isfinite(t)], precision=2) for mode, t in wait.items()}
    return [
        Claim(
            "A9d",
            "The angle adapts before the radius.",
            f"largest ratio of times to half of the way, angle over radius: {listed}",
            max(a / r for a, r in half.values()),
            "<",
            1.0,
            note="Of the four curves whose angle has a way to go. The others leave their angle and "
            f"come back to it: {'; '.join(still)}.",
        ),
        Claim(
            "A9d-start",
            "The angle adapts before the radius, from other starts too.",
            "largest ratio of times to half of the way, angle over radius, over starts "
            + ", ".join(
                f"{float(s):g}: {float(r):.2f}" for s, r in zip(data["scale"], worst, strict=True)
            ),
            float(worst.max()),
            "<",
            1.0,
            expected=False,
            note="From small ones. From 0.3 the angle of b is later, for exponential dynamics.",
        ),
        Claim(
            "A9d-onset",
            "The angle begins to adapt immediately at the onset of training.",
            f"largest growth of the time to a tenth of the way, from starts {shrunk:g} times as "
            "small, over b and ac",
            float(delay.max()),
            "<=",
            1.5,
            expected=False,
            note="That of ac does. That of b cannot turn before ac has grown to the size of b(0), "
            "since db/dt goes with ac; the smaller the start, the longer it waits. From "
            f"{float(small['scale'][-1]):g} the first tenth of the way takes b {waits['b']}, ac "
            f"{waits['ac']}.",
        ),
        Claim(
            "A9d*",
            "The angle of ac begins to adapt immediately, however small the start.",
            f"largest growth of the time to a tenth of the way, from starts {shrunk:g} times as "
            "small",
            float(delay.sel(mode="ac").max()),
            "<=",
            1.5,
        ),
    ]


def _of_lengths(data: "xarray.Dataset") -> list[Claim]:
    relative, form = data["relative_loss"].to_numpy(), _closed_form(data)
    test_length, length = data["test_length"].to_numpy(), configuration_of(data)["length"]
    away = test_length != length
    turned = relative[3, away]
    again = test_length[away][turned.argmin()]
    return [
        Claim(
            "A9e",
            "Exponential rotations do not extrapolate to other lengths.",
            "least loss over that of the zero network, at lengths other than the trained one",
            relative[2, away].min(),
            ">",
            0.01,
        ),
        Claim(
            "A9e-turn",
            "Exponential rotations of R = 1 do not extrapolate to any other length.",
            "the same for R = 1",
            turned.min(),
            ">",
            0.01,
            expected=False,
            note="ac = δλ^T comes back after a whole turn, and so does the loss: here to zero, at "
            f"length {again}, trained at {length}.",
        ),
        Claim(
            "A9e*",
            "The loss at length T′, over that of the zero network, is |1 − λ^{T−T′}|².",
            "largest gap from it, over its largest value, R = 1 among them",
            (np.abs(relative[2:] - form[2:]).max(1) / form[2:].max(1)).max(),
            "<=",
            1e-4,
        ),
        Claim(
            "A9e-others",
            "Constant and inverse-exponential rotations extrapolate to other lengths.",
            "largest loss over that of the zero network",
            relative[:2].max(),
            "<=",
            1e-10,
        ),
    ]
