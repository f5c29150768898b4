"""The stages of learning: plateaus of the loss, and the modes that end them."""

import numpy as np

from learndyn._curve import LearningCurve
from learndyn._problem import Problem
from learndyn._study._responses import mode_energies
from learndyn.report import Plateau, plateaus

# A drop belongs to each mode that takes at least half as much of it as the one that takes most.
_TAKES_PART = 0.5


def stages(problem: Problem, curve: LearningCurve) -> list[dict]:
    """Plateaus of a learning curve, each with the modes that are learned when it ends.

    Args:
        problem: network and task.
        curve: a curve of it.

    Returns:
        For each plateau its `start` and `end`, `until` when the drop after it lasts, the share
        `drop` of the whole fall of the loss, and `modes`, counted from 1, the largest part first.
    """
    times = np.asarray(curve.times)
    waits = plateaus(times, np.asarray(curve.loss))
    energies = mode_energies(problem, curve.weights, curve.bases) if waits else np.empty(0)
    return [{**wait._asdict(), "modes": _learned(energies, times, wait)} for wait in waits]


def _learned(energies: np.ndarray, times: np.ndarray, wait: Plateau) -> list[int]:
    before, after = (energies[np.searchsorted(times, t)] for t in (wait.end, wait.until))
    fallen = before - after
    takes_part = np.flatnonzero(fallen >= max(_TAKES_PART * fallen.max(), np.finfo(float).tiny))
    return [int(i) + 1 for i in takes_part[np.argsort(-fallen[takes_part], kind="stable")]]
