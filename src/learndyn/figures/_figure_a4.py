"""Figure A4: figure 5 for a task that turns at each step (Appendix J)."""

from functools import partial

from learndyn.figures import _figure_5
from learndyn.figures._configuration import Configuration

TITLE = f"{_figure_5.TITLE}, of a rotational task"
CONFIGURATION = Configuration(
    {**_figure_5.CONFIGURATION.paper, "angle": 1 / 12}, _figure_5.CONFIGURATION.chosen
)
QUICK = _figure_5.QUICK
data = partial(_figure_5.data, name="A4")
draw = partial(_figure_5.draw, title="a rotation by π/12 at each step")
claims = _figure_5.claims
