"""Errata 24, 40 and 41: which starts are lazy, and what the kernel distance sees of it."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.integrate import solve_ivp

# --- 24: the spectral radius of Gaussian weights (Appendix J) ------------------------------------


def test_gaussian_weights_have_the_scale_as_spectral_radius_only_in_the_limit_of_width():
    rng = np.random.default_rng(10)

    def radii(width, count):
        weights = rng.normal(size=(count, width, width)) / np.sqrt(width)
        return abs(np.linalg.eigvals(weights)).max(-1)

    for width, mean in [(1, np.sqrt(2 / np.pi)), (2, 0.935), (10, 1.063)]:
        drawn = radii(width, 2000)
        error = drawn.std() / np.sqrt(len(drawn))
        assert drawn.mean() == pytest.approx(mean, abs=4 * error + 1e-3)
        assert abs(mean - 1) > 5 * error
    # At the width of the experiments the mean happens to be near, but one draw is not.
    narrow, wide = radii(4, 2000), radii(120, 10)
    assert narrow.mean() == pytest.approx(1.02, abs=0.03)
    assert narrow.std() > 0.2 > 4 * wide.std()
    assert wide.mean() == pytest.approx(1, abs=0.1)


def test_gaussian_weights_whose_variance_is_the_scale_have_another_radius():
    scale, width = 0.5, 100
    drawn = np.random.default_rng(11).normal(size=(5, width, width))
    radius = abs(np.linalg.eigvals(drawn)).max(-1).mean()
    assert radius * scale / np.sqrt(width) == pytest.approx(scale, rel=0.15)  # P.1.2
    assert radius * np.sqrt(scale) > 5  # a variance of 0.5


# --- 40 and 41: large starts, and what the distance sees (Section 3.5, Appendix J) ---------------


def distance(*rows):
    """Eq. 135 of two Jacobians: half the square between kernels of length one."""
    first, second = (r @ r.T / np.linalg.norm(r @ r.T) for r in rows)
    return 0.5 * np.linalg.norm(first - second) ** 2


def response(weights, length):
    """`G_k`, from which the kernel for white input is that over single inputs."""
    w_x, w_h, w_y = weights
    seen = [w_x]
    for _ in range(length - 1):
        seen.append(w_h @ seen[-1])
    return jnp.stack([w_y @ s for s in seen])


@cache
def flow(shapes, length):
    """Compiled, of the weights as a vector: response, its Jacobian, velocity and its Jacobian."""
    _, unflatten = ravel_pytree(tuple(map(jnp.zeros, shapes)))

    def of(flat):
        return response(unflatten(flat), length)

    def loss(flat, target):
        return 0.5 * jnp.sum((of(flat) - target) ** 2)

    rows = jax.jacobian(lambda flat: of(flat).ravel())
    return tuple(
        jax.jit(f)
        for f in (
            of,
            rows,
            lambda *args: -jax.grad(loss)(*args),
            lambda *args: -jax.hessian(loss)(*args),
        )
    )


def learn(weights, target, *, time, from_start=False):
    """Gradient flow of eq. 4 for white input; time in units of the largest rate at the start.

    Returns the kernel distance, the relative change of each matrix and of all, and the share of
    the loss that is left. `from_start`: the target is a distance from the outputs at the start.
    """
    flat = np.concatenate([w.ravel() for w in weights])
    of, rows, velocity, slope = flow(tuple(w.shape for w in weights), len(target))
    target = target + np.asarray(of(flat)) * from_start
    end = solve_ivp(
        lambda _, w: np.asarray(velocity(w, target)),
        (0, time / np.linalg.norm(rows(flat), 2) ** 2),
        flat,
        method="LSODA",
        jac=lambda _, w: np.asarray(slope(w, target)),
        rtol=1e-10,
        atol=1e-12 * abs(flat).max(),
    ).y[:, -1]
    moved, cuts = end - flat, np.cumsum([w.size for w in weights])[:-1]
    parts = zip(np.split(moved, cuts), weights, strict=True)
    change = [np.linalg.norm(part) / np.linalg.norm(w) for part, w in parts]
    left = np.sum((of(end) - target) ** 2) / np.sum((of(flat) - target) ** 2)
    between = distance(*(np.asarray(rows(w)) for w in (flat, end)))
    return between, np.array([*change, np.linalg.norm(moved) / np.linalg.norm(flat)]), left


def gaussian(seed, n_in, hidden, n_out):
    """P.1.2 at scale 1."""
    rng = np.random.default_rng(seed)
    shapes = (hidden, n_in), (hidden, hidden), (n_out, hidden)
    return tuple(rng.normal(size=shape) / np.sqrt(shape[1]) for shape in shapes)


def constant(length, size):
    return np.ones((length, 1, 1)) * np.eye(size)


PARTS = {"input and output": (1, 0, 1), "all": (1, 1, 1)}


def enlarged(weights, scale, part="all"):
    return tuple(scale**p * w for w, p in zip(weights, PARTS[part], strict=True))


@pytest.mark.parametrize("seed", [0, 2])
@pytest.mark.parametrize(("part", "power"), [("input and output", 2), ("all", 4)])
def test_a_large_start_is_lazy_at_a_fixed_distance_from_its_target(seed, part, power):
    weights = gaussian(seed, 2, 3, 2)
    change = 0.3 * np.random.default_rng(100 + seed).normal(size=(3, 2, 2))
    found = [
        learn(enlarged(weights, scale, part), change, time=10, from_start=True)
        for scale in ((32, 64) if power == 2 else (8, 16))
    ]
    (near, moved, left), (nearer, moved_less, _) = found
    assert left < 0.8
    assert np.log2(near / nearer) == pytest.approx(2 * power, abs=0.1)
    slopes = np.log2(moved / moved_less)
    if part == "all":
        assert slopes[-1] == pytest.approx(power, abs=0.1)
    else:  # W_h has the largest share, since its part of the kernel grows fastest
        np.testing.assert_allclose(slopes[:3], [4, 2, 4], atol=0.1)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_large_start_with_a_target_of_its_own_is_lazy_at_no_scale(seed):
    weights = gaussian(seed, 2, 3, 2)
    target = 0.3 * np.random.default_rng(100 + seed).normal(size=(3, 2, 2))
    # Scaling W_x and W_y leaves it to W_h to unlearn the response.
    found = [
        learn(enlarged(weights, scale, "input and output"), target, time=10) for scale in (32, 128)
    ]
    (near, moved, _), (nearer, moved_less, _) = found
    assert near == pytest.approx(nearer, rel=0.05)
    assert moved[1] == pytest.approx(moved_less[1], rel=0.05)
    assert near > 0.1
    assert moved[1] > 0.2


@pytest.mark.parametrize(("length", "near", "share"), [(1, 0.064, 0.394), (3, 0.076, 0.234)])
def test_networks_of_the_experiment_level_off_at_large_scales_with_recurrence_and_without(
    length, near, share
):
    target = constant(length, 4)

    def mean(scale):
        found = [learn(enlarged(gaussian(s, 4, 4, 4), scale), target, time=100) for s in range(5)]
        return np.mean([(between, moved[-1]) for between, moved, _ in found], axis=0)

    expected, larger, largest = (mean(scale) for scale in (1, 32, 128))
    assert expected[0] > 2 * larger[0]
    np.testing.assert_allclose(larger, largest, rtol=0.01)
    np.testing.assert_allclose(largest, [near, share], rtol=0.02)


def test_random_starts_are_no_nearer_to_their_target_than_to_zero():
    # W_y and −W_y are as likely, so that E ‖G − y‖² = E ‖G‖² + ‖y‖².
    rng, target = np.random.default_rng(20), constant(3, 4)
    for scale in (1, 2):
        w_x, w_h, w_y = scale * rng.normal(size=(3, 2000, 4, 4)) / 2
        found = np.stack([w_y @ np.linalg.matrix_power(w_h, k) @ w_x for k in range(3)], axis=1)
        overlap = np.sum(found * target, axis=(1, 2, 3))
        assert abs(overlap.mean()) < 4 * overlap.std() / np.sqrt(len(overlap))
        size, error = (np.sum(g**2, axis=(1, 2, 3)) for g in (found, found - target))
        assert np.sqrt(error / size).min() > 0.8


def test_width_makes_training_lazy_with_a_target_of_its_own_too():
    target = constant(3, 2)

    def mean(hidden):
        found = [learn(gaussian(s, 2, hidden, 2), target, time=30) for s in range(8)]
        return np.mean([(between, moved[-1]) for between, moved, _ in found], axis=0)

    narrow, wide = mean(4), mean(16)
    assert narrow[0] > 6 * wide[0]
    assert narrow[1] > 2 * wide[1]


def test_the_distance_of_aligned_starts_falls_towards_their_target_and_grows_beyond():
    found = [
        learn((scale * np.eye(2),) * 3, constant(3, 2), time=1e4)[0]
        for scale in (0.1, 0.5, 1, 1.25, 2)
    ]
    assert found[2] < 1e-20
    np.testing.assert_allclose(found, [0.748, 0.323, 0, 0.024, 0.132], atol=6e-4)


@pytest.mark.parametrize("start", [0.1, 0.01])
def test_equal_aligned_modes_without_recurrence_are_at_distance_zero_however_rich(start):
    turn, left, right = (
        np.linalg.qr(np.random.default_rng(s).normal(size=(4, 4)))[0] for s in range(3)
    )
    weights = start * turn @ right.T, start * np.eye(4), start * left @ turn.T
    target = (left @ right.T)[None]
    between, moved, left_over = learn(weights, target, time=100)
    assert left_over < 1e-6
    assert moved[0] > 0.9 / start - 1
    assert between < 1e-15
    # Other modes, or a random start, are not.
    spread = left @ np.diag([0.5, 1, 1.5, 2]) @ right.T
    assert learn(weights, spread[None], time=100)[0] > 0.01
    assert learn(enlarged(gaussian(0, 4, 4, 4), start), target, time=300)[0] > 0.1
