"""Sensory integration with any weights of the steps, on exact moments or on drawn stimuli."""

from collections.abc import Sequence
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from learndyn._types import Float
from learndyn.figures._configuration import Configuration
from learndyn.sources import neurogym_integration
from learndyn.statistics import TaskStatistics, Trials
from learndyn.tasks import integration_task

SOURCES = ("integration", "neurogym")


def integration_statistics(
    weights: Sequence[Float[np.ndarray, " T"]], configuration: Configuration, *, seed: int = 0
) -> list[TaskStatistics]:
    """Statistics of reporting `Σ_t w_t x_t` of each channel.

    Args:
        weights: w of each task, in t order, all of one length.
        configuration: its `source`: "integration", exact moments, or "neurogym", those of as many
            `trials` as it says, which are the same for all these tasks.
        seed: of trials that are drawn.

    Returns:
        Statistics of each task.
    """
    length = len(weights[0])
    task = integration_task("sum", length=length)
    if configuration["source"] == "integration":
        exact, channels = task.statistics(), np.eye(len(task.vectors[1]))
        return [replace(exact, target=jnp.asarray(w[::-1, None, None] * channels)) for w in weights]
    x = neurogym_integration(configuration["trials"], seed=seed, length=length).x
    drawn = [TaskStatistics.from_trials(Trials(x, w @ x)) for w in weights]
    # The target is a multiple of the identity, which all vectors diagonalize.
    return [replace(each, vectors=task.vectors) for each in drawn]
