"""One network of a study: predicted, trained, and learning lazily, on one time axis."""

from dataclasses import dataclass

import numpy as np

from learndyn._curve import Comparison, LearningCurve, compare
from learndyn._path import RESULTS
from learndyn._problem import Problem
from learndyn._study._features import feature_report
from learndyn._study._theory import learning_times


@dataclass(frozen=True)
class Run:
    """A network from one start.

    Attributes:
        seed: seed of the start; None for a network that the user trained.
        problem: the network at its start and the statistics of the trials.
        flow: the predicted flow until it is still, at the steps of its solver.
        predicted: learning curve by the flow of the weights, at the times of `trained`.
        trained: learning curve of the network that was trained.
        lazy: learning curve of the network linearized at its start, at the same times.
    """

    seed: int | None
    problem: Problem
    flow: LearningCurve
    predicted: LearningCurve
    trained: LearningCurve
    lazy: LearningCurve

    @property
    def comparison(self) -> Comparison:
        """Predicted minus trained."""
        return compare(self.predicted, self.trained)

    def summary(self) -> dict:
        """The run in numbers, ready for JSON.

        Returns:
            Nested dictionaries; losses are `½ mean ‖y − ŷ‖²`, times are of `dW/dt = −∇L`.
        """
        curves = {"predicted": self.predicted, "trained": self.trained}
        steps = self.trained.steps
        assert steps is not None
        return {
            "seed": self.seed,
            "flow_ends": str(RESULTS[self.flow.result]),
            "loss": {
                "floor": float(self.trained.floor),
                "first": float(self.trained.loss[0]),
                "trained": float(self.trained.loss[-1]),
                "predicted": float(self.predicted.loss[-1]),
                "largest_relative_gap": float(self.comparison.largest_gap),
            },
            "learned": learning_times(self.problem, self.predicted, self.trained),
            "feature_learning": feature_report(self.problem, self.trained, self.lazy),
            "training": {
                "steps": int(steps[-1]),
                "result": str(RESULTS[self.trained.result]),
                "method": self.trained.method,
            },
            "recurrent_singular_values": {
                name: np.asarray(curve.singular_values.w_h[-1]).tolist()
                for name, curve in curves.items()
            },
        }
