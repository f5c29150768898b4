"""What a study says of each mode is true of the task, and of the network that it trains."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import learndyn as ld

LENGTH = 4


@pytest.fixture(scope="module")
def done():
    """Two modes that can be solved, one all but silent, and one without use for recurrence."""
    spectrum = np.array(
        [
            2.0 * 0.5 ** np.arange(LENGTH)[::-1],  # b = 0.5, ac = 2
            1.2 ** np.arange(LENGTH)[::-1],  # b = 1.2, ac = 1: unstable
            1e-3 * np.ones(LENGTH),
            [0.05, 0.0, 0.0, 1.5],
        ]
    )
    task = ld.structured_task(spectrum, 4, 4, key=jax.random.key(0))
    x, y = task.sample(4 * LENGTH, key=jax.random.key(1))
    return ld.study(np.asarray(x), np.asarray(y), scale=0.1)


def by_strength(modes):
    """Rows of the summary in the order of the spectrum above, told apart by their best ac."""
    wanted = [2.0, 1.0, 1e-3, 1.5]
    found = [mode["optimum"]["input_output"] for mode in modes]
    return [modes[int(np.argmin(abs(np.array(found) - value)))] for value in wanted]


def test_optimum_and_stability_are_those_of_the_task(done):
    solved, unstable, silent, feedforward = by_strength(done.summary()["modes"])
    for mode, b, u in ((solved, 0.5, 2.0), (unstable, 1.2, 1.0), (silent, 1.0, 1e-3)):
        np.testing.assert_allclose(mode["optimum"]["recurrent"], b, rtol=1e-6)
        np.testing.assert_allclose(mode["optimum"]["input_output"], u, rtol=1e-6)
        assert mode["optimum"]["attained"]
    assert [solved["stable"], unstable["stable"]] == [True, False]
    # By hand: at b = 0 the best u is s_T, and the first value is lost.
    assert feedforward["optimum"]["recurrent"] == 0
    np.testing.assert_allclose(feedforward["optimum"]["energy"], 0.05**2 / 2, rtol=1e-6)


def test_what_is_pruned_is_what_carries_nothing(done):
    solved, unstable, silent, feedforward = by_strength(done.summary()["modes"])
    assert [m["prunes_mode"] for m in (solved, unstable, silent, feedforward)] == [0, 0, 1, 0]
    assert [m["prunes_recurrence"] for m in (solved, unstable, silent, feedforward)] == [0, 0, 0, 1]


def test_modes_are_learned_when_and_in_the_order_that_is_said(done):
    """Against the response of the trained network, projected on the task's own singular vectors."""
    modes = done.summary()["modes"]
    target = np.asarray(done.problem.statistics.target)
    curve, bases = done.trained, done.trained.bases
    for i, mode in enumerate(modes):
        left, right = np.asarray(bases.output)[:, i], np.asarray(bases.input)[:, i]
        best = np.einsum("o,koi,i->k", left, target, right)
        energies = []
        for t in range(len(curve.times)):
            w_x, w_h, w_y = (np.asarray(w[t]) for w in jax.tree.leaves(curve.weights))
            response = [
                left @ w_y @ np.linalg.matrix_power(w_h, k) @ w_x @ right for k in range(LENGTH)
            ]
            energies.append(0.5 * ((best - response) ** 2).sum())
        energies = np.array(energies)
        half = np.flatnonzero(energies <= (energies[0] + energies[-1]) / 2)[0]
        if energies[-1] < energies[0]:
            np.testing.assert_allclose(mode["learned"]["trained"], curve.times[half], rtol=1e-9)
    times = [mode["learned"]["predicted"] or np.inf for mode in modes]
    turns = [mode["order"] for mode in modes]
    assert sorted(turns) == list(range(1, len(modes) + 1))
    assert (np.diff(np.array(times)[np.argsort(turns)]) >= 0).all()


def test_training_slower_than_the_largest_stable_rate_stays_at_the_optimum(done):
    """An aligned network at the optimum of one mode, nudged: descent returns, or leaves."""
    solved = by_strength(done.summary()["modes"])[0]
    task = ld.structured_task(2.0 * 0.5 ** jnp.arange(LENGTH)[::-1], 1, 1, key=jax.random.key(2))
    size = np.sqrt(2.0)
    net = ld.init_aligned(task, size + 1e-3, 0.5, size, key=jax.random.key(3))
    excess = []
    for factor in (0.9, 1.1):
        rate = factor * solved["largest_stable_rate"]
        curve = ld.solve(
            ld.Problem(net, task),
            ld.GradientDescent(rate),
            jnp.array([0.0, 200 * rate]),
            throw=False,
        )
        excess.append(float(curve.excess[-1] / curve.excess[0]))
    assert excess[0] < 1e-3 < 10 < excess[1]


def test_the_summary_is_plain_json(done):
    json.dumps(done.summary(), allow_nan=False)
