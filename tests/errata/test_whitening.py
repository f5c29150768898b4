"""Erratum 44: what whitening by innovations makes of a task, by a Cholesky factor in NumPy."""

import numpy as np
from scipy.optimize import minimize_scalar

T = 6
# Second moments of an input that lasts through a trial, with noise at each step, in time order.
LASTING_AND_NOISE = np.ones((T, T)) + 0.01 * np.eye(T)


def test_a_mean_of_inputs_is_no_constant_task_of_their_innovations():
    factor = np.linalg.cholesky(LASTING_AND_NOISE)
    mean = np.full(T, 1 / T)
    # y = mean · x = (mean · L) · e: by step of the innovation.
    seen = mean @ factor
    draw = np.random.default_rng(0).normal(size=(20_000, T)) @ factor.T
    innovations = np.linalg.solve(factor, draw.T).T
    np.testing.assert_allclose(innovations.T @ innovations / 20_000, np.eye(T), atol=0.05)
    np.testing.assert_allclose(innovations @ seen, draw @ mean, atol=1e-10)
    # From the inputs one mode, b = 1 and u = 1/T, has no loss. From the innovations none has.
    assert (np.diff(seen) < 0).all()
    assert seen[0] > 10 * seen[1]

    def left(b):
        powers = b ** np.arange(T)[::-1]
        return np.sum((seen - powers * (powers @ seen) / (powers @ powers)) ** 2) / np.sum(seen**2)

    best = minimize_scalar(left, bounds=(1.0, 50.0), method="bounded")
    assert best.x > 2  # and it would be unstable
    assert min(best.fun, *map(left, np.linspace(-50, 50, 20_001))) > 1e-3


def test_a_filter_that_is_the_same_at_every_step_is_not_so_of_innovations():
    factor = np.linalg.cholesky(LASTING_AND_NOISE)
    running_sums = np.tril(np.ones((T, T))) @ factor
    by_lag = [np.diagonal(running_sums, -k) for k in range(T - 1)]
    assert all(np.ptp(weights) > 0.5 * abs(weights).max() for weights in by_lag)
