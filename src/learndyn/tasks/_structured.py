"""Tasks with constant singular vectors, or eigenvectors, and any spectrum (P.4.1)."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import (
    Array,
    ArrayLike,
    Float,
    ImpulseResponse,
    Inexact,
    PRNGKeyArray,
    Shaped,
)
from learndyn.network import response_from_modes
from learndyn.statistics import TaskStatistics
from learndyn.tasks._eigen import eigenvectors, row_partners
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
    """A task `C_k = w_k U diag(m_k) V†` with white input.

    Attributes:
        spectrum: temporal singular values, or eigenvalues, `(modes, T)`, in t order.
        vectors: U, `(out, modes)`, and V, `(in, modes)`; in the eigen form both are P, complex.
        outputs: `"final"` or `"every"`.

    Example:
        >>> import jax, learndyn as ld
        >>> spectrum = ld.task_dynamics("constant", 1.0, None, 3)
        >>> task = ld.structured_task(spectrum, 4, 2, key=jax.random.key(0))
        >>> task.impulse_response.shape, float(task.statistics().floor)
        ((3, 2, 4), 0.0)
    """

    spectrum: Inexact[Array, "modes T"]
    vectors: tuple[Inexact[Array, "out modes"], Inexact[Array, "in modes"]]
    outputs: Outputs = eqx.field(static=True)

    @property
    def impulse_response(self) -> ImpulseResponse:
        """Best impulse response, `U diag(m_k) V†` by lag."""
        return response_from_modes(self.spectrum[:, ::-1].T, *self.vectors)

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
        """Trials whose moments are exactly the statistics: white input, targets by eqs 203 and 204.

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
    """A task with the given spectrum in random bases (P.4.1).

    A real spectrum makes the SVD form: singular values in constant singular vectors. A complex one
    makes the eigen form: eigenvalues in constant unit eigenvectors, rotations and scalings of
    planes. The task is real, so complex rows need their conjugates among the rows, in any order; a
    row of real values is a dimension of its own.

    Args:
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`. With
            `outputs="every"` they are means per lag, `s_i = m_{T−i}`.
        n_in: input channels.
        n_out: output channels.
        outputs: readout at the last step (`"final"`) or at every step (`"every"`).
        key: random key of the bases.

    Returns:
        The task, with `.statistics()` and `.sample(n, key=...)`.

    Raises:
        InputError: if there are more modes than channels, or the spectrum has another rank; if a
            complex spectrum has a row without its conjugate, or inputs and outputs differ in
            number.

    Example:
        >>> import jax, learndyn as ld
        >>> spectrum = ld.task_dynamics("exponential", 1.0, 0.8, 5)
        >>> task = ld.structured_task(spectrum, 4, 3, key=jax.random.key(0))
        >>> x, y = task.sample(40, key=jax.random.key(1))
        >>> x.shape, y.shape
        ((40, 5, 4), (40, 3))
        >>> turn = ld.task_dynamics("inverse_exponential", 1.0, 0.5 + 0.5j, 5)
        >>> spectrum = jax.numpy.stack([turn, turn.conj()])
        >>> task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
        >>> task.vectors[0].shape, bool(task.impulse_response.dtype == turn.real.dtype)
        ((2, 2), True)
    """
    spectrum = jnp.asarray(spectrum)
    if spectrum.ndim not in (1, 2) or spectrum.size == 0:
        raise InputError("a spectrum of shape (T,) or (modes, T)", f"shape {spectrum.shape}")
    spectrum = jnp.atleast_2d(spectrum) * 1.0
    if spectrum.shape[0] > min(n_in, n_out):
        raise InputError(
            f"at most {min(n_in, n_out)} modes for {n_in} inputs and {n_out} outputs",
            f"{spectrum.shape[0]}",
        )
    reads_every_step(outputs)
    left, right = (
        jnp.linalg.qr(jax.random.normal(k, (n, spectrum.shape[0])))[0]
        for k, n in zip(jax.random.split(key), (n_out, n_in), strict=True)
    )
    if jnp.iscomplexobj(spectrum):
        if n_in != n_out:
            raise InputError(
                "as many outputs as inputs for a complex spectrum, which has eigenvectors",
                f"{n_in} inputs and {n_out} outputs",
                "Add silent channels to the smaller side.",
            )
        left = right = eigenvectors(row_partners(spectrum), left)
    return StructuredTask(spectrum, (left, right), outputs)
