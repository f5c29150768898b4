"""One network that was trained, and what was said of it."""

from typing import NamedTuple

from learndyn._curve import LearningCurve


class Run(NamedTuple):
    """Learning from one start.

    Attributes:
        seed: seed of the start; None where the network was trained elsewhere.
        predicted: curve by the flow of the weights.
        trained: curve of gradient descent, at the same times.
        lazy: curve of the network linearized at its start, at the same times.
    """

    seed: int | None
    predicted: LearningCurve
    trained: LearningCurve
    lazy: LearningCurve
