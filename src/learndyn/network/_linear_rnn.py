"""The linear recurrent network of eqs 1–3."""

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import (
    Array,
    ArrayLike,
    Float,
    ImpulseResponse,
    InputWeights,
    OutputWeights,
    RecurrentWeights,
    ScalarLike,
)
from learndyn.network._recursion import lag_responses, run


class LinearRNN(eqx.Module):
    """A linear recurrent network, `h_{t+1} = W_h h_t + W_x x_t`, `ŷ_t = W_y h_{t+1}` (eqs 1–2).

    The hidden state starts at zero. The weights may be rectangular. Leading axes hold a batch of
    networks, which the methods reach by `jax.vmap`.

    Attributes:
        w_x: input weights, `(*batch, hidden, in)`.
        w_h: recurrent weights, `(*batch, hidden, hidden)`.
        w_y: output weights, `(*batch, out, hidden)`.

    Raises:
        InputError: if the shapes do not belong to one network.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> net = ld.LinearRNN(jnp.ones((1, 1)), 0.5 * jnp.ones((1, 1)), jnp.ones((1, 1)))
        >>> net.impulse_response(3)[:, 0, 0].tolist()
        [1.0, 0.5, 0.25]
    """

    w_x: InputWeights = eqx.field(converter=jnp.asarray)
    w_h: RecurrentWeights = eqx.field(converter=jnp.asarray)
    w_y: OutputWeights = eqx.field(converter=jnp.asarray)

    def __check_init__(self):
        shapes = [jnp.shape(w) for w in (self.w_x, self.w_h, self.w_y)]
        if min(map(len, shapes)) < 2 or not (
            shapes[0][-2] == shapes[1][-1] == shapes[1][-2] == shapes[2][-1]
        ):
            raise InputError(
                "weights (hidden, in), (hidden, hidden) and (out, hidden) of one hidden size",
                "{}, {} and {}".format(*shapes),
            )

    @property
    def n_in(self) -> int:
        """Number of input channels."""
        return self.w_x.shape[-1]

    @property
    def n_hidden(self) -> int:
        """Number of hidden units."""
        return self.w_h.shape[-1]

    @property
    def n_out(self) -> int:
        """Number of output channels."""
        return self.w_y.shape[-2]

    def __call__(
        self, x: Float[ArrayLike, "trajectories T in"]
    ) -> Float[Array, "trajectories T out"]:
        """Outputs at every step, `ŷ_t = W_y Σ_{i≤t} W_h^{t−i} W_x x_i` (eq. 3).

        Args:
            x: inputs, `(trajectories, T, in)`.

        Returns:
            Outputs, `(trajectories, T, out)`; the last step is the single output of eq. 2.
        """
        return run(self.w_h, x @ self.w_x.T) @ self.w_y.T

    def impulse_response(self, length: int) -> ImpulseResponse:
        """Impulse response `G_k = W_y W_h^k W_x`, lag 0 first.

        Args:
            length: number of lags.

        Returns:
            `(length, out, in)`; all that the network does to inputs of this length.
        """
        responses = lag_responses(self.w_h, self.w_x, length)
        flat = self.w_y @ responses.reshape(self.n_hidden, -1)
        return jnp.moveaxis(flat.reshape(self.n_out, length, self.n_in), 1, 0)

    def __add__(self, other: "LinearRNN") -> "LinearRNN":
        """Weights added entry by entry, as in a step of learning."""
        return jax.tree.map(jnp.add, self, other)

    def __rmul__(self, factor: ScalarLike) -> "LinearRNN":
        """Weights scaled by a number, as a velocity is by a rate."""
        return jax.tree.map(lambda w: factor * w, self)
