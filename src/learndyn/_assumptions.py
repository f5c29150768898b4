"""What a method takes for granted, as code that measures how far a problem is from it."""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp

from learndyn._problem import Problem
from learndyn._types import Array, Float, Scalar
from learndyn.network import (
    Bases,
    LinearRNN,
    network_from_modes,
    network_modes,
    response_from_modes,
    response_modes,
)


@dataclass(frozen=True)
class Assumption:
    """An assumption of a method.

    Attributes:
        name: short name, the key under which a curve stores the violation.
        measure: violation of a problem in its bases, zero where the assumption holds.
        tolerance: largest violation at which a method that needs the assumption still runs.
        cure: what a user can do about it.
    """

    name: str
    measure: Callable[[Problem, Bases], Scalar]
    tolerance: float
    cure: str


def white_input(problem: Problem, bases: Bases) -> Scalar:  # noqa: ARG001
    """Assumption 1: distance of the input moments from white, relative.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        `‖A − w ⊗ I‖ / ‖w ⊗ I‖`.
    """
    return problem.statistics.inputs.whiteness_violation()


def constant_bases(problem: Problem, bases: Bases) -> Scalar:
    """Assumption 2: share of the task's correlations off the diagonal of its bases.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        `‖C − U diag(U† C V) V†‖ / ‖C‖` over all lags.
    """
    cross = problem.statistics.cross_moments
    diagonal = response_modes(cross, bases.output, bases.input)
    kept = response_from_modes(diagonal, bases.output, bases.input)
    return _share(cross - kept, cross)


def aligned(problem: Problem, bases: Bases) -> Scalar:
    """Assumption 3: share of the weights off the diagonal of the bases.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        `‖W − W_diagonal‖ / ‖W‖` over the three matrices.
    """
    net = problem.net
    diagonal = network_from_modes(network_modes(net, bases), bases)
    weights = [net.w_x, net.w_h, net.w_y]
    off = [w - d for w, d in zip(weights, [diagonal.w_x, diagonal.w_h, diagonal.w_y], strict=True)]
    return _share(jnp.concatenate([w.ravel() for w in off]), _flat(net))


def balanced(problem: Problem, bases: Bases) -> Scalar:  # noqa: ARG001
    """Size of the conserved matrix against the weights that enter it.

    For an aligned network it vanishes where `|a| = |c|`.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        `‖W_x W_xᵀ − W_yᵀ W_y + W_h W_hᵀ − W_hᵀ W_h‖ / ‖W‖²`.
    """
    return imbalance(problem.net)


def imbalance(net: LinearRNN) -> Scalar:
    """Size of the conserved matrix against the weights that enter it.

    Args:
        net: the weights.

    Returns:
        `‖W_x W_xᵀ − W_yᵀ W_y + W_h W_hᵀ − W_hᵀ W_h‖ / ‖W‖²`, 0 for a network of zeros.
    """
    scale = jnp.sum(_flat(net) ** 2)
    size = jnp.linalg.norm(conserved_matrix(net))
    return jnp.where(scale > 0, size / jnp.where(scale > 0, scale, 1), 0)


def conserved_matrix(net: LinearRNN) -> Float[Array, "hidden hidden"]:
    """What the gradient flow of the weights never changes, for any data and readout.

    Args:
        net: the weights.

    Returns:
        `W_x W_xᵀ − W_yᵀ W_y + W_h W_hᵀ − W_hᵀ W_h`, `(hidden, hidden)`.

    Example:
        >>> import jax.numpy as jnp, learndyn as ld
        >>> net = ld.LinearRNN(jnp.eye(2), jnp.eye(2), jnp.eye(2))
        >>> float(abs(ld.conserved_matrix(net)).max())
        0.0
    """
    x, h, y = net.w_x, net.w_h, net.w_y
    return x @ x.T - y.T @ y + h @ h.T - h.T @ h


def _flat(net: LinearRNN):
    return jnp.concatenate([w.ravel() for w in (net.w_x, net.w_h, net.w_y)])


def _share(part, whole) -> Scalar:
    size = jnp.linalg.norm(whole)
    return jnp.where(size > 0, jnp.linalg.norm(part) / jnp.where(size > 0, size, 1), 0)


WHITE = Assumption(
    "white_input", white_input, 1e-6, "Whiten the inputs (`whiten`), or use WeightFlow."
)
CONSTANT_BASES = Assumption(
    "constant_bases",
    constant_bases,
    1e-6,
    "Use WeightFlow, which needs no bases; for rotations try TaskStatistics.in_eigenvectors.",
)
ALIGNED = Assumption(
    "aligned", aligned, 1e-6, "Start from init_aligned, or use WeightFlow, which needs no bases."
)
BALANCED = Assumption("balanced", balanced, 1e-6, "Start with a = c or a = -c.")
ALL = (WHITE, CONSTANT_BASES, ALIGNED, BALANCED)


def measure(problem: Problem, bases: Bases) -> dict[str, Scalar]:
    """Violations of every known assumption.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        Violation by name.
    """
    return {assumption.name: assumption.measure(problem, bases) for assumption in ALL}
