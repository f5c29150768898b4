"""What figure A9 measures; a file of its own for its length."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import configuration_of
from learndyn.figures._rotations import angle, distances, flow_claim, joined
from learndyn.figures._training import falls_below

if TYPE_CHECKING:
    import xarray

KINDS = ("constant", "inverse-exponential", "exponential")
MODES = ("b", "ac")
# An angle that ends closer than this to where it began has no way to go.
_NO_WAY = 0.01


def numbers(configuration: Configuration) -> tuple[complex, ...]:
    """δ of constant dynamics, and λ of the others.

    Args:
        configuration: numbers of figure A9.

    Returns:
        The complex numbers.
    """
    turn = np.exp(1j * np.pi * configuration["angle"])
    return tuple(r * turn for r in (*configuration["radius"], configuration["turn_radius"]))


def way(curves: np.ndarray, share: float, times: np.ndarray) -> np.ndarray:
    """When curves have gone a share of the way to their end.

    Args:
        curves: real curves, `(*cells, times)`.
        share: share of the way.
        times: when they were recorded.

    Returns:
        Times, `(*cells,)`; NaN where there is no way.
    """
    way = (curves[..., -1] - curves[..., 0])[..., None]
    none = np.abs(way) < _NO_WAY
    gone = (curves - curves[..., :1]) / np.where(none, 1, way)
    return np.where(none[..., 0], np.nan, falls_below(-gone, -share, times))


def closed_form(data: "xarray.Dataset") -> np.ndarray:
    """Relative loss at other lengths: `|1 − λ^{T−T′}|²` for exponential dynamics, else 0.

    Args:
        data: data of figure A9.

    Returns:
        Loss over that of the zero network, `(panel, test_length)`.
    """
    configuration = configuration_of(data)
    shift = configuration["length"] - data["test_length"].to_numpy().astype(float)
    exponential = np.array(numbers(configuration)[2:])[:, None]
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
        for i, (letter, kind, solution) in enumerate(zip("abc", KINDS, predicted, strict=True))
    ]


def _of_order(data: "xarray.Dataset") -> list[Claim]:
    half, times = {}, data["time"].to_numpy()
    still = []
    for mode, name in zip("bu", MODES, strict=True):
        curves = joined(data[f"{mode}_trained"])
        pair = way(angle(curves), 0.5, times), way(np.abs(curves), 0.5, times)
        for i, kind in enumerate(KINDS):
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
    wait = {mode: small.sel(mode=mode).isel(scale=-1).to_numpy() for mode in MODES}
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
            erratum=34,
            note="From small ones. From 0.3 the angle of b is later, for exponential dynamics with "
            "T = 5.",
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
            erratum=34,
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
    relative, form = data["relative_loss"].to_numpy(), closed_form(data)
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
            erratum=35,
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
