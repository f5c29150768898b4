"""Which form of the theory a task fits: constant singular vectors, or constant eigenvectors."""

from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from learndyn._bases import diagonalizing_pair
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics, diagonal_share

# Shares that differ by less are equal: the singular vectors then say the same in real numbers.
_EQUAL = 1e-9


class FormShares(NamedTuple):
    """Share of the correlations that each form of the theory has on its diagonal.

    Attributes:
        singular: with the best pair of constant singular vectors.
        eigen: with the best constant eigenvectors; None where inputs and outputs differ in number.
    """

    singular: float
    eigen: float | None

    @property
    def better(self) -> Literal["singular", "eigen"]:
        """The form with the larger share; the singular form where they are equal."""
        wins = self.eigen is not None and self.eigen > self.singular + _EQUAL
        return "eigen" if wins else "singular"


def form_shares(statistics: TaskStatistics) -> FormShares:
    """Share of the correlations on the diagonal, `Σ_k Σ_α |l_α† C_k r_α|² / Σ_k ‖C_k‖²`.

    The theory of modes holds as far as the correlations `C_k` are diagonal in vectors that are the
    same at every lag: singular vectors U, V (eq. 6), or eigenvectors P, conjugates in pairs, which
    also capture rotations (appendix N). The vectors are those that make the most of each form,
    whatever `vectors` the statistics have.

    Args:
        statistics: the statistics of a task.

    Returns:
        The share of each form, 1 where it is exact.

    Example:
        >>> import jax.numpy as jnp
        >>> from learndyn import TaskStatistics
        >>> from learndyn._forms import form_shares
        >>> turn = jnp.array([[0.6, -0.8], [0.8, 0.6]])
        >>> statistics = TaskStatistics.white(jnp.stack([jnp.eye(2), turn, turn @ turn]))
        >>> form_shares(statistics).better
        'eigen'
    """
    cross = jnp.asarray(statistics.cross_moments)
    pair = diagonalizing_pair(cross, _silent(statistics))
    singular, eigen = diagonal_share(np.asarray(cross), *pair), None
    if statistics.n_in == statistics.n_out:
        vectors = statistics.in_eigenvectors().vectors
        assert vectors is not None
        eigen = diagonal_share(np.asarray(cross), *vectors)
        if not np.imag(vectors[0]).any():
            # Real eigenvectors are a pair of singular vectors too, which the search may miss.
            singular = max(singular, eigen)
    return FormShares(singular, eigen)


def _silent(statistics: TaskStatistics) -> LinearRNN:
    """A network that prefers no basis where the task leaves a choice."""
    kind = statistics.target.dtype
    return LinearRNN(
        jnp.zeros((1, statistics.n_in), kind),
        jnp.zeros((1, 1), kind),
        jnp.zeros((statistics.n_out, 1), kind),
    )
