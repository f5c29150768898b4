"""Figure M5: figure 5 with a readout at every step."""

from functools import partial

from learndyn.figures import _figure_5

TITLE = f"{_figure_5.TITLE}, with a readout at every step"
CONFIGURATION = _figure_5.CONFIGURATION.changed(outputs="every")
QUICK = _figure_5.QUICK
data = partial(_figure_5.data, name="M5")
draw = partial(_figure_5.draw, title="a readout at every step")
claims = _figure_5.claims
