"""Second moments of the inputs, by lag: white, or correlated and kept as a factor.

Both kinds answer the same questions about a difference `D` of two impulse responses, written with
all lags side by side as `(out, lag · in)`: the quadratic form `½⟨D, A D⟩`, and `A D`.
"""

import abc

import equinox as eqx
import jax.numpy as jnp

from learndyn._types import Array, Float, LagWeights, Scalar


class InputMoments(eqx.Module):
    """Moments `A_kl = Σ E[x_{t−k} x_{t−l}ᵀ]` over readout times.

    Attributes:
        weights: lag weights `w_k`, the mean number of readouts that see lag k.
    """

    weights: eqx.AbstractVar[LagWeights]

    @abc.abstractmethod
    def half_square(self, difference: Float[Array, "out columns"]) -> Scalar:
        """Quadratic form `½⟨D, A D⟩ ≥ 0`, a loss."""

    @abc.abstractmethod
    def apply(self, difference: Float[Array, "out columns"]) -> Float[Array, "out columns"]:
        """Product `D A`, the derivative of `half_square`."""

    @abc.abstractmethod
    def whiteness_violation(self) -> Scalar:
        """Distance `‖A − w ⊗ I‖ / ‖w ⊗ I‖` from white input."""


class WhiteInputs(InputMoments):
    """White input, `A_kl = w_k δ_kl I`; everything is linear in the number of lags.

    Attributes:
        weights: lag weights, `(lag,)`.
    """

    weights: LagWeights = eqx.field(converter=jnp.asarray)

    def _per_column(self, columns: int) -> Float[Array, " columns"]:
        return jnp.repeat(self.weights, columns // self.weights.shape[0])

    def half_square(self, difference: Float[Array, "out columns"]) -> Scalar:
        """See `InputMoments`."""
        return 0.5 * jnp.sum(self._per_column(difference.shape[1]) * difference**2)

    def apply(self, difference: Float[Array, "out columns"]) -> Float[Array, "out columns"]:
        """See `InputMoments`."""
        return self._per_column(difference.shape[1]) * difference

    def whiteness_violation(self) -> Scalar:
        """See `InputMoments`."""
        return jnp.zeros((), self.weights.dtype)


class CorrelatedInputs(InputMoments):
    """Correlated input, kept as a factor of the moments, `A = Fᵀ F`.

    The factor has at most as many rows as the data have readouts, so few long trials never make
    the full `(lag · in)²` matrix. Where that matrix is the smaller one, it is kept beside the
    factor: gradients use it, losses always use the factor, whose square cannot go negative.

    Attributes:
        weights: lag weights, `(lag,)`.
        factor: F, `(rows, lag · in)`.
        moments: A, `(lag · in, lag · in)`, or None where the factor is cheaper.
    """

    weights: LagWeights = eqx.field(converter=jnp.asarray)
    factor: Float[Array, "rows columns"] = eqx.field(converter=jnp.asarray)
    moments: Float[Array, "columns columns"] | None

    def __init__(self, weights: LagWeights, factor: Float[Array, "rows columns"]):
        self.weights, self.factor = jnp.asarray(weights), jnp.asarray(factor)
        rows, columns = self.factor.shape
        self.moments = self.factor.T @ self.factor if 2 * rows > columns else None

    def half_square(self, difference: Float[Array, "out columns"]) -> Scalar:
        """See `InputMoments`."""
        return 0.5 * jnp.sum((difference @ self.factor.T) ** 2)

    def apply(self, difference: Float[Array, "out columns"]) -> Float[Array, "out columns"]:
        """See `InputMoments`."""
        if self.moments is None:
            return (difference @ self.factor.T) @ self.factor
        return difference @ self.moments

    def whiteness_violation(self) -> Scalar:
        """See `InputMoments`."""
        moments = self.factor.T @ self.factor if self.moments is None else self.moments
        white = jnp.repeat(self.weights, moments.shape[0] // self.weights.shape[0])
        return jnp.linalg.norm(moments - jnp.diag(white)) / jnp.linalg.norm(white)
