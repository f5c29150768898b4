"""Optimizers whose numbers may be traced: momentum, and Adam."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._types import Array, Int, Scalar
from learndyn.network import LinearRNN


class Momentum(eqx.Module):
    """Heavy ball: a step is the slope plus a share of the step before.

    Attributes:
        share: μ, between 0 and 1.
    """

    share: Scalar

    def init(self, params: LinearRNN) -> LinearRNN:
        """No step before the first."""
        return jax.tree.map(jnp.zeros_like, params)

    def update(
        self,
        slope: LinearRNN,
        memory: LinearRNN,
        params: Any = None,  # noqa: ARG002
    ) -> tuple[LinearRNN, LinearRNN]:
        """The step, which is the memory of the next."""
        step = jax.tree.map(lambda g, m: g + self.share * m, slope, memory)
        return step, step


class Adam(eqx.Module):
    """Adam: mean slopes over `√v + ε`, v their mean square, both corrected for bias.

    Attributes:
        epsilon: ε; where it is far above every slope, steps are those of mean slopes over ε.
        momentum: share of the past in the mean slope, `b1`; 0: the slope itself.
        share: share of the past in the mean square, `b2`.
    """

    epsilon: Scalar
    momentum: float = eqx.field(static=True, default=0.9)
    share: float = eqx.field(static=True, default=0.999)

    def init(self, params: LinearRNN) -> tuple[Int[Array, ""], LinearRNN, LinearRNN]:
        """No steps, no slopes, no squares."""
        nothing = jax.tree.map(jnp.zeros_like, params)
        return jnp.zeros((), int), nothing, nothing

    def update(
        self,
        slope: LinearRNN,
        memory: Any,
        params: Any = None,  # noqa: ARG002
    ) -> tuple[LinearRNN, Any]:
        """Scaled mean slopes, and the memory with them."""
        count, slopes, squares = memory
        count = count + 1
        slopes = jax.tree.map(lambda g, m: g + self.momentum * (m - g), slope, slopes)
        squares = jax.tree.map(lambda g, v: g**2 + self.share * (v - g**2), slope, squares)
        mean, square = 1 - self.momentum**count, 1 - self.share**count
        scaled = jax.tree.map(
            lambda m, v: m / mean / (jnp.sqrt(v / square) + self.epsilon), slopes, squares
        )
        return scaled, (count, slopes, squares)
