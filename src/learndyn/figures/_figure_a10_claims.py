"""What figure A10 measures; a file of its own for its length."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures._claim import Claim
from learndyn.figures._data import configuration_of
from learndyn.figures._rotations import flow_claim, joined

if TYPE_CHECKING:
    import xarray

MEASURES = ("b within 1 %", "b half of its way", "loss to 1 %")


def ratios(data: "xarray.Dataset") -> np.ndarray:
    """Time of the larger of the two compared angles over that of the smaller, by start.

    Args:
        data: data of figure A10.

    Returns:
        Ratios, `(which, scale, measure)`.
    """
    times = data["time_by_scale"]
    return (times.isel(compared=1) / times.isel(compared=0)).to_numpy()


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A10a–f.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [
        _conjugates(data),
        flow_claim(data, "A10"),
        *_of_sense(data),
        *_of_detour(data),
        *_of_speed(data),
        *_of_small_starts(data),
    ]


def _conjugates(data: "xarray.Dataset") -> Claim:
    curves = [joined(data[f"{mode}_trained"]) for mode in "bu"]
    return Claim(
        "A10a",
        "The modes of φ = π/8 and −π/8 are complex conjugates all along.",
        "largest distance of b or ac from the conjugate, two networks of bases of their own",
        max(np.abs(x[0] - x[1].conj()).max() for x in curves),
        "<=",
        1e-9,
    )


def _of_sense(data: "xarray.Dataset") -> list[Claim]:
    sign = np.sign(joined(data["b_solution"]).imag)[:, None]
    turn = np.pi * data["angle"].to_numpy()[:, None]
    of_task, of_state = (data[f"turn_of_{name}"].to_numpy() for name in ("task", "state"))
    sentence = "Positive imaginary parts produce clockwise rotations, negative ones the opposite"
    return [
        Claim(
            "A10b",
            f"{sentence}: d_t over t.",
            "largest turn from t to t + 1 of what the networks learned, in radians, "
            "counterclockwise for Im(λ) > 0",
            (sign * of_task).max(),
            "<",
            0.0,
        ),
        Claim(
            "A10b-step",
            f"{sentence}: the network from step to step.",
            "largest turn of the hidden state in a step, along the eigenvector, in radians, "
            "counterclockwise for Im(λ) > 0",
            (sign * of_state).max(),
            "<",
            0.0,
            expected=False,
            erratum=37,
            note="t is the time of the input, T − t how long it has been in the network: the later "
            "the input, the less it was turned.",
        ),
        Claim(
            "A10b*",
            "Each step of the network turns the hidden state by φ, counterclockwise for positive "
            "imaginary parts.",
            "largest distance of its turn from φ, in radians",
            np.abs(of_state - turn).max(),
            "<=",
            1e-3,
        ),
    ]


def _of_detour(data: "xarray.Dataset") -> list[Claim]:
    sign = np.sign(joined(data["b_solution"]).imag)[:, None]
    aside = min((sign * joined(data[f"{m}_trained"]).imag).min() for m in "bu")
    peak, start = data["peak"].to_numpy(), data["b_start"].to_numpy()
    phi = data["phi"].to_numpy()
    size, up = np.abs(peak), phi[1:] <= 0.5
    growth = size[:, 1:] / size[:, :-1]
    shown = zip(data["angle"].to_numpy(), joined(data["u_trained"]).imag, strict=True)
    listed = ", ".join(f"{angle:g} π: {np.abs(curve).max():.3g}" for angle, curve in shown)
    same = "The imaginary part of ac has the sign of that of b"
    return [
        Claim(
            "A10c",
            f"{same}.",
            "least of the imaginary parts of b and ac, times the sign of Im(λ), over panels and "
            f"times, from b(0) = {configuration_of(data)['start'][1]:g}",
            aside,
            ">=",
            -1e-6,
        ),
        Claim(
            "A10c-start",
            f"{same}, whatever b(0).",
            f"least of the largest Im(ac), for Im(λ) > 0, over b(0) = {start.tolist()}",
            peak.min(),
            ">",
            0.0,
            expected=False,
            erratum=27,
            note="For b(0) > 0. From b(0) < 0 it is the opposite.",
        ),
        Claim(
            "A10c-size",
            "The imaginary part that ac goes through is larger, the larger the angle.",
            f"least ratio from one angle to the next, φ = {phi[0]:g} to {phi[-1]:g} π",
            growth.min(),
            ">",
            1.0,
            expected=False,
            erratum=36,
            note="Up to a right angle, where Im(λ) is largest; beyond, it falls, to nothing at π. "
            f"In the panels, {listed}.",
        ),
        Claim(
            "A10c*",
            "It grows with the angle up to π/2, and falls from there to π.",
            f"least ratio towards π/2 from one angle to the next, over b(0) = {start.tolist()}",
            np.where(up, growth, 1 / growth).min(),
            ">",
            1.0,
        ),
    ]


def _of_speed(data: "xarray.Dataset") -> list[Claim]:
    start, slow = data["b_start"].to_numpy(), data["time_to_learn"].to_numpy()
    order = np.argsort(data["distance"].to_numpy(), axis=1)
    sorted_by_distance = np.take_along_axis(slow, order[..., None], 1)
    steps = sorted_by_distance[:, 1:] / sorted_by_distance[:, :-1]
    phi, compared = data["phi"].to_numpy(), data["compared"].to_numpy()
    near, far = (np.abs(phi - x).argmin() for x in compared)
    reverse = slow[start < 0][:, far] / slow[start < 0][:, near]
    listed = ", ".join(f"{m} {r:.2f}" for m, r in zip(MEASURES, reverse[0], strict=True))
    return [
        Claim(
            "A10d",
            "The farther the solution from b(0), the slower.",
            "least ratio of times to learn from one distance |λ − b(0)| to the next larger, over "
            f"three measures and b(0) = {start[start > 0].tolist()}",
            steps[start > 0].min(),
            ">",
            1.0,
            note="With T = 5. With 6 to 8 steps the flow brings b within 1 % for 7π/8 up to 2 % "
            "before 3π/4, from 0.1; the other two measures keep the order.",
        ),
        Claim(
            "A10e",
            "From b(0) < 0 it is reversed: φ = 3π/4 is learned faster than π/4.",
            f"largest ratio of times, 3π/4 over π/4, from b(0) = {start.min():g}: {listed}",
            reverse.max(),
            "<",
            1.0,
        ),
    ]


def _of_small_starts(data: "xarray.Dataset") -> list[Claim]:
    ratio, scale = ratios(data), data["scale"].to_numpy()
    beyond = np.abs(ratio - 1)
    small, fixed = beyond[0], ratio[1, -1]
    slope = np.log(small[-2] / small[-1]) / np.log(scale[-2] / scale[-1])
    listed = ", ".join(f"{s:g}: {r:.4f}" for s, r in zip(scale, ratio[0, :, 0], strict=True))
    return [
        Claim(
            "A10f",
            "The effect of the angle vanishes for small weights at the start.",
            "largest distance from 1 of the ratio of times, φ = 3π/4 over π/4, over three "
            f"measures, from a = b = c = {scale[-1]:g}; until b is within 1 %, {listed}",
            small[-1].max(),
            "<=",
            0.01,
        ),
        Claim(
            "A10f-trend",
            "The smaller the weights at the start, the smaller the effect.",
            "largest ratio of that distance from one start to the next smaller; it falls like the "
            f"start to the power {slope.min():.2f} to {slope.max():.2f}",
            (small[1:] / small[:-1]).max(),
            "<",
            1.0,
        ),
        Claim(
            "A10f-b",
            "The start of b alone decides: the effect stays where only a and c are small.",
            "least ratio of times, φ = 3π/4 over π/4, over three measures, from "
            f"b(0) = {configuration_of(data)['b_of_small']:g}, a = c = {scale[-1]:g}",
            fixed.min(),
            ">=",
            1.1,
            erratum=38,
        ),
    ]
