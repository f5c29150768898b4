"""Sources of trials by name: a file, or a built-in task."""

from dataclasses import dataclass
from typing import Any

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


def open_source(
    name: str, *, target: str, count: int, seed: int, outputs: str | None = None
) -> Source:
    """Trials of a source.

    Args:
        name: `integration`, `neurogym`, `digits`, or a file ending in `.npz`.
        target: what the integration tasks report: mean, sum, late or early.
        count: trials to draw from the integration tasks.
        seed: seed of the draw.
        outputs: `"final"` or `"every"`; None: as the trials come, which is a target at the last
            step for the integration tasks and digits. Only the former can make other targets.

    Returns:
        The source.

    Raises:
        InputError: for an unknown source, a count below 1, or outputs that there are not.
    """
    if count < 1:
        raise InputError("at least 1 trial", f"{count}")
    # Words of a user, which the tasks check.
    integrated: dict[str, Any] = {"target": target, "outputs": outputs or "final"}
    if name == "integration":
        x, y = integration_task(**integrated).sample(count, key=jax.random.key(seed))
        return Source(f"integration, {target}", Trials(x, y))
    if name == "neurogym":
        trials = neurogym_integration(count, seed=seed, **integrated)
        return Source(f"neurogym, {target}", trials)
    if name == "digits":
        return Source("digits", digits().with_outputs(outputs))
    if name.endswith(".npz"):
        return Source(name, read_npz(name).with_outputs(outputs))
    raise InputError(
        "a source: integration, neurogym, digits or a file ending in .npz", f"{name!r}"
    )
