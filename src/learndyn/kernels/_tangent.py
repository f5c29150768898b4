"""The tangent kernel of one network, for any data of a length."""

import abc

import equinox as eqx
import jax.numpy as jnp

from learndyn._problem import PARTS
from learndyn._types import Array, Float
from learndyn.kernels._blocks import blocks, features
from learndyn.kernels._gram import Dense, Factored, Gram
from learndyn.network import LinearRNN
from learndyn.statistics import InputMoments


class TangentKernel(eqx.Module):
    """The kernel of a network for all inputs of a length, `tangent_kernel` says in which form."""

    @abc.abstractmethod
    def between(
        self, rows: Float[Array, "rows columns"], others: Float[Array, "others columns"]
    ) -> Float[Array, "rows out others out"]:
        """Kernel between two sets of inputs, written by lag; columns as in the statistics."""

    @abc.abstractmethod
    def over(self, inputs: InputMoments) -> Gram:
        """Kernel over a data set, in the directions of its inputs, output by output."""


class ByFeatures(TangentKernel):
    """A kernel as the dot product of features, one for each weight.

    Attributes:
        features: Jacobian of the impulse response.
    """

    features: Float[Array, "weights out columns"]

    def between(
        self, rows: Float[Array, "rows columns"], others: Float[Array, "others columns"]
    ) -> Float[Array, "rows out others out"]:
        """See `TangentKernel`."""
        first, second = (jnp.einsum("woc,pc->pow", self.features, x) for x in (rows, others))
        return jnp.einsum("pow,quw->poqu", first, second)

    def over(self, inputs: InputMoments) -> Gram:
        """See `TangentKernel`."""
        return Factored(inputs.project(self.features).reshape(len(self.features), -1))


class ByBlocks(TangentKernel):
    """A kernel by that of the impulse response, whose size does not grow with the width.

    Attributes:
        blocks: kernel of the impulse response.
    """

    blocks: Float[Array, "out columns out columns"]

    def between(
        self, rows: Float[Array, "rows columns"], others: Float[Array, "others columns"]
    ) -> Float[Array, "rows out others out"]:
        """See `TangentKernel`."""
        columns = self.blocks.shape[1]
        if len(rows) < min(columns, len(others)):
            # The one side must be long, or what follows would be larger than the result.
            return jnp.einsum("quop->opqu", self.between(others, rows))
        # One product whose result lies in memory as it is wanted: rows by everything else.
        half = jnp.einsum("ocud,qd->coqu", self.blocks, others)
        n_out = self.blocks.shape[0]
        return (rows @ half.reshape(columns, -1)).reshape(len(rows), n_out, len(others), n_out)

    def over(self, inputs: InputMoments) -> Gram:
        """See `TangentKernel`."""
        one = inputs.project(self.blocks)  # (out, columns, out, directions)
        both = inputs.project(jnp.moveaxis(one, 1, 3))  # (out, out, directions, directions)
        size = both.shape[0] * both.shape[2]
        return Dense(jnp.einsum("opuv->ovpu", both).reshape(size, size))


def tangent_kernel(net: LinearRNN, length: int, frozen: tuple[str, ...]) -> TangentKernel:
    """Tangent kernel of a network, by whichever is smaller: its weights or its impulse response.

    Args:
        net: the network.
        length: number of steps of the data.
        frozen: parts that do not learn.

    Returns:
        The kernel.
    """
    if _weights(net, frozen) < length * net.n_in:
        return ByFeatures(features(net, length, frozen))
    return ByBlocks(blocks(net, length, frozen))


def _weights(net: LinearRNN, frozen: tuple[str, ...]) -> int:
    return sum(getattr(net, field).size for part, field in PARTS.items() if part not in frozen)
