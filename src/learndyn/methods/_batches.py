"""Back-propagation through time on the trials themselves, all of them or in batches."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._types import Array, Float, Int, PRNGKeyArray, Scalar
from learndyn.network import LinearRNN
from learndyn.statistics import Trials


class Batches(eqx.Module):
    """Trials on the device, and how many a step sees.

    Attributes:
        x: inputs, `(trajectories, T, in)`.
        y: targets, `(trajectories, out)` or `(trajectories, T, out)`.
        lengths: steps of each trajectory.
        size: trials per step, or None for all.
        key: random key of the draws.
    """

    x: Float[Array, "trajectories T in"]
    y: Float[Array, "trajectories *rest"]
    lengths: Int[Array, " trajectories"]
    size: int | None = eqx.field(static=True)
    key: PRNGKeyArray | None

    @classmethod
    def of(
        cls, trials: Trials | None, size: int | None, key: PRNGKeyArray | None, dtype: np.dtype
    ) -> "Batches":
        """Read trials once.

        Args:
            trials: the trials.
            size: trials per step, or None for all.
            key: random key of the draws.
            dtype: number type to train in.

        Returns:
            The trials, ready for steps.
        """
        assert trials is not None
        x, y, lengths = trials.arrays()
        return cls(jnp.asarray(x, dtype), jnp.asarray(y, dtype), jnp.asarray(lengths), size, key)

    def velocity(self, net: LinearRNN, step: Int[Array, ""]) -> LinearRNN:
        """Minus the gradient of the loss over the trials that a step sees.

        Args:
            net: the weights.
            step: number of the step, which decides the draw.

        Returns:
            The velocity of each weight matrix.
        """
        x, y, lengths = self.x, self.y, self.lengths
        if self.size is not None:
            assert self.key is not None
            draw = jax.random.fold_in(self.key, step)
            chosen = jax.random.randint(draw, (self.size,), 0, x.shape[0])
            x, y, lengths = x[chosen], y[chosen], lengths[chosen]
        return jax.tree.map(jnp.negative, jax.grad(data_loss)(net, x, y, lengths))


def data_loss(
    net: LinearRNN,
    x: Float[Array, "trajectories T in"],
    y: Float[Array, "trajectories *rest"],
    lengths: Int[Array, " trajectories"],
) -> Scalar:
    """Loss `½ mean ‖y − ŷ‖²` by running the network over the trials.

    Args:
        net: the network.
        x: inputs.
        y: targets, at the last step or at every step.
        lengths: steps of each trajectory.

    Returns:
        Loss, summed over outputs and readouts, mean over trajectories.
    """
    outputs = net(x)
    if y.ndim == 2:
        last = jnp.take_along_axis(outputs, (lengths - 1)[:, None, None], axis=1)[:, 0]
        return 0.5 * jnp.sum((y - last) ** 2) / x.shape[0]
    seen = jnp.arange(x.shape[1]) < lengths[:, None]
    return 0.5 * jnp.sum(jnp.where(seen[..., None], y - outputs, 0) ** 2) / x.shape[0]
