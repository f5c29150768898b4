"""The linearized network: against autodiff over explicit trials, and against lazy training."""

from functools import cache

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import learndyn as ld

TIMES = np.array([0.0, 0.1, 1.0, 10.0, 300.0])
FIELDS = {"input": "w_x", "recurrent": "w_h", "output": "w_y"}


def trials(seed=0, *, every=False):
    """Correlated inputs, and targets with a part that no network explains."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 4, 2)).cumsum(1)
    y = x.cumsum(1) @ rng.normal(size=(2, 2)) / 4 + 0.1 * rng.normal(size=(20, 4, 2))
    return x, y if every else y[:, -1]


def by_autodiff(net, x, y, frozen, times):
    """Loss and weights of `½ mean ‖y − f − J δ‖²` under gradient flow in δ, trial by trial."""
    flat, unflatten = ravel_pytree(net)
    moves = [np.full(getattr(net, f).size, part not in frozen) for part, f in FIELDS.items()]

    def outputs(flat):
        predicted = unflatten(flat)(jnp.asarray(x))
        return (predicted if y.ndim == 3 else predicted[:, -1]).ravel()

    jacobian = np.asarray(jax.jacrev(outputs)(flat)) * np.concatenate(moves)
    residual = np.asarray(outputs(flat)) - y.ravel()
    rates, modes = np.linalg.eigh(jacobian.T @ jacobian / len(x))
    force = modes.T @ (jacobian.T @ residual) / len(x)
    losses, weights = [], []
    for t in times:
        slow = rates * t < 1e-9
        gone = np.where(slow, t, -np.expm1(-rates * t) / np.where(slow, 1, rates))
        change = -modes @ (gone * force)
        losses.append(0.5 * np.sum((residual + jacobian @ change) ** 2) / len(x))
        weights.append(flat + change)
    return np.array(losses), np.array(weights)


def flat_weights(curve):
    return np.concatenate([np.reshape(w, (len(w), -1)) for w in jax.tree.leaves(curve.weights)], 1)


@pytest.mark.parametrize(
    ("hidden", "frozen", "every"),
    [(3, (), False), (3, ("recurrent",), True), (1, ("output",), True), (40, (), False)],
    ids=["narrow", "frozen recurrence", "frozen output", "wide"],
)
def test_loss_and_weights_are_those_of_the_linear_model_by_autodiff(hidden, frozen, every):
    x, y = trials(every=every)
    net = ld.init_unaligned(2, hidden, 2, 0.7, key=jax.random.key(1))
    curve = ld.solve(ld.Problem(net, (x, y), frozen=frozen), ld.Linearized(), TIMES)
    losses, weights = by_autodiff(net, x, y, frozen, TIMES)
    np.testing.assert_allclose(curve.loss, losses, rtol=1e-10)
    np.testing.assert_allclose(flat_weights(curve), weights, rtol=0, atol=1e-10)


@cache
def far_from_zero(scale, part):
    """A start at a large scale, to move its response by a given amount: gaps to the true flow."""
    net = ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(0))
    recurrent = scale if part == "all" else 1.0
    net = ld.LinearRNN(scale * net.w_x, recurrent * net.w_h, scale * net.w_y)
    change = 0.3 * jax.random.normal(jax.random.key(3), (LENGTH, 2, 2))
    statistics = ld.TaskStatistics.white(net.impulse_response(LENGTH) + change)
    problem = ld.Problem(net, statistics)
    # All that learns moves at the scale of the kernel, so times are in its units.
    times = jnp.array([0.0, 3.0]) / float(ld.curvature(problem, net))
    lazy = ld.solve(problem, ld.Linearized(), times)
    # So short a flow is not stiff: an explicit solver meets tolerances near rounding, on which
    # an implicit one may get stuck.
    flow = ld.WeightFlow(solver=diffrax.Dopri8(), rtol=1e-13, atol=1e-15)
    trained = ld.solve(problem, flow, times)
    gap = abs(lazy.excess[-1] - trained.excess[-1]) / trained.excess[0]
    return float(gap), float(ld.kernel_distance(net, trained.final, statistics))


LENGTH = 4


@pytest.mark.parametrize(("part", "power"), [("input and output", 2), ("all", LENGTH + 1)])
def test_training_becomes_lazy_at_the_power_of_the_scale_by_which_weights_move_less(part, power):
    # The response is of degree `power` in what is scaled; so weights of size s move by s^(1−power).
    scales = [32.0, 64.0] if power == 2 else [8.0, 16.0]
    gaps, distances = np.transpose([far_from_zero(scale, part) for scale in scales])
    np.testing.assert_allclose(np.diff(np.log2(gaps)), -power, atol=0.1)
    # The distance is the square of how far the kernel turns.
    np.testing.assert_allclose(np.diff(np.log2(distances)), -2 * power, atol=0.1)
    assert gaps[-1] < 1e-4


def test_a_large_start_with_a_target_of_its_own_is_not_lazy():
    """What is large must be unlearned, so weights move by as much as they are, at any scale."""
    net = ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(0))
    statistics = ld.TaskStatistics.white(0.3 * jax.random.normal(jax.random.key(3), (LENGTH, 2, 2)))
    for scale in (4.0, 16.0):
        large = ld.LinearRNN(scale * net.w_x, net.w_h, scale * net.w_y)
        problem = ld.Problem(large, statistics)
        times = jnp.array([0.0, 1000.0]) / float(ld.curvature(problem, large))
        trained = ld.solve(problem, ld.WeightFlow(), times)
        assert ld.kernel_distance(large, trained.final, statistics) > 0.2


def test_gradient_descent_at_a_large_scale_is_the_linearized_curve():
    net = ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(0))
    net = ld.LinearRNN(30 * net.w_x, net.w_h, 30 * net.w_y)
    x, _ = trials()
    y = net(jnp.asarray(x))[:, -1] + 0.1 * x[:, 0]
    problem = ld.Problem(net, (x, np.asarray(y)))
    rate = 0.002 / float(ld.curvature(problem, net))
    trained = ld.solve(problem, ld.GradientDescent(rate), rate * np.array([0.0, 100, 1000, 5000]))
    lazy = ld.solve(problem, ld.Linearized(), trained.times)
    assert trained.excess[-1] < 0.6 * trained.excess[0]
    assert ld.compare(lazy, trained).largest_gap < 0.01


@pytest.mark.parametrize(("below", "grows"), [(0.999, False), (1.001, True)])
def test_two_over_the_largest_eigenvalue_of_the_kernel_is_where_descent_of_it_turns_unstable(
    below, grows
):
    """Descent by autodiff on the loss of the linear model, over explicit trials."""
    x, y = trials()
    net = ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(1))
    flat, unflatten = ravel_pytree(net)

    def outputs(flat):
        return unflatten(flat)(jnp.asarray(x))[:, -1]

    def loss(change):
        start, moved = jax.jvp(outputs, (flat,), (change,))
        return 0.5 * jnp.sum((start + moved - y) ** 2) / len(x)

    rates = ld.kernel_spectrum(net, ld.TaskStatistics.from_data(x, y))
    step = jax.jit(lambda change: change - below * 2 / rates[0] * jax.grad(loss)(change))
    early = jax.lax.fori_loop(0, 5000, lambda _, change: step(change), jnp.zeros_like(flat))
    late = jax.lax.fori_loop(0, 5000, lambda _, change: step(change), early)
    assert bool(loss(late) > loss(early)) == grows


def test_a_curve_leaves_the_linearized_one_at_second_order_in_time():
    x, y = trials()
    net = ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(1))
    problem = ld.Problem(net, (x, y))
    times = np.array([1e-4, 2e-4, 4e-4])
    flow = ld.solve(problem, ld.WeightFlow(rtol=1e-12, atol=1e-14), times)
    gaps = abs(ld.solve(problem, ld.Linearized(), times).excess - flow.excess)
    np.testing.assert_allclose(np.diff(np.log2(gaps)), 2, atol=0.05)


def test_a_resumed_curve_stays_the_linearization_of_its_first_network():
    problem = ld.Problem(ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(1)), trials())
    straight = ld.solve(problem, ld.Linearized(), TIMES)
    first = ld.solve(problem, ld.Linearized(), TIMES[:3])
    elsewhere = ld.Problem(first.final, trials())
    second = ld.solve(elsewhere, ld.Linearized(), TIMES[3:], resume=first)
    np.testing.assert_allclose(second.excess, straight.excess[3:], rtol=1e-12)
    afresh = ld.solve(elsewhere, ld.Linearized(), TIMES[3:])
    assert abs(afresh.excess[-1] / straight.excess[-1] - 1) > 1e-3


def test_it_always_ends_at_a_minimum_of_its_own_loss():
    # A start at zero is a saddle of the true loss, and of the linear model a minimum.
    silent = jax.tree.map(jnp.zeros_like, ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(1)))
    for net in (silent, ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(1))):
        curve = ld.train(ld.Problem(net, trials()), ld.Linearized(), tolerance=1e-8, max_steps=500)
        assert "minimum" in str(ld.RESULTS[curve.result])
        reached = curve.trimmed()
        losses, weights = by_autodiff(net, *trials(), (), [reached.times[-1], 1e12])
        np.testing.assert_allclose(flat_weights(reached)[-1], weights[0], atol=1e-9)
        np.testing.assert_allclose(reached.loss[-1], losses[1], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [2, 10])
def test_what_no_change_of_the_weights_reaches_is_never_learned(dtype, hidden):
    # Without recurrence, lags from 2 on move at second order only.
    net = ld.init_unaligned(2, hidden, 2, 0.5, key=jax.random.key(1))
    net = ld.LinearRNN(net.w_x, 0 * net.w_h, net.w_y)
    x, y = trials()
    expected = by_autodiff(net, x, y, (), [1e6])[0][0]
    net = jax.tree.map(lambda w: w.astype(dtype), net)
    curve = ld.solve(ld.Problem(net, (x, y)), ld.Linearized(), np.array([1e6, 1e9, 1e13]))
    tolerance = 1e-4 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(curve.loss[0], expected, rtol=tolerance)
    np.testing.assert_allclose(curve.loss, curve.loss[0], rtol=tolerance)
    weights = flat_weights(curve)
    assert abs(weights[-1] - weights[0]).max() < 1e-3


def test_what_has_no_linear_model_is_refused():
    net = ld.init_unaligned(2, 3, 2, 0.7, key=jax.random.key(1))
    with pytest.raises(ld.InputError, match=r"a problem without a rule for Linearized.*WeightFlow"):
        ld.solve(ld.Problem(net, trials(), rule=ld.velocity), ld.Linearized(), TIMES)
    nets = jax.tree.map(lambda w: w[None], net)
    with pytest.raises(ld.InputError, match=r"one network for Linearized; got a batch"):
        ld.solve(ld.Problem(nets, trials()), ld.Linearized(), TIMES)
    with pytest.raises(ld.InputError, match=r"moves networks.*sweep"):
        ld.train_many(ld.Problem(nets, trials()), ld.Linearized(), tolerance=1e-3, max_steps=10)
