"""Where training from several starts ended: which ends there are, and what is said of each."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import learndyn as ld
from learndyn._train import classified

FLOW = {"tolerance": 1e-8, "max_steps": 2000}


def starts(n_in, hidden, n_out, scale, count, seed=0):
    keys = jax.random.split(jax.random.key(seed), count)
    return jax.vmap(lambda key: ld.init_unaligned(n_in, hidden, n_out, scale, key=key))(keys)


def stacked(*nets):
    return jax.tree.map(lambda *w: jnp.stack(w), *nets)


def trained(problems, method=None, **options):
    return ld.train_many(problems, method or ld.WeightFlow(), **{**FLOW, **options})


def downhill(problem, net):
    """Negative eigenvalues of a Hessian by automatic differentiation of the loss."""
    flat, unflatten = ravel_pytree(net)
    statistics = problem.statistics

    def loss(w):
        return statistics.excess(unflatten(w).impulse_response(statistics.length))

    values = np.linalg.eigvalsh(jax.hessian(loss)(flat))
    return int(np.sum(values < -1e-4 * values.max()))


def single_modes(spectrum):
    """Networks of one mode each, from starts on all sides."""
    task = ld.structured_task(spectrum[None], 1, 1, key=jax.random.key(0))
    return ld.Problem(starts(1, 1, 1, 1.0, 40), task)


@pytest.fixture(scope="module")
def two_minima():
    """The last singular value deviates so far that two minima coexist."""
    spectrum = ld.task_dynamics("constant", 1.0, None, 5, kappa=0.3)
    problems = single_modes(spectrum)
    run = trained(problems)
    return spectrum, problems, run, ld.ends(problems, run)


def test_ends_of_single_modes_are_the_stationary_points_of_the_theory(two_minima):
    spectrum, _, run, found = two_minima
    points = ld.theory.stationary_points(spectrum)
    valid = np.asarray(points.valid)
    b, u = np.asarray(points.b)[valid], np.asarray(points.u)[valid]
    energy = np.asarray(points.energy)[valid]
    assert found.count.sum() + found.diverged == 40
    # Others run away, to ever larger b of alternating sign.
    minima = np.flatnonzero(found.result == ld.RESULTS.minimum)
    assert len(minima) >= 2
    assert len(np.unique(np.round(found.excess[minima], 4))) == 2
    for end in minima:
        there = np.argmin(abs(b - found.net.w_h[end, 0, 0]))
        reached = found.net.w_x[end, 0, 0] * found.net.w_y[end, 0, 0]
        np.testing.assert_allclose(found.net.w_h[end, 0, 0], b[there], atol=1e-4)
        np.testing.assert_allclose(reached, u[there], atol=1e-4)
        np.testing.assert_allclose(found.excess[end], energy[there], atol=1e-6)
    # Every network is at the end that it is said to be at.
    for end in minima:
        np.testing.assert_allclose(run.excess[found.of == end], found.excess[end], atol=1e-6)


def test_minima_come_first_and_the_index_counts_directions_downhill(two_minima):
    _, problems, _, found = two_minima
    minimum = np.asarray(found.result == ld.RESULTS.minimum)
    assert (np.diff(minimum.astype(int)) <= 0).all()
    for same in (minimum, ~minimum):
        assert (np.diff(np.asarray(found.excess)[same]) >= 0).all()
    for end, index in enumerate(found.index):
        net = jax.tree.map(lambda w, i=end: w[i], found.net)
        assert index == downhill(problems, net)
    assert (found.index[minimum] == 0).all()


@pytest.fixture(scope="module")
def waiting():
    """Two modes; the second is exactly silent at the start, and so stays at its saddle."""
    spectrum = ld.task_dynamics("constant", np.array([1.0, 0.7]), None, 4)
    task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
    silent = ld.init_aligned(
        task, jnp.array([0.3, 0.0]), 0.2, jnp.array([0.3, 0.0]), key=jax.random.key(1)
    )
    whole = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(2))
    problems = ld.Problem(stacked(silent, whole, whole), task)
    run = trained(problems, tolerance=1e-6)
    return task, problems, run, ld.ends(problems, run, apart=1e-4)


def test_a_mode_that_waits_at_its_saddle_is_named(waiting):
    _, problems, _, found = waiting
    assert found.of.tolist() == [1, 0, 0]
    assert (found.result == ld.RESULTS.minimum).tolist() == [True, False]
    assert (found.result == ld.RESULTS.saddle).tolist() == [False, True]
    assert found.waiting.tolist() == [[False, False], [False, True]]
    np.testing.assert_allclose(found.left[1], [0, 1], atol=1e-5)
    # The loss that is left is that of the silent mode, half the sum of its squares.
    np.testing.assert_allclose(found.excess[1], 0.5 * 4 * 0.7**2, rtol=1e-5)
    saddle = jax.tree.map(lambda w: w[1], found.net)
    assert found.index[1] == downhill(problems, saddle) > 0
    assert found.index[0] == 0


def test_too_few_steps_are_an_end_of_their_own_kind(waiting):
    _, problems, _, _ = waiting
    method = ld.GradientDescent(0.02)
    found = ld.ends(problems, trained(problems, method, tolerance=1e-9, max_steps=100))
    assert (found.result == ld.RESULTS.not_yet).all()
    assert found.waiting[found.of[0], 1]


def test_a_solver_that_could_not_go_on_is_an_end_of_its_own_kind(waiting):
    _, problems, run, found = waiting
    failed = jax.tree.map(lambda c, new: c.at[2].set(new), run.result, ld.RESULTS.failed)
    apart = ld.ends(problems, eqx.tree_at(lambda r: r.result, run, failed), apart=1e-4)
    assert len(set(apart.of.tolist())) == 3
    assert (apart.result == ld.RESULTS.failed).tolist()[apart.of[2]]
    assert (
        (apart.result == ld.RESULTS.minimum).sum()
        == (found.result == ld.RESULTS.minimum).sum()
        == 1
    )


def test_rotated_and_spare_hidden_units_are_the_same_end():
    spectrum = ld.task_dynamics("constant", np.array([1.0, 0.6]), None, 3)
    task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
    problems = ld.Problem(starts(2, 5, 2, 0.5, 6), task)
    run = trained(problems, ld.GradientDescent(0.1), tolerance=1e-5, max_steps=10_000)
    found = ld.ends(problems, run)
    turn = jnp.asarray(np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0])
    net = run.final
    turned = ld.LinearRNN(turn @ net.w_x, turn @ net.w_h @ turn.T, net.w_y @ turn.T)
    again = ld.ends(problems, eqx.tree_at(lambda r: r.final, run, turned))
    assert again.of.tolist() == found.of.tolist()
    np.testing.assert_allclose(abs(again.eigenvalues), abs(found.eigenvalues), atol=1e-6)
    np.testing.assert_allclose(again.left, found.left, atol=1e-6)


def test_integrals_are_stable_hold_at_other_lengths_and_early_weights_do_not():
    losses = {}
    for target in ("sum", "early"):
        tasks = [ld.integration_task(target, length=n).statistics() for n in (4, 6, 9)]
        problems = ld.Problem(starts(4, 4, 4, 0.1, 3), tasks[1])
        found = ld.ends(problems, trained(problems, max_steps=4000))
        assert found.count.tolist() == [3]
        assert found.stable.tolist() == [target == "sum"]
        radius = max(abs(np.linalg.eigvals(np.asarray(found.net.w_h[0]))))
        np.testing.assert_allclose(abs(found.eigenvalues[0, 0]), radius, rtol=1e-12)
        losses[target] = np.asarray(found.losses(tasks))[:, 0]
        # The same from trials: what the network says, step by step, beside what it should.
        task = ld.integration_task(target, length=9)
        x, y = task.sample(400, key=jax.random.key(3))
        net = jax.tree.map(lambda w: w[0], found.net)
        said = net(x)[:, -1]
        measured = 0.5 * jnp.mean(jnp.sum((said - y) ** 2, -1))
        sampled = ld.TaskStatistics.from_data(np.asarray(x), np.asarray(y))
        np.testing.assert_allclose(found.losses([sampled])[0, 0], measured, rtol=1e-8, atol=1e-12)
    assert losses["sum"][[0, 2]].max() < 1e-6
    assert losses["early"][[0, 2]].min() > 100 * losses["early"][1]


def test_networks_that_diverge_are_counted_apart():
    problems = single_modes(ld.task_dynamics("constant", 1.0, None, 5, kappa=0.3))
    run = trained(problems, ld.GradientDescent(0.2), max_steps=300)
    found = ld.ends(problems, run)
    gone = np.asarray(run.result == ld.RESULTS.diverged)
    assert 0 < gone.sum() < 40
    np.testing.assert_array_equal(found.of < 0, gone)
    assert found.diverged == gone.sum() == 40 - found.count.sum()
    assert np.isfinite(np.asarray(found.excess)).all()

    every = jax.tree.map(lambda code: jnp.full(40, code), ld.RESULTS.diverged)
    none = eqx.tree_at(lambda r: r.result, run, every)
    with pytest.raises(ld.InputError, match="a network that did not diverge; got 40 that did"):
        ld.ends(problems, none)


def test_a_flow_that_outran_its_numbers_has_diverged(two_minima):
    _, problems, _, _ = two_minima
    one = eqx.tree_at(lambda p: p.net, problems, jax.tree.map(lambda w: w[0], problems.net))
    huge = jax.tree.map(lambda w: jnp.full_like(w, 1e200), one.net)
    for weights, result in ((huge, "diverged"), (one.net, "not_yet")):
        found = classified(one, weights, ld.RESULTS.not_yet, jnp.asarray(1e-8))
        assert bool(found == getattr(ld.RESULTS, result))


def test_what_cannot_be_told_apart_is_refused(two_minima, waiting):
    _, problems, run, found = two_minima
    with pytest.raises(ld.InputError, match="a positive share; got apart=0"):
        ld.ends(problems, run, apart=0.0)
    with pytest.raises(ld.InputError, match="the problems that were trained"):
        ld.ends(waiting[1], run)
    with pytest.raises(ld.InputError, match="at least one task; got none"):
        found.losses([])
    with pytest.raises(ld.InputError, match="tasks of 1 inputs and 1 outputs; got one of 2 and 2"):
        found.losses([waiting[0].statistics()])
    own = jax.vmap(lambda _: problems.statistics)(jnp.arange(40))
    with pytest.raises(ld.InputError, match="one task; got a task for each network"):
        ld.ends(eqx.tree_at(lambda p: p.statistics, problems, own), run)
