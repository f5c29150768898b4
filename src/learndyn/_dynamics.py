"""How the weights want to move, and how curved the loss is there."""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from learndyn._errors import InputError
from learndyn._problem import PARTS, Problem
from learndyn._types import Array, Float
from learndyn.network import LinearRNN, lag_responses, pull_back
from learndyn.statistics import TaskStatistics

# Up to this many weights a Hessian is formed and diagonalized; above, only products with it are.
_DENSE_HESSIAN = 64
# Relative accuracy of an eigenvalue that is searched.
_DIGITS = 1e-7


def gradient(statistics: TaskStatistics, net: LinearRNN) -> LinearRNN:
    """Gradient of the loss by the adjoint recursion, in time linear in the lags for white input.

    Equal to eqs 23–25 (with the sign of a gradient), whose double sum it replaces.

    Args:
        statistics: statistics of the task.
        net: the weights.

    Returns:
        Gradient with respect to each weight matrix.
    """
    responses = lag_responses(net.w_h, net.w_x, statistics.length)
    target = jnp.moveaxis(statistics.target, 0, 1).reshape(net.n_out, -1)
    error = statistics.inputs.slope(net.w_y @ responses.reshape(net.n_hidden, -1) - target)
    return through_weights(net, responses, error)


def through_weights(
    net: LinearRNN,
    responses: Float[Array, "hidden lag in"],
    slope: Float[Array, "out columns"],
) -> LinearRNN:
    """Transposed Jacobian of the impulse response, times a slope in the latter.

    Args:
        net: the weights.
        responses: their `lag_responses`.
        slope: derivative of a scalar with respect to the impulse response, lags side by side.

    Returns:
        Derivative with respect to each weight matrix.
    """
    hidden, flat = net.n_hidden, responses.reshape(net.n_hidden, -1)
    states = pull_back(net.w_h, (net.w_y.T @ slope).reshape(responses.shape))
    later, earlier = states[:, 1:].reshape(hidden, -1), responses[:, :-1].reshape(hidden, -1)
    return LinearRNN(w_x=states[:, 0], w_h=later @ earlier.T, w_y=slope @ flat.T)


def velocity(problem: Problem, weights: LinearRNN) -> LinearRNN:
    """How the weights want to move: `−∇L`, or the problem's own rule, frozen parts still.

    Args:
        problem: the problem.
        weights: where in weight space.

    Returns:
        Velocity of each weight matrix, per unit of time.

    Raises:
        InputError: if the rule returns something else.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 3, 2, 0.1, key=jax.random.key(1))
        >>> v = ld.velocity(ld.Problem(net, task, frozen=["output"]), net)
        >>> float(abs(v.w_y).max())
        0.0
    """
    if problem.rule is None:
        moving = jax.tree.map(jnp.negative, gradient(problem.statistics, weights))
    else:
        moving = _by_rule(problem, weights)
    return freeze(problem, moving)


def _by_rule(problem: Problem, weights: LinearRNN) -> LinearRNN:
    # Without the rule, so that it may start from the gradient: `velocity` of what it is given.
    plain = Problem(problem.net, problem.statistics, frozen=problem.frozen)
    moving: Any = problem.rule(plain, weights)  # pyright: ignore[reportOptionalCall]
    found, wanted = (
        jax.tree.map(jnp.shape, x) if isinstance(x, LinearRNN) else type(x).__name__
        for x in (moving, weights)
    )
    if found != wanted:
        raise InputError(f"a rule that returns velocities like the weights, {wanted}", f"{found}")
    if any(map(jnp.iscomplexobj, jax.tree.leaves(moving))):
        raise InputError("a rule that returns real velocities", "complex ones")
    return jax.tree.map(lambda v, w: v.astype(w.dtype), moving, weights)


def freeze(problem: Problem, change: LinearRNN) -> LinearRNN:
    """A change of the weights with the frozen parts set to zero.

    Args:
        problem: the problem.
        change: a change of all weights.

    Returns:
        The change that the problem allows.
    """
    frozen = {PARTS[part] for part in problem.frozen}
    parts = {name: getattr(change, name) for name in PARTS.values()}
    return LinearRNN(**{k: jnp.zeros_like(v) if k in frozen else v for k, v in parts.items()})


def hessian_product(problem: Problem, weights: LinearRNN, direction: LinearRNN) -> LinearRNN:
    """Product of the Hessian of the loss with a direction, frozen parts left out.

    Args:
        problem: the problem.
        weights: where in weight space.
        direction: what to multiply.

    Returns:
        The product.
    """
    downhill = partial(gradient, problem.statistics)
    _, product = jax.jvp(downhill, (weights,), (freeze(problem, direction),))
    return freeze(problem, product)


def hessian(problem: Problem, weights: LinearRNN) -> Float[Array, "free free"]:
    """Hessian of the loss in the weights that are not frozen.

    Args:
        problem: the problem.
        weights: where in weight space.

    Returns:
        The matrix, weights in the order input, recurrent, output.
    """
    flat, unflatten = ravel_pytree(weights)
    columns = _free_entries(problem)

    def column(basis_vector):
        return ravel_pytree(hessian_product(problem, weights, unflatten(basis_vector)))[0]

    full = jax.lax.map(column, jnp.eye(flat.size, dtype=flat.dtype)[columns], batch_size=64)
    return full[:, columns]


def curvature(problem: Problem, weights: LinearRNN) -> np.ndarray:
    """Largest Hessian eigenvalue of the loss, which bounds a stable learning rate by 2 over it.

    It is near zero at a small start, so a rate must be chosen from the curvature along the whole
    predicted flow: give the weights of a curve.

    Args:
        problem: the problem.
        weights: where in weight space, possibly with a leading time axis.

    Returns:
        The largest eigenvalue, loss per squared weight; one per time if there is a time axis.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 1, 1,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 1.0, 0.0, 1.0, key=jax.random.key(1))
        >>> bool(ld.curvature(ld.Problem(net, task), net) > 0)
        True
    """
    if weights.w_h.ndim == 2:
        return _largest_eigenvalue(problem, weights)[0]
    if 0 < len(_free_entries(problem)) <= _DENSE_HESSIAN:
        return np.linalg.eigvalsh(np.asarray(_hessians(problem, weights)))[:, -1]
    values, vector = np.zeros(len(weights.w_h)), None
    for i in range(len(values)):
        # The direction turns slowly along a curve, so each search starts from the last one.
        here = jax.tree.map(lambda w, i=i: w[i], weights)
        values[i], vector = _largest_eigenvalue(problem, here, start=vector)
    return values


def lowest_curvature(
    problem: Problem,
    weights: LinearRNN,
    *,
    highest: float | None = None,
    accuracy: float = 0.0,
) -> float:
    """Smallest Hessian eigenvalue of the loss, negative at a saddle.

    Args:
        problem: the problem.
        weights: where in weight space.
        highest: the largest one, if it is known; None: it is searched as well.
        accuracy: error that is allowed; a search to more digits than are needed takes long.

    Returns:
        The smallest eigenvalue, loss per squared weight.
    """
    highest = float(curvature(problem, weights)) if highest is None else highest
    # From above: at a minimum the smallest is one of many near zero, none of which would be found
    # to so many digits of its own.
    digits = accuracy / abs(highest) if highest else _DIGITS
    searched = _largest_eigenvalue(problem, weights, sign=-1, shift=highest, digits=digits)
    return highest - float(searched[0])


@eqx.filter_jit
def _flat_hessian_product(problem, weights, direction):
    flat, unflatten = ravel_pytree(weights)
    columns = _free_entries(problem)
    product = hessian_product(
        problem, weights, unflatten(jnp.zeros_like(flat).at[columns].set(direction))
    )
    return ravel_pytree(product)[0][columns]


_jitted_hessian = eqx.filter_jit(hessian)


@eqx.filter_jit
def _hessians(problem: Problem, weights: LinearRNN) -> Float[Array, "times free free"]:
    # A few at a time: all at once would take gigabytes for long trials.
    return jax.lax.map(partial(hessian, problem), weights, batch_size=8)


def _largest_eigenvalue(problem, weights, *, sign=1, shift=0.0, start=None, digits=0.0):
    """The largest eigenvalue of a shift plus or minus the Hessian, and its direction if searched.

    Returns:
        The eigenvalue, and the direction or None.
    """
    size = len(_free_entries(problem))
    if size == 0:
        return np.zeros(()), None
    if size <= _DENSE_HESSIAN:
        values = np.linalg.eigvalsh(sign * np.asarray(_jitted_hessian(problem, weights)))
        return np.asarray(shift + values[-1]), None
    # Imported here: it takes a third of a second, and most curves never need it.
    from scipy.sparse.linalg import LinearOperator, eigsh

    dtype = np.dtype(weights.w_x.dtype)

    def product(vector):
        product = _flat_hessian_product(problem, weights, vector.astype(dtype))
        return shift * vector + sign * np.asarray(product)

    # Any: SciPy has no types, and what is inferred from its sources is wrong for these two.
    linear_operator: Any = LinearOperator
    extreme: Any = eigsh
    operator = linear_operator((size, size), matvec=product, dtype=dtype)
    anywhere = np.random.default_rng(0).normal(size=size)
    if not product(anywhere).any():  # a Hessian of zeros, which ARPACK refuses
        return np.zeros(()), None
    start = (anywhere if start is None else start).astype(dtype)
    tolerance = max(_DIGITS, digits)
    values, vectors = extreme(operator, k=1, which="LA", v0=start, tol=tolerance)
    return np.asarray(values[0]), vectors[:, 0]


def _free_entries(problem: Problem) -> np.ndarray:
    """Positions of the weights that learn, in the flat order of the fields."""
    frozen = {PARTS[part] for part in problem.frozen}
    moves = [
        np.full(getattr(problem.net, name).size, name not in frozen) for name in PARTS.values()
    ]
    return np.flatnonzero(np.concatenate(moves))
