"""Tasks with constant singular vectors and any temporal singular values (P.4.1, SVD form)."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import Array, ArrayLike, Float, ImpulseResponse, PRNGKeyArray, Shaped
from learndyn.statistics import TaskStatistics
from learndyn.tasks._white import lag_weights, respond, white_inputs

Outputs = Literal["final", "every"]


def reads_every_step(outputs: str) -> bool:
    """Whether `outputs` asks for a readout at every step.

    Args:
        outputs: `"final"` or `"every"`.

    Returns:
        Whether it is `"every"`.

    Raises:
        InputError: for another word.
    """
    if outputs not in ("final", "every"):
        raise InputError('outputs "final" or "every"', f"{outputs!r}")
    return outputs == "every"


class StructuredTask(eqx.Module):
    """A task `C_k = w_k U diag(m_k) Vᵀ` with white input.

    Attributes:
        spectrum: temporal singular values, `(modes, T)`, in t order.
        vectors: U, `(out, modes)`, and V, `(in, modes)`.
        outputs: `"final"` or `"every"`.
    """

    spectrum: Float[Array, "modes T"]
    vectors: tuple[Float[Array, "out modes"], Float[Array, "in modes"]]
    outputs: Outputs = eqx.field(static=True)

    @property
    def impulse_response(self) -> ImpulseResponse:
        """Best impulse response, `U diag(m_k) Vᵀ` by lag."""
        left, right = self.vectors
        return jnp.einsum("om,mk,im->koi", left, self.spectrum[:, ::-1], right)

    def statistics(self) -> TaskStatistics:
        """Exact statistics, with floor zero.

        Returns:
            The statistics.
        """
        length = self.spectrum.shape[1]
        return TaskStatistics.white(
            self.impulse_response,
            weights=lag_weights(length, every_step=self.outputs == "every"),
            vectors=self.vectors,
        )

    def sample(
        self, n: int, *, key: PRNGKeyArray
    ) -> tuple[Float[Array, "trajectories T in"], Float[Array, "trajectories *rest"]]:
        """Trials whose moments are exactly the statistics: white input, targets by eq. 203.

        Args:
            n: number of trajectories, at least `T · n_in`.
            key: random key.

        Returns:
            Inputs and targets.
        """
        length, n_in = self.spectrum.shape[1], self.vectors[1].shape[0]
        x = white_inputs(n, length, n_in, key=key)
        return x, respond(self.impulse_response, x, every_step=self.outputs == "every")


def structured_task(
    spectrum: Shaped[ArrayLike, "*modes T"],
    n_in: int,
    n_out: int,
    *,
    outputs: Outputs = "final",
    key: PRNGKeyArray,
) -> StructuredTask:
    """A task with the given temporal singular values in random singular bases (P.4.1).

    Args:
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`. With
            `outputs="every"` they are means per lag, `s_i = m_{T−i}`.
        n_in: input channels.
        n_out: output channels.
        outputs: readout at the last step (`"final"`) or at every step (`"every"`).
        key: random key of the bases.

    Returns:
        The task, with `.statistics()` and `.sample(n, key=...)`.

    Raises:
        InputError: if there are more modes than channels, or the spectrum has another rank.

    Example:
        >>> import jax, learndyn as ld
        >>> spectrum = ld.task_dynamics("exponential", 1.0, 0.8, 5)
        >>> task = ld.structured_task(spectrum, 4, 3, key=jax.random.key(0))
        >>> x, y = task.sample(40, key=jax.random.key(1))
        >>> x.shape, y.shape
        ((40, 5, 4), (40, 3))
    """
    spectrum = jnp.asarray(spectrum)
    if spectrum.ndim not in (1, 2) or spectrum.size == 0:
        raise InputError("a spectrum of shape (T,) or (modes, T)", f"shape {spectrum.shape}")
    if jnp.iscomplexobj(spectrum):
        raise InputError(
            "a real spectrum", "complex numbers", "Rotations need the eigen form of a task."
        )
    spectrum = jnp.atleast_2d(spectrum)
    if spectrum.shape[0] > min(n_in, n_out):
        raise InputError(
            f"at most {min(n_in, n_out)} modes for {n_in} inputs and {n_out} outputs",
            f"{spectrum.shape[0]}",
        )
    reads_every_step(outputs)
    keys = jax.random.split(key)
    vectors = tuple(
        jnp.linalg.qr(jax.random.normal(k, (n, spectrum.shape[0])))[0]
        for k, n in zip(keys, (n_out, n_in), strict=True)
    )
    return StructuredTask(spectrum * 1.0, (vectors[0], vectors[1]), outputs)
