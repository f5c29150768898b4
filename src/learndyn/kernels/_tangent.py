"""The tangent kernel of a network, by its weights or its impulse response, whichever is smaller."""

import math

import jax.numpy as jnp

from learndyn._problem import PARTS
from learndyn._types import Array, Float
from learndyn.kernels._blocks import blocks, features
from learndyn.kernels._gram import Dense, Factored, Gram
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics

# Networks of a batch whose kernels are in memory at once.
TOGETHER = 16


def kernel_over(net: LinearRNN, statistics: TaskStatistics, frozen: tuple[str, ...]) -> Gram:
    """Tangent kernel over a whole data set, from its statistics.

    Args:
        net: the network.
        statistics: statistics of the data.
        frozen: parts that do not learn.

    Returns:
        The kernel in the directions of the data, output by output.
    """
    inputs, length = statistics.inputs, statistics.length
    if _learning(net, frozen) < length * net.n_in * net.n_out:
        by_weight = inputs.project(features(net, length, frozen))  # (weights, out, directions)
        return Factored(by_weight.reshape(len(by_weight), math.prod(by_weight.shape[1:])))
    one = inputs.project(blocks(net, length, frozen))  # (out, columns, out, directions)
    both = inputs.project(jnp.moveaxis(one, 1, 3))  # (out, out, directions, directions)
    size = both.shape[0] * both.shape[2]
    return Dense(jnp.einsum("opuv->ovpu", both).reshape(size, size))


def kernel_between(
    net: LinearRNN,
    rows: Float[Array, "rows columns"],
    others: Float[Array, "others columns"],
    frozen: tuple[str, ...],
) -> Float[Array, "rows out others out"]:
    """Tangent kernel between two sets of inputs.

    Args:
        net: the network.
        rows: inputs, written by lag, lags side by side.
        others: more of them.
        frozen: parts that do not learn.

    Returns:
        The kernel.
    """
    columns, n_out = rows.shape[1], net.n_out
    length = columns // net.n_in
    if _learning(net, frozen) < columns:
        by_weight = features(net, length, frozen)
        first, second = (jnp.einsum("woc,pc->pow", by_weight, x) for x in (rows, others))
        return jnp.einsum("pow,quw->poqu", first, second)
    if len(rows) < min(columns, len(others)):
        # One side must be long, or what follows would be larger than the result.
        return jnp.einsum("quop->opqu", kernel_between(net, others, rows, frozen))
    # One product whose result lies in memory as it is wanted: rows by everything else.
    half = jnp.einsum("ocud,qd->coqu", blocks(net, length, frozen), others)
    return (rows @ half.reshape(columns, -1)).reshape(len(rows), n_out, len(others), n_out)


def _learning(net: LinearRNN, frozen: tuple[str, ...]) -> int:
    """Number of weights that learn."""
    return sum(getattr(net, field).size for part, field in PARTS.items() if part not in frozen)
