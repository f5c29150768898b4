"""Figure R, ours: how far the aligned theory reaches as its assumptions are violated."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._curve import LearningCurve
from learndyn._problem import Problem
from learndyn._reach import reach, reach_exponent, reach_threshold, violations_along
from learndyn._solve import solve
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import dataset, quantity
from learndyn.figures._figure_r_claims import claims as claims
from learndyn.figures._figure_r_drawing import draw as draw
from learndyn.methods import WeightFlow
from learndyn.network import init_unaligned
from learndyn.tasks import integration_task, structured_task, task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "gap between the aligned theory and training as one assumption is violated"
CONFIGURATION = Configuration(
    chosen={
        "seeds": 10,
        "sizes": {
            "correlation": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
            "anisotropy": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
            "turning_bases": [1e-3, 3e-3, 1e-2, 3e-2, 1e-1],
            "misalignment": [1e-3, 1e-2, 3e-2, 1e-1, 1.0],
            "imbalance": [0.1, 0.5, 1.0, 2.0, 4.0],
            "start_scale": [0.01, 0.03, 0.1, 0.3, 1.0],
            "narrowness": [1 / 8, 1 / 6, 1 / 4, 1 / 2, 1.0],
            "learning_rate": [0.01, 0.03, 0.1, 0.3, 1.0],
            "momentum": [0.0006, 0.0012, 0.0024, 0.01, 0.1],
            "adam": [0.01, 0.02, 0.04, 0.2, 1.0],
            "usual_adam": [0.001, 0.003, 0.01, 0.03, 0.1],
            "minibatch": [1 / 64, 1 / 16, 1 / 4, 1 / 2, 1.0],
        },
        # Exponents are fitted to the first sizes, where gaps are small.
        "fitted": 3,
        "levels": [0.01, 0.1],
        "along_scale": 0.05,
        "along_until": {"integration": 60.0, "structured": 12.0},
        "along_points": 121,
    }
)


def data(configuration: Configuration) -> "xarray.Dataset":
    """Gaps by violation, size and seed; their exponents and thresholds; violations while learning.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `violation`, `place` among its sizes, `seed`, `level`; and over `task` and
        `point`, a recorded time.
    """
    names, levels = list(configuration["sizes"]), configuration["levels"]
    found = [reach(n, configuration["sizes"][n], seeds=configuration["seeds"]) for n in names]
    fitted = configuration["fitted"]
    exponents = [reach_exponent(each, float(each["size"][fitted - 1])) for each in found]
    thresholds = [[reach_threshold(each, level) for level in levels] for each in found]
    sizes = [each["size"] for each in found]
    curves = [_along(*each, configuration) for each in _problems(configuration)]
    assumptions = list(curves[0][1].data_vars)
    measured = [[each[name] for name in assumptions] for _, each in curves]
    over, gap = ("violation", "place", "seed"), "largest relative gap of the loss"
    along = ("task", "assumption", "point")
    variables = {
        "size": quantity(over[:2], sizes, "size of the violation"),
        "gap": quantity(over, [each["gap"] for each in found], gap),
        "exponent": quantity(("violation", "seed"), exponents, "p of gap ~ size^p"),
        "threshold": quantity(
            ("violation", "level", "seed"), thresholds, "size at which the gap passes the level"
        ),
        "along": quantity(along, measured, "violation of an assumption while learning"),
        "time": quantity(along[::2], [c.times for c, _ in curves], "learning time"),
        "loss": quantity(
            along[::2], [c.loss / c.loss[0] for c, _ in curves], "loss over the first loss"
        ),
    }
    coords = {
        "violation": ("violation", names),
        "assumption": ("assumption", assumptions),
        "task": ("task", list(configuration["along_until"])),
        "seed": quantity("seed", range(configuration["seeds"]), "seed"),
        "level": quantity("level", levels, gap),
    }
    return dataset("R", configuration, variables, coords)


def _problems(configuration: Configuration) -> list[tuple[Problem, float]]:
    """Two tasks, each with a small Gaussian start, and for how long they are learned."""
    spectrum = task_dynamics("inverse_exponential", jnp.array([2.0, 1.5, 1.0, 0.7]), 0.6, 5)
    tasks = {
        "integration": integration_task("mean", length=6),
        "structured": structured_task(spectrum, 4, 4, key=jax.random.key(0)),
    }
    net = init_unaligned(4, 4, 4, configuration["along_scale"], key=jax.random.key(1))
    return [(Problem(net, tasks[n]), until) for n, until in configuration["along_until"].items()]


def _along(
    problem: Problem, until: float, configuration: Configuration
) -> tuple[LearningCurve, "xarray.Dataset"]:
    times = np.linspace(0.0, until, configuration["along_points"])
    curve = solve(problem, WeightFlow(), times)
    return curve, violations_along(problem, curve)
