"""The figures of the paper: data, drawing, and the claims that each must measure."""

from learndyn.figures._claim import Claim as Claim
from learndyn.figures._configuration import Configuration as Configuration
from learndyn.figures._folder import claim_folder as claim_folder
from learndyn.figures._group import Outcome as Outcome
from learndyn.figures._group import make_group as make_group
from learndyn.figures._report import REPORT as REPORT
from learndyn.figures._report import read_summary as read_summary
from learndyn.figures._run import FIGURES as FIGURES
from learndyn.figures._run import FigureResult as FigureResult
from learndyn.figures._run import figure_configuration as figure_configuration
from learndyn.figures._run import figure_names as figure_names
from learndyn.figures._run import load_figure as load_figure
from learndyn.figures._run import make_figure as make_figure

# For readers; the others are for rooms above.
__all__ = [
    "Claim",
    "Configuration",
    "FigureResult",
    "figure_configuration",
    "figure_names",
    "load_figure",
    "make_figure",
]
