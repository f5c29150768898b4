"""Which points of a map speak for their networks, and how those ended."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray

_ENDS = ("learned", "elsewhere", "not_yet", "diverged")


def representative(data: "xarray.Dataset") -> "xarray.Dataset":
    """A map without points where fewer than half of the networks learned the task.

    Those that did there are a selection, and may be a single one.

    Args:
        data: the map.

    Returns:
        The map, distances and changes NaN at these points.
    """
    networks = sum(data[name] for name in _ENDS)
    most = 2 * data["learned"] >= networks
    means = ("distance", "distance_spread", "weight_change")
    return data.assign({name: data[name].where(most) for name in means})


def recurrent(data: "xarray.Dataset") -> "xarray.Dataset":
    """The part of a map with more than one step.

    Args:
        data: the map.

    Returns:
        The part.
    """
    return data.sel(length=data["length"] > 1)


def ends(data: "xarray.Dataset") -> str:
    """How networks ended, in words.

    Args:
        data: the map.

    Returns:
        Counts.
    """
    counts = {name: int(data[name].sum()) for name in _ENDS}
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
