"""The flow predicts the trained loss within 1 %, at 0.02 over the curvature along it."""

import importlib.util

import jax
import numpy as np
import pytest

import learndyn as ld
from learndyn._study._plan import plan_training
from learndyn.sources import open_source

# The package that each source needs, none for our own generator.
NEEDS = {"integration": "numpy", "digits": "sklearn", "neurogym": "neurogym"}


@pytest.mark.parametrize("source", NEEDS)
def test_within_a_hundredth_at_every_recorded_step(source):
    if importlib.util.find_spec(NEEDS[source]) is None:
        pytest.skip(f"needs {NEEDS[source]}")
    trials = open_source(source, target="mean", count=1000, seed=0).trials
    hidden = max(trials.n_in, trials.n_out)
    net = ld.init_unaligned(trials.n_in, hidden, trials.n_out, 0.1, key=jax.random.key(0))
    problem = ld.Problem(net, trials)
    # As many steps as it takes, so that the rate is 0.02 over the curvature and not more.
    plan = plan_training([problem], learning_rate=None, max_steps=10**8)
    assert plan.learning_rate * plan.curvature == pytest.approx(0.02)

    trained = ld.solve(problem, ld.GradientDescent(plan.learning_rate), plan.times)
    predicted = ld.solve(problem, ld.WeightFlow(), np.asarray(trained.times))
    gap = ld.compare(predicted, trained)
    # Most of learning was compared, not the plateau of the start.
    assert trained.excess[-1] < 0.2 * trained.excess[0]
    print(f"{source}: {int(trained.steps[-1])} steps, largest gap {float(gap.largest_gap):.2e}")
    assert gap.largest_gap < 0.01
