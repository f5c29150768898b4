"""Errata 42 and 43: sensory integration, by descent in NumPy and SciPy on explicit moments."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

T = 6
# Second moments of one direction of the input: what lasts through a trial, and noise at each step.
BASELINE, EVIDENCE, NOISE_ALONE = 1.0, 0.0229, 0.0
NOISE = 0.01


@cache
def moments(lasting):
    return lasting * np.ones((T, T)) + NOISE * np.eye(T)


def slope(modes, target, lasting):
    """Gradient in (a, b, c) of `½ (m − ac b^k)ᵀ A (m − ac b^k)`, by lag."""
    (a, b, c), lags = modes, np.arange(T)
    powers = b**lags
    pull = moments(lasting) @ (target - a * c * powers)
    bent = lags * b ** np.maximum(lags - 1, 0)
    return -np.array([c * (powers @ pull), a * c * (bent @ pull), a * (powers @ pull)])


def flow(target, lasting, start, until):
    return solve_ivp(
        lambda _, y: -slope(y, target, lasting), (0, until), start, "LSODA", rtol=1e-9, atol=1e-12
    ).y[:, -1]


def curvature(modes, target, lasting):
    """Largest eigenvalue of the Hessian, by differences of the gradient."""
    at, h = np.array(modes), 1e-6
    columns = [
        (slope(at + d, target, lasting) - slope(at - d, target, lasting)) / (2 * h)
        for d in h * np.eye(3)
    ]
    return np.linalg.eigvalsh(np.array(columns))[-1]


# --- 42: how long integration takes, and what aligns (Section 3.6, Figure 6) ----------------------


@pytest.mark.parametrize("target", [1.0, 1 / T])
def test_integration_of_noise_alone_outlasts_20000_stable_steps_and_is_learned_in_the_end(target):
    target = np.full(T, target)
    root = np.sqrt(target[0])
    stable = 2 / curvature((root, 1.0, root), target, BASELINE)
    start = (0.05, 0.05, 0.05)
    a, _, c = flow(target, NOISE_ALONE, start, 20_000 * 0.5 * stable)
    assert abs(a * c / target[0] - 1) > 0.02
    a, b, c = flow(target, NOISE_ALONE, start, 2_000_000 * stable)
    np.testing.assert_allclose([b, a * c], [1, target[0]], rtol=1e-3)
    # The direction that varies most has learned the sum of lags long before.
    a, b, c = flow(target, BASELINE, start, 20_000 * 0.5 * stable)
    np.testing.assert_allclose(a * c * (b ** np.arange(T)).sum(), target.sum(), rtol=1e-3)


LASTING = np.array([BASELINE, EVIDENCE, EVIDENCE / 3, NOISE_ALONE])  # of all four directions


def excess_and_velocity(flat, target):
    """Loss of a 4-4-4 network in the coordinates of the directions, and minus its gradient."""
    w_x, w_h, w_y = flat.reshape(3, 4, 4)
    states = [w_x]
    for _ in range(T - 1):
        states.append(w_h @ states[-1])
    missed = np.array([m * np.eye(4) - w_y @ s for m, s in zip(target, states, strict=True)])
    pull = LASTING * missed.sum(0) + NOISE * missed
    move_y = sum(p @ s.T for p, s in zip(pull, states, strict=True))
    back, move_h = w_y.T @ pull[-1], np.zeros((4, 4))
    for k in range(T - 1, 0, -1):
        move_h += back @ states[k - 1].T
        back = w_h.T @ back + w_y.T @ pull[k - 1]
    return 0.5 * (missed * pull).sum(), np.stack([back, move_h, move_y]).ravel()


def check_velocity():
    """The velocity is minus the gradient, by differences."""
    rng = np.random.default_rng(1)
    at, target, h = rng.normal(size=48) / 4, rng.normal(size=T), 1e-6
    by_differences = [
        (excess_and_velocity(at - d, target)[0] - excess_and_velocity(at + d, target)[0]) / (2 * h)
        for d in h * np.eye(48)
    ]
    np.testing.assert_allclose(
        excess_and_velocity(at, target)[1], by_differences, rtol=1e-5, atol=1e-6
    )


def cosines(flat):
    """Of W_x v and W_yᵀ v, for each direction v."""
    w_x, _, w_y = flat.reshape(3, 4, 4)
    return (w_x * w_y.T).sum(0) / np.linalg.norm(w_x, axis=0) / np.linalg.norm(w_y, axis=1)


def test_when_the_loss_has_fallen_by_half_only_the_direction_that_varies_most_has_aligned():
    check_velocity()
    target, rng = np.ones(T), np.random.default_rng(0)
    for _ in range(10):
        start = 0.05 * rng.normal(size=48)
        first = excess_and_velocity(start, target)[0]

        solved = solve_ivp(
            lambda _, y: excess_and_velocity(y, target)[1],
            (0, 2),
            start,
            "LSODA",
            t_eval=np.linspace(0, 2, 201),
            rtol=1e-8,
            atol=1e-10,
        )
        losses = [excess_and_velocity(y, target)[0] for y in solved.y.T]
        assert losses[-1] < 0.5 * first
        end = cosines(solved.y[:, np.argmax(np.array(losses) < 0.5 * first)])
        assert end[0] > 0.9
        assert abs(end - cosines(start))[3] < 0.2


# --- 43: what fluctuates (Appendix L, Figure A8) --------------------------------------------------

STEPS = np.arange(1, T + 1)
LATE, EARLY = 0.1 * STEPS[::-1], 1 / STEPS[::-1]  # by lag


def best(target, lasting):
    """Best mode (√u, b, √u), by a search over b."""
    lags = np.arange(T)

    def size_and_loss(b):
        powers = b**lags
        u = powers @ moments(lasting) @ target / (powers @ moments(lasting) @ powers)
        missed = target - u * powers
        return u, missed @ moments(lasting) @ missed

    b = min(np.linspace(0.2, 2.0, 18001), key=lambda b: size_and_loss(b)[1])
    root = np.sqrt(size_and_loss(b)[0])
    return root, b, root


def descend(target, rate, steps=20_000, last=100):
    """Gradient descent of the baseline's mode: losses of the last steps, and where it ends."""
    at, losses = np.full(3, 0.05), []
    for step in range(steps):
        at = at - rate * slope(at, target, BASELINE)
        if step >= steps - last:
            missed = target - at[0] * at[2] * at[1] ** np.arange(T)
            losses.append(missed @ moments(BASELINE) @ missed)
    return np.array(losses), at


def rises(losses):
    return np.maximum(np.diff(losses), 0).sum() / losses.mean() > 1e-6


@pytest.mark.parametrize("target", [LATE, EARLY], ids=["late", "early"])
def test_learning_fluctuates_beyond_2_over_the_curvature_whichever_the_importance(target):
    limit = 2 / curvature(best(target, BASELINE), target, BASELINE)
    assert not rises(descend(target, 0.5 * limit)[0])
    assert rises(descend(target, 1.5 * limit)[0])


def test_at_one_rate_early_importance_fluctuates_and_late_importance_does_not():
    limits = [2 / curvature(best(target, BASELINE), target, BASELINE) for target in (LATE, EARLY)]
    rate = 0.025
    assert limits[0] > rate > limits[1]
    assert [rises(descend(target, rate)[0]) for target in (LATE, EARLY)] == [False, True]


def test_the_flow_of_unaligned_networks_reaches_the_solution_of_early_importance():
    expected = np.sort([best(EARLY, lasting)[1] for lasting in LASTING])
    start = 0.05 * np.random.default_rng(2).normal(size=48)
    solved = solve_ivp(
        lambda _, y: excess_and_velocity(y, EARLY)[1],
        (0, 20_000),
        start,
        "LSODA",
        rtol=1e-7,
        atol=1e-9,
    )
    end = solved.y[:, -1]
    assert np.linalg.norm(excess_and_velocity(end, EARLY)[1]) < 1e-6
    found = np.linalg.svd(end.reshape(3, 4, 4)[1], compute_uv=False)
    np.testing.assert_allclose(np.sort(found), expected, rtol=2e-3)
