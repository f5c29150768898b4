"""A path of weights, what a method computes; how it ended, and what it goes on from."""

from typing import NamedTuple

import equinox as eqx

from learndyn._types import Array, Bool, Float, Int, Scalar, Shaped
from learndyn.network import LinearRNN


class RESULTS(eqx.Enumeration):
    """How a learning curve ended, as sentences.

    Example:
        >>> import learndyn as ld
        >>> ld.RESULTS[ld.RESULTS.minimum]
        'The weights converged to a minimum.'
    """

    reached = "The curve reached the last requested time."
    diverged = (
        "Learning diverged: the loss left the range of finite numbers. "
        "Lower the learning rate; twice the inverse curvature is the limit near a minimum."
    )
    exhausted = (
        "The solver took all the steps it may take before the last requested time. "
        "Ask for less time, or loosen rtol and atol."
    )
    failed = "The solver could not continue: its implicit equations had no finite solution."
    minimum = "The weights converged to a minimum."
    saddle = "The weights converged to a saddle, which the flow has not left."
    stationary = (
        "The weights are still; there are too many of them to tell a minimum from a saddle "
        "while tracing. Call train outside jit and vmap."
    )
    still = "The weights are still, by a rule of their own: that this is a minimum is not said."
    not_yet = "The weights have not converged within the allowed steps."


SUCCESSFUL = (
    RESULTS.reached,
    RESULTS.minimum,
    RESULTS.saddle,
    RESULTS.stationary,
    RESULTS.still,
    RESULTS.not_yet,
)


class State(eqx.Module):
    """Where a method stopped, all it needs to go on.

    Attributes:
        time: learning time, or number of steps times the learning rate where there is none.
        step: gradient steps, zero for flows.
        leaves: arrays of the method's own state, in its own order.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 1, 1,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.GradientDescent(0.1), jnp.array([0.0, 2.0]))
        >>> int(curve.state.step), len(curve.state.leaves)
        (20, 3)
    """

    time: Scalar
    step: Int[Array, ""]
    leaves: tuple[Shaped[Array, "..."], ...]


class Path(NamedTuple):
    """What a method computes: weights along learning.

    Attributes:
        times: learning times, `(times,)`, or None where the method has none.
        steps: gradient steps, `(times,)`, or None for flows.
        weights: weights with a leading time axis, frozen at the last finite ones.
        valid: whether each point was reached, true for a first part.
        result: how it ended.
        state: where it stopped.
        excess: loss above the floor, `(times,)`, where it is not that of networks of these weights.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> from learndyn.methods import Path, State
        >>> net = ld.init_unaligned(2, 3, 2, 0.1, key=jax.random.key(1))
        >>> times, weights = jnp.array([0.0, 1.0]), jax.tree.map(lambda w: jnp.stack([w, w]), net)
        >>> state = State(times[-1], jnp.zeros((), int), tuple(jax.tree.leaves(net)))
        >>> still = Path(times, None, weights, jnp.isfinite(times), ld.RESULTS.reached, state)
        >>> still.excess is None  # that of the weights
        True
    """

    times: Float[Array, " times"] | None
    steps: Int[Array, " times"] | None
    weights: LinearRNN
    valid: Bool[Array, " times"]
    result: RESULTS
    state: State
    excess: Float[Array, " times"] | None = None
