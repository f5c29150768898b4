"""The gradient flow of the connectivity modes, each a network of one unit."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from learndyn._assumptions import ALIGNED, CONSTANT_BASES, WHITE, Assumption
from learndyn._dynamics import velocity
from learndyn._problem import Problem
from learndyn._types import Array, Float, Inexact
from learndyn.methods._flow import Flow, hold_frozen
from learndyn.methods._method import mode_target, require_no_rule
from learndyn.network import (
    Bases,
    LinearRNN,
    Modes,
    network_from_modes,
    network_modes,
)
from learndyn.statistics import TaskStatistics


class ModeFlow(Flow):
    """Gradient flow of the connectivity modes (eqs 5–7, 182–184; eqs 152–155 at every step).

    Where input is white, bases constant and the network aligned, the modes decouple. Each is a
    linear RNN of its own: of one unit, whose task is its temporal singular values, or of two for
    complex modes, which turn and scale a plane. That is how it is computed: the velocity of many
    tiny networks at once.

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

    def check(self, problem: Problem) -> None:
        """See `Method`.

        Args:
            problem: the problem.

        Raises:
            InputError: if the problem has a rule of its own, which may couple the modes.
        """
        require_no_rule(self, problem)

    def unknowns(self, problem: Problem) -> int:
        """See `Flow`."""
        vectors = problem.statistics.vectors
        each = 1 if vectors is None or not jnp.iscomplexobj(vectors[0]) else 2
        return 3 * each * min(problem.net.n_in, problem.net.n_out, problem.net.n_hidden)

    def flow(self, problem: Problem, bases: Bases) -> tuple[Any, Modes, Any]:
        """See `Flow`."""
        targets, lag_weights = mode_target(problem, bases)

        def one(target, modes: Modes) -> Modes:
            net = LinearRNN(*map(_block, modes))
            task = TaskStatistics.white(_block(target), weights=lag_weights)
            single = Problem(net, task, frozen=problem.frozen)
            moving = velocity(single, net)
            return Modes(
                *(
                    _number(block, mode)
                    for block, mode in zip((moving.w_x, moving.w_h, moving.w_y), modes, strict=True)
                )
            )

        def field(modes: Modes) -> Modes:
            return jax.vmap(one)(targets, modes)

        def to_net(modes: Modes) -> LinearRNN:
            return network_from_modes(hold_frozen(problem, start, modes), bases)

        start = network_modes(problem.net, bases)
        return field, start, to_net


def _block(number: Inexact[Array, "*any"]) -> Float[Array, "*any n n"]:
    """Matrices of real numbers, 1 × 1, or of complex ones, `[[μ, −ν], [ν, μ]]`."""
    if not jnp.iscomplexobj(number):
        return number[..., None, None]
    rows = (jnp.stack([number.real, -number.imag], -1), jnp.stack([number.imag, number.real], -1))
    return jnp.stack(rows, -2)


def _number(block: Float[Array, "n n"], like: Inexact[Array, ""]) -> Inexact[Array, ""]:
    """The number whose matrix a block is, or comes closest to."""
    if not jnp.iscomplexobj(like):
        return block[0, 0]
    return jax.lax.complex(block[0, 0] + block[1, 1], block[1, 0] - block[0, 1]) / 2
