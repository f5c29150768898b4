"""Starts of a network: Gaussian (P.1.2) and aligned to a task (P.1.1)."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._types import Array, ArrayLike, Inexact, PRNGKeyArray, ScalarLike, Tracer
from learndyn.network._linear_rnn import LinearRNN
from learndyn.network._modes import (
    Bases,
    Modes,
    conjugate_pairs,
    network_from_modes,
    partners,
)


def init_unaligned(
    n_in: int, n_hidden: int, n_out: int, scale: ScalarLike, *, key: PRNGKeyArray
) -> LinearRNN:
    """Gaussian weights with standard deviation `scale / √columns` (P.1.2).

    Args:
        n_in: input channels.
        n_hidden: hidden units.
        n_out: output channels.
        scale: standard deviation of a weight times the root of the number of columns.
        key: random key.

    Returns:
        The network.

    Raises:
        InputError: if a size is below 1.

    Example:
        >>> import jax, learndyn as ld
        >>> ld.init_unaligned(3, 5, 2, 0.1, key=jax.random.key(0)).w_y.shape
        (2, 5)
    """
    if min(n_in, n_hidden, n_out) < 1:
        raise InputError("sizes of at least 1", f"{n_in}, {n_hidden}, {n_out}")
    keys = jax.random.split(key, 3)
    shapes = ((n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden))
    return LinearRNN(
        *(
            scale / math.sqrt(shape[1]) * jax.random.normal(k, shape)
            for k, shape in zip(keys, shapes, strict=True)
        )
    )


def init_aligned(
    task: Any,
    a: ScalarLike | complex | Inexact[ArrayLike, "*#modes"],
    b: ScalarLike | complex | Inexact[ArrayLike, "*#modes"],
    c: ScalarLike | complex | Inexact[ArrayLike, "*#modes"],
    *,
    n_hidden: int | None = None,
    key: PRNGKeyArray,
) -> LinearRNN:
    """Weights aligned to a task: diagonal, with the given modes, in its bases (P.1.1).

    The hidden basis R is a random orthogonal one; in the eigen form, such a one times the pairs of
    P, of which eqs 194–196 are a special case. The recipe printed in P.1.1 for the SVD form uses
    two hidden bases and fails unless they are equal (docs/errata.md).

    Args:
        task: a task or statistics with constant singular vectors or eigenvectors, as `vectors`.
        a: input modes, a real one for all or one each; conjugates along conjugate eigenvectors.
        b: recurrent modes.
        c: output modes.
        n_hidden: hidden units, at least the number of modes (the default); further units start
            at zero and stay there.
        key: random key for R.

    Returns:
        The network.

    Raises:
        InputError: if the task has no constant vectors, if there are fewer hidden units than modes,
            or if the modes have another shape, or are not conjugates where the weights need them.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 3, 3,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.1, 0.2, 0.1, key=jax.random.key(1))
        >>> net.w_h.shape
        (1, 1)
    """
    vectors = getattr(task, "vectors", None)
    if vectors is None:
        raise InputError(
            "a task with constant singular vectors or eigenvectors as `vectors`",
            f"{type(task).__name__} without",
            "Use init_unaligned, a structured or teacher task, or TaskStatistics.white(vectors=…).",
        )
    output, inputs = vectors
    n_modes: int = output.shape[1]
    n_hidden = n_modes if n_hidden is None else n_hidden
    if n_hidden < n_modes:
        raise InputError(f"at least {n_modes} hidden units, one per mode", f"{n_hidden}")
    modes = Modes(*(_checked_mode(name, v, inputs) for name, v in (("a", a), ("b", b), ("c", c))))
    gaussian = jax.random.normal(key, (n_hidden, n_modes), output.real.dtype)
    orthonormal, _ = jnp.linalg.qr(gaussian)
    hidden = orthonormal @ conjugate_pairs(inputs)
    return network_from_modes(modes, Bases(output=output, input=inputs, hidden=hidden))


def _checked_mode(name, mode, vectors) -> Inexact[Array, " modes"]:
    mode, count = jnp.asarray(mode), vectors.shape[1]
    if mode.shape not in ((), (count,)):
        raise InputError(f"a mode {name} that is a scalar or of shape ({count},)", f"{mode.shape}")
    if jnp.iscomplexobj(mode) and not jnp.iscomplexobj(vectors):
        raise InputError(
            f"real modes {name} for a task with singular vectors",
            "complex ones",
            "Rotations need the eigen form of a task, which a complex spectrum makes.",
        )
    mode = jnp.broadcast_to(mode, (count,)).astype(vectors.dtype)
    partner = partners(vectors)
    lonely = abs(mode[partner] - jnp.conj(mode)) > 1e-9 * abs(mode)
    if not isinstance(lonely, Tracer) and lonely.any():
        i = int(jnp.argmax(lonely))
        raise InputError(
            f"modes {name} that are conjugates along conjugate eigenvectors",
            f"{mode[i]} for mode {i} and {mode[partner[i]]} for its partner, mode {partner[i]}",
        )
    return mode
