"""Where a task is read out, at the last step or at every one: all that tells M from its model."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure

from learndyn.figures._claim import Claim
from learndyn.tasks._structured import Outputs, reads_every_step


def at_every_step(claims: Iterable[Claim], changes: dict[str, dict[str, Any]]) -> list[Claim]:
    """Claims of a figure, carried over to a readout at every step.

    Args:
        claims: measured from networks that are read out at every step.
        changes: by the id of the model, what is not as it is there: outcome, note, sentence.

    Returns:
        The claims, their ids after an M.

    Raises:
        KeyError: for a change of a claim that there is not.
    """
    found = {claim.id: claim for claim in claims}
    for name, change in changes.items():
        found[name] = replace(found[name], **change)
    return [replace(claim, id=f"M{claim.id}") for claim in found.values()]


def name_readout(figure: Figure, outputs: Outputs) -> None:
    """Say above the panels that networks are read out at every step, where they are.

    Args:
        figure: the figure.
        outputs: `"final"` or `"every"`.
    """
    if reads_every_step(outputs):
        figure.suptitle("a readout at every step", fontsize="medium")
