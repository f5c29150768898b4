"""Claims of figure R: exponents that theory demands, and thresholds as they are."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from learndyn._reach import VIOLATIONS
from learndyn.figures._claim import Claim
from learndyn.figures._data import configuration_of

if TYPE_CHECKING:
    import xarray

# Half of the distance between the exponents that theory can demand, ½, 1 and 2.
_APART = 0.25


def claims(data: "xarray.Dataset") -> list[Claim]:
    """One of each violation, and what aligns while learning.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    names = [str(name) for name in data["violation"].values]
    return [*(_of_violation(data, name) for name in names), *_while_learning(data)]


def _of_violation(data: "xarray.Dataset", name: str) -> Claim:
    here, kind = data.sel(violation=name), VIOLATIONS[name]
    exponents, note = here["exponent"].to_numpy(), _thresholds(here)
    if name == "imbalance":
        return Claim(
            "Rimbalance",
            f"No {kind.grows}, makes a gap: the theory does not need a = c.",
            "largest gap, against the tolerances of both solvers, 1e-8 each",
            here["gap"].max(),
            "<=",
            1e-6,
        )
    if kind.exponent is None:
        return Claim(
            f"R{name}",
            f"The gap is not small at any {kind.grows}: {kind.reason}.",
            f"least median gap over the sizes; exponents {_spread(exponents)}",
            here["gap"].median("seed").min(),
            ">=",
            0.1,
            note=note,
        )
    seeds = len(exponents)
    return Claim(
        f"R{name}",
        f"The gap grows with {kind.grows} to the power {kind.exponent:g}: {kind.reason}.",
        f"distance of the median exponent over {seeds} seeds from {kind.exponent:g}, "
        f"{configuration_of(data)['fitted']} smallest sizes; exponents {_spread(exponents)}",
        abs(np.median(exponents) - kind.exponent),
        "<=",
        _APART,
        note=note,
    )


def _thresholds(here: "xarray.Dataset") -> str:
    first, last = here["size"].to_numpy()[[0, -1]]
    bounds = {0.0: f"below {first:.3g}", np.inf: f"above {last:.3g}"}
    found = [
        f"{100 * float(each['level']):g} % at a size of {_spread(each.to_numpy(), bounds)}"
        for each in here["threshold"]
    ]
    return f"The gap passes {', '.join(found)}."


def _spread(values: np.ndarray, bounds: Mapping[float, str] = MappingProxyType({})) -> str:
    # One of the seeds each time, since thresholds can be infinite.
    chosen = np.quantile(values, [0.1, 0.5, 0.9], method="nearest")
    low, middle, high = (bounds.get(float(value), f"{value:.3g}") for value in chosen)
    return f"{middle} ({low} to {high}, 10 to 90 % of seeds)"


def _while_learning(data: "xarray.Dataset") -> list[Claim]:
    along = data["along"]
    last = along.isel(point=-1).sel(assumption="aligned") / along.isel(point=0).sel(
        assumption="aligned"
    )
    still = along.sel(assumption=["white_input", "constant_bases"])
    return [
        Claim(
            "Ralong",
            "From a small Gaussian start weights align while they learn.",
            "share of its first violation that `aligned` keeps in the end, structured task",
            last.sel(task="structured"),
            "<=",
            0.1,
        ),
        Claim(
            "Rtask",
            "Whiteness and constant bases are those of the task, whatever is learned.",
            "largest change of either while learning",
            abs(still - still.isel(point=0)).max(),
            "<=",
            1e-9,
        ),
    ]
