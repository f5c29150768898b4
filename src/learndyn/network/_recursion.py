"""Powers of the recurrent weights applied to a block, and the adjoint of that map.

Networks here are tiny and many. Two habits make them fast on every backend: whatever spans all
lags is one large product, and the one product that must be sequential, `W_h` times a block, is
written as a sum of outer products when `W_h` is small, because a batched matrix product of
4 × 4 matrices spends its time in overhead.
"""

from functools import partial

import jax
import jax.numpy as jnp

from learndyn._types import Array, Float

# Up to this many hidden units a product by `W_h` is a sum of broadcast outer products.
_SMALL = 8
# From this many lags on, doubling (log T large products) beats the recursion (T small ones).
_LONG = 50


def _times(matrix: Float[Array, "n n"], block: Float[Array, "n m"]) -> Float[Array, "n m"]:
    """Product of a square matrix and a block, fast under `vmap` when the matrix is small."""
    n = matrix.shape[0]
    if n > _SMALL:
        return matrix @ block
    product = matrix[:, 0, None] * block[None, 0, :]
    for j in range(1, n):
        product = product + matrix[:, j, None] * block[None, j, :]
    return product


# Compiled here for calls outside of jit, where a scan would be compiled again at every call.
@partial(jax.jit, static_argnames="length", inline=True)
def lag_responses(
    w_h: Float[Array, "hidden hidden"], block: Float[Array, "hidden in"], length: int
) -> Float[Array, "hidden lag in"]:
    """Responses `W_h^k B` of the hidden state for lags `k = 0 … length−1`.

    Args:
        w_h: recurrent weights.
        block: what enters the hidden state at lag 0, the input weights for an impulse.
        length: number of lags.

    Returns:
        The responses, lag by lag along the second axis, so that a product with the readout over
        all lags is one matrix product.
    """
    if length >= _LONG:
        return _lag_responses_by_doubling(w_h, block, length)

    def step(response, _):
        return _times(w_h, response), response

    _, responses = jax.lax.scan(step, block, None, length=length)
    return jnp.moveaxis(responses, 0, 1)


def _lag_responses_by_doubling(w_h, block, length):
    hidden, columns = block.shape
    responses, power = block, w_h
    known = 1
    while known < length:
        responses = jnp.concatenate([responses, power @ responses], axis=1)
        known *= 2
        if known < length:
            power = power @ power
    return responses.reshape(hidden, known, columns)[:, :length]


@partial(jax.jit, inline=True)
def pull_back(
    w_h: Float[Array, "hidden hidden"], cotangent: Float[Array, "hidden lag in"]
) -> Float[Array, "hidden lag in"]:
    """Adjoint states `λ_k = B_k + W_hᵀ λ_{k+1}` of `lag_responses`, linear in the length.

    `λ_0` is the gradient with respect to the block, and `Σ_k λ_k H_{k−1}ᵀ` the one with respect
    to the recurrent weights, where `H` are the responses; this replaces the double sum of eq. 24.

    Args:
        w_h: recurrent weights.
        cotangent: derivative of a scalar with respect to each response, `B_k`.

    Returns:
        The adjoint states, in the same layout.
    """
    transposed = w_h.T
    length = cotangent.shape[1]
    if length >= _LONG:
        return _pull_back_by_doubling(transposed, cotangent)

    def step(state, entering):
        state = entering + _times(transposed, state)
        return state, state

    start = jnp.zeros_like(cotangent[:, 0])
    _, states = jax.lax.scan(step, start, jnp.moveaxis(cotangent, 1, 0), reverse=True)
    return jnp.moveaxis(states, 0, 1)


def _pull_back_by_doubling(transposed, cotangent):
    hidden, length, columns = cotangent.shape
    states, power = cotangent, transposed
    reach = 1
    while reach < length:
        later = states[:, reach:].reshape(hidden, -1)
        shifted = (power @ later).reshape(hidden, length - reach, columns)
        states = states.at[:, : length - reach].add(shifted)
        reach *= 2
        if reach < length:
            power = power @ power
    return states


@partial(jax.jit, inline=True)
def run(
    w_h: Float[Array, "hidden hidden"], entering: Float[Array, "trajectories T hidden"]
) -> Float[Array, "trajectories T hidden"]:
    """Hidden states `h_{t+1} = W_h h_t + e_t` from a silent start.

    Args:
        w_h: recurrent weights.
        entering: what enters the hidden state at each step, `e_t`.

    Returns:
        The states after each step.
    """

    def step(hidden, entering):
        hidden = hidden @ w_h.T + entering
        return hidden, hidden

    silent = jnp.zeros_like(entering[:, 0])
    _, states = jax.lax.scan(step, silent, jnp.moveaxis(entering, 1, 0))
    return jnp.moveaxis(states, 0, 1)
