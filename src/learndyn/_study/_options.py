"""Options of a study: checked, and filled in from the trials."""

import hashlib

import jax
import numpy as np

from learndyn._errors import InputError
from learndyn.methods import GradientDescent
from learndyn.statistics import TaskStatistics

# Products that training may take where nothing else is said, and steps in any case.
_PRODUCTS, _STEPS = 1e10, (1_000, 1_000_000)


def configure(
    statistics: TaskStatistics,
    *,
    source: str,
    trials: int,
    asked: dict,
    hidden: int | None,
    scale: float,
    seed: int,
    seeds: int,
    learning_rate: float | None,
    max_steps: int | None,
    checkpoints: str | None = None,
) -> dict:
    """Check the options of a study, and fill in what follows from the trials.

    Args:
        statistics: statistics of the trials.
        source: where they come from, and what was done to them, for the record.
        trials: their number.
        asked: options of the source, by the names that the command line has for them.
        hidden: hidden units; None: as many as inputs or outputs, whichever are more.
        scale: size of the random starts.
        seed: seed of the first start.
        seeds: number of starts.
        learning_rate: rate of gradient descent, or None.
        max_steps: gradient steps that training may take; None: what takes well under a minute.
        checkpoints: where networks come from that the user trained, for the record.

    Returns:
        The configuration, ready for JSON.

    Raises:
        InputError: for options out of range.
    """
    if not 0 < scale < np.inf:
        raise InputError("a positive, finite scale", f"{scale}")
    for name, value in (("max_steps", max_steps), ("seeds", seeds)):
        if value is not None and value < 1:
            raise InputError(f"{name} of at least 1", f"{value}")
    if seed < 0:
        raise InputError("a seed of at least 0", f"{seed}")
    if learning_rate is not None:
        GradientDescent(learning_rate)  # refuses a rate that is not positive
    if hidden is not None and hidden < 1:
        raise InputError("at least 1 hidden unit", f"{hidden}")
    hidden = max(statistics.n_in, statistics.n_out) if hidden is None else hidden
    return {
        "source": source,
        "asked": {
            name: value for name, value in asked.items() if value is not None and value is not False
        },
        "trials": trials,
        "fingerprint": _fingerprint(statistics),
        "outputs": "final" if statistics.readout_floors is None else "every",
        "hidden": hidden,
        "scale": scale,
        "seed": seed,
        "seeds": seeds,
        "learning_rate": learning_rate,
        "max_steps": _allowed_steps(statistics, hidden) if max_steps is None else max_steps,
        "checkpoints": checkpoints,
    }


def _allowed_steps(statistics: TaskStatistics, hidden: int) -> int:
    """Steps that take well under a minute, by what one of them multiplies."""
    length, n_in, n_out = statistics.length, statistics.n_in, statistics.n_out
    in_the_network = length * hidden * (n_in + hidden + n_out)
    in_the_loss = (length * n_in) ** 2 * n_out
    return int(np.clip(_PRODUCTS / (in_the_network + in_the_loss), *_STEPS))


def _fingerprint(statistics: TaskStatistics) -> str:
    """Sixteen digits that tell these statistics from others, so that a run resumes its own."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(statistics):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()[:16]
