"""Figure A8: late- and early-importance integration, learned solutions and hidden gradients."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn import theory
from learndyn._dynamics import curvature
from learndyn._problem import Problem
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, LOSS, dataset, quantity
from learndyn.figures._figure_a8_claims import NAMES, SAME_RATE, TARGETS
from learndyn.figures._figure_a8_claims import claims as claims
from learndyn.figures._figure_a8_drawing import draw as draw
from learndyn.figures._hidden_state import after_steps, consecutive, hidden_gradients
from learndyn.figures._integration import (
    CHANNELS,
    Learning,
    at_times,
    best_modes,
    learn,
    singular_values,
    solution,
    starts,
)
from learndyn.figures._stimuli import SOURCES as SOURCES
from learndyn.figures._stimuli import integration_statistics
from learndyn.figures._training import ENDS
from learndyn.methods import GradientDescent, WeightFlow
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics
from learndyn.tasks import task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "late- and early-importance integration: solutions, and gradients of the hidden state"
CONFIGURATION = Configuration(
    # Targets Σ 0.1 t x_t and Σ x_t / t.
    paper={"channels": CHANNELS, "length": 6},
    chosen={
        # Or "neurogym": statistics of trials that it draws.
        "source": "integration",
        "trials": 4000,
        # δ and λ of the inverse-exponential counterparts.
        "late": [0.6, 0.75],
        "early": [1 / 6, 1.4],
        "hidden": 4,
        "scale": 0.1,
        "seeds": 10,
        # Of the largest stable rate, 2 over the curvature at the solution.
        "rates": [0.5, 0.9, 1.5],
        # Below that of late importance, above that of early importance.
        "same_rate": 0.025,
        "max_steps": 20_000,
        "more_steps": 100,
        # More shares of that rate, to see how far the steps after training go at each.
        "tried_rates": [1.1, 1.2, 1.3, 1.5, 2.0, 3.0, 4.0, 5.0],
        "tolerance": 1e-8,
        "solver": {"rtol": 1e-6, "atol": 1e-9},
        "solver_steps": 1000,
        "times": [0.01, 3e4, 261],
    },
)
QUICK = {"seeds": 2, "times": [0.01, 3e4, 131]}


def data(configuration: Configuration) -> "xarray.Dataset":
    """Networks along training at several rates, and along the flow.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `target`, `rate`, `seed`, `record`, `time` and `step`.
    """
    times, nets = np.geomspace(*configuration["times"]), starts(configuration)
    spectra = _spectra(configuration)
    tasks = zip(spectra, integration_statistics(spectra, configuration), strict=True)
    found = [_of_target(configuration, nets, *task, times) for task in tasks]
    variables = {
        name: quantity(("target", *dims), np.stack([each[name][1] for each in found]), *words)
        for name, (dims, _, *words) in found[0].items()
    }
    rates = [f"{share:g} of 2 / curvature" for share in configuration["rates"]]
    coords = {
        "target": ("target", list(TARGETS)),
        "matrix": ("matrix", list(NAMES)),
        "rate": ("rate", [*rates, SAME_RATE]),
        "tried_rate": quantity(
            "tried_rate", configuration["tried_rates"], "rate over 2 / curvature"
        ),
        "time": quantity("time", times, "learning time of the flow", LEARNING_TIME),
    }
    return dataset("A8", configuration, variables, coords)


def _spectra(configuration: Configuration) -> list[np.ndarray]:
    """Weight of each step of the input in the target."""
    length = configuration["length"]
    steps = np.arange(1.0, length + 1)
    geometric = []
    for kind in ("late", "early"):
        delta, lam = configuration[kind]
        geometric.append(np.asarray(task_dynamics("inverse_exponential", delta, lam, length)))
    return [0.1 * steps, 1 / steps, *geometric]


def _of_target(
    configuration: Configuration,
    nets: LinearRNN,
    spectrum: np.ndarray,
    statistics: TaskStatistics,
    times: np.ndarray,
) -> dict[str, tuple]:
    """Variables of one target, each `(dimensions, values, *words)`."""
    tolerance = configuration["tolerance"]
    best, white = solution(statistics), theory.optimum(spectrum)
    limit = 2 / float(curvature(Problem(best, statistics), best))
    rates = np.array([*(limit * np.array(configuration["rates"])), configuration["same_rate"]])
    trained = [
        learn(nets, statistics, GradientDescent(rate), tolerance, configuration["max_steps"])
        for rate in rates
    ]
    method = WeightFlow(**configuration["solver"])
    flow = learn(nets, statistics, method, tolerance, configuration["solver_steps"])
    return {
        "learning_rate": (("rate",), rates, "learning rate", LEARNING_TIME),
        "limit": ((), limit, "2 over the curvature at the solution", LEARNING_TIME),
        "white_optimum": (("matrix",), [white.b, white.u], "best b and u for white input"),
        "optimum": (
            ("matrix", "index"),
            [-np.sort(-each) for each in best_modes(statistics)[::-1]],
            "best b and u in each direction, the largest first",
        ),
        **_training(configuration, trained, statistics, rates),
        **_tried(configuration, nets, statistics, limit),
        **_flow(flow, statistics, times),
    }


def _training(
    configuration: Configuration,
    trained: list[Learning],
    statistics: TaskStatistics,
    rates: np.ndarray,
) -> dict[str, tuple]:
    """Curves at every rate, and the steps after them."""
    gradients = [hidden_gradients(each.nets, statistics) for each in trained]
    more = [
        consecutive(each.final, statistics, rate, configuration["more_steps"])
        for each, rate in zip(trained, rates, strict=True)
    ]
    over, after = ("rate", "seed", "record"), ("rate", "seed", "step")
    return {
        "time_trained": (
            ("rate", "record"),
            [each.times.max(0) for each in trained],
            "learning time",
            LEARNING_TIME,
        ),
        "end_trained": (("rate", "seed"), [e.end for e in trained], _ENDED),
        "matrix_trained": (
            ("matrix", *over, "index"),
            _both([each.nets for each in trained]),
            "singular values, trained",
        ),
        "matrix_end": (
            ("matrix", "rate", "seed", "index"),
            _both([each.final for each in trained]),
            "singular values after training",
        ),
        "loss_trained": (over, [e.excess for e in trained], "loss", LOSS),
        "hidden": (over, [g.in_time for g in gradients], _IN_TIME, _PER_TIME),
        "hidden_loss": (over, [g.of_loss for g in gradients], "dL/dH_T"),
        "loss_after": (
            ("rate", "seed", "point"),
            [each.excess for each in more],
            "loss, at steps after training",
            LOSS,
        ),
        "hidden_after": (after, [each.hidden_change for each in more], "change of H_T by a step"),
    }


def _tried(
    configuration: Configuration, nets: LinearRNN, statistics: TaskStatistics, limit: float
) -> dict[str, tuple]:
    """How far a step moves the hidden state after training, at more rates."""
    steps, more = configuration["max_steps"], configuration["more_steps"]
    moved = []
    for rate in limit * np.array(configuration["tried_rates"]):
        there = after_steps(nets, statistics, rate, steps)
        moved.append(consecutive(there, statistics, rate, more).hidden_change.mean(1))
    words = "change of H_T by a step after training, mean of the last steps"
    return {"hidden_tried": (("tried_rate", "seed"), moved, words)}


def _flow(flow: Learning, statistics: TaskStatistics, times: np.ndarray) -> dict[str, tuple]:
    curves = [at_times(flow, each, times) for each in singular_values(flow.nets)]
    hidden = at_times(flow, hidden_gradients(flow.nets, statistics).in_time, times)
    return {
        "matrix_flow": (("matrix", "seed", "time", "index"), curves, "singular values, exact flow"),
        "matrix_flow_end": (
            ("matrix", "seed", "index"),
            singular_values(flow.final),
            "singular values after the exact flow",
        ),
        "hidden_flow": (("seed", "time"), hidden, _IN_TIME, _PER_TIME),
        "end_flow": (("seed",), flow.end, _ENDED),
    }


_ENDED = f"how it ended, among {', '.join(ENDS)}"
_IN_TIME, _PER_TIME = "dH_T/dt", f"1 / ({LEARNING_TIME})"


def _both(nets: list[LinearRNN]) -> np.ndarray:
    """Singular values of both matrices, `(matrix, rate, ...)`."""
    return np.stack([np.stack(singular_values(each)) for each in nets], 1)
