"""A study that was interrupted goes on, ends as one that was not, and says what is done."""

import sys

import numpy as np
import pytest

import learndyn as ld
from learndyn._study import _training
from learndyn.cli import main

OPTIONS = ["--max-steps", "400", "--scale", "0.5", "--seeds", "2", "--json"]


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    x = np.random.default_rng(0).normal(size=(50, 3, 2))
    path = tmp_path_factory.mktemp("trials") / "trials.npz"
    np.savez(path, x=x, y=x.sum(1))
    return path


def run(monkeypatch, *arguments):
    """The command line, in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["learndyn", "study", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0


def interrupted_at(window, monkeypatch):
    """Let training be interrupted in its n-th window."""
    solve, calls = _training.solve, iter(range(1000))

    def once(*arguments, **options):
        if next(calls) == window:
            raise KeyboardInterrupt
        return solve(*arguments, **options)

    monkeypatch.setattr(_training, "solve", once)


@pytest.fixture(scope="module")
def whole(trials, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, trials, "--out", folder, *OPTIONS) == 0
    return folder


def windows_of(whole):
    return -(-len(ld.load_curve(whole / "trained.nc").valid) // _training._WINDOW)


@pytest.mark.parametrize("network", [0, 1])
def test_an_interrupted_study_ends_as_one_that_was_not(
    network, trials, whole, tmp_path, monkeypatch, capsys
):
    out, every = tmp_path / "out", windows_of(whole)
    with monkeypatch.context() as patch:
        interrupted_at(network * every + 2, patch)
        assert run(patch, trials, "--out", out, *OPTIONS) == 130
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "Interrupted at " in said
    assert f"kept in {out}. The same command goes on." in said
    assert not (out / "summary.json").exists()

    done = []
    with monkeypatch.context() as patch:
        solve = _training.solve
        patch.setattr(_training, "solve", lambda *a, **o: done.append(1) or solve(*a, **o))
        assert run(patch, trials, "--out", out, *OPTIONS) == 0
    # Two windows of the interrupted network were known, and all of the one before it.
    kept = network * every + 2
    assert len(done) == 2 * every - kept
    for name in ("trained.nc", "predicted.nc", "seed-1/trained.nc"):
        one, other = ld.load_curve(out / name), ld.load_curve(whole / name)
        np.testing.assert_array_equal(one.excess, other.excess)
    assert (out / "summary.json").read_bytes() == (whole / "summary.json").read_bytes()


def test_before_training_there_is_nothing_to_keep(trials, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupted_at(0, patch)
        assert run(patch, trials, "--out", tmp_path / "out", *OPTIONS) == 130
    assert "Interrupted before training began." in capsys.readouterr().err


def test_a_run_of_other_trials_or_options_is_not_taken_up(trials, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        interrupted_at(2, patch)
        assert run(patch, trials, "--out", out, *OPTIONS) == 130
    capsys.readouterr()
    assert run(monkeypatch, trials, "--out", out, *OPTIONS, "--seed", "3") == 2
    assert "files of something else" in capsys.readouterr().err
    with np.load(trials) as held:
        x, y = held["x"], held["y"]
    np.savez(trials, x=x, y=2 * y)  # the same name, with other numbers in it
    try:
        assert run(monkeypatch, trials, "--out", out, *OPTIONS) == 2
    finally:
        np.savez(trials, x=x, y=y)
    assert "files of something else" in capsys.readouterr().err


def test_force_begins_anew(trials, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        interrupted_at(2, patch)
        assert run(patch, trials, "--out", out, *OPTIONS) == 130
    done, solve = [], _training.solve
    monkeypatch.setattr(_training, "solve", lambda *a, **o: done.append(1) or solve(*a, **o))
    assert run(monkeypatch, trials, "--out", out, "--force", *OPTIONS) == 0
    assert len(done) == 2 * windows_of(whole)


def test_a_study_that_fails_leaves_nothing(trials, tmp_path, monkeypatch, capsys):
    for made in (False, True):
        out = tmp_path / f"out-{made}"
        if made:
            out.mkdir()
        assert run(monkeypatch, trials, "--out", out, "--learning-rate", "10", *OPTIONS) == 2
        assert "diverged" in capsys.readouterr().err
        assert not out.exists() or not any(out.iterdir())


def test_networks_of_several_seeds_share_the_axis_and_are_those_of_their_seeds(whole):
    import jax

    first, second = ld.load_curve(whole / "trained.nc"), ld.load_curve(whole / "seed-1/trained.nc")
    np.testing.assert_array_equal(first.times, second.times)
    for seed, curve in enumerate((first, second)):
        net = ld.init_unaligned(2, 2, 2, 0.5, key=jax.random.key(seed))
        for mine, start in zip(jax.tree.leaves(curve.weights), jax.tree.leaves(net), strict=True):
            np.testing.assert_array_equal(mine[0], start)
