"""The kernel of an impulse response, and the features it is made of.

The output is linear in the input, so the kernel of any data is that of the impulse response
`G_k = C_k W_x = W_y B_k`, with `C_k = W_y W_h^k` and `B_k = W_h^k W_x`, between two inputs. A
change of the weights moves it by

    dG_k = C_k dW_x + dW_y B_k + Σ_{r<k} C_r dW_h B_{k−1−r},

where the sum over places replaces the powers of eqs 114–133 (erratum 19).
"""

import jax
import jax.numpy as jnp

from learndyn._problem import PARTS
from learndyn._types import Array, Float
from learndyn.network import LinearRNN, lag_responses

# Lags in one step of a loop, which for a small network takes longer to run than what is in it.
_UNROLL = 8


def features(
    net: LinearRNN, length: int, frozen: tuple[str, ...]
) -> Float[Array, "weights out columns"]:
    """Jacobian of the impulse response, weight by weight; linear in the number of lags.

    Args:
        net: the network.
        length: number of lags.
        frozen: parts that do not learn.

    Returns:
        Derivative of each entry with respect to each weight that learns; columns are inputs, lag
        by lag.
    """
    seen, driven = _responses(net, length)
    n_in, n_out, n_hidden = net.n_in, net.n_out, net.n_hidden

    def of_input():
        return jnp.einsum("ako,ij->ajoki", driven, jnp.eye(n_in, dtype=seen.dtype))

    def of_output():
        return jnp.einsum("bki,op->pboki", seen, jnp.eye(n_out, dtype=seen.dtype))

    def of_recurrent():
        def step(block, response):
            # All C_r one power later, and a new first one: Σ_{r≤k} C_r … B_{k−r}.
            later = jnp.einsum("aboi,ac->cboi", block, net.w_h)
            return later + jnp.einsum("oa,bi->aboi", net.w_y, response), block

        start = jnp.zeros((n_hidden, n_hidden, n_out, n_in), seen.dtype)
        _, blocks = jax.lax.scan(step, start, jnp.moveaxis(seen, 1, 0), unroll=_UNROLL)
        return jnp.moveaxis(blocks, 0, 3)

    parts = {"input": of_input, "recurrent": of_recurrent, "output": of_output}
    learning = [parts[part]() for part in PARTS if part not in frozen]
    flat = [part.reshape(-1, n_out, length * n_in) for part in learning]
    return jnp.concatenate([jnp.zeros((0, n_out, length * n_in), seen.dtype), *flat])


def blocks(
    net: LinearRNN, length: int, frozen: tuple[str, ...]
) -> Float[Array, "out columns out columns"]:
    """Kernel of the impulse response (eqs 132–134 corrected, erratum 20), for any width.

    The hidden units are summed over first, so that memory is a few times that of the kernel,
    however wide the network. Then the part of the recurrent weights,
    `Σ_{r<k, q<l} (C_r C_qᵀ)(B_{k−1−r}ᵀ B_{l−1−q})`, is a convolution over places.

    Args:
        net: the network.
        length: number of lags.
        frozen: parts that do not learn.

    Returns:
        Dot products of the features; columns are inputs, lag by lag.
    """
    seen, driven = _responses(net, length)
    n_in, n_out = net.n_in, net.n_out
    seen = jnp.einsum("bki,blj->kilj", seen, seen)
    driven = jnp.einsum("ako,alp->kolp", driven, driven)
    kernel = jnp.zeros((n_out, length, n_in, n_out, length, n_in), seen.dtype)
    if "input" not in frozen:
        kernel += jnp.einsum("kolp,ij->okiplj", driven, jnp.eye(n_in, dtype=seen.dtype))
    if "output" not in frozen:
        kernel += jnp.einsum("kilj,op->okiplj", seen, jnp.eye(n_out, dtype=seen.dtype))
    if "recurrent" not in frozen:
        kernel += _convolved(driven, seen)
    return kernel.reshape(n_out, length * n_in, n_out, length * n_in)


def _responses(net: LinearRNN, length: int):
    """`B_k` as `(hidden, lag, in)` and `C_kᵀ` as `(hidden, lag, out)`."""

    def step(row, _):
        # Rows from the left: a transposed copy of W_h would be most of a wide network's memory.
        return row @ net.w_h, row

    _, rows = jax.lax.scan(step, net.w_y, None, length=length, unroll=_UNROLL)
    return lag_responses(net.w_h, net.w_x, length), jnp.moveaxis(rows, 2, 0)


def _convolved(driven, seen):
    """`Σ_{r<k, q<l} driven[r, o, q, p] seen[k−1−r, i, l−1−q, j]`, as `(o, k, i, p, l, j)`."""
    length = len(seen)
    place = jnp.arange(length)
    behind = place[:, None] - 1 - place  # l − 1 − q
    moved = jnp.where((behind >= 0)[..., None], seen[:, :, behind], 0)  # (k, i, l, q, j)

    def step(total, row):
        # Places r are taken from the last to the first; each is one lag behind the next.
        total = total + jnp.einsum("oqp,kilqj->opkilj", row, moved)
        return jnp.pad(total[:, :, :-1], ((0, 0), (0, 0), (1, 0), *[(0, 0)] * 3)), None

    n_out, n_in = driven.shape[1], seen.shape[1]
    start = jnp.zeros((n_out, n_out, length, n_in, length, n_in), seen.dtype)
    total, _ = jax.lax.scan(step, start, driven, reverse=True)
    return jnp.einsum("opkilj->okiplj", total)
