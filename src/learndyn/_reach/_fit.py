"""How a gap grows: its exponent, and where it passes a level, one of each for every seed."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn._errors import InputError

if TYPE_CHECKING:
    import xarray


def reach_exponent(found: "xarray.Dataset", largest: float = np.inf) -> "xarray.DataArray":
    """Exponent p of `gap ~ size^p`, fitted to the logarithms by least squares.

    Args:
        found: what `reach` returned.
        largest: sizes above this are left out; gaps grow by one power only while they are small.

    Returns:
        An exponent for each seed. Its spread is theirs: `exponent.quantile([0.1, 0.5, 0.9])`.

    Raises:
        InputError: if fewer than two sizes are left, or a gap is zero or infinite there.

    Example:
        >>> import learndyn as ld
        >>> found = ld.reach("misalignment", [0.01, 0.02], seeds=2)
        >>> ld.reach_exponent(found).round(1).values.tolist()
        [2.0, 2.0]
    """
    inside = found.sel(size=found["size"] <= largest)
    sizes, gaps = inside["size"].to_numpy(), inside["gap"].to_numpy()
    if sizes.size < 2:
        raise InputError("at least two sizes to fit an exponent to", f"{sizes}")
    if not np.isfinite(gaps).all() or not (gaps > 0).all():
        raise InputError(
            "positive, finite gaps to fit an exponent to",
            f"gaps from {gaps.min():.3g} to {gaps.max():.3g}",
            "Leave out sizes at which training diverges: largest=...",
        )
    exponents = np.polyfit(np.log(sizes), np.log(gaps), 1)[0]
    return _of_seeds(found, exponents, "exponent", "p of gap ~ size^p")


def reach_threshold(found: "xarray.Dataset", level: float) -> "xarray.DataArray":
    """Size at which the gap first passes a level, between the measured sizes by logarithms.

    Args:
        found: what `reach` returned.
        level: a gap, such as 0.01 for one per cent.

    Returns:
        A size for each seed: 0 where the gap is above the level at the first size already,
        infinite where it is never above.

    Raises:
        InputError: for a level that is not positive and finite.

    Example:
        >>> import learndyn as ld
        >>> found = ld.reach("misalignment", [0.001, 0.01, 0.1, 0.5], seeds=2)
        >>> bool((ld.reach_threshold(found, 0.01) < ld.reach_threshold(found, 0.1)).all())
        True
    """
    if not (np.isfinite(level) and level > 0):
        raise InputError("a positive, finite level of the gap", f"{level}")
    sizes = found["size"].to_numpy()
    passed = [_passing(sizes, gaps, level) for gaps in found["gap"].transpose().to_numpy()]
    return _of_seeds(found, np.array(passed), "threshold", f"size at which the gap is {level:g}")


def _passing(sizes: np.ndarray, gaps: np.ndarray, level: float) -> float:
    above = np.flatnonzero(gaps > level)
    if above.size == 0:
        return np.inf
    last = above[0]
    if last == 0:
        return 0.0
    if not np.isfinite(gaps[last]):
        return float(sizes[last])
    first = last - 1
    # A gap of zero is as good as the least that a logarithm can bear.
    ends = np.log(np.maximum(gaps[[first, last]], np.finfo(float).tiny))
    return float(np.exp(np.interp(np.log(level), ends, np.log(sizes[[first, last]]))))


def _of_seeds(found, values, name: str, long_name: str) -> "xarray.DataArray":
    import xarray

    attributes = {"long_name": long_name, "units": "1", "violation": found.attrs["violation"]}
    return xarray.DataArray(values, {"seed": found["seed"]}, ("seed",), name, attributes)
