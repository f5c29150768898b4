"""The neural tangent kernel between two sets of inputs."""

from collections.abc import Iterable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._problem import checked_parts
from learndyn._types import Array, ArrayLike, Float, Shaped, is_traced
from learndyn.kernels._checks import require_single
from learndyn.kernels._tangent import kernel_between
from learndyn.network import LinearRNN


def ntk(
    net: LinearRNN,
    x1: Shaped[ArrayLike, "..."],
    x2: Shaped[ArrayLike, "..."],
    *,
    outputs: str = "final",
    frozen: str | Iterable[str] = (),
) -> Float[Array, "..."]:
    """Neural tangent kernel of the network at hand, finite width, in closed form.

    Row by row, the Jacobian of the outputs with respect to all weights times its transpose
    (eqs 132–134 and 160–162, corrected by errata 19–21). Nothing is assumed of the weights. The
    block of one weight matrix is the kernel with the other two frozen; the three add up.

    Besides the result it takes memory for the kernel of the impulse response, or for one feature
    per weight and trajectory, whichever is cheaper. For a whole data set take the trajectories in
    pieces, or ask `kernel_distance` and `feature_learning`, which need no kernel at all.

    Args:
        net: the network.
        x1: inputs, `(P1, T, in)`.
        x2: inputs, `(P2, T, in)`.
        outputs: `"final"`: of the last step; `"every"`: of all steps, with each other.
        frozen: parts that do not learn, any of `"input"`, `"recurrent"`, `"output"`.

    Returns:
        Kernel, `(P1, out, P2, out)`, or `(P1, T, out, P2, T, out)` for every step.

    Raises:
        InputError: for inputs of other shapes, lengths that differ, or numbers that are not finite.

    Example:
        >>> import jax, learndyn as ld
        >>> net = ld.init_unaligned(2, 3, 2, 0.5, key=jax.random.key(0))
        >>> x = jax.random.normal(jax.random.key(1), (5, 4, 2))
        >>> ld.ntk(net, x, x).shape, ld.ntk(net, x, x, outputs="every").shape
        ((5, 2, 5, 2), (5, 4, 2, 5, 4, 2))
    """
    if outputs not in ("final", "every"):
        raise InputError('outputs "final" or "every"', f"{outputs!r}")
    require_single(net, "the network")
    first, second = _checked_inputs(net, x1, "x1"), _checked_inputs(net, x2, "x2")
    if first.shape[1] != second.shape[1]:
        raise InputError(
            "x1 and x2 of as many steps",
            f"{first.shape[1]} and {second.shape[1]}",
            "Cut the longer one from its start, or begin the shorter one with zeros.",
        )
    return _ntk(net, first, second, every=outputs == "every", frozen=checked_parts(frozen))


@partial(jax.jit, static_argnames=("every", "frozen"))
def _ntk(net, x1, x2, *, every, frozen):
    length = x1.shape[1]
    rows, others = (_by_lag(x, every=every) for x in (x1, x2))
    kernel = kernel_between(net, rows, others, frozen)
    if not every:
        return kernel
    return kernel.reshape(len(x1), length, net.n_out, len(x2), length, net.n_out)


def _by_lag(
    x: Float[Array, "trajectories T in"], *, every: bool
) -> Float[Array, "readouts columns"]:
    """What each readout sees of its trajectory, the last input first, zeros before the start."""
    length = x.shape[1]
    if not every:
        return x[:, ::-1].reshape(len(x), -1)
    steps = jnp.arange(length)
    seen = steps[:, None] - steps  # readout t sees the input t − k at lag k
    windows = jnp.where((seen >= 0)[..., None], x[:, seen], 0)
    return windows.reshape(len(x) * length, -1)


def _checked_inputs(net: LinearRNN, x, name: str) -> Float[Array, "trajectories T in"]:
    x = x if is_traced(x) else np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise InputError(f"real numbers in {name}", f"an array of type {x.dtype}")
    if x.ndim != 3 or x.shape[2] != net.n_in or 0 in x.shape:
        raise InputError(
            f"{name} of shape (trajectories, time, {net.n_in}), as the network's inputs",
            f"shape {x.shape}",
        )
    with np.errstate(over="ignore"):  # numbers too large for the network's type are found below
        x = x.astype(net.w_x.dtype)
    if not is_traced(x) and not np.isfinite(x).all():
        raise InputError(f"finite numbers in {name}", "NaN or infinite entries")
    return jnp.asarray(x)
