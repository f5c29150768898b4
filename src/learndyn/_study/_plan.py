"""How long to train and at which rate, read off the predicted flow."""

from typing import NamedTuple

import jax
import numpy as np

from learndyn._curve import LearningCurve
from learndyn._dynamics import curvature
from learndyn._problem import Problem
from learndyn._train import train
from learndyn.methods import GradientDescent, WeightFlow

# Rate times curvature: training follows the flow closely at the first, is stable up to 2, and
# trades closeness for time between the first and the second.
_CLOSE, _COARSE = 0.02, 0.2
# Learning counts as over when this share of the loss that the flow will shed is left.
_LEFT = 1e-3
# The flow is followed until its slope is this small, or for so many steps of its solver.
_TOLERANCE, _SOLVER_STEPS = 1e-5, 1000
# Points of the flow at which the curvature is measured, and points recorded in training.
_PROBES, _RECORDS = 100, 200


class Plan(NamedTuple):
    """What the predicted flow says about training.

    Attributes:
        curvature: largest curvature of the loss along the flow.
        learning_rate: rate to train at.
        horizon: learning time to train for.
        times: when to record, multiples of the rate.
        flow: the flow of the weights, at the steps of its solver.
        shortened: whether the allowed steps end before learning is over.
    """

    curvature: float
    learning_rate: float
    horizon: float
    times: np.ndarray
    flow: LearningCurve
    shortened: bool


def plan_training(problem: Problem, *, learning_rate: float | None, max_steps: int) -> Plan:
    """Follow the flow of the weights, and choose a horizon and a learning rate.

    The rate is 0.02 over the largest curvature along the flow; up to ten times that where learning
    would not be over within the allowed steps.

    Args:
        problem: network and task.
        learning_rate: a rate to use instead.
        max_steps: gradient steps that training may take.

    Returns:
        The plan.
    """
    flow = train(problem, WeightFlow(), tolerance=_TOLERANCE, max_steps=_SOLVER_STEPS).trimmed()
    excess, times = np.asarray(flow.excess), np.asarray(flow.times)
    probes = np.unique(np.linspace(0, len(times) - 1, _PROBES).round().astype(int))
    largest = float(curvature(problem, jax.tree.map(lambda w: w[probes], flow.weights)).max())

    over = excess - excess[-1] <= _LEFT * (excess[0] - excess[-1])
    horizon = float(times[np.argmax(over)]) or float(times[-1]) or 1.0
    if learning_rate is None:
        close = _CLOSE / largest if largest > 0 else horizon / _RECORDS
        learning_rate = float(np.clip(horizon / max_steps, close, close * _COARSE / _CLOSE))
    reached = min(horizon, max_steps * learning_rate)
    return Plan(
        curvature=largest,
        learning_rate=learning_rate,
        horizon=reached,
        times=_record_times(reached, learning_rate),
        flow=flow,
        shortened=reached < horizon,
    )


def _record_times(horizon: float, learning_rate: float) -> np.ndarray:
    """Half of the points even in time, half in its logarithm, since plateaus end in cliffs."""
    steps = max(1, round(horizon / learning_rate))
    even = np.linspace(0, steps, _RECORDS // 2)
    logarithmic = np.geomspace(1, steps, _RECORDS // 2)
    recorded = np.unique(np.concatenate([even, logarithmic]).round().astype(int))
    return np.asarray(GradientDescent(learning_rate).time_per_step) * recorded
