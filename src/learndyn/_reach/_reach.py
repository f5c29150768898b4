"""How far the aligned theory reaches: its gap to training as one assumption is violated."""

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from learndyn._curve_file import package_versions
from learndyn._errors import InputError
from learndyn._reach._gap import gaps
from learndyn._reach._violations import VIOLATIONS
from learndyn._sweep._threads import precision
from learndyn._types import Float

if TYPE_CHECKING:
    import xarray

_LONG_NAMES = {
    "gap": "largest relative gap of the loss between theory and training",
    "time_scale": "time of the flow per time of the method, fitted where the method has none",
    "reached": "whether training reached the last time",
}


def reach(
    violation: str, sizes: Float[np.ndarray, " sizes"] | Sequence[float], *, seeds: int = 10
) -> "xarray.Dataset":
    """Gap between `ModeFlow` and a trained network as one violation of its assumptions grows.

    The problem at which nothing is violated: three modes of inverse-exponential dynamics, λ = 0.6,
    T = 5, strengths 2, 1.5 and 1; an aligned, balanced start with a between 0.05 and 0.2; trained
    until the weakest mode is learned. A seed draws the bases, the start, and the direction of the
    violation, which it keeps at all sizes. Moments of the inputs are exact. Training is the flow
    of the weights, but where steps are the violation.

    The gap is `compare(predicted, trained).largest_gap` over 41 times: the largest gap of the loss
    over the trained loss, or over a thousandth of the first loss where that is larger. Where the
    optimizer has no flow time (Adam), it is the smallest such gap over constant scales of time.
    All is computed in double precision, whatever JAX's own is, since small gaps are beyond single.

    Args:
        violation: `correlation`, `anisotropy` or `turning_bases` of the task; `misalignment`,
            `imbalance`, `start_scale` or `narrowness` of the start; `learning_rate`, `momentum`,
            `adam`, `usual_adam` or `minibatch` of the steps. The attribute of `size` says what
            grows.
        sizes: positive, increasing. Those of `narrowness` are 3 over a whole number, those of
            `minibatch` 1 over one.
        seeds: number of networks at each size.

    Returns:
        Over `size` and `seed`: `gap`, the measured violations of each assumption (those of
        `LearningCurve.violations`), `time_scale` and `reached`.

    Raises:
        InputError: for an unknown violation, sizes that cannot be, or no seeds.

    Example:
        >>> import learndyn as ld
        >>> found = ld.reach("misalignment", [0.01, 0.02], seeds=2)
        >>> dict(found.gap.sizes), bool((found.gap[1] > 3 * found.gap[0]).all())
        ({'size': 2, 'seed': 2}, True)
    """
    import xarray

    sizes = _checked(violation, sizes)
    if seeds < 1:
        raise InputError("at least 1 seed", f"{seeds}")
    kind = VIOLATIONS[violation]
    # The same draws at each size, so that a seed is one direction of growth.
    draws = [(float(size), seed) for size in sizes for seed in range(seeds)]
    with precision(True):
        measured = gaps([kind.cell(s, np.random.default_rng(i)) for s, i in draws])
    found = {
        name: (
            ("size", "seed"),
            values.reshape(len(sizes), seeds),
            {"long_name": _LONG_NAMES.get(name, f"violation of {name}"), "units": "1"},
        )
        for name, values in measured.items()
    }
    coords = {
        "size": ("size", sizes, {"long_name": kind.grows, "units": "1"}),
        "seed": ("seed", np.arange(seeds), {"long_name": "seed", "units": "1"}),
    }
    versions = json.dumps(package_versions())
    return xarray.Dataset(found, coords, {"violation": violation, "versions": versions})


def _checked(violation: str, sizes) -> np.ndarray:
    if violation not in VIOLATIONS:
        raise InputError(f"a violation among {', '.join(VIOLATIONS)}", f"{violation!r}")
    kind, sizes = VIOLATIONS[violation], np.asarray(sizes, float)
    smallest, limit = kind.smallest, kind.limit
    usable = sizes.ndim == 1 and sizes.size > 0 and np.isfinite(sizes).all()
    usable = usable and (sizes > 0).all() and (np.diff(sizes) > 0).all()
    if not usable or sizes[0] < smallest or sizes[-1] >= limit:
        within = "" if smallest == 0 and limit == np.inf else f" in [{smallest:g}, {limit:g})"
        raise InputError(f"sizes in a row, positive, finite and increasing{within}", f"{sizes}")
    if kind.share_of:
        _check_whole(kind.share_of, sizes)
    return sizes


def _check_whole(share_of: int, sizes: np.ndarray) -> None:
    # A size is reported as it was asked for, and so must be the one that is measured.
    parts = share_of / sizes
    for size, part in zip(sizes, parts, strict=True):
        if abs(part - round(part)) > 1e-6 * part:
            near = f"{share_of}/{math.ceil(part)} and {share_of}/{math.floor(part)}"
            raise InputError(
                f"sizes that are {share_of} over a whole number",
                f"{size:g}",
                f"Near it are {near}.",
            )
