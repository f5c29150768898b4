"""How long to train and at which rate, read off the predicted flows."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from learndyn._curve import LearningCurve
from learndyn._dynamics import curvature
from learndyn._problem import Problem
from learndyn._study._cost import flow_steps
from learndyn._train import train
from learndyn.methods import GradientDescent, WeightFlow

# Rate times curvature: training follows the flow closely at the first, is stable up to 2, and
# trades closeness for time between the first and the second.
_CLOSE, _COARSE = 0.02, 0.2
# Learning counts as over when this share of the loss that the flow will shed is left.
_LEFT = 1e-3
# The flow is followed until its slope is this small.
_TOLERANCE = 1e-5
# Points of the flow at which the curvature is measured, and points recorded in training.
_PROBES, _RECORDS = 100, 200


class Plan(NamedTuple):
    """What the predicted flows say about training; networks from several starts share it.

    Attributes:
        curvature: largest curvature of the loss along the flows.
        learning_rate: rate to train at.
        horizon: learning time to train for.
        times: when to record, multiples of the rate.
        flows: the flow of the weights from each start, at the steps of its solver.
        enough_steps: where the allowed steps end before learning is over, about how many would do.
    """

    curvature: float
    learning_rate: float
    horizon: float
    times: np.ndarray
    flows: tuple[LearningCurve, ...]
    enough_steps: int | None

    @property
    def shortened(self) -> bool:
        """Whether the allowed steps end before learning is over."""
        return self.enough_steps is not None


def plan_training(
    problems: Sequence[Problem], *, learning_rate: float | None, max_steps: int
) -> Plan:
    """Follow the flow of the weights from each start, and choose a horizon and a learning rate.

    Training lasts until all is learned. The rate is 0.02 over the largest curvature of the loss on
    the way; up to ten times that where the allowed steps would not suffice, and where even those do
    not, training ends where they do: a network that runs away bends the loss more and more.

    Args:
        problems: networks and their one task.
        learning_rate: a rate to use instead.
        max_steps: gradient steps that training may take.

    Returns:
        The plan.
    """
    flows = tuple(flow_until_still(problem) for problem in problems)
    bends = [Bend.along(*pair) for pair in zip(problems, flows, strict=True)]
    horizon = max(_learned_by(flow) for flow in flows)
    reached = horizon
    if learning_rate is not None:
        enough = horizon / learning_rate
    else:
        enough = horizon * max(bend.until(horizon) for bend in bends) / _COARSE
        reached = _affordable(bends, horizon, max_steps)
        largest = max(bend.until(reached) for bend in bends)
        close = _CLOSE / largest if largest > 0 else reached / _RECORDS
        learning_rate = float(np.clip(reached / max_steps, close, close * _COARSE / _CLOSE))
    # Steps that fall short by the rounding of a rate that was made for them suffice.
    if max_steps * learning_rate < reached * (1 - 1e-9):
        reached = max_steps * learning_rate
    return Plan(
        curvature=max(bend.until(reached) for bend in bends),
        learning_rate=learning_rate,
        horizon=reached,
        times=_record_times(reached, learning_rate),
        flows=flows,
        enough_steps=math.ceil(enough) if reached < horizon else None,
    )


class Bend(NamedTuple):
    """How much the loss has bent along a flow so far.

    Attributes:
        times: learning times of a hundred points, increasing.
        largest: largest Hessian eigenvalue at any point up to each.
    """

    times: np.ndarray
    largest: np.ndarray

    @classmethod
    def along(cls, problem: Problem, flow: LearningCurve) -> "Bend":
        """Measure a flow.

        Args:
            problem: network and task.
            flow: its flow.

        Returns:
            The curvature so far, at points of the flow.
        """
        # As many points for every flow, so that all of them are measured by one program.
        probes = np.linspace(0, len(flow.valid) - 1, _PROBES).round().astype(int)
        found = curvature(problem, jax.tree.map(lambda w: w[probes], flow.weights))
        return cls(np.asarray(flow.times)[probes], np.maximum.accumulate(np.asarray(found)))

    def until(self, time: float) -> float:
        """Largest curvature up to a time, and on to the next point.

        Args:
            time: learning time.

        Returns:
            The curvature.
        """
        return float(self.largest[min(np.searchsorted(self.times, time), len(self.times) - 1)])


def _affordable(bends: Sequence[Bend], horizon: float, max_steps: int) -> float:
    """The longest time up to the horizon for which coarse steps suffice."""
    tried = np.unique(np.concatenate([*(bend.times for bend in bends), [horizon]]))
    tried = tried[(tried > 0) & (tried <= horizon)]
    steps = [time * max(bend.until(time) for bend in bends) / _COARSE for time in tried]
    within = np.flatnonzero(np.array(steps) <= max_steps)
    return float(tried[within[-1]] if within.size else tried[0])


def flow_until_still(problem: Problem) -> LearningCurve:
    """The predicted flow, until its slope is all but zero, or its steps cost too much.

    Args:
        problem: network and task.

    Returns:
        The curve, at the steps of the solver.
    """
    steps = flow_steps(problem.statistics, problem.net.n_hidden)
    return train(problem, WeightFlow(), tolerance=_TOLERANCE, max_steps=steps).trimmed()


def _learned_by(flow: LearningCurve) -> float:
    excess, times = np.asarray(flow.excess), np.asarray(flow.times)
    over = excess - excess[-1] <= _LEFT * (excess[0] - excess[-1])
    return float(times[np.argmax(over)]) or float(times[-1]) or 1.0


def _record_times(horizon: float, learning_rate: float) -> np.ndarray:
    """Half of the points even in time, half in its logarithm, since plateaus end in cliffs."""
    steps = max(1, round(horizon / learning_rate))
    even = np.linspace(0, steps, _RECORDS // 2)
    logarithmic = np.geomspace(1, steps, _RECORDS // 2)
    recorded = np.unique(np.concatenate([even, logarithmic]).round().astype(int))
    return np.asarray(GradientDescent(learning_rate).time_per_step) * recorded
