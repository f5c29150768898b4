"""Optimizers whose numbers may be traced: momentum, and the scaling of Adam."""

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


class AdamScaling(eqx.Module):
    """Adam without its momentum: slopes over `√v + ε`, v their mean square, corrected for bias.

    Attributes:
        epsilon: ε; where it is far above every slope, steps are plain ones over ε.
        share: share of the past in the mean square, `b2`.
    """

    epsilon: Scalar
    share: float = eqx.field(static=True, default=0.999)

    def init(self, params: LinearRNN) -> tuple[Int[Array, ""], LinearRNN]:
        """No steps, no squares."""
        return jnp.zeros((), int), jax.tree.map(jnp.zeros_like, params)

    def update(
        self,
        slope: LinearRNN,
        memory: Any,
        params: Any = None,  # noqa: ARG002
    ) -> tuple[LinearRNN, Any]:
        """Scaled slopes, and the memory with them."""
        count, squares = memory
        count = count + 1
        squares = jax.tree.map(
            lambda g, v: self.share * v + (1 - self.share) * g**2, slope, squares
        )
        seen = 1 - self.share**count
        scaled = jax.tree.map(lambda g, v: g / (jnp.sqrt(v / seen) + self.epsilon), slope, squares)
        return scaled, (count, squares)
