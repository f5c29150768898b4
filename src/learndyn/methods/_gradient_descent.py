"""Gradient descent, on the statistics or on the trials themselves."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._dynamics import freeze, velocity
from learndyn._errors import InputError
from learndyn._path import RESULTS, Path, State
from learndyn._problem import Problem
from learndyn._types import Array, Bool, Float, Int, PRNGKeyArray, Scalar, ScalarLike, Tracer
from learndyn.methods._batches import Batches
from learndyn.methods._method import Method, speed
from learndyn.network import Bases, LinearRNN

# Points that `train` records on the way, spaced evenly in the logarithm of the steps.
_RECORDS = 200


class Descent(NamedTuple):
    """Where training to convergence is.

    Attributes:
        step: gradient steps taken.
        now: the weights, and the memory of the optimizer.
        alive: whether the loss is finite.
        done: whether the weights are still.
    """

    step: Int[Array, "*batch"]
    now: tuple[LinearRNN, Any]
    alive: Bool[Array, "*batch"]
    done: Bool[Array, "*batch"]

    def result(self) -> RESULTS:
        """How training would end here, of one network.

        Returns:
            One of `minimum`, which may be a saddle, `not_yet` and `diverged`.
        """
        still = RESULTS.where(self.done, RESULTS.minimum, RESULTS.not_yet)
        return RESULTS.where(self.alive, still, RESULTS.diverged)


class GradientDescent(Method):
    """Training by gradient steps; with no optimizer, `W ← W − η ∇L`.

    On statistics a step costs the same however many trials there were, and is equal to a step on
    all the data. Any optax transformation without a learning rate may shape the steps.

    Args:
        learning_rate: η, in the units of `dW/dt = −∇L`, so k steps stand at `t = k η`.
        on: `"statistics"`, or `"data"` for back-propagation through time on the trials.
        optimizer: an optax transformation without a rate, such as `optax.trace(0.9)` or
            `optax.scale_by_adam()`; None: plain steps.
        batch_size: trials per step, drawn with replacement; None: all. Needs `on="data"`.
        key: random key of the batches.
        time_scale: flow time per step over η: 1, or `1/(1 − μ)` for momentum μ. None: the
            optimizer has no flow time, the curve has steps only, and requested times are `k η`.

    Raises:
        InputError: for a learning rate that is not positive, or options that do not go together.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.GradientDescent(0.1), jnp.arange(3.0))
        >>> curve.steps.tolist()
        [0, 10, 20]
    """

    learning_rate: Scalar
    on: str = eqx.field(static=True)
    optimizer: Any
    batch_size: int | None = eqx.field(static=True)
    key: PRNGKeyArray | None
    time_scale: Scalar | None

    def __init__(
        self,
        learning_rate: ScalarLike,
        *,
        on: str = "statistics",
        optimizer: Any = None,
        batch_size: int | None = None,
        key: PRNGKeyArray | None = None,
        time_scale: ScalarLike | None = 1.0,
    ):
        if on not in ("statistics", "data"):
            raise InputError('on="statistics" or on="data"', f"{on!r}")
        if batch_size is not None and (on != "data" or key is None or batch_size < 1):
            raise InputError('on="data", a key and a positive size with batch_size', f"on={on!r}")
        if optimizer is not None and not hasattr(optimizer, "update"):
            raise InputError("an optax transformation as optimizer", f"{type(optimizer).__name__}")
        _check_positive("learning_rate", learning_rate)
        self.learning_rate = jnp.asarray(learning_rate, float)
        self.on, self.optimizer, self.batch_size, self.key = on, optimizer, batch_size, key
        if time_scale is not None:
            _check_positive("time_scale", time_scale)
            time_scale = jnp.asarray(time_scale, float)
        self.time_scale = time_scale

    def check(self, problem: Problem) -> None:
        """See `Method`.

        Args:
            problem: the problem.

        Raises:
            InputError: if training is on data and the problem has no trials, or a rule of its own,
                which sees statistics only.
        """
        if self.on == "data" and problem.rule is not None:
            raise InputError(
                "a problem without a rule for training on data",
                "one with its own",
                "Train on the statistics, which a rule is given.",
            )
        if self.on == "data" and problem.trials is None:
            raise InputError(
                "a problem built from trials for training on data",
                "one built from a task or statistics",
                "Build it from task.sample(n, key=key), or train on the statistics.",
            )

    def data(self, problem: Problem) -> Batches | None:
        """See `Method`."""
        if self.on == "statistics":
            return None
        return Batches.of(problem.trials, self.batch_size, self.key, problem.net.w_x.dtype)

    @property
    def time_per_step(self) -> Scalar:
        """Learning time of one step; the learning rate itself where there is no flow time."""
        return self.learning_rate * (1.0 if self.time_scale is None else self.time_scale)

    def run(
        self,
        problem: Problem,
        bases: Bases,  # noqa: ARG002
        data: Batches | None,
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """See `Method`."""
        steps = jnp.round(times / self.time_per_step).astype(int)
        start = self._start(problem, state)
        first_step = jnp.zeros((), int) if state is None else state.step.astype(int)

        def record(carry, step):
            reached, (net, memory), alive = carry
            moved = jax.lax.fori_loop(
                reached, step, lambda k, now: self._step(problem, data, k, now), (net, memory)
            )
            alive = alive & _finite_loss(problem, moved[0])
            # A diverged network stays where it was last finite; the loop goes on at no cost.
            now = jax.tree.map(lambda new, old: jnp.where(alive, new, old), moved, (net, memory))
            return (jnp.where(alive, step, reached), now, alive), (now[0], alive)

        carry = (first_step, start, jnp.asarray(True))
        (step, last, alive), (weights, valid) = jax.lax.scan(record, carry, steps)
        result = RESULTS.where(alive, RESULTS.reached, RESULTS.diverged)
        return self._path(weights, steps, valid, result, step, last)

    def converge(
        self,
        problem: Problem,
        bases: Bases,  # noqa: ARG002
        data: Batches | None,
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`."""

        def record(descent, target):
            now = self.advance(problem, data, slope, descent, target)
            # The point at which the weights became still is the last of the curve.
            return now, (now.now[0], now.step, now.alive & ~descent.done)

        targets = self.record_steps(max_steps)
        last, (weights, steps, valid) = jax.lax.scan(record, self.begin(problem), targets)
        return self._path(weights, steps, valid, last.result(), last.step, last.now)

    @staticmethod
    def record_steps(max_steps: int) -> Int[Array, " records"]:
        """Steps at which training to convergence is recorded.

        Args:
            max_steps: the last of them.

        Returns:
            Zero, then steps spaced evenly in the logarithm.
        """
        spaced = jnp.exp(jnp.linspace(0.0, jnp.log(max_steps), _RECORDS - 1))
        return jnp.concatenate([jnp.zeros(1, int), jnp.round(spaced).astype(int)])

    def begin(self, problem: Problem) -> Descent:
        """Where training to convergence begins.

        Args:
            problem: the problem.

        Returns:
            The first state.
        """
        start = self._start(problem, None)
        return Descent(jnp.zeros((), int), start, jnp.asarray(True), jnp.asarray(False))

    def advance(
        self, problem: Problem, data: Batches | None, slope: Scalar, descent: Descent, target
    ) -> Descent:
        """Train up to a number of steps, or until the weights are still or have diverged.

        Args:
            problem: the problem.
            data: what `data` returned.
            slope: largest norm of the velocity at which the weights count as still.
            descent: where training is.
            target: steps to reach, counted from the start.

        Returns:
            Where training is then.
        """

        def unfinished(state):
            step, (net, _), moving = state
            return (step < target) & (speed(moving) > slope) & jnp.isfinite(net.w_h).all()

        def forward(state):
            step, now, moving = state
            now = self._step(problem, data, step, now, moving)
            return step + 1, now, velocity(problem, now[0])

        state = (descent.step, descent.now, velocity(problem, descent.now[0]))
        step, moved, moving = jax.lax.while_loop(unfinished, forward, state)
        alive = descent.alive & _finite_loss(problem, moved[0])
        # A diverged network goes back to the last recorded one.
        now = jax.tree.map(lambda new, old: jnp.where(alive, new, old), moved, descent.now)
        done = descent.done | (alive & (speed(moving) <= slope))
        return Descent(jnp.where(alive, step, descent.step), now, alive, done)

    def describe(self, problem: Problem) -> str:  # noqa: ARG002
        """See `Method`."""
        optimizer = "" if self.optimizer is None else f", optimizer={_name(self.optimizer)}"
        batch = "" if self.batch_size is None else f", batch_size={self.batch_size}"
        return f"GradientDescent(on={self.on!r}{optimizer}{batch})"

    def settings(self) -> dict[str, Array]:
        """See `Method`."""
        numbers = {"learning_rate": self.learning_rate}
        if self.time_scale is not None:
            numbers["time_scale"] = self.time_scale
        if self.key is not None:
            key = self.key
            typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
            numbers["key"] = jax.random.key_data(key) if typed else key
        return numbers

    def _start(self, problem: Problem, state: State | None):
        memory = None if self.optimizer is None else self.optimizer.init(problem.net)
        start = (problem.net, memory)
        if state is None:
            return start
        leaves, structure = jax.tree.flatten(start)
        if [leaf.shape for leaf in leaves] != [leaf.shape for leaf in state.leaves]:
            raise InputError(
                "a curve of the same network and optimizer to resume", "one of other shapes"
            )
        return jax.tree.unflatten(structure, state.leaves)

    def _step(self, problem: Problem, data: Batches | None, k, now, moving=None):
        net, memory = now
        rate = self.learning_rate.astype(net.w_x.dtype)
        if data is None:
            moving = velocity(problem, net) if moving is None else moving
        else:
            moving = freeze(problem, data.velocity(net, k))
        if self.optimizer is None:
            return net + rate * moving, memory
        slope = jax.tree.map(jnp.negative, moving)
        update, memory = self.optimizer.update(slope, memory, net)
        return net + (-rate) * freeze(problem, update), memory

    def _path(self, weights, steps, valid, result, step, last) -> Path:
        times = None
        if self.time_scale is not None:
            times = (steps * self.time_per_step).astype(weights.w_x.dtype)
        state = State(step * self.time_per_step, step, tuple(jax.tree.leaves(last)))
        return Path(times, steps, weights, valid, result, state)


def _finite_loss(problem: Problem, net: LinearRNN):
    return jnp.isfinite(problem.statistics.excess(net.impulse_response(problem.statistics.length)))


def _check_positive(name: str, value: ScalarLike) -> None:
    # NumPy, since under jit even a comparison of plain numbers by jax is traced.
    if not isinstance(value, Tracer) and not np.all(np.isfinite(value) & (np.asarray(value) > 0)):
        raise InputError(f"a positive, finite {name}", f"{value}")


def _name(optimizer: Any) -> str:
    return optimizer.update.__qualname__.split(".")[0]
