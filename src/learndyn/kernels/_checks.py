"""What every function of kernels refuses."""

import numpy as np

from learndyn._errors import InputError
from learndyn._types import is_traced
from learndyn.network import LinearRNN


def require_finite(net: LinearRNN, name: str) -> None:
    """Refuse a network with weights that are not finite.

    Args:
        net: the network.
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
