"""Figure A6: figure 5 to large scales, and the spectral radius of random starts (Appendix J)."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures import _figure_5
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import configuration_of, quantity
from learndyn.figures._kernel_maps_points import ends, recurrent, representative

if TYPE_CHECKING:
    import xarray

TITLE = f"{_figure_5.TITLE}, to large scales"
_CHANGED = _figure_5.CONFIGURATION.changed(scale=[0.1, 2.0, 20], max_steps=20_000)
CONFIGURATION = Configuration(
    {**_CHANGED.paper, "target": 1.0}, {**_CHANGED.chosen, "radius_draws": 2000}
)
QUICK = {"length": [1, 2, 4], "scale": [0.25, 1.25, 5], "seeds": 4, "max_steps": 4000}
draw = _figure_5.draw
_STARTS = ("aligned", "unaligned")


def data(configuration: Configuration) -> "xarray.Dataset":
    """As figure 5, and mean spectral radii of Gaussian recurrent weights.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `start`, `length` and `scale`; radii over `reading` and `scale`.
    """
    found = _figure_5.data(configuration, "A6")
    hidden, scale = configuration["hidden"], found["scale"].to_numpy()
    draws = np.random.default_rng(0).normal(size=(configuration["radius_draws"], hidden, hidden))
    radius = np.abs(np.linalg.eigvals(draws)).max(1).mean()
    # P.1.2 divides by the root of the width; Appendix J says that the scale is the variance.
    radii = radius * np.stack([scale / np.sqrt(hidden), np.sqrt(scale)])
    return found.assign(
        spectral_radius=quantity(
            ("reading", "scale"), radii, "mean spectral radius of recurrent weights at the start"
        )
    ).assign_coords(reading=["sd = scale / sqrt(width)", "variance = scale"])


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A6a–c.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [*_of_distance(data), *_of_radius(data)]


def _of_distance(data: "xarray.Dataset") -> list[Claim]:
    target, shown = configuration_of(data)["target"], recurrent(representative(data))
    scale = data["scale"].to_numpy()
    aligned, unaligned = (shown["distance"].sel(start=e).to_numpy() for e in _STARTS)
    large = np.isfinite(unaligned) & (scale >= target)
    far = unaligned[large]
    below, beyond = aligned[:, scale <= target], aligned[:, scale > target]
    reach = f"{len(far)} points, up to scale {scale[large.any(0)].max():g}"
    return [
        Claim(
            "A6a",
            "The distance of aligned networks falls towards 0 as the scale approaches 1.",
            "largest change of the distance from one scale to the next up to 1, T > 1; the largest "
            f"at 1 is {below[:, -1].max():.1e}, beyond 1 {np.nanmax(beyond):.3g}",
            np.diff(below, axis=1).max(),
            "<",
            0,
            erratum=40,
            note="1 is the solution itself; beyond it the distance grows again.",
        ),
        Claim(
            "A6b",
            "Unaligned networks still move their kernels substantially at large scales.",
            "smallest mean distance at scales from 1 on, T > 1, where half of the networks learned "
            f"({reach}); networks: {ends(data)}",
            far.min(),
            ">=",
            0.1,
            erratum=40,
            note="No sign of recurrence: a target of its own is far from any large random start.",
        ),
    ]


def _of_radius(data: "xarray.Dataset") -> list[Claim]:
    ratio = np.abs(data["spectral_radius"].to_numpy() / data["scale"].to_numpy() - 1).max(1)
    hidden = configuration_of(data)["hidden"]
    return [
        Claim(
            "A6c",
            "The expected spectral radius of Gaussian weights whose variance is the scale equals "
            "the scale, as that of aligned weights does.",
            f"largest relative distance of the mean radius from the scale, {hidden} units",
            ratio[1],
            "<=",
            0.05,
            expected=False,
            erratum=24,
            note="It is about √(scale · width), and equal at one scale only.",
        ),
        Claim(
            "A6c*",
            "It nearly equals the scale if the standard deviation is scale over √width (P.1.2).",
            f"largest relative distance of the mean radius from the scale, {hidden} units",
            ratio[0],
            "<=",
            0.05,
            erratum=24,
        ),
    ]
