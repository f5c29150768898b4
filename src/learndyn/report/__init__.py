"""Drawings of learning curves, the style of all drawings, and the page of a study."""

from learndyn.report._learning import learning_figure as learning_figure
from learndyn.report._learning_panels import eigenvalues_panel as eigenvalues_panel
from learndyn.report._learning_panels import energies_panel as energies_panel
from learndyn.report._learning_panels import loss_panel as loss_panel
from learndyn.report._learning_panels import plane_panel as plane_panel
from learndyn.report._learning_panels import singular_values_panel as singular_values_panel
from learndyn.report._limits import Limit as Limit
from learndyn.report._limits import limits as limits
from learndyn.report._page import page_in_frame as page_in_frame
from learndyn.report._page import report_page as report_page
from learndyn.report._panel import panel as panel
from learndyn.report._plateaus import Plateau as Plateau
from learndyn.report._plateaus import plateaus as plateaus
from learndyn.report._response_panel import response_panel as response_panel
from learndyn.report._run import Run as Run
from learndyn.report._size_panel import size_panel as size_panel
from learndyn.report._spectrum_panel import spectrum_panel as spectrum_panel
from learndyn.report._style import COLOURS as COLOURS
from learndyn.report._style import SIMULATION as SIMULATION
from learndyn.report._style import THEORY as THEORY
from learndyn.report._style import bare as bare
from learndyn.report._style import colours as colours
from learndyn.report._style import save_svg as save_svg
from learndyn.report._svg import inline_svg as inline_svg
