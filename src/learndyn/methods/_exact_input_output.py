"""The closed form of the input-output modes, with the recurrent modes frozen."""

from typing import ClassVar

import jax

from learndyn._assumptions import ALIGNED, CONSTANT_BASES, WHITE, Assumption
from learndyn._dynamics import velocity
from learndyn._path import Path, State
from learndyn._problem import Problem
from learndyn._types import Array, Float, Scalar
from learndyn.methods._closed_form import closed_path, settle
from learndyn.methods._method import Method, mode_target, require_frozen, speed
from learndyn.network import Bases, Modes, network_from_modes, network_modes
from learndyn.theory._solutions import modes_in_time


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
        return self._path(problem, bases, times)

    def converge(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`; a step is a time at which the modes are looked at."""

        def speeds(path: Path) -> Float[Array, " times"]:
            return jax.vmap(lambda net: speed(velocity(problem, net)))(path.weights)

        return settle(lambda times: self._path(problem, bases, times), speeds, slope, max_steps)

    def describe(self, problem: Problem) -> str:  # noqa: ARG002
        """See `Method`."""
        return "ExactInputOutput()"

    def _path(self, problem: Problem, bases: Bases, times: Float[Array, " times"]) -> Path:
        start = network_modes(problem.net, bases)
        modes = modes_in_time(times[:, None], start, mode_target(problem, bases))
        weights = jax.vmap(lambda *mode: network_from_modes(Modes(*mode), bases))(*modes)
        return closed_path(times, weights)
