"""Gram matrices over a whole data set, in orthonormal directions of the data.

A kernel over P trials is a P × P matrix, but of the rank of the data: in orthonormal directions
it is small, and norms, products and eigenvalues are those of the matrix over the trials, divided
by their number.
"""

import abc

import equinox as eqx
import jax.numpy as jnp

from learndyn._types import Array, Float, Scalar


class Gram(eqx.Module):
    """A symmetric, positive semidefinite matrix over the directions of a data set."""

    @abc.abstractmethod
    def distance(self, other: "Gram") -> Scalar:
        """Distance of another matrix of the same kind, `1 − ⟨K, K′⟩ / ‖K‖‖K′‖`."""

    @abc.abstractmethod
    def form(self, vector: Float[Array, " directions"]) -> Scalar:
        """The quadratic form `vᵀ K v`."""

    @abc.abstractmethod
    def modes(self) -> tuple[Float[Array, " modes"], Float[Array, "directions modes"]]:
        """Eigenvalues, at least zero, and orthonormal eigenvectors; others have eigenvalue 0."""

    @abc.abstractmethod
    def eigenvalues(self) -> Float[Array, " modes"]:
        """Eigenvalues, at least zero; all that are positive."""


class Factored(Gram):
    """A matrix `FᵀF` by its features, where they are fewer than the directions, or cheap.

    Attributes:
        factor: F, `(features, directions)`.
    """

    factor: Float[Array, "features directions"]

    def distance(self, other: Gram) -> Scalar:
        """See `Gram`."""
        assert isinstance(other, Factored)
        stacked = jnp.concatenate([_scaled(self.factor), _scaled(other.factor)]).T
        if stacked.shape[0] > 2 * stacked.shape[1] > 0:
            # Nothing happens outside the span of both. Where that is not much smaller, products
            # cost as little, and without a factorization a sweep may use several threads.
            stacked = jnp.linalg.qr(stacked, mode="r")
        first, second = jnp.split(stacked, [len(self.factor)], axis=1)
        return _distance(first @ first.T, second @ second.T)

    def form(self, vector: Float[Array, " directions"]) -> Scalar:
        """See `Gram`."""
        return jnp.sum((self.factor @ vector) ** 2)

    def modes(self) -> tuple[Float[Array, " modes"], Float[Array, "directions modes"]]:
        """See `Gram`."""
        vectors, values, _ = jnp.linalg.svd(self.factor.T, full_matrices=False)
        return _without_rounding(values, self.factor.shape) ** 2, vectors

    def eigenvalues(self) -> Float[Array, " modes"]:
        """See `Gram`."""
        values = jnp.linalg.svd(self.factor, compute_uv=False)
        return _without_rounding(values, self.factor.shape) ** 2


class Dense(Gram):
    """A matrix by its entries.

    Attributes:
        matrix: `(directions, directions)`.
    """

    matrix: Float[Array, "directions directions"]

    def distance(self, other: Gram) -> Scalar:
        """See `Gram`."""
        assert isinstance(other, Dense)
        return _distance(_scaled(self.matrix), _scaled(other.matrix))

    def form(self, vector: Float[Array, " directions"]) -> Scalar:
        """See `Gram`."""
        return vector @ self.matrix @ vector

    def modes(self) -> tuple[Float[Array, " modes"], Float[Array, "directions modes"]]:
        """See `Gram`."""
        values, vectors = jnp.linalg.eigh(self.matrix)
        return _without_rounding(values, self.matrix.shape), vectors

    def eigenvalues(self) -> Float[Array, " modes"]:
        """See `Gram`."""
        return _without_rounding(jnp.linalg.eigvalsh(self.matrix), self.matrix.shape)


def _distance(first: Float[Array, "n n"], second: Float[Array, "n n"]) -> Scalar:
    """`1 − ⟨K, K′⟩ / ‖K‖‖K′‖` (eq. 135), right to rounding of its root where it is small."""
    sizes = jnp.linalg.norm(first), jnp.linalg.norm(second)
    # One minus a cosine is half the square of a chord: no difference of numbers near one.
    units = [k / jnp.where(n > 0, n, 1) for k, n in zip((first, second), sizes, strict=True)]
    chord = 0.5 * jnp.sum((units[0] - units[1]) ** 2)
    # With one of them zero, the chord is of length 1 rather than at a right angle.
    return jnp.where((sizes[0] > 0) == (sizes[1] > 0), chord, jnp.ones_like(chord))


def _scaled(values: Float[Array, "rows columns"]) -> Float[Array, "rows columns"]:
    """Divided by the largest entry, so that no square of it leaves the range of numbers."""
    largest = jnp.max(abs(values), initial=0)
    return values / jnp.where(largest > 0, largest, 1)


def _without_rounding(
    values: Float[Array, " values"], shape: tuple[int, ...]
) -> Float[Array, " values"]:
    """Singular values or eigenvalues, zero where rounding alone could have made them."""
    # Given time enough, a rate that is noise would learn what no change of the weights reaches.
    noise = jnp.finfo(values.dtype).eps * max(shape) * jnp.max(abs(values), initial=0)
    return jnp.where(values > noise, values, 0)
