"""Where steps do not suffice, training ends before the loss bends too much for its rate."""

import jax
import numpy as np

import learndyn as ld
from learndyn._study._plan import plan_training

STEPS = 5000


def remembering(length, decay):
    """A unit that must keep what it saw for long: the loss falls from a cliff in the end."""
    task = ld.teacher_task(ld.LinearRNN([[1.0]], [[decay]], [[1.0]]), length)
    return ld.Problem(ld.init_unaligned(1, 1, 1, 0.1, key=jax.random.key(0)), task)


def test_training_ends_before_a_cliff_and_says_how_many_steps_are_enough():
    problem = remembering(200, 0.99)
    plan = plan_training([problem], learning_rate=None, max_steps=STEPS)
    curve = ld.solve(problem, ld.GradientDescent(plan.learning_rate), plan.times)
    assert plan.enough_steps > 10 * STEPS
    assert curve.steps[-1] <= STEPS
    # The flow goes on over the cliff, where the rate is far beyond what is stable.
    sharpest = float(ld.curvature(problem, plan.flows[0].final))
    assert sharpest * plan.learning_rate > 2 > plan.curvature * plan.learning_rate
    assert curve.excess[-1] > 10 * plan.flows[0].excess[-1]


def test_as_many_steps_as_it_says_are_enough():
    problem = remembering(20, 0.9)
    short = plan_training([problem], learning_rate=None, max_steps=50)
    whole = plan_training([problem], learning_rate=None, max_steps=short.enough_steps)
    assert short.shortened
    assert not whole.shortened
    assert np.isclose(whole.learning_rate * whole.curvature, 0.2, rtol=0.01)
    ld.solve(problem, ld.GradientDescent(whole.learning_rate), whole.times)
