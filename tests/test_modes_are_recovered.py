"""Aligned networks are exactly aligned, and their modes are found again, from the data alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from learndyn._assumptions import aligned, balanced, constant_bases
from learndyn._bases import problem_bases
from learndyn._errors import InputError
from learndyn.network import network_modes

LENGTH, N_IN, N_OUT = 4, 4, 3
EPS = np.finfo(float).eps


def task_of(spectrum, seed=0):
    return ld.structured_task(np.asarray(spectrum), N_IN, N_OUT, key=jax.random.key(seed))


THREE_MODES = [[1.0, 2.0, 0.5, -1.0], [0.0, 0.3, -0.2, 2.0], [0.1, 0.4, 0.9, 0.1]]


def signed(low, high):
    """Numbers of either sign and of at least some size."""
    return st.one_of(st.floats(low, high), st.floats(-high, -low))


def by_convention(a, b, c):
    """The hidden directions are only known up to a sign, which makes `a` positive, else `c`."""
    same = np.where(a * c < 0, -1.0, 1.0)
    return abs(a), b, abs(c) * same


modes_of_either_sign = st.tuples(
    st.lists(signed(0.1, 2.0), min_size=3, max_size=3),
    st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3),
    st.lists(signed(0.1, 2.0), min_size=3, max_size=3),
)


@given(modes_of_either_sign, st.integers(0, 2), st.integers(0, 2**31 - 1))
def test_modes_are_recovered_up_to_the_sign_convention(modes, extra, seed):
    a, b, c = map(np.array, modes)
    task = task_of(THREE_MODES)
    net = ld.init_aligned(task, a, b, c, n_hidden=3 + extra, key=jax.random.key(seed))
    problem = ld.Problem(net, task)
    bases = problem_bases(problem)
    assert float(aligned(problem, bases)) < 1e-14
    for found, expected in zip(network_modes(net, bases), by_convention(a, b, c), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-13)


@given(st.lists(signed(0.1, 2.0), min_size=3, max_size=3))
def test_balanced_modes_of_negative_product_are_recovered(a):
    # a = −c: the sum of what enters and what leaves along a mode is zero, the difference is not.
    a = np.array(a)
    task = task_of(THREE_MODES)
    net = ld.init_aligned(task, a, 0.3, -a, key=jax.random.key(1))
    problem = ld.Problem(net, task)
    bases = problem_bases(problem)
    found = network_modes(net, bases)
    np.testing.assert_allclose(found.a, abs(a), atol=1e-13)
    np.testing.assert_allclose(found.c, -abs(a), atol=1e-13)
    assert float(aligned(problem, bases)) < 1e-14
    assert float(balanced(problem, bases)) < 1e-14


def test_one_side_of_a_mode_may_be_silent():
    task = task_of(THREE_MODES)
    a, b, c = np.array([-0.5, 0.0, 0.4]), np.array([0.1, 0.2, 0.3]), np.array([0.0, -0.6, 0.4])
    net = ld.init_aligned(task, a, b, c, n_hidden=5, key=jax.random.key(1))
    found = network_modes(net, problem_bases(ld.Problem(net, task)))
    for value, expected in zip(found, (abs(a), b, abs(c)), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-13)


def test_the_impulse_response_of_an_aligned_network_is_that_of_its_modes():
    task = task_of(THREE_MODES)
    a, b, c = np.array([0.5, -0.2, 1.0]), np.array([0.9, -0.4, 0.1]), np.array([0.3, 0.6, -0.4])
    net = ld.init_aligned(task, a, b, c, n_hidden=6, key=jax.random.key(1))
    left, right = map(np.asarray, task.vectors)
    for lag, response in enumerate(net.impulse_response(7)):
        expected = left @ np.diag(a * c * b**lag) @ right.T
        np.testing.assert_allclose(response, expected, atol=1e-14)


def test_extra_hidden_units_start_at_zero_and_stay_there():
    task = task_of(THREE_MODES)
    net = ld.init_aligned(task, 0.3, 0.2, 0.3, n_hidden=6, key=jax.random.key(1))
    problem = ld.Problem(net, task)
    hidden = np.asarray(problem_bases(problem).hidden)
    unused = np.eye(6) - hidden @ hidden.T
    for weights in (net, ld.velocity(problem, net)):
        for part in (weights.w_x.T, weights.w_h, weights.w_h.T, weights.w_y):
            np.testing.assert_allclose(np.asarray(part) @ unused, 0, atol=1e-15)


@pytest.mark.parametrize(
    ("task", "modes", "options", "sentence"),
    [
        (task_of, (0.1, 0.1, 0.1), {"n_hidden": 2}, "at least 3 hidden units, one per mode; got 2"),
        (
            task_of,
            (np.ones(2), 0.1, 0.1),
            {},
            r"a mode a that is a scalar or of shape \(3,\); got \(2,\)",
        ),
        (
            lambda _: ld.TaskStatistics.from_data(np.ones((2, 3, 1)), np.ones((2, 1))),
            (0.1, 0.1, 0.1),
            {},
            "constant singular vectors or eigenvectors as `vectors`; got TaskStatistics without",
        ),
        (
            lambda _: ld.teacher_task(ld.init_unaligned(2, 2, 2, 1.0, key=jax.random.key(0)), 3),
            (0.1, 0.1, 0.1),
            {},
            "a task with constant singular vectors",
        ),
    ],
)
def test_starts_that_cannot_be_aligned_are_refused(task, modes, options, sentence):
    with pytest.raises(InputError, match=sentence):
        ld.init_aligned(task(THREE_MODES), *modes, **options, key=jax.random.key(0))


def test_the_printed_recipe_is_aligned_only_if_both_hidden_bases_are_one():
    # P.1.1 prints W_x = R_x a Vᵀ, W_h = R_y b R_xᵀ, W_y = U c R_yᵀ with R_y = R_x⁻¹.
    task = task_of(THREE_MODES)
    left, right = task.vectors
    rng = np.random.default_rng(0)
    a, b, c = map(np.diag, rng.uniform(0.3, 1.0, size=(3, 3)))
    r_x, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    mirror = np.eye(3) - 2 * np.outer(r_x[0], r_x[0])  # its own inverse
    for basis, share in ((r_x, 0.3), (mirror, 0.0)):
        inverse = basis.T
        net = ld.LinearRNN(basis @ a @ right.T, inverse @ b @ basis.T, left @ c @ inverse.T)
        problem = ld.Problem(net, task)
        violation = float(aligned(problem, problem_bases(problem)))
        assert violation > share if share else violation < 1e-14


# --- bases from data ------------------------------------------------------------------------------


def problem_from_a_sample(task, net):
    x, y = task.sample(LENGTH * N_IN + 3, key=jax.random.key(5))
    return ld.Problem(net, (np.asarray(x), np.asarray(y)))


@pytest.mark.parametrize("seed", range(3))
def test_bases_of_a_sample_are_the_singular_vectors_of_its_task(seed):
    task = task_of(THREE_MODES, seed)
    net = ld.init_unaligned(N_IN, 5, N_OUT, 0.3, key=jax.random.key(seed))
    problem = problem_from_a_sample(task, net)
    bases = problem_bases(problem)
    # Modes come strongest first, and u, v are known up to one common sign.
    order = np.argsort(-np.sum(np.square(THREE_MODES), axis=1))
    left, right = (np.asarray(vectors)[:, order] for vectors in task.vectors)
    signs = np.sign(np.sum(left * np.asarray(bases.output), axis=0))
    np.testing.assert_allclose(bases.output * signs, left, atol=1e-12)
    np.testing.assert_allclose(bases.input * signs, right, atol=1e-12)
    assert float(constant_bases(problem, bases)) < 1e-13


ALIKE = [[1.0, 2.0, 0.5, -1.0]] * 3
# What tells modes apart where the task does not: their product u, or only b, or only the balance.
APART = {
    "u": ([0.2, 0.3, 0.5], [0.1, 0.3, 0.5], [0.2, 0.3, 0.5]),
    "b": ([0.3, 0.3, 0.3], [0.1, 0.3, 0.5], [0.3, 0.3, 0.3]),
    "balance": ([0.2, 0.3, 0.6], [0.1, 0.1, 0.1], [0.6, 0.4, 0.2]),
    "u, small": ([2e-4, 3e-4, 5e-4], [1e-4, 3e-4, 5e-4], [2e-4, 3e-4, 5e-4]),
    "nothing": ([0.3, 0.3, 0.3], [0.2, 0.2, 0.2], [0.3, 0.3, 0.3]),
}


@pytest.mark.parametrize("apart", APART)
def test_where_the_task_is_degenerate_the_network_decides(apart):
    a, b, c = map(np.array, APART[apart])
    task = task_of(ALIKE)
    net = ld.init_aligned(task, a, b, c, n_hidden=4, key=jax.random.key(1))
    problem = problem_from_a_sample(task, net)
    bases = problem_bases(problem)
    assert float(constant_bases(problem, bases)) < 1e-13
    # Rounding errors of the sample's moments, one for each number of a trial, over the root of ε
    # that lets the network decide.
    numbers = task.statistics().length * task.statistics().n_in
    assert float(aligned(problem, bases)) < numbers * np.sqrt(EPS)
    found = np.stack(network_modes(net, bases))
    order = np.lexsort(found.round(6))
    expected = np.stack([a, b, c])
    np.testing.assert_allclose(
        found[:, order], expected[:, np.lexsort(expected.round(6))], atol=1e-6 * a.max()
    )


def share(correlations, left, right):
    """Share of the correlations on the diagonal of a pair of bases."""
    diagonal = np.einsum("om,koi,im->km", left, correlations, right)
    return np.sum(diagonal**2) / np.sum(correlations**2)


def random_bases(rng, modes):
    return (np.linalg.qr(rng.normal(size=(n, modes)))[0] for n in (N_OUT, N_IN))


@pytest.mark.parametrize("noise", [0.1, 1.0, 10.0])
def test_bases_of_any_correlations_hold_the_largest_diagonal_share(noise):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        left, right = random_bases(rng, 3)
        correlations = np.einsum("om,km,im->koi", left, rng.normal(size=(LENGTH, 3)), right)
        correlations += noise * rng.normal(size=correlations.shape) / np.sqrt(N_IN * N_OUT)
        net = ld.init_unaligned(N_IN, 5, N_OUT, 0.3, key=jax.random.key(seed))
        bases = problem_bases(ld.Problem(net, ld.TaskStatistics.white(correlations)))
        ours = share(correlations, np.asarray(bases.output), np.asarray(bases.input))

        for vectors in (bases.output, bases.input):
            np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-13)
        u, _, vt = np.linalg.svd(correlations.sum(0), full_matrices=False)
        assert ours >= share(correlations, u, vt.T)
        assert ours >= max(share(correlations, *random_bases(rng, 3)) for _ in range(200))
        # A maximum: no small turn of either basis holds more, up to the turn squared.
        for _ in range(20):
            turned = [
                np.linalg.qr(np.asarray(b) + 1e-3 * rng.normal(size=b.shape))[0]
                for b in (bases.output, bases.input)
            ]
            signs = [
                np.sign(np.sum(t * b, 0))
                for t, b in zip(turned, (bases.output, bases.input), strict=True)
            ]
            assert share(correlations, turned[0] * signs[0], turned[1] * signs[1]) <= ours + 1e-7


# --- what the flow keeps --------------------------------------------------------------------------


def rate_of_conserved_matrix(net, moving):
    """Product rule on `W_x W_xᵀ − W_yᵀ W_y + W_h W_hᵀ − W_hᵀ W_h`, and the size of its terms."""
    x, h, y = map(np.asarray, (net.w_x, net.w_h, net.w_y))
    dx, dh, dy = map(np.asarray, (moving.w_x, moving.w_h, moving.w_y))
    terms = [dx @ x.T, -dy.T @ y, dh @ h.T, -dh.T @ h]
    return sum(t + t.T for t in terms), sum(np.linalg.norm(t) for t in terms)


# A seed, a shape (trajectories, T, in, hidden, out), readouts at every step, ragged lengths.
anything = st.tuples(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(20, 5, 2, 3, 2), (3, 4, 3, 9, 1), (30, 1, 2, 2, 4)]),
    st.booleans(),
    st.booleans(),
)


def problem_of(seed, shape, every_step, ragged):
    rng = np.random.default_rng(seed)
    trajectories, length, n_in, n_hidden, n_out = shape
    x = np.cumsum(rng.normal(size=(trajectories, length, n_in)), axis=1)
    y = rng.normal(size=(trajectories, length, n_out))
    lengths = rng.integers(1, length + 1, size=trajectories) if ragged else None
    shapes = ((n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden))
    net = ld.LinearRNN(*(rng.normal(size=s) / np.sqrt(s[1]) for s in shapes))
    trials = ld.Trials(x, y if every_step else y[:, 0], lengths=lengths)
    return ld.Problem(net, trials)


@given(anything)
def test_the_flow_conserves_its_matrix_for_any_data_and_readout(choices):
    problem = problem_of(*choices)
    rate, size = rate_of_conserved_matrix(problem.net, ld.velocity(problem, problem.net))
    assert np.linalg.norm(rate) <= 1e-13 * size


@pytest.mark.parametrize("frozen", ["input", "recurrent", "output"])
def test_with_a_part_frozen_it_is_not_conserved(frozen):
    net = ld.init_unaligned(2, 3, 2, 1.0, key=jax.random.key(0))
    rng = np.random.default_rng(0)
    trials = rng.normal(size=(20, 4, 2)), rng.normal(size=(20, 2))
    problem = ld.Problem(net, trials, frozen=frozen)
    rate, size = rate_of_conserved_matrix(net, ld.velocity(problem, net))
    assert np.linalg.norm(rate) > 1e-2 * size


@given(anything)
def test_turning_the_hidden_units_turns_the_velocity_along_and_leaves_the_loss(choices):
    problem = problem_of(*choices)
    net, hidden = problem.net, problem.net.n_hidden
    turn = np.linalg.qr(np.random.default_rng(choices[0]).normal(size=(hidden, hidden)))[0]
    turned = ld.LinearRNN(turn @ net.w_x, turn @ net.w_h @ turn.T, net.w_y @ turn.T)
    length = problem.statistics.length
    losses = [float(problem.statistics.loss(n.impulse_response(length))) for n in (net, turned)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-12)
    moving, other = ld.velocity(problem, net), ld.velocity(problem, turned)
    size = max(float(jnp.abs(w).max()) for w in (moving.w_x, moving.w_h, moving.w_y))
    np.testing.assert_allclose(other.w_x, turn @ moving.w_x, atol=1e-12 * size)
    np.testing.assert_allclose(other.w_h, turn @ moving.w_h @ turn.T, atol=1e-12 * size)
    np.testing.assert_allclose(other.w_y, moving.w_y @ turn.T, atol=1e-12 * size)
