"""Measures of rich and lazy learning along a learning curve."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from learndyn._assumptions import conserved_matrix, imbalance
from learndyn._curve import LearningCurve
from learndyn._errors import InputError
from learndyn._problem import cast_statistics
from learndyn._types import Array, Float
from learndyn.kernels._checks import checked_data, require_finite
from learndyn.kernels._gram import Factored
from learndyn.kernels._spectrum import effective_rank
from learndyn.kernels._tangent import TOGETHER, kernel_over
from learndyn.network import LinearRNN, lag_responses
from learndyn.statistics import TaskStatistics, lags_to_stack


class WeightChange(NamedTuple):
    """Relative change of each weight matrix, `‖W(t) − W(0)‖ / ‖W(0)‖`, each `(times,)`."""

    w_x: Float[Array, "*times"]
    w_h: Float[Array, "*times"]
    w_y: Float[Array, "*times"]


class FeatureLearning(NamedTuple):
    """Measures of rich and lazy learning, each `(times,)`, against the first network of a curve.

    K is the tangent kernel over the whole data set, R the Gram matrix of the hidden states at the
    readouts, y the targets.

    Attributes:
        kernel_distance: `1 − ⟨K(0), K(t)⟩ / ‖K(0)‖‖K(t)‖` (eq. 135); 0 in lazy learning, and where
            the kernel only grew (erratum 41).
        target_alignment: `yᵀKy / ‖K‖‖y‖²`, how much of the kernel points at the targets; grows in
            rich learning, to at most the share of y that linear networks explain.
        weight_change: relative change of each weight matrix; small in lazy learning.
        representation_alignment: `⟨R(0), R(t)⟩ / ‖R(0)‖‖R(t)‖`; stays 1 in lazy learning.
        kernel_rank: effective rank of K.
        representation_rank: effective rank of R.
        imbalance: `‖Q‖ / ‖W‖²`, with Q the matrix `conserved_matrix` that gradient flow conserves.
        conserved_drift: `‖Q(t) − Q(0)‖ / ‖W(0)‖²`, the error of a flow, or the effect of a finite
            rate or of frozen parts.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 4, 2, 0.1, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.WeightFlow(), jnp.array([0.0, 100.0]))
        >>> measured = ld.feature_learning(curve, task.statistics())
        >>> float(measured.kernel_distance[0].round(9)), bool(measured.kernel_distance[1] > 0.1)
        (0.0, True)
    """

    kernel_distance: Float[Array, "*times"]
    target_alignment: Float[Array, "*times"]
    weight_change: WeightChange
    representation_alignment: Float[Array, "*times"]
    kernel_rank: Float[Array, "*times"]
    representation_rank: Float[Array, "*times"]
    imbalance: Float[Array, "*times"]
    conserved_drift: Float[Array, "*times"]


def feature_learning(
    curve: LearningCurve, statistics: TaskStatistics, *, frozen: str | Iterable[str] = ()
) -> FeatureLearning:
    """How rich learning was: how far the kernel, the weights and the representation moved.

    Everything is over the whole data set, and needs its statistics only. Points of the curve that
    were not reached repeat the last one that was.

    Args:
        curve: a learning curve, whose first network counts as the start.
        statistics: statistics of the data, those of the problem for example.
        frozen: parts that did not learn, any of `"input"`, `"recurrent"`, `"output"`.

    Returns:
        The measures, each `(times,)`.

    Raises:
        InputError: for a batch of curves, networks of other channels than the data, or weights
            that are not finite.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 4, 2, 0.1, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.WeightFlow(), jnp.array([0.0, 100.0]))
        >>> measured = ld.feature_learning(curve, task.statistics())
        >>> bool(measured.target_alignment[1] > 2 * measured.target_alignment[0])
        True
    """
    if curve.weights.w_h.ndim != 3:
        raise InputError(
            "one learning curve", f"a batch, {curve.excess.shape[:-1]}", "Use jax.vmap over it."
        )
    require_finite(curve.weights, "the curve")
    start = jax.tree.map(lambda w: w[0], curve.weights)
    statistics, parts = checked_data(start, statistics, frozen)
    return measure_networks(start, curve.weights, statistics, frozen=parts)


@partial(jax.jit, static_argnames="frozen")
def measure_networks(
    start: LinearRNN, weights: LinearRNN, statistics: TaskStatistics, *, frozen: tuple[str, ...]
) -> FeatureLearning:
    """As `feature_learning`, of networks that are checked already.

    Args:
        start: the network that they are measured against.
        weights: networks, with a leading axis.
        statistics: statistics of the data.
        frozen: parts that did not learn, sorted.

    Returns:
        The measures, one of each per network.
    """
    statistics = cast_statistics(statistics, start.w_x.dtype)
    kernel0, hidden0 = kernel_over(start, statistics, frozen), _representation(start, statistics)
    unexplained = statistics.inputs.residual(-lags_to_stack(statistics.target))
    target, size = -unexplained.ravel(), 2 * statistics.loss(0 * statistics.target)
    conserved0 = conserved_matrix(start)
    squares0 = sum(jnp.sum(w**2) for w in jax.tree.leaves(start))

    def measured(net: LinearRNN) -> FeatureLearning:
        now, hidden = kernel_over(net, statistics, frozen), _representation(net, statistics)
        eigenvalues = now.eigenvalues()
        change = jax.tree.map(lambda w, first: _ratio(_norm(w - first), _norm(first)), net, start)
        return FeatureLearning(
            kernel_distance=kernel0.distance(now),
            target_alignment=_ratio(now.form(target), _norm(eigenvalues) * size),
            weight_change=WeightChange(change.w_x, change.w_h, change.w_y),
            representation_alignment=1 - hidden0.distance(hidden),
            kernel_rank=effective_rank(eigenvalues),
            representation_rank=effective_rank(hidden.eigenvalues()),
            imbalance=imbalance(net),
            conserved_drift=_ratio(_norm(conserved_matrix(net) - conserved0), squares0),
        )

    return jax.lax.map(measured, weights, batch_size=TOGETHER)


def _representation(net: LinearRNN, statistics: TaskStatistics) -> Factored:
    """Gram matrix of the hidden states at the readouts."""
    responses = lag_responses(net.w_h, net.w_x, statistics.length)
    return Factored(statistics.inputs.project(responses.reshape(net.n_hidden, -1)))


def _norm(values):
    return jnp.linalg.norm(values.ravel())


def _ratio(part, whole):
    return jnp.where(
        whole > 0, part / jnp.where(whole > 0, whole, 1), jnp.where(part > 0, jnp.inf, 0)
    )
