"""Claims about maps of the kernel distance over trial length and scale, aligned and unaligned."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures._claim import Claim
from learndyn.figures._kernel_maps_cells import largest_difference
from learndyn.figures._kernel_maps_points import ends, recurrent, representative

if TYPE_CHECKING:
    import xarray


def map_claims(data: "xarray.Dataset", name: str) -> list[Claim]:
    """Claims a–e of a figure.

    Args:
        data: maps over `start`, `length` and `scale`.
        name: name of the figure.

    Returns:
        The claims.
    """
    shown = representative(data)
    return [
        _grows(shown, name),
        _falls(shown, name),
        *_feedforward(shown, name),
        _equals_brute_force(data, name),
        _weights(shown, name),
    ]


def rank_correlations(data: "xarray.Dataset", along: str) -> np.ndarray:
    """Spearman's rank correlations of the mean distance with an axis.

    Args:
        data: data with `distance`.
        along: the axis.

    Returns:
        One for each row along the axis; of a row with points left out, those that there are.
    """
    from scipy.stats import spearmanr

    values = data["distance"].transpose(..., along).to_numpy().reshape(-1, data.sizes[along])
    at = data[along].to_numpy()
    rows = [(at[np.isfinite(row)], row[np.isfinite(row)]) for row in values]
    kept = [(x, y) for x, y in rows if len(x) > 2 and np.ptp(y) > 0]
    return np.array([spearmanr(x, y)[0] for x, y in kept])


def _by_start(data: "xarray.Dataset") -> list[tuple[str, "xarray.Dataset"]]:
    return [(str(start), data.sel(start=start)) for start in data["start"].to_numpy()]


def _grows(data: "xarray.Dataset", name: str) -> Claim:
    means = [f"{s} {rank_correlations(d, 'length').mean():.3f}" for s, d in _by_start(data)]
    return Claim(
        f"{name}a",
        "The kernel distance grows with trajectory length.",
        "smallest rank correlation of the mean distance with T, over scales and starts; on average "
        f"{', '.join(means)}; networks: {ends(data)}",
        rank_correlations(data, "length").min(),
        ">=",
        0.7,
    )


def _falls(data: "xarray.Dataset", name: str) -> Claim:
    found = [(s, rank_correlations(recurrent(d), "scale")) for s, d in _by_start(data)]
    means = ", ".join(f"{s} {each.mean():.3f}" for s, each in found)
    return Claim(
        f"{name}b",
        "The kernel moves further from smaller starts.",
        f"largest rank correlation of the mean distance with scale, T > 1; on average {means}",
        max(each.max() for _, each in found),
        "<=",
        -0.5,
        note="By little in unaligned networks at long T: most of the distance is there anyway.",
    )


def _feedforward(data: "xarray.Dataset", name: str) -> list[Claim]:
    first = data.sel(length=1)
    aligned, unaligned = (first.sel(start=each) for each in ("aligned", "unaligned"))
    grown = aligned["weight_change"].to_numpy().max()
    return [
        Claim(
            f"{name}c",
            "Kernels move in recurrent networks, aligned or not, in contrast to T = 1.",
            "largest mean distance at T = 1",
            np.nanmax(first["distance"]),
            "<=",
            0.01,
            expected=False,
            erratum=41,
            note="Unaligned networks move theirs without recurrence too, if less; of aligned ones "
            "the distance does not see how it moves.",
        ),
        Claim(
            f"{name}c*",
            "Kernels of aligned networks at T = 1 only grow, so that their distance is 0.",
            f"largest distance at T = 1, aligned, where weights change up to {grown:.3g} fold; "
            f"unaligned, means from {np.nanmin(unaligned['distance']):.3g} to "
            f"{np.nanmax(unaligned['distance']):.3g}",
            aligned["distance"].max(),
            "<=",
            1e-12,
            erratum=41,
        ),
    ]


def _equals_brute_force(data: "xarray.Dataset", name: str) -> Claim:
    difference, cells = largest_difference(data)
    return Claim(
        f"{name}d",
        "Distances are those of kernels over explicit white trials.",
        "largest difference from networks trained alone, their kernels of all trials made by "
        f"automatic differentiation, {cells} cells",
        difference,
        "<=",
        1e-8,
    )


def _weights(data: "xarray.Dataset", name: str) -> Claim:
    with_recurrence = recurrent(data)
    aligned, unaligned = (with_recurrence.sel(start=e) for e in ("aligned", "unaligned"))
    change = aligned["weight_change"].to_numpy()
    means = unaligned["weight_change"].mean("scale", skipna=True).to_numpy()
    lengths = with_recurrence["length"].to_numpy()
    low, high = (aligned["distance"].isel(length=i).mean().item() for i in (0, -1))
    return Claim(
        f"{name}e",
        "The distance grows with T in part because the kernel amplifies changes of the weights.",
        "largest change of aligned weights over the smallest, less 1, among T > 1 at one scale, "
        f"where the mean distance rises from {low:.3g} at T = {lengths[0]} to {high:.3g} at "
        f"T = {lengths[-1]}; mean change of unaligned weights {means[0]:.3g} and {means[-1]:.3g}",
        (change.max(0) / change.min(0)).max() - 1,
        "<=",
        0.01,
        note="In aligned networks it is all of it: every T > 1 ends at the same weights.",
    )
