"""How rich the learning of a study was."""

import jax
import numpy as np

from learndyn._curve import LearningCurve, compare
from learndyn._problem import PARTS, Problem
from learndyn.kernels import measure_networks


def feature_report(problem: Problem, trained: LearningCurve, lazy: LearningCurve) -> dict:
    """Measures of rich and lazy learning over the whole data set, at both ends of training.

    Args:
        problem: network and task.
        trained: trained curve.
        lazy: curve of the network linearized at its start, at the same times.

    Returns:
        Numbers, ready for JSON; see `FeatureLearning`.
    """
    ends = jax.tree.map(lambda w: w[np.array([0, -1])], trained.weights)
    found = measure_networks(problem.net, ends, problem.statistics, frozen=problem.frozen)
    found = jax.tree.map(lambda values: [float(v) for v in values], found)
    named = found._asdict()
    changes = zip(PARTS, named.pop("weight_change"), strict=True)
    at_start = ("target_alignment", "kernel_rank", "representation_rank", "imbalance")
    return {
        **{name: dict(zip(("first", "last"), named[name], strict=True)) for name in at_start},
        **{name: values[1] for name, values in named.items() if name not in at_start},
        "weight_change": {part: values[1] for part, values in changes},
        "lazy_loss": float(lazy.loss[-1]),
        "largest_gap_of_lazy_loss": float(compare(lazy, trained).largest_gap),
    }
