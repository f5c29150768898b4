"""Eigenvalues of the tangent kernel, and how many dimensions a spectrum has in effect."""

from collections.abc import Iterable
from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.special import entr

from learndyn._errors import InputError
from learndyn._problem import cast_statistics
from learndyn._types import Array, ArrayLike, Float, is_traced
from learndyn.kernels._checks import checked_data, require_single
from learndyn.kernels._tangent import kernel_over
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics


def kernel_spectrum(
    net: LinearRNN, statistics: TaskStatistics, *, frozen: str | Iterable[str] = ()
) -> Float[Array, " modes"]:
    """Eigenvalues of the tangent kernel over a whole data set, from its statistics.

    They are the rates λ at which modes of the residual decay in lazy learning, as `e^{−λt}`, and
    the eigenvalues of the kernel over P trials divided by P. Gradient descent of the linearized
    network is stable at rates below `2 / λ₁`; that of the network itself is bounded by its
    `curvature`, which is the same number where no residual is left.

    Args:
        net: the network.
        statistics: statistics of the data, white or not.
        frozen: parts that do not learn, any of `"input"`, `"recurrent"`, `"output"`.

    Returns:
        Eigenvalues per unit of time, the largest first; further ones are zero.

    Raises:
        InputError: for other channels than those of the data, or weights that are not finite.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 6), 4, 4,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(4, 4, 4, 0.5, key=jax.random.key(1))
        >>> rates = ld.kernel_spectrum(net, task.statistics())
        >>> bool((rates[:-1] >= rates[1:]).all())
        True
    """
    require_single(net, "the network")
    statistics, parts = checked_data(net, statistics, frozen)
    return _kernel_spectrum(net, statistics, frozen=parts)


@partial(jax.jit, static_argnames="frozen")
def _kernel_spectrum(net, statistics, *, frozen):
    statistics = cast_statistics(statistics, net.w_x.dtype)
    return jnp.sort(kernel_over(net, statistics, frozen).eigenvalues(), descending=True)


def effective_rank(values: Float[ArrayLike, "*spectra values"]) -> Float[Array, "*spectra"]:
    """Effective rank of a spectrum, the exponential of its entropy (Roy and Vetterli, 2007).

    Args:
        values: singular values or eigenvalues, none below zero, along the last axis.

    Returns:
        A number between 1, for a single value, and how many there are, for equal ones; 0 if all
        are zero.

    Raises:
        InputError: for values below zero, or not finite.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> round(float(ld.effective_rank(jnp.array([2.0, 2.0, 0.0]))), 6)
        2.0
    """
    values = jnp.asarray(values)
    if not is_traced(values) and not bool((jnp.isfinite(values) & (values >= 0)).all()):
        raise InputError("finite values, none below zero", f"{values}")
    largest = values.max(-1, keepdims=True, initial=0)
    # So that their sum is finite; by roots, since the inverse of a large number may be zero.
    root = jnp.sqrt(jnp.where(largest == 0, 1, largest))
    values = values / root / root
    shares = values / jnp.where(largest == 0, 1, values.sum(-1, keepdims=True))
    return jnp.where(largest[..., 0] == 0, 0, jnp.exp(entr(shares).sum(-1)))
