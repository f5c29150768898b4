"""Drawings of learning curves."""

from learndyn.report._learning import learning_figure as learning_figure
