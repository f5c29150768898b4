"""The assumptions of the theory that can be violated, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from learndyn._reach import _of_start, _of_steps, _of_task
from learndyn._reach._cell import Cell
from learndyn._reach._setting import MODES


class Violation(NamedTuple):
    """One assumption of the theory, violated more and more.

    Attributes:
        grows: what the size is.
        cell: a problem and how it is trained, at a size, drawn from a generator.
        exponent: p of `gap ~ size^p` at small sizes that theory demands; None where it demands
            none.
        reason: why.
        limit: sizes lie below this.
        smallest: and not below this.
        share_of: sizes are this number over a whole one; 0: they need not be.
    """

    grows: str
    cell: Callable[[float, np.random.Generator], Cell]
    exponent: float | None
    reason: str
    limit: float = np.inf
    smallest: float = 0.0
    share_of: int = 0


_FIRST = "its change of the velocity is linear in it"
_SIGNS = (
    "the loss stays when input, hidden and output directions of a mode all turn round, and "
    "what lies off the diagonal turns round with them: no first order"
)

VIOLATIONS: Mapping[str, Violation] = MappingProxyType(
    {
        "correlation": Violation(
            "correlation ρ of successive inputs", _of_task.correlation, 1.0, _FIRST, limit=1.0
        ),
        "anisotropy": Violation(
            "log of the largest variance of the inputs", _of_task.anisotropy, 1.0, _FIRST
        ),
        "turning_bases": Violation(
            "angle by which left vectors turn per lag", _of_task.turning_bases, 2.0, _SIGNS
        ),
        "misalignment": Violation(
            "off-diagonal weights over all others", _of_start.misalignment, 2.0, _SIGNS
        ),
        "imbalance": Violation(
            "log of a/c", _of_start.imbalance, None, "no gap: the theory does not need a = c"
        ),
        "start_scale": Violation(
            "scale of a Gaussian start",
            _of_start.start_scale,
            None,
            "overlaps of its random directions, which decide when it learns, have no scale",
        ),
        "narrowness": Violation(
            "modes per hidden unit of a Gaussian start",
            _of_start.narrowness,
            None,
            "overlaps of its random directions, of order 1/√N for N units, are still large",
            limit=1.0 + 1e-9,
            smallest=1 / 8,
            share_of=MODES,
        ),
        "learning_rate": Violation(
            "learning rate over 2/curvature", _of_steps.learning_rate, 1.0, _FIRST
        ),
        "momentum": Violation(
            "flow time per step over 2/curvature, μ = 0.9",
            _of_steps.momentum,
            1.0,
            "it lags behind the flow by a time of (1 + μ)/(1 − μ) half steps",
        ),
        "adam": Violation("1/ε of Adam without momentum", _of_steps.adam, 1.0, _FIRST),
        "usual_adam": Violation(
            "learning rate of Adam at its usual settings",
            _of_steps.usual_adam,
            None,
            "as its rate falls, steps become signs of slopes, not slopes: another path, which no "
            "clock makes the flow's",
        ),
        "minibatch": Violation(
            "1/trials per step",
            _of_steps.minibatch,
            0.5,
            "the sum of independent errors of k steps is of order √k",
            limit=1.0 + 1e-9,
            # A matter of cost alone: trials are drawn with replacement, from fewer if need be.
            smallest=1 / 4096,
            share_of=1,
        ),
    }
)
