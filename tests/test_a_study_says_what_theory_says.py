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


def test_singular_vectors_left_and_right_are_told_from_eigenvectors(done):
    summary = done.summary()
    assert summary["form"]["singular"] > 1 - 1e-12
    assert summary["form"]["eigen"] < 0.99
    assert summary["form"]["better"] == "singular"
    assert summary["readout_floors"] is None
    assert summary["configuration"]["outputs"] == "final"


@pytest.fixture(scope="module")
def turning():
    """Two planes that turn, read out at every step, and next to them what the next input adds."""
    turns = [
        ld.task_dynamics("inverse_exponential", 1.0, b, LENGTH) for b in (0.8 + 0.5j, 0.3 + 0.8j)
    ]
    spectrum = jnp.stack([row for turn in turns for row in (turn, turn.conj())])
    task = ld.structured_task(spectrum, 4, 4, outputs="every", key=jax.random.key(4))
    x, y = map(np.array, task.sample(4 * LENGTH, key=jax.random.key(5)))
    y[:, :-1, 0] += 0.5 * x[:, 1:, 0]
    return x, y, ld.study(x, y, scale=0.5, outputs="every", max_steps=300)


def test_rotations_and_later_inputs_are_said(turning):
    summary = turning[2].summary()
    assert summary["form"]["eigen"] > 1 - 1e-12
    assert summary["form"]["singular"] < 0.95
    assert summary["form"]["better"] == "eigen"
    assert summary["configuration"]["outputs"] == "every"
    # White input: half the variance of the next input, of weight 0.5, at all steps but the last.
    floors, by_hand = summary["readout_floors"], (LENGTH - 1) * 0.5**2 / 2
    np.testing.assert_allclose([floors["invariant"], floors["causal"]], by_hand, rtol=1e-9)
    assert abs(floors["noncausal"]) < 1e-20
    assert floors["invariant"] == summary["loss"]["floor"]
    json.dumps(summary, allow_nan=False)


def test_modes_that_turn_have_complex_optima(turning):
    summary = turning[2].summary()
    found = [mode["optimum"] for mode in summary["modes"]]
    b = [one["recurrent"]["radius"] * np.exp(1j * one["recurrent"]["angle"]) for one in found]
    solutions = [0.8 + 0.5j, 0.8 - 0.5j, 0.3 + 0.8j, 0.3 - 0.8j]
    np.testing.assert_allclose(np.sort_complex(b), np.sort_complex(solutions), atol=1e-6)
    np.testing.assert_allclose([one["input_output"]["radius"] for one in found], 1, atol=1e-6)
    assert all(mode["stable"] for mode in summary["modes"])
    assert np.iscomplexobj(turning[2].trained.modes.b)


def test_the_command_line_says_both_in_a_sentence(turning, tmp_path, capsys):
    from learndyn.cli._show import print_summary

    done = turning[2]
    print_summary(done.summary(), tmp_path)
    printed = " ".join(capsys.readouterr().out.split())
    form, floors = done.summary()["form"], done.summary()["readout_floors"]
    assert f"constant eigenvectors for more: {100 * form['eigen']:.4g} %" in printed
    assert "Temporal eigenvalues" in printed
    assert "0.943∠32°" in printed  # 0.8 + 0.5i
    later = 100 * floors["causal"] / done.summary()["loss"]["first"]
    assert f"change with time would explain nothing, and later inputs {later:.2g} %" in printed


def test_how_rich_learning_was_is_said(done, tmp_path, capsys):
    """Against the definitions, over the trials' own statistics, and both curves of the loss."""
    from learndyn.cli._show import print_summary

    said, curve, statistics = (
        done.summary()["feature_learning"],
        done.trained,
        done.problem.statistics,
    )
    distance = ld.kernel_distance(done.problem.net, curve.final, statistics)
    np.testing.assert_allclose(said["kernel_distance"], distance, rtol=1e-9)
    for part, field in (("input", "w_x"), ("recurrent", "w_h"), ("output", "w_y")):
        first, last = (np.asarray(getattr(curve.weights, field))[i] for i in (0, -1))
        change = np.linalg.norm(last - first) / np.linalg.norm(first)
        np.testing.assert_allclose(said["weight_change"][part], change, rtol=1e-9)
    along = ld.feature_learning(curve, statistics)
    for name in ("target_alignment", "kernel_rank", "representation_rank", "imbalance"):
        values = getattr(along, name)
        np.testing.assert_allclose(said[name]["first"], values[0], rtol=1e-9)
        np.testing.assert_allclose(said[name]["last"], values[-1], rtol=1e-9)
    # A small start learns features: lazily it would have got nowhere.
    assert said["lazy_loss"] > 0.5 * float(curve.loss[0]) > 50 * float(curve.loss[-1])
    assert said["lazy_loss"] == float(done.lazy.loss[-1])
    print_summary(done.summary(), tmp_path)
    printed = " ".join(capsys.readouterr().out.split())
    assert f"distance of the tangent kernel, 0 if lazy │ 0 │ {float(distance):.3g}" in printed


@pytest.mark.parametrize("center", [False, True])
def test_the_final_target_is_the_last_one_of_each_trial(center):
    rng = np.random.default_rng(6)
    x, y, lengths = rng.normal(size=(9, 4, 2)), rng.normal(size=(9, 4, 3)), rng.integers(1, 5, 9)
    trials = ld.Trials(x, y, lengths=lengths, center=center).with_outputs("final")
    last = np.array([y[i, steps - 1] for i, steps in enumerate(lengths)])
    expected = ld.Trials(x, last, lengths=lengths, center=center)
    for one, other in zip(trials.arrays(), expected.arrays(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert trials.with_outputs("final") is trials.with_outputs(None) is trials
    with pytest.raises(ld.InputError, match=r"Expected a target at every step.*Ask for outputs"):
        trials.with_outputs("every")


def test_a_study_of_final_targets_is_that_of_the_last_ones(turning):
    x, y, _ = turning
    options = {"scale": 0.5, "max_steps": 20, "learning_rate": 0.01}
    final = ld.study(x, y, outputs="final", **options).summary()
    assert final == ld.study(x, y[:, -1], **options).summary()
    with pytest.raises(ld.InputError, match="Expected a target at every step"):
        ld.study(x, y[:, -1], outputs="every", **options)


def test_the_summary_is_plain_json(done):
    json.dumps(done.summary(), allow_nan=False)
