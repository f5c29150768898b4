"""Integration read out at every step: what is said of it in closed form is what its trials have."""

import jax
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld
from learndyn.tasks._integration import readout_weights

TARGETS = ("mean", "sum", "late", "early")
BASELINE, NOISE, COHERENCES = 0.5, 0.1, np.array([5.0, 15.0, 50.0]) / 200


@settings(max_examples=15)
@given(target=st.sampled_from(TARGETS), length=st.integers(1, 6), seed=st.integers(0, 2**31))
def test_each_step_reports_what_the_task_of_that_length_would(target, length, seed):
    task = ld.integration_task(target, length=length, outputs="every")
    x, y = map(np.asarray, task.sample(3, key=jax.random.key(seed)))
    assert y.shape == (3, length, 4)
    for t in range(1, length + 1):
        shorter = ld.integration_task(target, length=t)
        filtered = np.einsum("koi,pki->po", shorter.impulse_response, x[:, t - 1 :: -1][:, :t])
        np.testing.assert_allclose(y[:, t - 1], filtered, rtol=1e-12)
    same, last = ld.integration_task(target, length=length).sample(3, key=jax.random.key(seed))
    np.testing.assert_array_equal(x, same)
    np.testing.assert_allclose(y[:, -1], last, rtol=1e-14)


def lag_moments(target, length):
    """Moments by lag along one direction, by sums over pairs of steps: A, C, and those of y.

    Inputs have `E[x_i x_j] = lasting + noise δ_ij`, and `y_t = Σ_i w_i x_i` with the weights of
    the task of length t.
    """

    def share(i, t):
        return {"mean": 1 / t, "sum": 1.0, "late": 0.1 * i, "early": 1 / i}[target]

    square = np.mean(COHERENCES**2)
    for lasting in (4 * BASELINE**2, square, square / 3, 0.0):
        a, c, yy = np.zeros((length, length)), np.zeros(length), 0.0
        for t in range(1, length + 1):
            steps = range(1, t + 1)
            moment = {(i, j): lasting + NOISE**2 * (i == j) for i in steps for j in steps}
            for i in steps:
                c[t - i] += sum(share(j, t) * moment[j, i] for j in steps)
                for j in steps:
                    a[t - i, t - j] += moment[i, j]
                    yy += share(i, t) * share(j, t) * moment[i, j]
        yield a, c, yy


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("length", [1, 2, 6])
def test_statistics_are_those_of_sums_over_steps(target, length):
    statistics = ld.integration_task(target, length=length, outputs="every").statistics()
    left, right = map(np.asarray, statistics.vectors)
    best = np.einsum("om,koi,in->kmn", left, statistics.target, right)
    cross = np.einsum("om,koi,in->kmn", left, statistics.cross_moments, right)
    floor = 0.0
    for mode, (a, c, yy) in enumerate(lag_moments(target, length)):
        wanted = scipy.linalg.solve(a, c, assume_a="pos")
        np.testing.assert_allclose(best[:, mode, mode], wanted, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(cross[:, mode, mode], c, rtol=1e-12)
        floor += 0.5 * (yy - c @ wanted)
    np.testing.assert_allclose(statistics.floor, floor, rtol=1e-7, atol=1e-12)
    off = cross - np.einsum("kmm->km", cross)[:, :, None] * np.eye(4)
    assert abs(off).max() < 1e-12 * abs(cross).max()
    np.testing.assert_array_equal(statistics.weights, np.arange(length, 0, -1))
    # A filter of its own at each step is what made the targets.
    assert statistics.readout_floors.causal < 1e-20
    assert (statistics.floor < 1e-20) == (target == "sum" or length == 1)


@pytest.mark.parametrize("target", TARGETS)
def test_a_large_sample_has_the_same_loss(target):
    task = ld.integration_task(target, outputs="every")
    statistics = task.statistics()
    x, y = task.sample(20_000, key=jax.random.key(0))
    net = ld.init_unaligned(4, 5, 4, 0.9, key=jax.random.key(1))
    losses = np.asarray(0.5 * ((y - net(x)) ** 2).sum((1, 2)))
    exact = float(statistics.loss(net.impulse_response(task.length)))
    assert abs(losses.mean() - exact) < 4 * losses.std() / np.sqrt(20_000)
    np.testing.assert_array_equal(task.impulse_response, statistics.target)


def test_running_sums_are_one_filter():
    task = ld.integration_task("sum", length=5, outputs="every")
    np.testing.assert_allclose(task.impulse_response, np.tile(np.eye(4), (5, 1, 1)), atol=1e-10)


def test_unknown_outputs_are_refused():
    with pytest.raises(ld.InputError, match='Expected outputs "final" or "every"; got \'often\''):
        readout_weights("mean", 6, "often")
