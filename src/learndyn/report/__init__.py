"""Drawings of learning curves, and the style of all drawings."""

from learndyn.report._learning import learning_figure as learning_figure
from learndyn.report._style import COLOURS as COLOURS
from learndyn.report._style import SIMULATION as SIMULATION
from learndyn.report._style import THEORY as THEORY
from learndyn.report._style import bare as bare
from learndyn.report._style import colours as colours
from learndyn.report._style import save_svg as save_svg
