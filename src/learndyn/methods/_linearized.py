"""Lazy learning: the network linearized at its start."""

from functools import partial
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from learndyn._dynamics import freeze, through_weights
from learndyn._numerics import decay
from learndyn._path import Path, State
from learndyn._problem import Problem
from learndyn._types import Array, Float, Scalar
from learndyn.kernels import kernel_over
from learndyn.methods._closed_form import closed_path, settle
from learndyn.methods._method import Method, require_no_rule
from learndyn.network import Bases, LinearRNN, lag_responses
from learndyn.statistics import lags_to_stack


class _Lazy(NamedTuple):
    """A linearized network: its residual over the data, in modes of its kernel.

    Attributes:
        rates: eigenvalues of the kernel, the rates at which modes of the residual decay.
        vectors: its eigenvectors over the directions of the data.
        amplitudes: residual at the start along them.
        unreachable: half the square of the residual that no change of the weights reaches.
    """

    rates: Float[Array, " modes"]
    vectors: Float[Array, "directions modes"]
    amplitudes: Float[Array, " modes"]
    unreachable: Scalar

    def left(self, times: Float[Array, " times"]) -> Float[Array, "times modes"]:
        """Residual along the modes, later."""
        return self.amplitudes * jnp.exp(-self.rates * times[:, None])


class Linearized(Method):
    """Gradient flow of the network linearized at its start, in closed form at any time.

    Lazy learning to the letter: outputs are those at the start plus the Jacobian times the change
    of the weights, so the tangent kernel K stays what it is, and the residual decays mode by mode,
    `e(t) = exp(−K t) e(0)`. It assumes nothing of data and weights; what it leaves out is feature
    learning, all of it, so `compare` with a trained curve says how rich that was. The loss of the
    curve is that of the linearized network; its weights are those at which the linearization
    stands, and modes and singular values are theirs.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 2, 2, 0.1, key=jax.random.key(1))
        >>> problem, times = ld.Problem(net, task), jnp.array([0.0, 1.0, 100.0])
        >>> lazy = ld.solve(problem, ld.Linearized(), times)
        >>> rich = ld.solve(problem, ld.WeightFlow(), times)
        >>> bool(lazy.loss[-1] > 10 * rich.loss[-1])  # a small start learns features
        True
    """

    linearized: ClassVar[bool] = True

    def check(self, problem: Problem) -> None:
        """See `Method`."""
        require_no_rule(self, problem)

    def run(
        self,
        problem: Problem,
        bases: Bases,  # noqa: ARG002
        data: None,  # noqa: ARG002
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """See `Method`; resumed, it stays the linearization of its first network."""
        first = problem.net if state is None else LinearRNN(*state.leaves)
        return _path(problem, first, _lazy(problem, first), times)

    def converge(
        self,
        problem: Problem,
        bases: Bases,  # noqa: ARG002
        data: None,  # noqa: ARG002
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`; a step is a time at which the network is looked at."""
        lazy = _lazy(problem, problem.net)

        def speeds(path: Path) -> Float[Array, " times"]:
            assert path.times is not None
            return jnp.sqrt(jnp.sum(lazy.rates * lazy.left(path.times) ** 2, -1))

        return settle(partial(_path, problem, problem.net, lazy), speeds, slope, max_steps)

    def describe(self, problem: Problem) -> str:  # noqa: ARG002
        """See `Method`."""
        return "Linearized()"


def _lazy(problem: Problem, first: LinearRNN) -> _Lazy:
    statistics = problem.statistics
    rates, vectors = kernel_over(first, statistics, problem.frozen).modes()
    difference = first.impulse_response(statistics.length) - statistics.target
    residual = statistics.inputs.residual(lags_to_stack(difference)).ravel()
    amplitudes = residual @ vectors
    outside = residual - vectors @ amplitudes
    return _Lazy(rates, vectors, amplitudes, 0.5 * jnp.sum(outside**2))


def _path(problem: Problem, first: LinearRNN, lazy: _Lazy, times: Float[Array, " times"]) -> Path:
    statistics = problem.statistics
    responses = lag_responses(first.w_h, first.w_x, statistics.length)

    def weights(time: Scalar) -> LinearRNN:
        # How much of each mode of the residual has acted on the weights; some never do.
        gone = jnp.where(lazy.rates > 0, decay(lazy.rates, time), 0)
        acted = lazy.vectors @ (gone * lazy.amplitudes)
        slope = statistics.inputs.project_back(acted.reshape(first.n_out, -1))
        return first + freeze(problem, through_weights(first, responses, -slope))

    excess = lazy.unreachable + 0.5 * jnp.sum(lazy.left(times) ** 2, -1)
    return closed_path(times, jax.vmap(weights)(times), excess, tuple(jax.tree.leaves(first)))
