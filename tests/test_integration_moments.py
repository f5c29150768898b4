"""The integration tasks' statistics in closed form are those of the stimuli they describe."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from learndyn.tasks._integration import step_weights

TARGETS = ("mean", "sum", "late", "early")
# Chance that a right statistic fails its test, whatever the number of moments in it.
FALSE_ALARM = 1e-4
TRIALS = 20_000


def z_limit(count):
    """Bound that `count` standard normal numbers keep together, but for `FALSE_ALARM`."""
    return scipy.stats.norm.isf(FALSE_ALARM / (2 * count))


def input_moments(statistics):
    """A as blocks, `(lag, in, lag, in)`."""
    factor = np.asarray(statistics.inputs.factor)
    length, _, n_in = statistics.target.shape
    return (factor.T @ factor).reshape(length, n_in, length, n_in)


def lasting_moments_by_quadrature():
    """E[s sᵀ] of the stimulus without noise: sums over side and coherence, integral over share."""
    angles = (mpmath.mpf(0), mpmath.pi)

    def stimulus(truth, coherence, share):
        of_modality = (coherence * share, coherence * (1 - share))
        return [
            mpmath.mpf("0.5") + mpmath.cos(angle - truth) * c / 200
            for c in of_modality
            for angle in angles
        ]

    def moment(i, j):
        total = mpmath.mpf(0)
        for truth in angles:
            for coherence in (5, 15, 50):

                def product(share, truth=truth, coherence=coherence):
                    s = stimulus(truth, coherence, share)
                    return s[i] * s[j]

                total += mpmath.quad(product, [0, 1])
        return float(total / 6)

    return np.array([[moment(i, j) for j in range(4)] for i in range(4)])


def test_lasting_moments_agree_with_numerical_integration():
    moments = input_moments(ld.integration_task("mean", length=2).statistics())
    eps = np.finfo(float).eps
    np.testing.assert_allclose(moments[0, :, 1], lasting_moments_by_quadrature(), rtol=8 * eps)


@pytest.mark.parametrize("length", [1, 2, 6])
def test_all_but_the_lasting_part_is_white(length):
    moments = input_moments(ld.integration_task("sum", length=length).statistics())
    lasting = input_moments(ld.integration_task("sum", length=2).statistics())[0, :, 1]
    noise = moments - lasting[None, :, None]
    white = 0.01 * np.eye(4 * length).reshape(moments.shape)
    # Moments are at most about 1/3, and a sum of four products each.
    np.testing.assert_allclose(noise, white, atol=4 * np.finfo(float).eps)


@pytest.mark.parametrize("target", TARGETS)
def test_statistics_of_a_large_sample_agree_with_the_closed_form(target):
    task = ld.integration_task(target)
    exact = task.statistics()
    x, y = map(np.asarray, task.sample(TRIALS, key=jax.random.key(0)))
    sampled = ld.TaskStatistics.from_data(x, y)

    by_lag = x[:, ::-1].reshape(TRIALS, -1)
    columns = by_lag.shape[1]
    pairs = (
        (input_moments(exact), input_moments(sampled), by_lag),
        (exact.cross_moments.swapaxes(0, 1), sampled.cross_moments.swapaxes(0, 1), y),
    )
    for closed, measured, left in pairs:
        closed, measured = (np.asarray(m).reshape(-1, columns) for m in (closed, measured))
        variance = (left**2).T @ by_lag**2 / TRIALS - measured**2
        z = (measured - closed) / np.sqrt(variance / TRIALS)
        assert abs(z).max() < z_limit(z.size)


@pytest.mark.parametrize("target", TARGETS)
def test_a_sample_is_fitted_by_the_target_without_error(target):
    task = ld.integration_task(target)
    sampled = ld.TaskStatistics.from_data(*task.sample(200, key=jax.random.key(1)))
    eps = np.finfo(float).eps
    scale = abs(sampled.target).max()
    condition = np.linalg.cond(np.asarray(sampled.inputs.factor))
    assert abs(sampled.target - task.statistics().target).max() < 10 * eps * condition * scale
    assert sampled.floor < (10 * eps * scale) ** 2 * sampled.inputs.factor.size
    assert task.statistics().floor == 0


@pytest.mark.parametrize("target", TARGETS)
def test_loss_is_that_of_a_large_sample(target):
    task = ld.integration_task(target)
    statistics = task.statistics()
    x, y = task.sample(TRIALS, key=jax.random.key(2))
    keys = jax.random.split(jax.random.key(3), 10)
    nets = jax.vmap(lambda key: ld.init_unaligned(4, 5, 4, 0.9, key=key))(keys)
    losses = jax.vmap(lambda net: 0.5 * jnp.sum((y - net(x)[:, -1]) ** 2, axis=1))(nets)
    exact = jax.vmap(lambda net: statistics.loss(net.impulse_response(task.length)))(nets)
    z = (losses.mean(1) - exact) / (losses.std(1) / np.sqrt(TRIALS))
    assert abs(z).max() < z_limit(z.size)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("length", [1, 6])
def test_singular_vectors_diagonalize_every_correlation(target, length):
    statistics = ld.integration_task(target, length=length).statistics()
    left, right = statistics.vectors
    for vectors in (left, right):
        np.testing.assert_array_equal(vectors.T @ vectors, np.eye(4))
    rotated = np.asarray(jnp.einsum("om,koi,in->kmn", left, statistics.cross_moments, right))
    values = np.diagonal(rotated, axis1=1, axis2=2)
    off_diagonal = rotated - values[:, :, None] * np.eye(4)
    assert abs(off_diagonal).max() < 8 * length * np.finfo(float).eps * rotated.max()
    assert (values > 0).all()
    assert (np.diff(values, axis=1) < 0).all()


@given(
    target=st.sampled_from(TARGETS),
    length=st.integers(1, 6),
    seed=st.integers(0, 2**31),
)
def test_targets_are_the_weighted_sums_that_the_paper_names(target, length, seed):
    task = ld.integration_task(target, length=length)
    x, y = task.sample(3, key=jax.random.key(seed))
    assert x.shape == (3, length, 4)
    total = np.zeros((3, 4))
    filtered = np.zeros((3, 4))
    for t in range(1, length + 1):
        share = {"mean": 1 / length, "sum": 1.0, "late": 0.1 * t, "early": 1 / t}[target]
        total += share * x[:, t - 1]
        filtered += x[:, t - 1] @ task.impulse_response[length - t].T
    np.testing.assert_allclose(y, total, rtol=1e-13)
    np.testing.assert_allclose(filtered, total, rtol=1e-13)


def test_equal_keys_give_equal_trials():
    task = ld.integration_task("sum")
    one, two, other = (task.sample(5, key=jax.random.key(seed))[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_a_problem_takes_the_task_as_it_is():
    task = ld.integration_task("late")
    net = ld.init_aligned(task, 0.5, 0.9, 0.5, key=jax.random.key(0))
    problem = ld.Problem(net, task)
    modes_alone = problem.statistics.loss(net.impulse_response(6))
    np.testing.assert_allclose(modes_alone, task.statistics().loss(net.impulse_response(6)))


@pytest.mark.parametrize(
    ("target", "length", "sentence"),
    [
        ("median", 6, "Expected one of mean, sum, late, early; got 'median'."),
        ("mean", 0, "Expected a length of at least 1; got 0."),
    ],
)
def test_unknown_targets_and_empty_trials_are_refused(target, length, sentence):
    with pytest.raises(ld.InputError) as refusal:
        step_weights(target, length)
    assert str(refusal.value) == sentence


def test_empty_samples_are_refused():
    with pytest.raises(ld.InputError, match="at least 1 trajectory; got 0"):
        ld.integration_task("mean").sample(0, key=jax.random.key(0))
