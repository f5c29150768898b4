"""Ways to a learning curve, one file each."""

from learndyn.methods._gradient_descent import GradientDescent as GradientDescent
from learndyn.methods._method import Method as Method
from learndyn.methods._mode_flow import ModeFlow as ModeFlow
from learndyn.methods._weight_flow import WeightFlow as WeightFlow
