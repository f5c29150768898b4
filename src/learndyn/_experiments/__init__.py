"""Experiments that can be swept over a grid without writing Python."""

from learndyn._experiments._configuration import SweepConfiguration as SweepConfiguration
from learndyn._experiments._configuration import read_configuration as read_configuration
from learndyn._experiments._experiment import REPEAT as REPEAT
from learndyn._experiments._experiment import Experiment as Experiment
from learndyn._experiments._experiment import Parameter as Parameter
from learndyn._experiments._experiment import bind as bind
from learndyn._experiments._experiment import sweep_experiment as sweep_experiment
from learndyn._experiments._feature_learning import FEATURE_LEARNING as FEATURE_LEARNING
from learndyn._experiments._folder import STORE as STORE
from learndyn._experiments._folder import SUMMARY as SUMMARY
from learndyn._experiments._folder import claimed_folder as claimed_folder
from learndyn._experiments._mode import MODE
from learndyn._experiments._one_mode import lag_weights as lag_weights
from learndyn._experiments._one_mode import one_mode as one_mode
from learndyn._experiments._optimum import OPTIMUM
from learndyn._experiments._summary import summarize as summarize

EXPERIMENTS = {each.name: each for each in (OPTIMUM, MODE, FEATURE_LEARNING)}
