"""The quadratic form of the excess loss: input moments, white or correlated.

Both kinds take a difference `D` of two impulse responses, written with all lags side by side as
`(out, lag · in)`.
"""

import abc

import equinox as eqx
import jax.numpy as jnp

from learndyn._types import Array, ArrayLike, Float, LagWeights, Scalar


class InputMoments(eqx.Module):
    """Moments `A_kl = Σ E[x_{t−k} x_{t−l}ᵀ]` over readout times, as a loss sees them.

    Attributes:
        weights: lag weights `w_k`, the mean number of readouts that see lag k.
    """

    weights: eqx.AbstractVar[LagWeights]

    @abc.abstractmethod
    def excess(self, difference: Float[Array, "out columns"]) -> Scalar:
        """Loss above the floor of a network that differs by this much from the target."""

    @abc.abstractmethod
    def slope(self, difference: Float[Array, "out columns"]) -> Float[Array, "out columns"]:
        """Derivative of `excess`."""

    @abc.abstractmethod
    def project(
        self, filters: Float[Array, "*filters columns"]
    ) -> Float[Array, "*filters directions"]:
        """Outputs of filters in orthonormal directions of the data, `D A^½`, root mean square.

        Sums over trials and readouts of products of outputs are then dot products.
        """

    @abc.abstractmethod
    def project_back(
        self, outputs: Float[Array, "*filters directions"]
    ) -> Float[Array, "*filters columns"]:
        """Adjoint of `project`."""

    def residual(self, difference: Float[Array, "out columns"]) -> Float[Array, "out directions"]:
        """What is left of the targets in the directions of `project`; `excess` is ½ its square."""
        return self.project(difference)

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

    def excess(self, difference: Float[Array, "out columns"]) -> Scalar:
        """See `InputMoments`."""
        return 0.5 * jnp.sum(self._per_column(difference.shape[1]) * difference**2)

    def slope(self, difference: Float[Array, "out columns"]) -> Float[Array, "out columns"]:
        """See `InputMoments`."""
        return self._per_column(difference.shape[1]) * difference

    def project(
        self, filters: Float[Array, "*filters columns"]
    ) -> Float[Array, "*filters directions"]:
        """See `InputMoments`."""
        return jnp.sqrt(self._per_column(filters.shape[-1])) * filters

    def project_back(
        self, outputs: Float[Array, "*filters directions"]
    ) -> Float[Array, "*filters columns"]:
        """See `InputMoments`."""
        return self.project(outputs)

    def whiteness_violation(self) -> Scalar:
        """See `InputMoments`."""
        return jnp.zeros((), self.weights.dtype)


class CorrelatedInputs(InputMoments):
    """Correlated input, kept as a factor of the moments, `A = Fᵀ F`.

    The factor has at most as many rows as the data have readouts, so few long trials never make
    the full `(lag · in)²` matrix. Where that matrix is the smaller one, it is kept beside the
    factor: slopes use it, losses always use the factor, whose square cannot go negative.

    Directions in which the inputs hardly vary come last. The filter that is best there is huge,
    and a difference from it would have no digits left, so the target is zero there, and what the
    outputs have along them is kept instead: the excess is `½‖D Fᵀ − remainder‖²`.

    Attributes:
        weights: lag weights, `(lag,)`.
        factor: F, `(rows, lag · in)`, the weak directions last.
        remainder: correlation of the outputs with the weak directions, `(out, weak)`.
        moments: A, `(lag · in, lag · in)`, or None where the factor is cheaper.
    """

    weights: LagWeights
    factor: Float[Array, "rows columns"]
    remainder: Float[Array, "out weak"]
    moments: Float[Array, "columns columns"] | None

    def __init__(
        self,
        weights: LagWeights,
        factor: Float[ArrayLike, "rows columns"],
        remainder: Float[ArrayLike, "out weak"],
    ):
        self.weights, self.factor = jnp.asarray(weights), jnp.asarray(factor)
        self.remainder = jnp.asarray(remainder)
        rows, columns = self.factor.shape
        self.moments = self.factor.T @ self.factor if 2 * rows > columns else None

    @property
    def _strong(self) -> int:
        return self.factor.shape[0] - self.remainder.shape[1]

    def excess(self, difference: Float[Array, "out columns"]) -> Scalar:
        """See `InputMoments`."""
        return 0.5 * jnp.sum(self.residual(difference) ** 2)

    def slope(self, difference: Float[Array, "out columns"]) -> Float[Array, "out columns"]:
        """See `InputMoments`."""
        if self.moments is None:
            slope = (difference @ self.factor.T) @ self.factor
        else:
            slope = difference @ self.moments
        return slope - self.remainder @ self.factor[self._strong :]

    def project(
        self, filters: Float[Array, "*filters columns"]
    ) -> Float[Array, "*filters directions"]:
        """See `InputMoments`."""
        return filters @ self.factor.T

    def project_back(
        self, outputs: Float[Array, "*filters directions"]
    ) -> Float[Array, "*filters columns"]:
        """See `InputMoments`."""
        return outputs @ self.factor

    def residual(self, difference: Float[Array, "out columns"]) -> Float[Array, "out directions"]:
        """See `InputMoments`."""
        weak = jnp.pad(self.remainder, ((0, 0), (self._strong, 0)))
        return self.project(difference) - weak

    def whiteness_violation(self) -> Scalar:
        """See `InputMoments`."""
        white = jnp.repeat(self.weights, self.factor.shape[1] // self.weights.shape[0])
        if self.moments is not None:
            return jnp.linalg.norm(self.moments - jnp.diag(white)) / jnp.linalg.norm(white)
        # Half of all directions are missing: that is far from white, and no digits cancel.
        of_rows = self.factor @ self.factor.T
        common = jnp.sum(white * jnp.sum(self.factor**2, axis=0))
        square = jnp.sum(of_rows**2) - 2 * common + jnp.sum(white**2)
        return jnp.sqrt(square) / jnp.linalg.norm(white)
