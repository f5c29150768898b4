"""Experiments that can be swept over a grid without writing Python."""

from learndyn._experiments._experiment import Experiment as Experiment
from learndyn._experiments._experiment import Parameter as Parameter
from learndyn._experiments._experiment import sweep_experiment as sweep_experiment
