"""The gradient flow of the connectivity modes, each a network of one unit."""

from typing import Any, ClassVar

import jax

from learndyn._assumptions import ALIGNED, CONSTANT_BASES, WHITE, Assumption
from learndyn._curve import Path, State
from learndyn._dynamics import velocity
from learndyn._problem import Problem
from learndyn._types import Array, Float, Scalar
from learndyn.methods._flow import Flow, hold_frozen
from learndyn.methods._method import mode_target
from learndyn.network import (
    Bases,
    LinearRNN,
    Modes,
    network_from_modes,
    network_modes,
)
from learndyn.statistics import TaskStatistics


class ModeFlow(Flow):
    """Gradient flow of the connectivity modes (eqs 5–7; eqs 152–155 at every step).

    Where input is white, bases constant and the network aligned, the modes decouple, and each is
    a linear RNN with one unit whose task is its temporal singular values. That is how it is
    computed: the velocity of many one-unit networks at once.

    Args:
        solver: a diffrax solver; None: Kvaerno5, implicit, up to 2,000 unknowns, Tsit5 above.
        rtol: relative tolerance; None: 1e-8 in float64, 1e-5 in float32.
        atol: absolute tolerance; None: 1e-10 in float64, 1e-7 in float32.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("inverse_exponential", 1.0, 0.5, 6), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.ModeFlow(), jnp.array([0.0, 60.0]))
        >>> round(float(curve.modes.b[-1, 0]), 3)
        0.5
    """

    assumptions: ClassVar[tuple[Assumption, ...]] = (WHITE, CONSTANT_BASES, ALIGNED)

    def run(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """See `Method`."""
        return self._integrate(*self._flow(problem, bases), times, state)

    def converge(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`."""
        return self._settle(*self._flow(problem, bases), slope, max_steps)

    def unknowns(self, problem: Problem) -> int:
        """See `Flow`."""
        return 3 * min(problem.net.n_in, problem.net.n_out, problem.net.n_hidden)

    def _flow(self, problem: Problem, bases: Bases) -> tuple[Any, Modes, Any]:
        targets, lag_weights = mode_target(problem, bases)

        def one(target, a, b, c):
            net = LinearRNN(a[None, None], b[None, None], c[None, None])
            task = TaskStatistics.white(target[:, None, None], weights=lag_weights)
            single = Problem(net, task, frozen=problem.frozen, rule=problem.rule)
            moving = velocity(single, net)
            return Modes(moving.w_x[0, 0], moving.w_h[0, 0], moving.w_y[0, 0])

        def field(modes: Modes) -> Modes:
            return jax.vmap(one)(targets, *modes)

        def to_net(modes: Modes) -> LinearRNN:
            return network_from_modes(hold_frozen(problem, start, modes), bases)

        start = network_modes(problem.net, bases)
        return field, start, to_net
