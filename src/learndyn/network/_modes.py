"""Connectivity modes: a network seen in the bases of its problem (eqs 191–193 and 197–199)."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp

from learndyn._types import Array, Float, ImpulseResponse
from learndyn.network._linear_rnn import LinearRNN


class Modes(NamedTuple):
    """Input, recurrent and output connectivity modes, each `(*times, modes)`."""

    a: Float[Array, "*times modes"]
    b: Float[Array, "*times modes"]
    c: Float[Array, "*times modes"]


class Bases(eqx.Module):
    """Orthonormal bases in which an aligned network and its task are diagonal.

    Attributes:
        output: U, left singular vectors of the task, `(out, modes)`.
        input: V, right singular vectors of the task, `(in, modes)`.
        hidden: R, the hidden directions that carry the modes, `(hidden, modes)`.
    """

    output: Float[Array, "out modes"]
    input: Float[Array, "in modes"]
    hidden: Float[Array, "hidden modes"]


def recover_bases(
    net: LinearRNN, output: Float[Array, "out modes"], inputs: Float[Array, "in modes"]
) -> Bases:
    """Find the hidden directions that carry each mode of a network.

    An aligned network has `W_x v = a r` and `W_yᵀ u = c r`, so `r` is the direction of their sum,
    or of their difference where `a` and `c` have opposite signs (then `a ≥ 0` by convention).
    The orthogonal polar factor of all these columns is the exact R of an aligned network, and the
    nearest one otherwise.

    Args:
        net: the network.
        output: left singular vectors of the task.
        inputs: right singular vectors of the task.

    Returns:
        The bases; only the first `hidden` modes when the network has fewer units than the task
        has modes.
    """
    modes = min(output.shape[1], net.n_hidden)
    output, inputs = output[:, :modes], inputs[:, :modes]
    entering = net.w_x @ inputs
    leaving = net.w_y.T @ output
    sign = jnp.where((entering * leaving).sum(0) < 0, -1.0, 1.0).astype(leaving.dtype)
    left, _, right = jnp.linalg.svd(entering + sign * leaving, full_matrices=False)
    return Bases(output=output, input=inputs, hidden=left @ right)


def response_modes(
    response: ImpulseResponse, output: Float[Array, "out modes"], inputs: Float[Array, "in modes"]
) -> Float[Array, "lag modes"]:
    """Diagonal of a filter, or of correlations, in a pair of singular bases, lag by lag.

    Args:
        response: a matrix for each lag.
        output: left singular vectors.
        inputs: right singular vectors.

    Returns:
        `u_αᵀ G_k v_α`, lag 0 first.
    """
    return jnp.einsum("om,koi,im->km", output, response, inputs)


def network_modes(net: LinearRNN, bases: Bases) -> Modes:
    """Connectivity modes, the diagonals of the weights in the bases (eqs 197–199).

    Args:
        net: the network, possibly with leading axes.
        bases: the bases of the problem.

    Returns:
        Modes with the network's leading axes.
    """
    r = bases.hidden
    return Modes(
        a=jnp.einsum("hm,...hi,im->...m", r, net.w_x, bases.input),
        b=jnp.einsum("hm,...hg,gm->...m", r, net.w_h, r),
        c=jnp.einsum("om,...oh,hm->...m", bases.output, net.w_y, r),
    )


def network_from_modes(modes: Modes, bases: Bases) -> LinearRNN:
    """Aligned network with the given modes: `W_x = R a Vᵀ`, `W_h = R b Rᵀ`, `W_y = U c Rᵀ`.

    Appendix P.1.1 prints two hidden bases with `R_y = R_x⁻¹`; powers of `W_h` are diagonal only
    when the two are the same (docs/errata.md), so there is one.

    Args:
        modes: connectivity modes, possibly with leading axes.
        bases: the bases of the problem.

    Returns:
        The network, with the modes' leading axes.
    """
    r = bases.hidden
    return LinearRNN(
        w_x=jnp.einsum("hm,...m,im->...hi", r, modes.a, bases.input),
        w_h=jnp.einsum("hm,...m,gm->...hg", r, modes.b, r),
        w_y=jnp.einsum("om,...m,hm->...oh", bases.output, modes.c, r),
    )
