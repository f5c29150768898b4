"""What every function of kernels refuses."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from learndyn._errors import InputError
from learndyn._problem import checked_parts, require_channels
from learndyn._types import is_traced
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics


def require_single(net: LinearRNN, name: str) -> None:
    """Refuse a batch of networks, and weights that are not finite.

    Args:
        net: the network.
        name: what it is, for the sentence of an error.

    Raises:
        InputError: for either.
    """
    if net.w_h.ndim != 2:
        raise InputError(
            f"one network as {name}", f"a batch, {net.w_h.shape[:-2]}", "Use jax.vmap over it."
        )
    require_finite(net, name)


def require_finite(net: LinearRNN, name: str) -> None:
    """Refuse weights that are not finite, where they can be looked at.

    Args:
        net: the network, or a batch.
        name: what it is, for the sentence of an error.

    Raises:
        InputError: if one is not.
    """
    for field in ("w_x", "w_h", "w_y"):
        weights = getattr(net, field)
        if not is_traced(weights) and not np.isfinite(np.asarray(weights)).all():
            raise InputError(
                f"finite weights in {name}",
                f"{field} with NaN or infinite entries",
                "Take a network from before learning diverged, such as curve.final.",
            )


def checked_data(
    net: LinearRNN, statistics: Any, frozen: str | Iterable[str]
) -> tuple[TaskStatistics, tuple[str, ...]]:
    """Refuse statistics that are none, or of other channels than a network's.

    Args:
        net: the network.
        statistics: statistics of the data.
        frozen: parts that do not learn.

    Returns:
        The statistics, and the parts in their order.

    Raises:
        InputError: for either, or an unknown part.
    """
    if not isinstance(statistics, TaskStatistics):
        raise InputError(
            "TaskStatistics",
            f"{type(statistics).__name__}",
            "Give task.statistics(), problem.statistics or TaskStatistics.from_data(x, y).",
        )
    require_channels(net, statistics)
    return statistics, checked_parts(frozen)
