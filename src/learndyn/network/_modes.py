"""Connectivity modes: a network seen in the bases of its problem (eqs 191–202).

Bases are real, the singular vectors of a task (the SVD form), or complex, its unit eigenvectors
(the eigen form, Appendix N). Networks are real in both: complex basis vectors come in conjugate
pairs, and so do the modes along them. One set of formulas serves both, since `conj` does nothing to
real numbers.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp

from learndyn._types import Array, Float, ImpulseResponse, Inexact, Int
from learndyn.network._linear_rnn import LinearRNN


class Modes(NamedTuple):
    """Input, recurrent and output connectivity modes, each `(*times, modes)`, real or complex."""

    a: Inexact[Array, "*times modes"]
    b: Inexact[Array, "*times modes"]
    c: Inexact[Array, "*times modes"]


class Bases(eqx.Module):
    """Orthonormal bases in which an aligned network and its task are diagonal.

    Attributes:
        output: U, left singular vectors of the task, or its eigenvectors P, `(out, modes)`.
        input: V, right singular vectors of the task, or its eigenvectors P, `(in, modes)`.
        hidden: R, the hidden directions that carry the modes, `(hidden, modes)`.
    """

    output: Inexact[Array, "out modes"]
    input: Inexact[Array, "in modes"]
    hidden: Inexact[Array, "hidden modes"]


def recover_bases(
    net: LinearRNN, output: Inexact[Array, "out modes"], inputs: Inexact[Array, "in modes"]
) -> Bases:
    """Find the hidden directions that carry each mode of a network.

    An aligned network has `W_x v = a r` and `W_y† u = c* r`. The phase of r is free; with that of u
    turned off the second, both point along r times the phase of a, so `a ≥ 0` by convention. The
    orthogonal polar factor of all these columns is the exact R of an aligned network, and the
    nearest one otherwise. It is taken of real columns, so that conjugates stay conjugates even
    where a mode is zero.

    Args:
        net: the network.
        output: left singular vectors, or eigenvectors, of the task.
        inputs: right singular vectors, or the same eigenvectors.

    Returns:
        The bases; only the first `hidden` modes when the network has fewer units than the task
        has modes.
    """
    modes = min(output.shape[1], net.n_hidden)
    output, inputs = output[:, :modes], inputs[:, :modes]
    entering = net.w_x @ inputs
    leaving = net.w_y.T @ output
    phase = phases((jnp.conj(leaving) * entering).sum(0))
    columns = entering + phase * leaving
    pairs = conjugate_pairs(inputs)
    left, _, right = jnp.linalg.svd((columns @ jnp.conj(pairs.T)).real, full_matrices=False)
    return Bases(output=output, input=inputs, hidden=left @ right @ pairs)


def phases(values: Inexact[Array, "*any"]) -> Inexact[Array, "*any"]:
    """Unit numbers in the direction of some, 1 for zero.

    Args:
        values: real or complex numbers.

    Returns:
        Signs of real numbers, phases of complex ones.
    """
    size = abs(values)
    return jnp.where(size > 0, values / jnp.where(size > 0, size, 1), 1).astype(values.dtype)


def partners(vectors: Inexact[Array, "channels modes"]) -> Int[Array, " modes"]:
    """Which of some orthonormal columns is the conjugate of each; a real one is its own.

    Args:
        vectors: columns, real or in conjugate pairs.

    Returns:
        Index of the partner of each column.
    """
    return jnp.argmax(abs(vectors.T @ vectors), axis=1)


def conjugate_pairs(vectors: Inexact[Array, "channels modes"]) -> Inexact[Array, "modes modes"]:
    """The unitary B that makes columns in conjugate pairs of real orthonormal ones, `P = Q B`.

    Args:
        vectors: P, orthonormal columns, real or in conjugate pairs.

    Returns:
        B; the identity for real columns.
    """
    order = jnp.arange(vectors.shape[1])
    if not jnp.iscomplexobj(vectors):
        return jnp.eye(len(order), dtype=vectors.dtype)
    partner = partners(vectors)
    real, imaginary = jnp.sqrt(2) * vectors.real, jnp.sqrt(2) * vectors.imag
    of_pairs = jnp.where(order < partner, real, imaginary)
    return jnp.where(partner == order, vectors.real, of_pairs).T @ vectors


def response_modes(
    response: ImpulseResponse,
    output: Inexact[Array, "out modes"],
    inputs: Inexact[Array, "in modes"],
) -> Inexact[Array, "lag modes"]:
    """Diagonal of a filter, or of correlations, in a pair of bases, lag by lag.

    Args:
        response: a matrix for each lag.
        output: left singular vectors, or eigenvectors.
        inputs: right singular vectors, or the same eigenvectors.

    Returns:
        `u_α† G_k v_α`, lag 0 first.
    """
    return jnp.einsum("om,koi,im->km", jnp.conj(output), response, inputs)


def response_from_modes(
    values: Inexact[Array, "lag modes"],
    output: Inexact[Array, "out modes"],
    inputs: Inexact[Array, "in modes"],
) -> Float[Array, "lag out in"]:
    """The filter that is diagonal in a pair of bases, `U diag(m_k) V†`.

    Args:
        values: its diagonal, lag 0 first; conjugates along conjugate vectors.
        output: left singular vectors, or eigenvectors.
        inputs: right singular vectors, or the same eigenvectors.

    Returns:
        The filter.
    """
    return jnp.einsum("om,km,im->koi", output, values, jnp.conj(inputs)).real


def network_modes(net: LinearRNN, bases: Bases) -> Modes:
    """Connectivity modes, the diagonals of the weights in the bases (eqs 197–202).

    Args:
        net: the network, possibly with leading axes.
        bases: the bases of the problem.

    Returns:
        Modes with the network's leading axes.
    """
    r = bases.hidden
    return Modes(
        a=jnp.einsum("hm,...hi,im->...m", jnp.conj(r), net.w_x, bases.input),
        b=jnp.einsum("hm,...hg,gm->...m", jnp.conj(r), net.w_h, r),
        c=jnp.einsum("om,...oh,hm->...m", jnp.conj(bases.output), net.w_y, r),
    )


def network_from_modes(modes: Modes, bases: Bases) -> LinearRNN:
    """Aligned network with the given modes: `W_x = R a V†`, `W_h = R b R†`, `W_y = U c R†`.

    Appendix P.1.1 prints two hidden bases with `R_y = R_x⁻¹`; powers of `W_h` are diagonal only
    when the two are the same (docs/errata.md), so there is one. Eqs 194–196 are the case `R = P`.

    Args:
        modes: connectivity modes, possibly with leading axes; conjugates along conjugate vectors.
        bases: the bases of the problem.

    Returns:
        The network, with the modes' leading axes.
    """
    r = bases.hidden
    return LinearRNN(
        w_x=jnp.einsum("hm,...m,im->...hi", r, modes.a, jnp.conj(bases.input)).real,
        w_h=jnp.einsum("hm,...m,gm->...hg", r, modes.b, jnp.conj(r)).real,
        w_y=jnp.einsum("om,...m,hm->...oh", bases.output, modes.c, jnp.conj(r)).real,
    )
