"""How the last hidden state moves: by each step, along the flow, and with which gradient."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._dynamics import velocity
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn._types import Array
from learndyn.methods import GradientDescent
from learndyn.network import LinearRNN, lag_responses
from learndyn.statistics import TaskStatistics, lags_to_stack


def after_steps(nets: LinearRNN, statistics: TaskStatistics, rate: float, count: int) -> LinearRNN:
    """Networks after so many steps of gradient descent.

    Args:
        nets: the networks, with a leading axis.
        statistics: of the task.
        rate: learning rate.
        count: number of steps.

    Returns:
        The networks.
    """
    return _after_steps(nets, statistics, jnp.asarray(rate), count)


@eqx.filter_jit
def _after_steps(nets, statistics, rate, count):
    def one(net):
        times = rate * jnp.array([0.0, count])
        return solve(Problem(net, statistics), GradientDescent(rate), times, throw=False).final

    return jax.vmap(one)(nets)


class Steps(NamedTuple):
    """Consecutive gradient steps of many networks, a row for each."""

    excess: np.ndarray
    hidden_change: np.ndarray


def consecutive(nets: LinearRNN, statistics: TaskStatistics, rate: float, count: int) -> Steps:
    """Some more steps of gradient descent, one by one.

    Args:
        nets: the networks, with a leading axis.
        statistics: of the task.
        rate: learning rate.
        count: number of steps.

    Returns:
        Loss above the floor, `(nets, count + 1)`, and by how much each step changes the last hidden
        state, root mean square over trials, `(nets, count)`.
    """
    # As an array, lest each rate be compiled anew.
    found = _consecutive(nets, statistics, jnp.asarray(rate), count)
    return Steps(*map(np.asarray, found))


@eqx.filter_jit
def _consecutive(nets, statistics, rate, count):
    def one(net):
        times = rate * jnp.arange(count + 1.0)
        problem = Problem(net, statistics)
        curve = solve(problem, GradientDescent(rate), times, throw=False)
        hidden = jax.vmap(lambda net: _to_hidden(net, statistics))(curve.weights)
        return curve.excess, jnp.linalg.norm(hidden[1:] - hidden[:-1], axis=(1, 2))

    return jax.vmap(one)(nets)


class HiddenGradients(NamedTuple):
    """Both readings of "the gradient of the hidden layer", root mean square over trials."""

    in_time: np.ndarray
    of_loss: np.ndarray


def hidden_gradients(nets: LinearRNN, statistics: TaskStatistics) -> HiddenGradients:
    """How fast learning moves the last hidden state, and the loss's gradient with respect to it.

    Args:
        nets: networks with two leading axes.
        statistics: of the task.

    Returns:
        `dH_T/dt` along the gradient flow, and `dL/dH_T = W_yᵀ (ŷ − y)`.
    """
    return HiddenGradients(*(np.asarray(each) for each in _hidden_gradients(nets, statistics)))


@eqx.filter_jit
def _hidden_gradients(nets, statistics):
    target = lags_to_stack(statistics.target)

    def one(net):
        moving = velocity(Problem(net, statistics), net)
        _, change = jax.jvp(lambda net: _to_hidden(net, statistics), (net,), (moving,))
        response = lags_to_stack(net.impulse_response(statistics.length))
        pull = net.w_y.T @ statistics.inputs.residual(response - target)
        return jnp.linalg.norm(change), jnp.linalg.norm(pull)

    return jax.vmap(jax.vmap(one))(nets)


def _to_hidden(net: LinearRNN, statistics: TaskStatistics) -> Array:
    """The last hidden state in orthonormal directions of the data: its norm is over trials."""
    by_lag = lag_responses(net.w_h, net.w_x, statistics.length)
    return statistics.inputs.project(by_lag.reshape(net.n_hidden, -1))
