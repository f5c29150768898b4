"""Sources of trials by name: a file, or a built-in task."""

from dataclasses import dataclass

import jax

from learndyn._errors import InputError
from learndyn.statistics import Trials
from learndyn.tasks import digits, integration_task, neurogym_integration, read_npz


@dataclass(frozen=True)
class Source:
    """Trials and where they came from.

    Attributes:
        name: the name, with its options where it has any.
        trials: the trials.
    """

    name: str
    trials: Trials


def open_source(name: str, *, target: str, count: int, seed: int) -> Source:
    """Trials of a source.

    Args:
        name: `integration`, `neurogym`, `digits`, or a file ending in `.npz`.
        target: what the integration tasks report: mean, sum, late or early.
        count: trials to draw from the integration tasks.
        seed: seed of the draw.

    Returns:
        The source.

    Raises:
        InputError: for an unknown source, or a count below 1.
    """
    if count < 1:
        raise InputError("at least 1 trial", f"{count}")
    if name == "integration":
        x, y = integration_task(target).sample(count, key=jax.random.key(seed))  # pyright: ignore
        return Source(f"integration, {target}", Trials(x, y))
    if name == "neurogym":
        trials = neurogym_integration(count, seed=seed, target=target)  # pyright: ignore
        return Source(f"neurogym, {target}", trials)
    if name == "digits":
        return Source("digits", digits())
    if name.endswith(".npz"):
        return Source(name, read_npz(name))
    raise InputError(
        "a source: integration, neurogym, digits or a file ending in .npz", f"{name!r}"
    )
