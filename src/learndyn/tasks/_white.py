"""Exactly white samples, shared by the tasks whose theory assumes white input."""

import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import Array, Float, ImpulseResponse, LagWeights, PRNGKeyArray


def white_inputs(
    count: int, length: int, n_in: int, *, key: PRNGKeyArray
) -> Float[Array, "trajectories T in"]:
    """Gaussian inputs whitened so that their sample moments are exactly `A = I`.

    Args:
        count: number of trajectories, at least `length · n_in`.
        length: number of steps.
        n_in: number of channels.
        key: random key.

    Returns:
        Inputs with `E[x xᵀ] = I` over channels and steps, to rounding.

    Raises:
        InputError: if there are too few trajectories to be white.
    """
    columns = length * n_in
    if count < columns:
        raise InputError(
            f"at least {columns} trajectories, one per step and channel, to be white",
            f"{count}",
        )
    orthonormal, _ = jnp.linalg.qr(jax.random.normal(key, (count, columns)))
    return (jnp.sqrt(count) * orthonormal).reshape(count, length, n_in)


def respond(
    response: ImpulseResponse, x: Float[Array, "trajectories T in"], *, every_step: bool
) -> Float[Array, "trajectories *rest"]:
    """Outputs of a filter: at the last step `(trajectories, out)`, or at every step.

    Args:
        response: impulse response by lag, `(lag, out, in)`.
        x: inputs.
        every_step: whether to read out at every step.

    Returns:
        Outputs.
    """
    length = response.shape[0]
    if not every_step:
        return jnp.einsum("koi,pki->po", response, x[:, ::-1])
    padded = jnp.pad(x, ((0, 0), (length - 1, 0), (0, 0)))

    def add_lag(outputs, lag):
        delayed = jax.lax.dynamic_slice_in_dim(padded, length - 1 - lag, x.shape[1], axis=1)
        return outputs + delayed @ response[lag].T, None

    silent = jnp.zeros((*x.shape[:2], response.shape[1]), jnp.result_type(x, response))
    return jax.lax.scan(add_lag, silent, jnp.arange(length))[0]


def lag_weights(length: int, *, every_step: bool) -> LagWeights:
    """Weights of full-length trials: ones, or `T − k` with a readout at every step."""
    return jnp.arange(length, 0, -1) * 1.0 if every_step else jnp.ones(length)
