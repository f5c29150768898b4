"""The closed form of the input-output modes, with the recurrent modes frozen."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from learndyn._assumptions import ALIGNED, CONSTANT_BASES, WHITE, Assumption
from learndyn._curve import RESULTS, Path, State
from learndyn._dynamics import velocity
from learndyn._problem import Problem
from learndyn._types import Array, Float, Scalar
from learndyn.methods._method import Method, mode_target, require_frozen, speed
from learndyn.network import Bases, Modes, network_from_modes, network_modes
from learndyn.theory._solutions import modes_in_time

# Times at which `train` looks whether the modes are still: four for each doubling.
_FIRST, _PER_DOUBLING, _RECORDS = 2.0**-10, 4, 240


class ExactInputOutput(Method):
    """Exact solution for frozen recurrent modes (eqs 47 and 157), at any time at the same cost.

    The start may be balanced, of either sign, or not balanced at all; see
    `theory.input_output_modes`. The problem must have `frozen="recurrent"`.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 2.0, None, 6), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.01, 1.0, 0.01, key=jax.random.key(1))
        >>> problem = ld.Problem(net, task, frozen="recurrent")
        >>> curve = ld.solve(problem, ld.ExactInputOutput(), jnp.array([0.0, 1e6]))
        >>> bool(abs(curve.modes.a[-1, 0] * curve.modes.c[-1, 0] - 2.0) < 1e-9)
        True
    """

    assumptions: ClassVar[tuple[Assumption, ...]] = (WHITE, CONSTANT_BASES, ALIGNED)

    def check(self, problem: Problem) -> None:
        """See `Method`."""
        require_frozen(self, problem, ("recurrent",))

    def run(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        times: Float[Array, " times"],
        state: State | None,  # noqa: ARG002
    ) -> Path:
        """See `Method`; a closed form has nothing to resume from but the start."""
        weights = self._weights(problem, bases, times)
        valid = jnp.isfinite(times)
        return Path(times, None, weights, valid, RESULTS.reached, _stopped(times[-1]))

    def converge(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`; a step is a time at which the modes are looked at."""
        count = min(max_steps, _RECORDS)
        doublings = jnp.arange(count - 1) / _PER_DOUBLING
        times = jnp.concatenate([jnp.zeros(1), _FIRST * 2.0**doublings]).astype(slope.dtype)
        weights = self._weights(problem, bases, times)
        speeds = jax.vmap(lambda net: speed(velocity(problem, net)))(weights)
        still = speeds <= slope
        valid = jnp.cumsum(still) - still < 1  # up to the first at which they are
        last = valid.sum() - 1
        index = jnp.minimum(jnp.arange(count), last)
        times, weights = times[index], jax.tree.map(lambda w: w[index], weights)
        result = RESULTS.where(still.any(), RESULTS.minimum, RESULTS.not_yet)
        return Path(times, None, weights, valid, result, _stopped(times[-1]))

    def describe(self, problem: Problem) -> str:  # noqa: ARG002
        """See `Method`."""
        return "ExactInputOutput()"

    def _weights(self, problem: Problem, bases: Bases, times: Float[Array, " times"]):
        start = network_modes(problem.net, bases)
        modes = modes_in_time(times[:, None], start, mode_target(problem, bases))
        return jax.vmap(lambda *mode: network_from_modes(Modes(*mode), bases))(*modes)


def _stopped(time: Scalar) -> State:
    return State(time, jnp.zeros((), int), ())
