"""A network trained elsewhere is read, and stands on the axes of the prediction from its start."""

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

import learndyn as ld

RATE, STEPS = 0.01, np.unique(np.geomspace(1, 3000, 60).astype(int)) - 1


@pytest.fixture(scope="module")
def trials():
    x = np.random.default_rng(0).normal(size=(80, 4, 2)).cumsum(1)
    return x, x.mean(1) @ np.array([[1.0, 0.5, 0.0], [0.0, 0.3, 2.0]])


@pytest.fixture(scope="module")
def matrices(trials):
    """Descent on the trials written out in NumPy, back-propagation through time by hand."""
    x, y = trials
    rng = np.random.default_rng(1)
    w_x, w_h, w_y = (rng.normal(size=s) * 0.3 for s in ((3, 2), (3, 3), (3, 3)))
    found = []
    for step in range(STEPS[-1] + 1):
        if step in STEPS:
            found.append((w_x, w_h, w_y))
        h = [np.zeros((len(x), 3))]
        for t in range(x.shape[1]):
            h.append(h[-1] @ w_h.T + x[:, t] @ w_x.T)
        error = (h[-1] @ w_y.T - y) / len(x)
        back, d_x, d_h, d_y = error @ w_y, 0 * w_x, 0 * w_h, error.T @ h[-1]
        for t in reversed(range(x.shape[1])):
            d_x, d_h = d_x + back.T @ x[:, t], d_h + back.T @ h[t]
            back = back @ w_h
        w_x, w_h, w_y = w_x - RATE * d_x, w_h - RATE * d_h, w_y - RATE * d_y
    return tuple(np.stack(stack) for stack in zip(*found, strict=True))


def losses(trials, matrices):
    """Half the mean squared error of each network, over the trials."""
    x, y = trials
    found = []
    for w_x, w_h, w_y in zip(*matrices, strict=True):
        h = np.zeros((len(x), 3))
        for t in range(x.shape[1]):
            h = h @ w_h.T + x[:, t] @ w_x.T
        found.append(0.5 * ((h @ w_y.T - y) ** 2).sum(1).mean())
    return np.array(found)


def test_its_loss_is_that_over_the_trials_and_its_flow_predicts_it(trials, matrices):
    brought = ld.Checkpoints(STEPS, *matrices)
    done = ld.study(*trials, checkpoints=brought, learning_rate=RATE)
    np.testing.assert_allclose(done.trained.loss, losses(trials, matrices), rtol=1e-9)
    np.testing.assert_allclose(done.trained.times, RATE * STEPS, rtol=1e-12)
    for mine, first in zip(jax.tree.leaves(done.predicted.weights), matrices, strict=True):
        np.testing.assert_allclose(mine[0], first[0], rtol=1e-12)
    assert done.comparison.largest_gap < 0.05
    assert done.summary()["configuration"]["checkpoints"] == "arrays"


def test_a_rate_that_is_not_told_is_fitted(trials, matrices):
    done = ld.study(*trials, checkpoints=ld.Checkpoints(STEPS, *matrices))
    np.testing.assert_allclose(done.plan.learning_rate, RATE, rtol=0.02)


def save_npz(folder, matrices):
    np.savez(
        folder / "run.npz", steps=STEPS, **dict(zip(("w_x", "w_h", "w_y"), matrices, strict=True))
    )
    return folder / "run.npz", None


def save_stacks(folder, matrices):
    named = {"in": matrices[0], "rec": matrices[1], "w_y": matrices[2], "steps": STEPS}
    save_file(
        {name: np.ascontiguousarray(a) for name, a in named.items()}, folder / "a.safetensors"
    )
    return folder / "a.safetensors", {"w_x": "in", "w_h": "rec"}


def save_state_dicts(folder, matrices):
    """One file a step, of single precision, with the names and zero biases of a PyTorch module."""
    names = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "readout.weight")
    for step, *one in zip(STEPS, *matrices, strict=True):
        held = {n: np.ascontiguousarray(w, np.float32) for n, w in zip(names, one, strict=True)}
        held["rnn.bias_ih_l0"] = np.zeros(3, np.float32)
        save_file(held, folder / f"run2-step{step}.safetensors")
    return folder, dict(zip(("w_x", "w_h", "w_y"), names, strict=True))


@pytest.mark.parametrize("save", [save_npz, save_stacks, save_state_dicts])
def test_files_hold_what_was_saved(save, matrices, tmp_path):
    read = ld.read_checkpoints(*save(tmp_path, matrices))
    np.testing.assert_array_equal(read.steps, STEPS)
    for mine, matrix in zip(jax.tree.leaves(read.weights), matrices, strict=True):
        np.testing.assert_allclose(mine, matrix, rtol=1e-6, atol=1e-7)


def good():
    return {"w_x": np.ones((2, 3, 2)), "w_h": np.ones((2, 3, 3)), "w_y": np.ones((2, 1, 3))}


BAD_STACKS = {
    "one matrix missing": (lambda a: a.pop("w_h"), "w_x, w_h and w_y"),
    "hidden sizes that differ": (lambda a: a.update(w_h=np.ones((2, 4, 4))), "w_h (2, 4, 4)"),
    "a single network": (lambda a: a.update({k: v[:1] for k, v in a.items()}), "two networks"),
    "no leading axis": (lambda a: a.update(w_x=np.ones((3, 2))), "w_x (3, 2)"),
    "other numbers of networks": (lambda a: a.update(w_x=np.ones((3, 3, 2))), "w_x (3, 3, 2)"),
    "not finite": (lambda a: a["w_y"].__setitem__((1, 0, 0), np.nan), "network 1"),
    "complex": (lambda a: a.update(w_h=a["w_h"] * 1j), "complex128"),
    "steps that fall": (lambda a: a.update(steps=[5, 3]), "steps that increase"),
    "steps that are no numbers": (lambda a: a.update(steps=["a", "b"]), "whole numbers"),
    "too few steps": (lambda a: a.update(steps=[1]), "2 whole numbers"),
    "objects": (lambda a: a.update(w_h=np.array([None] * 2, object)), "objects"),
}


@pytest.mark.parametrize("case", BAD_STACKS)
def test_stacks_that_are_no_training_run_are_refused(case, tmp_path):
    spoil, words = BAD_STACKS[case]
    arrays = good()
    spoil(arrays)
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ld.InputError) as error:
        ld.read_checkpoints(tmp_path / "bad.npz")
    assert words in str(error.value)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    for name in ("missing.npz", "missing.safetensors", "weights.pt"):
        with pytest.raises(ld.InputError, match=name):
            ld.read_checkpoints(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ld.InputError, match=r"two \.safetensors files"):
        ld.read_checkpoints(tmp_path / "empty")
    save_file(
        {name: np.ascontiguousarray(a) for name, a in good().items()}, tmp_path / "a.safetensors"
    )
    whole = (tmp_path / "a.safetensors").read_bytes()
    draw = np.random.default_rng(0)
    for _ in range(40):
        held = bytearray(whole[: draw.integers(1, len(whole))])
        held[draw.integers(len(held))] ^= 1 << int(draw.integers(8))
        (tmp_path / "b.safetensors").write_bytes(held)
        with pytest.raises(ld.InputError):
            ld.read_checkpoints(tmp_path / "b.safetensors")


def test_state_dicts_that_are_no_linear_networks_are_refused(tmp_path):
    one = {name: a[0].copy() for name, a in good().items()}
    save_file(one, tmp_path / "step1.safetensors")
    save_file({**one, "bias": np.ones(3)}, tmp_path / "step2.safetensors")
    with pytest.raises(ld.InputError, match=r"without biases; got bias in .*step2"):
        ld.read_checkpoints(tmp_path)
    save_file({**one, "w_x": np.ones((3, 5))}, tmp_path / "step2.safetensors")
    with pytest.raises(ld.InputError, match="one shape"):
        ld.read_checkpoints(tmp_path)
    save_file(one, tmp_path / "again2.safetensors")
    with pytest.raises(ld.InputError, match="one file for each step"):
        ld.read_checkpoints(tmp_path)
    with pytest.raises(ld.InputError, match="names for w_x, w_h and w_y"):
        ld.read_checkpoints(tmp_path, {"w_z": "a"})
    save_file(one, tmp_path / "last.safetensors")
    with pytest.raises(ld.InputError, match="a step as the last number"):
        ld.read_checkpoints(tmp_path)


def test_channels_must_be_those_of_the_trials(trials):
    with pytest.raises(ld.InputError, match="2 inputs and 3 outputs"):
        ld.study(*trials, checkpoints=ld.Checkpoints([0, 1], *good().values()))
