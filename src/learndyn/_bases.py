"""Bases of a problem: the singular vectors that make task and network most nearly diagonal."""

import jax
import jax.numpy as jnp

from learndyn._problem import Problem
from learndyn._types import Array, Float, ImpulseResponse
from learndyn.network import Bases, LinearRNN, recover_bases, response_modes

# Rounds of alternating polar factors; each can only raise the diagonal share.
_ROUNDS = 100


def problem_bases(problem: Problem) -> Bases:
    """Bases (U, V, R) of a problem.

    U and V are those of the task where it has constant ones by construction, or was given
    eigenvectors (`TaskStatistics.in_eigenvectors`). Otherwise they are the orthonormal pair that
    maximizes the diagonal share of the correlations `C_k` over all lags, searched from the singular
    vectors of their sum, of the strongest single lag, and from those nearest to the network's own
    (which decide where the task is degenerate), the strongest modes first. R comes from the
    network.

    Args:
        problem: the problem.

    Returns:
        The bases, of `min(in, out, hidden)` modes.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 3, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(3, 4, 2, 0.1, key=jax.random.key(1))
        >>> ld.problem_bases(ld.Problem(net, task)).hidden.shape
        (4, 1)
    """
    vectors = problem.statistics.vectors
    if vectors is None:
        vectors = diagonalizing_pair(problem.statistics.cross_moments, problem.net)
    return recover_bases(problem.net, *vectors)


@jax.jit
def diagonalizing_pair(
    cross: ImpulseResponse, net: LinearRNN
) -> tuple[Float[Array, "out modes"], Float[Array, "in modes"]]:
    """Orthonormal U, V that maximize `Σ_k Σ_α (u_αᵀ C_k v_α)²`.

    Args:
        cross: correlations by lag.
        net: a network whose own singular vectors decide where the task leaves a choice.

    Returns:
        U and V, the strongest modes first.
    """
    total = cross.sum(0)
    strongest = cross[jnp.argmax(jnp.sum(cross**2, (1, 2)))]
    # A breath of the network's own map picks the basis inside degenerate subspaces: enough to
    # stand out from rounding errors, too little to turn what the task decides.
    breath = jnp.sqrt(jnp.finfo(cross.dtype).eps) * _own_map(net)
    starts = jnp.stack([m + jnp.linalg.norm(m) * breath for m in (total, strongest)])
    lefts, _, rights = jnp.linalg.svd(starts, full_matrices=False)
    refine = jax.vmap(lambda u, v: _ascend(cross, u, v))
    lefts, rights = refine(lefts, jnp.swapaxes(rights, 1, 2))
    strengths = jax.vmap(lambda u, v: jnp.sum(response_modes(cross, u, v) ** 2, 0))(lefts, rights)
    best = jnp.argmax(strengths.sum(1))
    order = jnp.argsort(-strengths[best])
    left, right = lefts[best][:, order], rights[best][:, order]
    # Signs: singular values are nonnegative where the correlations are largest.
    diagonals = response_modes(cross, left, right)
    largest = jnp.take_along_axis(diagonals, jnp.argmax(abs(diagonals), 0)[None], 0)[0]
    return left, right * jnp.where(largest < 0, -1, 1).astype(right.dtype)


def _own_map(net: LinearRNN) -> Float[Array, "out in"]:
    """A map whose singular vectors are the network's modes, even where some have equal `u = ac`."""
    once, twice = net.w_y @ net.w_x, net.w_y @ net.w_h @ net.w_x
    # On the diagonal of an aligned network: u, u b and u a².
    maps = (once, twice, once @ net.w_x.T @ net.w_x)
    tiny = jnp.finfo(once.dtype).tiny
    return sum((m / jnp.maximum(jnp.linalg.norm(m), tiny) for m in maps), jnp.zeros_like(once))


def _ascend(cross, left, right):
    def turn(_, pair):
        left, right = pair
        left = _polar(jnp.einsum("km,koi,im->om", response_modes(cross, left, right), cross, right))
        right = _polar(jnp.einsum("km,koi,om->im", response_modes(cross, left, right), cross, left))
        return left, right

    return jax.lax.fori_loop(0, _ROUNDS, turn, (left, right))


def _polar(matrix):
    left, _, right = jnp.linalg.svd(matrix, full_matrices=False)
    return left @ right
