"""The command line answers bad input with one sentence, exit code 2, and no files."""

import contextlib
import io
import subprocess
import sys
import unittest.mock

import numpy as np
import pytest

from learndyn.cli import _main

_GOOD = {"x": np.ones((5, 3, 2)), "y": np.ones((5, 1))}
_NAN = np.ones((5, 3, 2))
_NAN[3, 1, 0] = np.nan
_MAIN = "from learndyn.cli import main; main()"

BAD_ARRAYS = {
    "a number that is not finite": ({**_GOOD, "x": _NAN}, "x[3, 1, 0]"),
    "shapes that disagree": ({**_GOOD, "y": np.ones((4, 1))}, "5 trajectories"),
    "nothing at all": ({**_GOOD, "x": np.ones((0, 3, 2))}, "empty"),
    "inputs of another rank": ({**_GOOD, "x": np.ones((5, 3))}, "(5, 3)"),
    "objects": ({**_GOOD, "y": np.array([["a"]] * 5, object)}, "objects"),
}


def _study(out, *arguments):
    """Run `learndyn study`; its exit code, and what it prints."""
    command = ["learndyn", "study", *map(str, arguments), "--out", str(out)]
    printed, refused = io.StringIO(), io.StringIO()
    with (
        unittest.mock.patch.object(sys, "argv", command),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(refused),
        pytest.raises(SystemExit) as ended,
    ):
        _main.main()
    return ended.value.code, printed.getvalue(), refused.getvalue()


def _refused(folder, *arguments):
    """The one line that `learndyn study` prints when it refuses."""
    out = folder / "out"
    code, printed, refused = _study(out, *arguments)
    assert code == 2, refused
    assert not out.exists()
    assert printed == ""
    (line,) = refused.strip().splitlines()
    return line


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_arrays_that_cannot_be_used(case, tmp_path):
    arrays, words = BAD_ARRAYS[case]
    np.savez(tmp_path / "bad.npz", **arrays)
    assert words in _refused(tmp_path, tmp_path / "bad.npz")


def test_a_missing_and_a_corrupt_file(tmp_path):
    assert "missing.npz" in _refused(tmp_path, tmp_path / "missing.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 not an archive")
    assert "damaged" in _refused(tmp_path, tmp_path / "bad.npz")


def test_targets_that_there_are_not(tmp_path):
    np.savez(tmp_path / "single.npz", **_GOOD)
    line = _refused(tmp_path, tmp_path / "single.npz", "--outputs", "every")
    assert "Expected a target at every step" in line
    assert "shape (5, 1)" in line
    assert 'outputs "final"' in line


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--learning-rate", 0),
        ("--learning-rate", "nan"),
        ("--scale", "inf"),
        ("--hidden", 0),
        ("--max-steps", 0),
    ],
)
def test_options_out_of_range(option, value, tmp_path):
    assert "Expected" in _refused(tmp_path, "integration", "--trials", 50, option, value)


def test_a_rate_at_which_training_diverges(tmp_path):
    line = _refused(tmp_path, "integration", "--trials", 50, "--learning-rate", 100)
    assert "diverged" in line


def test_a_folder_in_use_is_left_alone(tmp_path):
    out = tmp_path / "used"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    code, _, refused = _study(out)
    assert code == 2
    assert "--force" in refused
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_so_it_does_as_a_process_of_its_own_where_no_types_are_checked(tmp_path):
    command = [sys.executable, "-c", _MAIN, "study", "integration", "--outputs", "often"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "often" in line
    assert not any(tmp_path.iterdir())


# What JAX raises where compiled code gets no memory, and what Python does.
@pytest.mark.parametrize(
    "error",
    [RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 160 bytes."), MemoryError()],
)
def test_no_memory_is_said_in_one_sentence(error, monkeypatch, capsys):
    def fails():
        raise error

    monkeypatch.setattr(_main, "app", fails)
    with pytest.raises(SystemExit) as ended:
        _main.main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Expected arrays that fit into memory" in line
    assert line.endswith("Shorten the trials, or give fewer channels or hidden units.")


def test_other_errors_are_shown_whole(monkeypatch):
    def fails():
        raise RuntimeError("a defect")

    monkeypatch.setattr(_main, "app", fails)
    with pytest.raises(RuntimeError, match="a defect"):
        _main.main()
