"""Impulse responses, their adjoint, gradients and curvature are what their definitions say."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import learndyn as ld
from learndyn._dynamics import gradient, hessian, hessian_product, lowest_curvature
from learndyn.network import lag_responses, pull_back
from references import loop_network

EPS = np.finfo(float).eps
# Both sides of the length from which responses are doubled, and of powers of two.
LENGTHS = (1, 2, 49, 50, 51, 64, 65, 130)
# Both sides of the size up to which a product is written as a sum of outer products.
HIDDEN = (1, 8, 9)


def random_network(n_hidden, n_in=2, n_out=3, seed=0):
    """Orthogonal recurrent weights, so that all lags count alike and powers keep their size."""
    rng = np.random.default_rng(seed)
    w_x, w_y = rng.normal(size=(n_hidden, n_in)), rng.normal(size=(n_out, n_hidden))
    w_h, _ = np.linalg.qr(rng.normal(size=(n_hidden, n_hidden)))
    return ld.LinearRNN(w_x, w_h, w_y / np.sqrt(n_hidden))


def parts(net):
    return net.w_x, net.w_h, net.w_y


def by_powers(w_x, w_h, w_y, length):
    powers = [np.linalg.matrix_power(w_h, k) for k in range(length)]
    return np.array([w_y @ power @ w_x for power in powers])


@pytest.mark.parametrize("n_hidden", HIDDEN)
@pytest.mark.parametrize("length", LENGTHS)
def test_equal_to_matrix_powers(length, n_hidden):
    net = random_network(n_hidden)
    weights = [np.asarray(w) for w in parts(net)]
    # Each of k + 2 factors adds an error of at most `hidden` roundings, none of which grows.
    size = np.linalg.norm(weights[0]) * np.linalg.norm(weights[2])
    bound = EPS * (np.arange(length) + 2)[:, None, None] * (n_hidden + 1) * size
    ours = net.impulse_response(length)
    assert ours.shape == (length, 3, 2)
    assert np.all(np.abs(ours - by_powers(*weights, length)) <= bound)


@pytest.mark.parametrize("length", LENGTHS)
def test_equal_to_the_outputs_after_an_impulse(length):
    net = random_network(4)
    impulses = np.zeros((2, length, 2))
    impulses[[0, 1], 0, [0, 1]] = 1.0  # one trajectory for each input channel
    outputs = np.stack(loop_network.outputs(parts(net), impulses))  # (time, channel, out)
    response = net.impulse_response(length)
    np.testing.assert_allclose(response, outputs.transpose(0, 2, 1), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(net(impulses), outputs.transpose(1, 0, 2), rtol=1e-10, atol=1e-12)


def test_outputs_are_those_of_the_loop():
    net = random_network(5)
    x = np.random.default_rng(1).normal(size=(7, 9, 2))
    outputs = np.stack(loop_network.outputs(parts(net), x), axis=1)
    np.testing.assert_allclose(net(x), outputs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("length", "n_hidden"), [(1, 8), (2, 9), (49, 8), (50, 9), (65, 8), (130, 1)]
)
def test_adjoint_states_are_the_derivative_of_the_responses(length, n_hidden):
    net = random_network(n_hidden)
    responses, vjp = jax.vjp(partial(lag_responses, length=length), net.w_h, net.w_x)
    cotangent = jnp.asarray(np.random.default_rng(2).normal(size=responses.shape))
    to_recurrent, to_block = vjp(cotangent)
    states = pull_back(net.w_h, cotangent)
    scale = float(abs(to_recurrent).max() + abs(to_block).max())
    np.testing.assert_allclose(states[:, 0], to_block, rtol=0, atol=1e-12 * scale)
    later, earlier = states[:, 1:].reshape(n_hidden, -1), responses[:, :-1].reshape(n_hidden, -1)
    np.testing.assert_allclose(later @ earlier.T, to_recurrent, rtol=0, atol=1e-12 * scale)


def trials(trajectories, length, every_step=True):
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.normal(size=(trajectories, length, 2)), axis=1)
    y = rng.normal(size=(trajectories, length, 3))
    return ld.TaskStatistics.from_data(x, y if every_step else y[:, -1])


def white(weights):
    target = np.random.default_rng(4).normal(size=(len(weights), 3, 2))
    return ld.TaskStatistics.white(target, weights=np.asarray(weights, float))


# Every branch of the quadratic form and of the recursion.
STATISTICS = {
    "white": lambda: white(np.ones(6)),
    "white every step": lambda: white(np.arange(6, 0, -1)),
    "white padded": lambda: white([2.0, 1.5, 1.0, 0.0, 0.0]),
    "white long": lambda: white(np.arange(60, 0, -1)),
    "one step": lambda: white([1.0]),
    "moments": lambda: trials(50, 6),
    "factor": lambda: trials(4, 6, every_step=False),
}


def loss(net, statistics):
    return statistics.loss(net.impulse_response(statistics.length))


@pytest.mark.parametrize(("name", "n_hidden"), [*((n, 3) for n in STATISTICS), ("white long", 9)])
def test_gradient_by_the_adjoint_is_the_gradient_by_autodiff(name, n_hidden):
    statistics, net = STATISTICS[name](), random_network(n_hidden)
    if name in ("moments", "factor"):
        assert (statistics.inputs.moments is None) == (name == "factor")
    true = jax.jit(jax.grad(loss))(net, statistics)
    ours = jax.jit(gradient)(statistics, net)
    for a, b in zip(parts(ours), parts(true), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12 * abs(b).max())


def problem_of(name, n_hidden, frozen=()):
    return ld.Problem(random_network(n_hidden), STATISTICS[name](), frozen=frozen)


@jax.jit
def full_hessian(net, statistics):
    flat, unflatten = ravel_pytree(net)
    return jax.hessian(lambda w: loss(unflatten(w), statistics))(flat)


def learns(problem):
    """Whether each entry of the flat weights learns."""
    named = zip(("input", "recurrent", "output"), parts(problem.net), strict=True)
    return np.concatenate([np.full(w.size, name not in problem.frozen) for name, w in named])


def dense_hessian(problem, weights):
    """By second derivatives of the loss, in the weights that learn."""
    free = learns(problem)
    return np.asarray(full_hessian(weights, problem.statistics))[np.ix_(free, free)]


FROZEN = [(), ("input",), ("recurrent", "output"), ("input", "output")]


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("moments", ()),
        ("moments", ("input",)),
        ("factor", ("recurrent", "output")),
        ("white padded", ("input", "output")),
    ],
)
def test_hessian_and_its_product_are_second_derivatives(name, frozen):
    problem = problem_of(name, 3, frozen)
    true = dense_hessian(problem, problem.net)
    scale = abs(true).max()
    np.testing.assert_allclose(hessian(problem, problem.net), true, rtol=0, atol=1e-12 * scale)

    flat, unflatten = ravel_pytree(problem.net)
    direction = unflatten(jnp.asarray(np.random.default_rng(5).normal(size=flat.size)))
    product = ravel_pytree(eqx.filter_jit(hessian_product)(problem, problem.net, direction))[0]
    free = learns(problem)
    chosen = np.asarray(ravel_pytree(direction)[0])[free]
    atol = 1e-12 * scale * np.linalg.norm(chosen)
    np.testing.assert_allclose(np.asarray(product)[free], true @ chosen, rtol=0, atol=atol)
    assert np.all(np.asarray(product)[~free] == 0)


# 9 hidden units have 81 recurrent weights: products with the Hessian; 4 have 16: the matrix.
@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize("n_hidden", [4, 9])
def test_curvature_is_the_largest_eigenvalue_and_the_lowest_the_smallest(n_hidden, frozen):
    problem = problem_of("moments", n_hidden, frozen)
    values = np.linalg.eigvalsh(dense_hessian(problem, problem.net))
    np.testing.assert_allclose(ld.curvature(problem, problem.net), values[-1], rtol=1e-6)
    lowest = lowest_curvature(problem, problem.net)
    np.testing.assert_allclose(lowest, values[0], atol=1e-6 * abs(values).max())


def test_the_lowest_curvature_is_as_accurate_as_was_asked():
    problem = problem_of("moments", 9)
    values = np.linalg.eigvalsh(dense_hessian(problem, problem.net))
    accuracy = 1e-2 * values[-1]
    found = lowest_curvature(problem, problem.net, accuracy=accuracy)
    # The search comes from above.
    assert -1e-6 * values[-1] <= found - values[0] <= accuracy


@pytest.mark.parametrize("n_hidden", [4, 9])
def test_curvature_along_a_path_is_that_of_each_point(n_hidden):
    problem = problem_of("white", n_hidden)
    path = jax.tree.map(lambda w: jnp.stack([0.1 * w, 0.5 * w, w]), problem.net)
    along = ld.curvature(problem, path)
    for i, value in enumerate(along):
        true = dense_hessian(problem, jax.tree.map(lambda w, i=i: w[i], path))
        np.testing.assert_allclose(value, np.linalg.eigvalsh(true)[-1], rtol=1e-6)


def test_curvature_along_a_path_follows_when_another_mode_becomes_the_most_curved():
    # Aligned modes are exact directions of the Hessian, each blind to the other.
    spectrum = ld.task_dynamics("constant", np.array([1.0, 0.0]), None, 4)
    task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
    nets = [
        ld.init_aligned(task, modes, 0.5, modes, n_hidden=9, key=jax.random.key(1))
        for modes in (np.array([1.5, 0.1]), np.array([1.5, 2.5]))
    ]
    problem = ld.Problem(nets[0], task)
    along = ld.curvature(problem, jax.tree.map(lambda *w: jnp.stack(w), *nets))
    for value, net in zip(along, nets, strict=True):
        true = np.linalg.eigvalsh(dense_hessian(problem, net))[-1]
        np.testing.assert_allclose(value, true, rtol=1e-6)


@pytest.mark.parametrize("n_hidden", [4, 9])
def test_where_nothing_curves_the_curvature_is_zero(n_hidden):
    problem = problem_of("white", n_hidden)
    nothing = jax.tree.map(jnp.zeros_like, problem.net)
    frozen = ld.Problem(nothing, problem.statistics, frozen=("input", "output"))
    assert ld.curvature(frozen, nothing) == 0
    assert lowest_curvature(frozen, nothing) == 0
    still = ld.Problem(problem.net, problem.statistics, frozen=("input", "recurrent", "output"))
    assert ld.curvature(still, problem.net) == 0


def test_gradient_of_many_networks_at_once_is_that_of_each():
    statistics = STATISTICS["moments"]()
    nets = [random_network(3, seed=seed) for seed in range(4)]
    stacked = jax.tree.map(lambda *w: jnp.stack(w), *nets)
    together = jax.jit(jax.vmap(lambda net: gradient(statistics, net)))(stacked)
    for i, net in enumerate(nets):
        alone = jax.jit(gradient)(statistics, net)
        for a, b in zip(parts(together), parts(alone), strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-12, atol=1e-12 * abs(b).max())
