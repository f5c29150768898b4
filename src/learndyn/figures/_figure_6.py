"""Figure 6: sensory integration, learned solutions and other trial lengths."""

from typing import TYPE_CHECKING, NamedTuple

import jax
import numpy as np

from learndyn._dynamics import curvature
from learndyn._problem import Problem
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, LOSS, dataset, quantity
from learndyn.figures._figure_6_claims import HORIZONS, NAMES, TARGETS
from learndyn.figures._figure_6_claims import claims as claims
from learndyn.figures._figure_6_drawing import draw as draw
from learndyn.figures._integration import (
    DIRECTIONS,
    Learning,
    alignment,
    at_times,
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
from learndyn.tasks._integration import step_weights

if TYPE_CHECKING:
    import xarray

TITLE = "sensory integration: learned solutions and other trial lengths"
CONFIGURATION = Configuration(
    paper={"channels": 4},
    chosen={
        # Or "neurogym": statistics of trials that it draws.
        "source": "integration",
        "trials": 4000,
        "length": 6,
        "hidden": 4,
        "scale": 0.1,
        "seeds": 10,
        # Of the largest stable rate, 2 over the curvature at the solution.
        "rate": 0.5,
        "max_steps": 20_000,
        "tolerance": 1e-8,
        "solver": {"rtol": 1e-6, "atol": 1e-9},
        "solver_steps": 1000,
        "times": [0.01, 3e4, 261],
        "test_lengths": [1, 19],
    },
)
QUICK = {"seeds": 3, "max_steps": 4000, "times": [0.01, 3e4, 131], "test_lengths": [3, 10]}


class _Task(NamedTuple):
    """Statistics at the trained length, and at each tested one."""

    trained: TaskStatistics
    tested: list[TaskStatistics]


def data(configuration: Configuration) -> "xarray.Dataset":
    """Networks along training and flow, their alignment, and their loss at other lengths.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `target`, `horizon`, `seed`, `record`, `time` and `test_length`.
    """
    first, last, count = configuration["times"]
    times = np.geomspace(first, last, count)
    test_length = np.arange(*configuration["test_lengths"])
    tasks = _tasks(configuration, test_length)
    nets = starts(configuration)
    found = [_of_target(configuration, nets, tasks[target], times) for target in TARGETS]
    variables = {
        name: quantity(("target", *dims), np.stack([each[name][1] for each in found]), *words)
        for name, (dims, _, *words) in found[0].items()
    }
    coords = {
        "target": ("target", list(TARGETS)),
        "horizon": ("horizon", list(HORIZONS)),
        "direction": ("direction", list(DIRECTIONS)),
        "time": quantity("time", times, "learning time of the flow", LEARNING_TIME),
        "test_length": quantity("test_length", test_length, "steps of the trajectory"),
    }
    return dataset("6", configuration, variables, coords)


def _tasks(configuration: Configuration, test_length: np.ndarray) -> dict[str, _Task]:
    """The tasks; of NeuroGym's stimuli those of one length are the same for both."""
    lengths = [configuration["length"], *map(int, test_length)]
    trained, *tested = [
        integration_statistics([step_weights(t, n) for t in TARGETS], configuration, seed=seed)
        for seed, n in enumerate(lengths)
    ]
    return {t: _Task(trained[i], [each[i] for each in tested]) for i, t in enumerate(TARGETS)}


def _of_target(
    configuration: Configuration, nets: LinearRNN, task: _Task, times: np.ndarray
) -> dict[str, tuple]:
    """Variables of one target, each `(dimensions, values, *words)`."""
    statistics, tolerance = task.trained, configuration["tolerance"]
    best = solution(statistics)
    rate = configuration["rate"] * 2 / float(curvature(Problem(best, statistics), best))
    trained = learn(nets, statistics, GradientDescent(rate), tolerance, configuration["max_steps"])
    method = WeightFlow(**configuration["solver"])
    flow = learn(nets, statistics, method, tolerance, configuration["solver_steps"])
    return {
        "rate": ((), rate, "learning rate", LEARNING_TIME),
        **_curves(trained, flow, times),
        **_alignment(flow, statistics, times),
        **_ends(trained, flow),
        **_elsewhere((trained, flow), task.tested),
    }


def _curves(trained: Learning, flow: Learning, times: np.ndarray) -> dict[str, tuple]:
    """Singular values along training, at its records, and along the flow, at common times."""
    found = {
        # All seeds take the same steps up to their end.
        "time_trained": (("record",), trained.times.max(0), "learning time", LEARNING_TIME),
        "loss_flow": (("seed", "time"), at_times(flow, flow.excess, times), "loss", LOSS),
    }
    both = zip(NAMES, singular_values(trained.nets), singular_values(flow.nets), strict=True)
    for name, of_training, of_flow in both:
        words = f"singular values of {NAMES[name]}"
        found[f"{name}_trained"] = (("seed", "record", "index"), of_training, f"{words}, trained")
        of_flow = at_times(flow, of_flow, times)
        found[f"{name}_flow"] = (("seed", "time", "index"), of_flow, f"{words}, exact flow")
    return found


def _alignment(flow: Learning, statistics: TaskStatistics, times: np.ndarray) -> dict[str, tuple]:
    by_direction = ("seed", "time", "direction")
    cosine, mode, misaligned = (
        at_times(flow, each, times) for each in alignment(flow.nets, statistics)
    )
    return {
        "cosine": (by_direction, cosine, "cosine of W_x v and W_y^T v for each direction v"),
        "mode": (by_direction, mode, "input-output mode of each direction"),
        "misaligned": (("seed", "time"), misaligned, "share of the weights off the diagonal"),
    }


def _ends(trained: Learning, flow: Learning) -> dict[str, tuple]:
    """Where and how training and flow end, over `horizon`."""
    pair = (trained, flow)
    values = [
        np.stack(each) for each in zip(*(singular_values(p.final) for p in pair), strict=True)
    ]
    over = ("horizon", "seed")
    found = {
        "end": (over, [p.end for p in pair], f"how it ended, among {', '.join(ENDS)}"),
        "end_time": (over, [p.times[:, -1] for p in pair], "time of the end", LEARNING_TIME),
    }
    for name, each in zip(NAMES, values, strict=True):
        found[f"{name}_end"] = ((*over, "index"), each, f"singular values of {NAMES[name]}")
    return found


def _elsewhere(pair: tuple[Learning, ...], tested: list[TaskStatistics]) -> dict[str, tuple]:
    """Loss at other lengths, and that of the zero network."""
    longest = max(each.length for each in tested)
    trained = [jax.vmap(lambda net: net.impulse_response(longest))(p.final) for p in pair]
    responses = np.concatenate([*trained, np.zeros_like(trained[0][:1])])
    # Compiled for each length, since the moments have another shape at each.
    loss = [np.asarray(_losses(each, responses[:, : each.length])) for each in tested]
    *measured, zero = np.stack(loss, -1)
    measured = np.reshape(measured, (len(pair), -1, len(tested)))
    return {
        "loss_elsewhere": (
            ("horizon", "seed", "test_length"),
            measured,
            "loss at another length",
            LOSS,
        ),
        "loss_of_zero": (("test_length",), zero, "loss of the zero network", LOSS),
    }


@jax.jit
def _losses(statistics: TaskStatistics, responses) -> jax.Array:
    return jax.vmap(statistics.excess)(responses)
