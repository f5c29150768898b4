"""Options of a study: checked, and filled in from the trials."""

import hashlib
from dataclasses import asdict, dataclass

import jax
import numpy as np

from learndyn._errors import InputError
from learndyn._study._cost import training_steps
from learndyn.methods import GradientDescent
from learndyn.sources import Source
from learndyn.statistics import TaskStatistics


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a study asks of its networks and their training.

    Attributes:
        hidden: hidden units; None: as many as inputs or outputs, whichever are more.
        scale: size of the random starts.
        seed: seed of the first start.
        seeds: number of starts.
        learning_rate: rate of gradient descent; None: from the curvature along the flows.
        max_steps: gradient steps that training may take; None: what takes well under a minute.

    Raises:
        InputError: for options out of range.
    """

    hidden: int | None = None
    scale: float = 0.1
    seed: int = 0
    seeds: int = 1
    learning_rate: float | None = None
    max_steps: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.scale < np.inf:
            raise InputError("a positive, finite scale", f"{self.scale}")
        for name, value in (("max_steps", self.max_steps), ("seeds", self.seeds)):
            if value is not None and value < 1:
                raise InputError(f"{name} of at least 1", f"{value}")
        if self.seed < 0:
            raise InputError("a seed of at least 0", f"{self.seed}")
        if self.learning_rate is not None:
            GradientDescent(self.learning_rate)  # refuses a rate that is not positive
        if self.hidden is not None and self.hidden < 1:
            raise InputError("at least 1 hidden unit", f"{self.hidden}")


def configure(
    statistics: TaskStatistics,
    source: Source,
    options: Options,
    *,
    asked: dict,
    checkpoints: str | None,
) -> dict:
    """All it takes to make a study again, with what follows from the trials filled in.

    Args:
        statistics: statistics of the trials.
        source: the trials.
        options: what is asked of networks and training.
        asked: options of the source, by the names that the command line has for them.
        checkpoints: where networks come from that the user trained, for the record.

    Returns:
        The configuration, ready for JSON.
    """
    hidden = options.hidden or max(statistics.n_in, statistics.n_out)
    return {
        "source": source.name,
        "asked": {
            name: value for name, value in asked.items() if value is not None and value is not False
        },
        "trials": source.trials.count,
        "fingerprint": _fingerprint(statistics),
        "outputs": "final" if statistics.readout_floors is None else "every",
        **asdict(options),
        "hidden": hidden,
        "max_steps": options.max_steps or training_steps(statistics, hidden),
        "checkpoints": checkpoints,
    }


def _fingerprint(statistics: TaskStatistics) -> str:
    """Sixteen digits that tell these statistics from others, so that a run resumes its own."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(statistics):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()[:16]
