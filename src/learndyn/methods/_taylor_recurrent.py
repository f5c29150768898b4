"""The local expansion of the recurrent modes, with the input-output modes frozen."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._assumptions import ALIGNED, CONSTANT_BASES, WHITE, Assumption
from learndyn._errors import InputError
from learndyn._numerics import polynomial
from learndyn._path import RESULTS, Path, State
from learndyn._problem import Problem
from learndyn._types import Array, Float, Int, Scalar, ScalarLike, Tracer
from learndyn.methods._method import Method, mode_target, require_frozen
from learndyn.network import Bases, Modes, network_from_modes, network_modes
from learndyn.theory._recurrent import power_series

# Points that `train` records on the way, spaced evenly in the logarithm of the windows.
_RECORDS = 200


class TaylorRecurrent(Method):
    """Power series of b in learning time, renewed in each window (eqs 48–67 and 158).

    Of `order` p the error at a fixed time falls with the window Δ as Δᵖ. A curve resumes bitwise
    from the end of a window. The problem must have `frozen=("input", "output")`.

    Args:
        order: highest power of time, at least 1.
        window: Δ, the time over which one series is used.

    Raises:
        InputError: for an order below 1, or a window that is not positive.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> spectrum = ld.task_dynamics("inverse_exponential", 1.0, 0.6, 6)
        >>> task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 1.0, 0.1, 1.0, key=jax.random.key(1))
        >>> problem = ld.Problem(net, task, frozen=("input", "output"))
        >>> curve = ld.solve(problem, ld.TaylorRecurrent(5, 0.1), jnp.array([0.0, 40.0]))
        >>> round(float(curve.modes.b[-1, 0]), 6)
        0.6
    """

    assumptions: ClassVar[tuple[Assumption, ...]] = (WHITE, CONSTANT_BASES, ALIGNED)

    order: int = eqx.field(static=True)
    window: Scalar

    def __init__(self, order: int, window: ScalarLike):
        if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
            raise InputError("a whole order of at least 1", f"{order}")
        if not isinstance(window, Tracer) and not np.all(np.isfinite(window) & (window > 0)):
            raise InputError("a positive, finite window", f"{window}")
        self.order, self.window = int(order), jnp.asarray(window, float)

    def check(self, problem: Problem) -> None:
        """See `Method`."""
        require_frozen(self, problem, ("input", "output"))

    def run(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """See `Method`."""
        series, start, to_net = self._series(problem, bases)
        window = self.window.astype(times.dtype)
        done = jnp.zeros((), int) if state is None else state.step
        b = start if state is None else state.leaves[0]

        def record(carry, time):
            # Rounding must not split a time at a window's end from that end.
            target = jnp.floor(time / window * (1 + 4 * jnp.finfo(time.dtype).eps)).astype(int)
            carry = jax.lax.while_loop(
                lambda now: (now[0] < target) & jnp.isfinite(now[1]).all(),
                lambda now: (now[0] + 1, polynomial(series(now[1]), window)),
                carry,
            )
            done, b = carry
            here = polynomial(series(b), jnp.maximum(time - done * window, 0))
            return carry, jnp.where(done == target, here, jnp.nan)

        (done, b), path = jax.lax.scan(record, (done, b), times)
        return self._path(times, path, start, to_net, done, b, RESULTS.reached)

    def converge(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`; a step is a window."""
        series, start, to_net = self._series(problem, bases)
        window = self.window.astype(slope.dtype)
        spaced = jnp.round(jnp.exp(jnp.linspace(0.0, jnp.log(max_steps), _RECORDS - 1)))
        targets = jnp.concatenate([jnp.zeros(1, int), spaced.astype(int)])

        def still(b):
            return jnp.linalg.norm(series(b)[..., 1]) <= slope

        def record(carry, target):
            done, b, over = carry
            done, b = jax.lax.while_loop(
                lambda now: (now[0] < target) & jnp.isfinite(now[1]).all() & ~still(now[1]),
                lambda now: (now[0] + 1, polynomial(series(now[1]), window)),
                (done, b),
            )
            return (done, b, over | still(b)), (done, jnp.where(over, jnp.nan, b))

        first = (jnp.zeros((), int), start, jnp.asarray(False))
        (done, b, over), (steps, path) = jax.lax.scan(record, first, targets)
        ended = RESULTS.where(over, RESULTS.minimum, RESULTS.not_yet)
        ended = RESULTS.where(jnp.isfinite(b).all(), ended, RESULTS.diverged)
        curve = self._path(steps * window, path, start, to_net, done, b, RESULTS.reached)
        return curve._replace(result=ended)

    def describe(self, problem: Problem) -> str:  # noqa: ARG002
        """See `Method`."""
        return f"TaylorRecurrent(order={self.order})"

    def settings(self) -> dict[str, Array]:
        """See `Method`."""
        return {"window": self.window}

    def _series(self, problem: Problem, bases: Bases):
        """The series of all recurrent modes at b, b at the start, and the network of a b."""
        modes = network_modes(problem.net, bases)
        target = mode_target(problem, bases)

        def series(b: Array) -> Array:
            return power_series(modes.a * modes.c, b, target, self.order)

        def to_net(b: Array):
            return network_from_modes(Modes(modes.a, b, modes.c), bases)

        return series, modes.b, to_net

    def _path(self, times, path, start, to_net, done: Int[Array, ""], b, ended: Any) -> Path:
        valid = jnp.cumprod(jnp.isfinite(path).all(-1)).astype(bool)
        last = jnp.where(valid.any(), path[jnp.maximum(valid.sum() - 1, 0)], start)
        weights = jax.vmap(to_net)(jnp.where(valid[:, None], path, last))
        result = RESULTS.where(valid.all(), ended, RESULTS.diverged)
        state = State((done * self.window).astype(times.dtype), done, (b,))
        return Path(times, None, weights, valid, result, state)
