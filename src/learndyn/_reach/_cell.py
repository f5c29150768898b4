"""One network of a violation: its problem, how it is trained, and for how long."""

from collections.abc import Callable

import diffrax
import equinox as eqx
import jax.numpy as jnp

from learndyn._problem import Problem
from learndyn._reach._setting import UNTIL
from learndyn._types import Scalar
from learndyn.methods import Method, WeightFlow
from learndyn.statistics import Trials

# Explicit, since weights are few and the curvature of this task is moderate.
SOLVER = diffrax.Tsit5()


class Cell(eqx.Module):
    """A network that is trained, and of which the theory is asked.

    Attributes:
        problem: network and task.
        method: how it is trained: the flow of the weights, unless steps are the violation.
        until: for how long, in the units in which the method takes times.
        trials: gives the trials that the method trains on, where it needs some.
    """

    problem: Problem
    method: Method = WeightFlow(solver=SOLVER)
    until: Scalar = eqx.field(converter=lambda t: jnp.asarray(t, float), default=UNTIL)
    trials: Callable[[], Trials] | None = eqx.field(static=True, default=None)
