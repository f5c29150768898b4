"""Ways to a learning curve, one file each; and what a new one is made of."""

from learndyn._path import Path as Path
from learndyn._path import State as State
from learndyn.methods._exact_input_output import ExactInputOutput as ExactInputOutput
from learndyn.methods._flow import Flow as Flow
from learndyn.methods._flow import hold_frozen as hold_frozen
from learndyn.methods._gradient_descent import GradientDescent as GradientDescent
from learndyn.methods._linearized import Linearized as Linearized
from learndyn.methods._method import Method as Method
from learndyn.methods._method import speed as speed
from learndyn.methods._mode_flow import ModeFlow as ModeFlow
from learndyn.methods._taylor_recurrent import TaylorRecurrent as TaylorRecurrent
from learndyn.methods._weight_flow import WeightFlow as WeightFlow
