"""Learning dynamics of linear recurrent networks.

What a linear RNN will learn from a task, in which order and how fast, beside a network that is
really trained. Start with `learndyn study` on the command line, or with `Problem`, `solve` and
`compare`.
"""

import importlib
from importlib.metadata import version as _version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from learndyn import theory as theory
    from learndyn._assumptions import conserved_matrix as conserved_matrix
    from learndyn._bases import problem_bases as problem_bases
    from learndyn._curve import RESULTS as RESULTS
    from learndyn._curve import Comparison as Comparison
    from learndyn._curve import LearningCurve as LearningCurve
    from learndyn._curve import compare as compare
    from learndyn._curve_file import load_curve as load_curve
    from learndyn._dynamics import curvature as curvature
    from learndyn._dynamics import velocity as velocity
    from learndyn._ends import Ends as Ends
    from learndyn._ends import ends as ends
    from learndyn._errors import AssumptionError as AssumptionError
    from learndyn._errors import InputError as InputError
    from learndyn._errors import SolveError as SolveError
    from learndyn._errors import SweepError as SweepError
    from learndyn._problem import Problem as Problem
    from learndyn._reach import reach as reach
    from learndyn._reach import reach_exponent as reach_exponent
    from learndyn._reach import reach_threshold as reach_threshold
    from learndyn._reach import violations_along as violations_along
    from learndyn._solve import solve as solve
    from learndyn._study import Checkpoints as Checkpoints
    from learndyn._study import Study as Study
    from learndyn._study import read_checkpoints as read_checkpoints
    from learndyn._study import study as study
    from learndyn._sweep import TrainedNetworks as TrainedNetworks
    from learndyn._sweep import sweep as sweep
    from learndyn._sweep import train_many as train_many
    from learndyn._train import train as train
    from learndyn._units import loss_scale as loss_scale
    from learndyn.kernels import FeatureLearning as FeatureLearning
    from learndyn.kernels import effective_rank as effective_rank
    from learndyn.kernels import feature_learning as feature_learning
    from learndyn.kernels import kernel_distance as kernel_distance
    from learndyn.kernels import kernel_spectrum as kernel_spectrum
    from learndyn.kernels import ntk as ntk
    from learndyn.methods import ExactInputOutput as ExactInputOutput
    from learndyn.methods import GradientDescent as GradientDescent
    from learndyn.methods import Linearized as Linearized
    from learndyn.methods import ModeFlow as ModeFlow
    from learndyn.methods import TaylorRecurrent as TaylorRecurrent
    from learndyn.methods import WeightFlow as WeightFlow
    from learndyn.network import LinearRNN as LinearRNN
    from learndyn.network import init_aligned as init_aligned
    from learndyn.network import init_unaligned as init_unaligned
    from learndyn.statistics import TaskStatistics as TaskStatistics
    from learndyn.statistics import Trials as Trials
    from learndyn.statistics import Whitened as Whitened
    from learndyn.statistics import whiten as whiten
    from learndyn.tasks import integration_task as integration_task
    from learndyn.tasks import structured_task as structured_task
    from learndyn.tasks import task_dynamics as task_dynamics
    from learndyn.tasks import teacher_task as teacher_task

# Where each public name lives. Nothing, not even jax, is imported before a name is first used.
_HOMES = {
    "learndyn._assumptions": ("conserved_matrix",),
    "learndyn._bases": ("problem_bases",),
    "learndyn._curve": ("RESULTS", "Comparison", "LearningCurve", "compare"),
    "learndyn._curve_file": ("load_curve",),
    "learndyn._dynamics": ("curvature", "velocity"),
    "learndyn._ends": ("Ends", "ends"),
    "learndyn._errors": ("AssumptionError", "InputError", "SolveError", "SweepError"),
    "learndyn._problem": ("Problem",),
    "learndyn._reach": ("reach", "reach_exponent", "reach_threshold", "violations_along"),
    "learndyn._solve": ("solve",),
    "learndyn._study": ("Checkpoints", "Study", "read_checkpoints", "study"),
    "learndyn._sweep": ("TrainedNetworks", "sweep", "train_many"),
    "learndyn._train": ("train",),
    "learndyn._units": ("loss_scale",),
    "learndyn.kernels": (
        "FeatureLearning",
        "effective_rank",
        "feature_learning",
        "kernel_distance",
        "kernel_spectrum",
        "ntk",
    ),
    "learndyn.methods": (
        "ExactInputOutput",
        "GradientDescent",
        "Linearized",
        "ModeFlow",
        "TaylorRecurrent",
        "WeightFlow",
    ),
    "learndyn.network": ("LinearRNN", "init_aligned", "init_unaligned"),
    "learndyn.statistics": ("TaskStatistics", "Trials", "Whitened", "whiten"),
    "learndyn.tasks": ("integration_task", "structured_task", "task_dynamics", "teacher_task"),
}
_ROOMS = ("theory",)
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME, *_ROOMS])  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = _version("learndyn")


def __getattr__(name: str):
    if name in _ROOMS:
        return importlib.import_module(f"learndyn.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'learndyn' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
