"""The gradient flow of the weights, with no assumption."""

from functools import partial
from typing import Any

import jax

from learndyn._dynamics import velocity
from learndyn._problem import Problem
from learndyn.methods._flow import Flow, hold_frozen
from learndyn.network import Bases, LinearRNN


class WeightFlow(Flow):
    """Gradient flow of the weights, `dW/dt = velocity` (eqs 23–25), integrated.

    It assumes nothing: any data, any start, frozen parts, other rules.

    Args:
        solver: a diffrax solver; None: Kvaerno5, implicit, up to 2,000 weights, Tsit5 above.
        rtol: relative tolerance; None: 1e-8 in float64, 1e-5 in float32.
        atol: absolute tolerance; None: 1e-10 in float64, 1e-7 in float32.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 2, 2, 0.1, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.WeightFlow(), jnp.array([0.0, 100.0]))
        >>> bool(curve.excess[-1] < 1e-3 * curve.excess[0])
        True
    """

    def unknowns(self, problem: Problem) -> int:
        """See `Flow`."""
        return sum(w.size for w in jax.tree.leaves(problem.net))

    def flow(
        self,
        problem: Problem,
        bases: Bases,  # noqa: ARG002
    ) -> tuple[Any, LinearRNN, Any]:
        """See `Flow`."""
        start = problem.net
        return partial(velocity, problem), start, partial(hold_frozen, problem, start)
