"""Hankel ranks say how many units a task needs, and realization makes the network of that size."""

from fractions import Fraction

import equinox as eqx
import hypothesis
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import learndyn as ld
from learndyn.theory import hankel_ranks, least_hidden, loss_bounds, realize

DELAY = np.eye(6)[5][:, None, None]
EPS = np.finfo(float).eps


def response_of(net, length):
    """Impulse response by plain products, and the sum of the sizes of all its terms."""
    w_x, w_h, w_y = (np.asarray(w) for w in (net.w_x, net.w_h, net.w_y))
    state, size, response, sizes = w_x, abs(w_x), [], []
    for _ in range(length):
        response.append(w_y @ state)
        sizes.append(abs(w_y) @ size)
        state, size = w_h @ state, abs(w_h) @ size
    return np.array(response), np.array(sizes)


def teacher(rng):
    n, (n_in, n_out) = rng.integers(1, 11), rng.integers(1, 4, 2)
    w_h = rng.normal(size=(n, n))
    w_h *= rng.uniform(0.9, 1.1) / abs(np.linalg.eigvals(w_h)).max()
    net = ld.LinearRNN(rng.normal(size=(n, n_in)), w_h, rng.normal(size=(n_out, n)))
    return n, response_of(net, 2 * n + rng.integers(0, 4))[0]


def exact_rank(matrix):
    rows, rank = [list(map(Fraction, row)) for row in matrix.tolist()], 0
    for column in range(matrix.shape[1]):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            share = rows[i][column] / rows[rank][column]
            rows[i] = [a - share * b for a, b in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


def exact_ranks(response):
    def rank(p, q):
        return exact_rank(np.block([[response[i + j] for j in range(q)] for i in range(p)]))

    length = len(response)
    whole = [rank(p, length + 1 - p) for p in range(1, length + 1)]
    return max(whole), sum(whole) - sum(rank(p, length - p) for p in range(1, length))


def test_teachers_are_found_again():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, response = teacher(rng)
        assert hankel_ranks(response) == (n, n)
        net = realize(response)
        assert net.n_hidden == n
        error = abs(response_of(net, len(response))[0] - response).max()
        assert error < 1e-8 * abs(response).max()


def test_a_delay_is_approached_by_one_unit_and_attained_by_six():
    assert hankel_ranks(DELAY) == (1, 6)
    net = realize(DELAY)
    assert net.n_hidden == 6
    np.testing.assert_allclose(net.impulse_response(6), DELAY, rtol=0, atol=1e-14)
    # Nothing comes back after the delay.
    assert np.linalg.matrix_power(np.asarray(net.w_h), 6) == pytest.approx(0, abs=1e-14)
    # u b^5 = 1 with b growing: one unit comes near as b^-2, and is never there.
    statistics, b = ld.TaskStatistics.white(DELAY), np.array([1e1, 1e2, 1e3])
    losses = [float(statistics.loss((value ** (np.arange(6.0) - 5))[:, None, None])) for value in b]
    np.testing.assert_allclose(np.diff(np.log10(losses)), -2, atol=0.01)
    np.testing.assert_allclose(loss_bounds(statistics), [0.5, 0])


integers = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 3)).flatmap(
    lambda shape: arrays.arrays(np.int64, shape, elements=st.integers(-2, 2))
)


@hypothesis.given(integers)
def test_ranks_are_exact_and_attained(response):
    response = response.astype(float)
    assert hankel_ranks(response) == exact_ranks(response)
    net = realize(response)
    assert net.n_hidden == max(1, hankel_ranks(response).attained)
    found, sizes = response_of(net, len(response))
    # The rounding of the weights themselves, which may have to be large.
    assert (abs(found - response) <= 1e-9 + 100 * EPS * sizes).all()


@hypothesis.given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 1.0]))
def test_sequences_without_structure_are_attained(seed, density):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, [7, 4, 4]))
    # Away from zero: tiny entries have relations with huge coefficients.
    response = rng.choice([-1, 1], shape) * rng.uniform(0.5, 2, shape)
    response *= rng.random(shape) < density
    ranks, net = hankel_ranks(response), realize(response)
    assert net.n_hidden == max(1, ranks.attained)
    assert ranks.infimum <= ranks.attained
    found, sizes = response_of(net, len(response))
    assert (abs(found - response) <= 1e-8 + 100 * EPS * sizes).all()


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.uint32])
def test_whole_numbers_are_realized_as_floating_point_ones_are(dtype):
    response = np.array([1, 0, 1, 1, 0, 1])[:, None, None]
    net = realize(response.astype(dtype))
    np.testing.assert_array_equal(net.w_h, realize(response.astype(float)).w_h)
    np.testing.assert_allclose(response_of(net, 6)[0], response, atol=1e-10)


def test_units_beyond_the_order_are_silent_and_single_precision_stays():
    response = 0.5 ** np.arange(6.0)[:, None, None]
    net = realize(response, 3)
    assert net.n_hidden == 3
    np.testing.assert_allclose(net.impulse_response(6), response, atol=1e-14)
    noisy = response.astype(np.float32) * np.float32(0.3)
    assert hankel_ranks(noisy) == (1, 1)
    assert realize(noisy).w_h.dtype == jnp.float32
    nothing = realize(np.zeros((3, 2, 1)))
    assert nothing.n_hidden == 1
    assert not np.asarray(nothing.impulse_response(3)).any()


def correlated_trials(rng, length):
    x = rng.normal(size=(300, length, 2))
    for t in range(1, length):
        x[:, t] += 0.6 * x[:, t - 1]
    y = np.einsum("kti,tio->ko", x, rng.normal(size=(length, 2, 2)))
    return x, y + 0.3 * rng.normal(size=y.shape)


def tasks():
    rng = np.random.default_rng(1)
    white = ld.TaskStatistics.white
    weak = rng.normal(size=(300, 3, 2)) * [1, 1e-6]  # a channel too weak to be divided by
    return {
        "white": white(rng.normal(size=(5, 2, 2))),
        "every step": white(rng.normal(size=(5, 2, 1)), weights=np.arange(5, 0, -1.0)),
        "padded": white(rng.normal(size=(5, 1, 1)), weights=np.array([1.0, 1, 1, 1, 0])),
        "correlated": ld.TaskStatistics.from_data(*correlated_trials(rng, 4)),
        "weak": ld.TaskStatistics.from_data(weak, weak.sum(1) * [1, 1e6]),
        "integration": ld.integration_task("late", length=4).statistics(),
    }


TASKS = tasks()
each_task = pytest.mark.parametrize("name", TASKS)


@each_task
def test_bounds_are_positive_below_the_rank_and_fall(name):
    statistics = TASKS[name]
    above = loss_bounds(statistics) - float(statistics.floor)
    silent = float(statistics.excess(0 * statistics.target))
    assert above[0] == pytest.approx(silent, rel=1e-9)
    assert (np.diff(above) <= 0).all()
    if name != "weak":
        seen = np.asarray(statistics.target)[: int(np.sum(np.asarray(statistics.weights) > 0))]
        rank = hankel_ranks(seen).infimum
        assert len(above) == rank + 1
        assert (above[:rank] > 0).all()
    assert above[-1] == 0


@eqx.filter_jit
def descended(statistics, nets, rate):
    """Excess after gradient descent of many networks at once."""

    def excess(net):
        return statistics.excess(net.impulse_response(statistics.length))

    def step(net, _):
        return net + -rate * jax.grad(excess)(net), None

    return jax.vmap(lambda net: excess(jax.lax.scan(step, net, None, length=1000)[0]))(nets)


@each_task
def test_none_of_a_hundred_trained_networks_of_any_size_is_below_its_bound(name):
    statistics = TASKS[name]
    bounds = loss_bounds(statistics) - float(statistics.floor)
    largest = max(1, len(bounds) - 2)

    def silenced(key, size):
        """Units without weights get no gradient: a smaller network in the shape of the largest."""
        net = ld.init_unaligned(statistics.n_in, largest, statistics.n_out, 0.7, key=key)
        on = (jnp.arange(largest) < size).astype(float)
        return ld.LinearRNN(on[:, None] * net.w_x, jnp.outer(on, on) * net.w_h, net.w_y * on)

    sizes = np.arange(1, largest + 1)
    keys = jax.random.split(jax.random.key(0), (largest, 100))
    nets = jax.vmap(jax.vmap(silenced, (0, None)))(keys, jnp.asarray(sizes))
    nets = jax.tree.map(lambda w: w.reshape(-1, *w.shape[2:]), nets)
    excess = np.asarray(descended(statistics, nets, 0.1 / float(2 * bounds[0]))).reshape(-1, 100)
    best = np.nanmin(excess, 1)
    assert (best < 0.9 * bounds[0]).all()  # they did learn
    assert (best >= bounds[sizes]).all()


def test_the_row_of_lags_is_regression_of_reduced_rank():
    # Where there is one lag, the best rank-n network is known, and the bound is its loss.
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 1, 3)) @ rng.normal(size=(3, 3))
    y = (x[:, 0] @ rng.normal(size=(3, 3))) + 0.2 * rng.normal(size=(200, 3))
    fitted = x[:, 0] @ np.linalg.lstsq(x[:, 0], y, rcond=None)[0]
    left, values, right = np.linalg.svd(fitted, full_matrices=False)
    losses = [
        0.5 * np.mean(np.sum((y - (left[:, :n] * values[:n]) @ right[:n]) ** 2, 1))
        for n in range(4)
    ]
    np.testing.assert_allclose(loss_bounds(ld.TaskStatistics.from_data(x, y)), losses, rtol=1e-9)


@each_task
def test_the_least_size_lies_between_two_numbers(name):
    statistics = TASKS[name]
    lowest = float(statistics.loss(statistics.target))
    silent = float(statistics.loss(0 * statistics.target))
    for share in (0.8, 0.3, 0.0):
        loss = lowest + share * (silent - lowest)
        found = least_hidden(statistics, loss)
        assert found.needed <= found.enough == found.network.n_hidden
        reached = float(statistics.loss(found.network.impulse_response(statistics.length)))
        assert reached <= loss + 1e-9 * silent
        assert found.needed == 0 or loss_bounds(statistics)[found.needed - 1] > loss


GOOD = np.ones((3, 1, 1))
REFUSED = {
    "no lag": lambda: hankel_ranks(np.zeros((0, 1, 1))),
    "no output": lambda: realize(np.zeros((3, 0, 1))),
    "two axes": lambda: hankel_ranks(np.ones((3, 1))),
    "NaN": lambda: realize(GOOD * np.nan),
    "infinite": lambda: hankel_ranks(GOOD * np.inf),
    "complex": lambda: realize(GOOD * 1j),
    "no unit": lambda: realize(GOOD, 0),
    "fewer than no unit": lambda: realize(GOOD, -1),
    "tolerance": lambda: hankel_ranks(GOOD, tolerance=0.0),
    "NaN tolerance": lambda: realize(GOOD, tolerance=float("nan")),
    "loss below the floor": lambda: least_hidden(ld.TaskStatistics.white(GOOD, floor=1.0), 0.5),
    "NaN loss": lambda: least_hidden(ld.TaskStatistics.white(GOOD), float("nan")),
    "target not finite": lambda: loss_bounds(ld.TaskStatistics.white(GOOD * np.nan)),
}


def test_fitted_networks_come_near_the_bound_where_inputs_are_few_strong_directions():
    statistics = TASKS["integration"]
    bounds = loss_bounds(statistics)
    for size in (1, 2, 3):
        # A loss a tenth above what the bound allows this size is reached by it.
        found = least_hidden(statistics, 1.1 * bounds[size])
        assert found.needed == found.enough == size
        truncated = realize(statistics.target, size).impulse_response(statistics.length)
        assert float(statistics.loss(truncated)) > 10 * bounds[size]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_ends_in_one_sentence(name):
    with pytest.raises(ld.InputError, match=r"^Expected .*; got "):
        REFUSED[name]()
