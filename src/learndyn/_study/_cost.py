"""What a study of a task costs, in products, so that a large one is not followed for ever."""

import jax
import numpy as np

from learndyn.methods._flow import DENSE
from learndyn.statistics import TaskStatistics

# Products that training may take, and those that following a flow may, and their steps in any case.
_TRAINING, _TRAINING_STEPS = 1e10, (1_000, 1_000_000)
_FLOW, _FLOW_STEPS = 2e10, (100, 1_000)
# Gradients that a step of an explicit solver takes.
_STAGES = 6


def training_steps(statistics: TaskStatistics, hidden: int) -> int:
    """Gradient steps that take well under a minute.

    Args:
        statistics: statistics of the trials.
        hidden: hidden units.

    Returns:
        Their number, between a thousand and a million.
    """
    return int(np.clip(_TRAINING / _gradient(statistics, hidden), *_TRAINING_STEPS))


def flow_steps(statistics: TaskStatistics, hidden: int) -> int:
    """Steps of the solver of the weights' flow that take well under a minute.

    Args:
        statistics: statistics of the trials.
        hidden: hidden units.

    Returns:
        Their number, between a hundred and a thousand.
    """
    weights = hidden * (statistics.n_in + hidden + statistics.n_out)
    products = _STAGES * _gradient(statistics, hidden)
    if weights <= DENSE:
        # The Jacobian of an implicit step is a gradient for each weight, and is factorized.
        products = weights * _gradient(statistics, hidden) + weights**3 // 3
    return int(np.clip(_FLOW / products, *_FLOW_STEPS))


def _gradient(statistics: TaskStatistics, hidden: int) -> int:
    """Products that a gradient of the loss takes, about."""
    length, n_in, n_out = statistics.length, statistics.n_in, statistics.n_out
    in_the_network = length * hidden * (n_in + hidden + n_out)
    in_the_loss = n_out * sum(leaf.size for leaf in jax.tree.leaves(statistics.inputs))
    return in_the_network + in_the_loss
