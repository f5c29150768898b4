"""`learndyn sweep`: its cells are those of a loop, it resumes, and refuses in one sentence."""

import errno
import itertools
import json
import re
import shutil
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import learndyn as ld
from learndyn import _experiments
from learndyn._experiments import EXPERIMENTS, Experiment, Parameter
from learndyn._experiments._one_mode import padded_dynamics
from learndyn.cli import main
from references.files import content

ROOT = Path(__file__).parents[1]
OPTIMUM = """
experiment = "optimum"
[fixed]
kappa = 0.8
[grid]
dynamics = ["exponential", "dirac_delta"]
length = { from = 2, to = 8, count = 3, spacing = "log" }
outputs = ["final", "every"]
lam = { from = -0.5, to = 1.3, count = 3 }
"""


def _drawn(values):
    """A random experiment that costs nothing."""
    if values["width"].min() < 1:
        raise ld.InputError("a width of at least 1", f"{values['width'].min()}")

    def cell(*, scale, width, kind, key):
        weights = jax.random.normal(key, (width,))
        return {"size": scale * abs(weights).sum(), "fixed": scale, "positive": weights[0] > 0}

    return cell


DRAWN = Experiment(
    "drawn",
    "size of random weights",
    {
        "scale": Parameter(1.0, "of the weights"),
        "width": Parameter(2, "number of weights", static=True),
        "kind": Parameter("one", "of no influence", ("one", "two")),
    },
    _drawn,
)


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Runs a configuration in this process: exit code, output, errors."""
    monkeypatch.setitem(EXPERIMENTS, "drawn", DRAWN)

    def run(text, *arguments, out="out"):
        file = tmp_path / "run.toml"
        if text is not None:
            file.write_text(text)
        folder = () if out is None else ("--out", tmp_path / out)
        words = map(str, ("learndyn", "sweep", file, *folder, *arguments))
        monkeypatch.setattr(sys, "argv", list(words))
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_optima_of_every_cell_are_those_of_a_loop(command, tmp_path):
    assert command(OPTIMUM, "--json")[0] == 0
    found = xarray.open_zarr(tmp_path / "out/sweep.zarr").load()
    assert dict(found.sizes) == {"dynamics": 2, "length": 3, "outputs": 2, "lam": 3}
    names = ("dynamics", "length", "outputs", "lam")
    for kind, length, outputs, lam in itertools.product(*(found[n].values for n in names)):
        given = float(lam) if "exponential" in kind else None
        spectrum = ld.task_dynamics(str(kind), 1.0, given, int(length), kappa=0.8)
        weights = np.arange(length, 0.0, -1.0) if outputs == "every" else None
        best = ld.theory.stability(spectrum, weights=weights)
        cell = found.sel(dynamics=kind, length=length, outputs=outputs, lam=lam)
        for name in ("b", "u", "energy", "attained"):
            np.testing.assert_allclose(cell[name], getattr(best.optimum, name), 1e-7, 1e-9)
        assert cell.stable == best.stable
        np.testing.assert_allclose(cell.largest_rate, best.largest_rate, rtol=1e-7)


@pytest.mark.parametrize("kind", ["constant", "inverse_exponential", "exponential", "dirac_delta"])
@pytest.mark.parametrize("kappa", [None, 0.8])
def test_padding_changes_no_spectrum(kind, kappa):
    if kind == "dirac_delta" and kappa is None:
        return
    for length in (2, 3, 7):
        for lam in (-0.7, 1.3):
            given = lam if "exponential" in kind else None
            spectrum = ld.task_dynamics(kind, 2.0, given, length, kappa=kappa)
            padded = padded_dynamics(kind, 2.0, lam, kappa, length, 7)
            np.testing.assert_allclose(padded, np.pad(spectrum, (7 - length, 0)), rtol=1e-14)
    # Values of padding that leave the range of numbers are of no influence.
    assert padded_dynamics("inverse_exponential", 2.0, 1e300, None, 2, 7)[-1] == 2.0
    assert np.isfinite(padded_dynamics("inverse_exponential", 2.0, 1e300, None, 2, 7)).all()


@pytest.mark.parametrize("rate", [None, 0.01])
def test_modes_learn_as_single_networks_do(rate, command, tmp_path):
    text = f"""
    experiment = "mode"
    [fixed]
    dynamics = "exponential"
    {"" if rate is None else f"rate = {rate}"}
    horizon = 30
    records = 2001
    [grid]
    length = [2, 4]
    lam = [1.1]
    b = [0.0, 0.4]
    """
    assert command(text, "--json")[0] == 0
    found = xarray.open_zarr(tmp_path / "out/sweep.zarr").load()
    method = ld.ModeFlow() if rate is None else ld.GradientDescent(rate)
    for length, lam, b in itertools.product(*(found[n].values for n in ("length", "lam", "b"))):
        spectrum = ld.task_dynamics("exponential", 1.0, float(lam), int(length))
        one = jnp.ones((1, 1))
        task = ld.TaskStatistics.white(spectrum[::-1, None, None], vectors=(one, one))
        net = ld.LinearRNN(0.1 * one, b * one, 0.1 * one)
        curve = ld.solve(ld.Problem(net, task), method, np.linspace(0, 30, 2001))
        cell = found.sel(length=length, lam=lam, b=b)
        for name, mode in curve.modes._asdict().items():
            np.testing.assert_allclose(cell[f"end_{name}"], mode[-1, 0], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(cell.end_loss, curve.excess[-1], rtol=1e-5, atol=1e-14)
        # Between two records, where the loss falls, theirs is the only order.
        half = np.interp(-0.5, -curve.excess / curve.excess[0], curve.times)
        np.testing.assert_allclose(cell.half_time, half, rtol=1e-4)


def test_divergence_is_counted_and_disturbs_no_other_cell(command):
    code, out, _ = command(
        'experiment = "mode"\n[fixed]\nhorizon = 1000\n[grid]\nrate = [0.1, 30.0]', "--json"
    )
    assert code == 0
    summary = json.loads(out)
    assert summary["flags"] == {"diverged": 1, "unconverged": 0, "saddle": 0}
    assert summary["outputs"]["end_loss"]["finite"] == 1


def test_the_summary_is_what_is_documented_and_what_the_cells_are(command, tmp_path):
    few = OPTIMUM.replace(', "dirac_delta"', "").replace(', "every"', "")
    code, out, _ = command(few, "--json")
    assert code == 0
    summary = json.loads(out)
    assert summary == json.loads((tmp_path / "out/sweep.json").read_text())
    found = xarray.open_zarr(tmp_path / "out/sweep.zarr").load()
    assert summary["cells"] == found.b.size == 9
    assert summary["flags"] == {k: int(found[k].sum()) for k in ("attained", "stable")}
    for name, spread in summary["outputs"].items():
        values = found[name].values[np.isfinite(found[name].values)]
        assert (spread["finite"], spread["of"]) == (values.size, 9)
        assert (spread["min"], spread["max"]) == (values.min(), values.max())
        np.testing.assert_allclose(spread["mean"], values.mean())
    documented = _documented("field")
    assert {name.partition(".")[0] for name in documented} == set(summary)
    inner = [name.partition(".")[2] for name in documented if name.startswith("configuration.")]
    assert inner == list(summary["configuration"])
    for spread in summary["outputs"].values():
        assert list(spread) == _documented("field of an output")


def _documented(start):
    table = (ROOT / "docs/sweeps.md").read_text().partition(f"| {start} | type |")[2]
    return re.findall(r"^\| `([\w.]+)` \|", table.partition("\n\n")[0], re.MULTILINE)


def test_outputs_without_a_finite_value_have_a_summary():
    configuration = _experiments.SweepConfiguration(DRAWN, {"scale": [1.0, 2.0]}, {}, 0)
    data = xarray.Dataset({"b": ("scale", [np.inf, np.nan]), "u": ("scale", [1.7e308, 1.6e308])})
    spread = _experiments.summarize(configuration, data)["outputs"]
    assert spread["b"] == {"finite": 0, "of": 2, "min": None, "mean": None, "max": None}
    assert spread["u"]["mean"] == pytest.approx(1.65e308)


def test_the_example_of_the_documentation_is_a_configuration(tmp_path):
    page = (ROOT / "docs/sweeps.md").read_text()
    (tmp_path / "run.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    configuration = _experiments.read_configuration(tmp_path / "run.toml", EXPERIMENTS)
    assert configuration.cells == 3 * 21 * 31
    np.testing.assert_allclose(configuration.grid["delta"], np.geomspace(0.01, 10, 31))


def test_every_experiment_and_its_outputs_are_documented():
    table = (ROOT / "docs/sweeps.md").read_text().partition("| experiment | finds")[2]
    rows = re.findall(r"^\| `([\w-]+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert sorted(rows) == sorted(set(EXPERIMENTS) - {"drawn"})


RANDOM = 'experiment = "drawn"\nseed = 3\nrepeats = 5\n[grid]\nwidth = [2, 3]\nscale = [1, 2]\n'


def test_repeats_have_other_keys_and_a_seed_makes_them_again(command, tmp_path):
    assert command(RANDOM, "--json")[0] == 0
    assert command(RANDOM, "--json", out="again")[0] == 0
    assert content(tmp_path / "out") == content(tmp_path / "again")
    found = xarray.open_zarr(tmp_path / "out/sweep.zarr").load()
    assert dict(found.sizes) == {"width": 2, "scale": 2, "repeat": 5}
    assert len(np.unique(found["size"])) == 20
    assert command(RANDOM.replace("seed = 3", "seed = 4"), out="other")[0] == 0
    other = xarray.open_zarr(tmp_path / "other/sweep.zarr").load()
    assert not (other["size"] == found["size"]).any()
    assert (other["fixed"] == found["fixed"]).all()


def test_repeats_alone_are_a_grid(command):
    code, out, _ = command('experiment = "drawn"\nrepeats = 3', "--json")
    assert code == 0
    assert json.loads(out)["configuration"]["grid"] == {"repeat": [0, 1, 2]}


def test_a_run_that_was_cut_off_is_taken_up(command, monkeypatch, tmp_path):
    out = tmp_path / "out"
    assert command(RANDOM)[0] == 0
    whole = content(out)
    # As a run leaves it that is killed: no summary, and of one output half the chunks.
    (out / "sweep.json").unlink()
    kept, lost = sorted(path for path in (out / "sweep.zarr/size/c").rglob("*") if path.is_file())
    before = kept.stat().st_mtime_ns
    lost.unlink()
    assert command(RANDOM)[0] == 0
    assert content(out) == whole
    assert kept.stat().st_mtime_ns == before


def test_an_interrupted_run_keeps_what_it_has(command, monkeypatch, tmp_path):
    def interrupted(configuration, found):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_experiments, "summarize", interrupted)
        code, _, error = command(RANDOM)
    assert code == 130
    assert "interrupted" in error
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["run.json", "sweep.zarr"]
    # Another configuration is not written there.
    code, _, error = command(RANDOM.replace("seed = 3", "seed = 4"))
    assert code == 2
    assert "files of something else" in error
    swapped = RANDOM.replace("width = [2, 3]\nscale = [1, 2]", "scale = [1, 2]\nwidth = [2, 3]")
    assert command(swapped)[0] == 2
    assert command(RANDOM)[0] == 0


def test_a_finished_sweep_is_left_alone_unless_forced(command, tmp_path):
    assert command(RANDOM)[0] == 0
    before = content(tmp_path / "out")
    code, printed, error = command(RANDOM)
    assert (code, printed) == (2, "")
    assert "a finished sweep" in error
    assert content(tmp_path / "out") == before
    assert command(RANDOM.replace("seed = 3", "seed = 4"), "--force")[0] == 0
    after = content(tmp_path / "out")
    assert after.keys() == before.keys()
    assert after["sweep.json"] != before["sweep.json"]


@pytest.mark.parametrize(
    "name", ["notes.txt", "run.json", ".run-notes.json", ".sweep-of-mine.json"]
)
def test_a_folder_in_use_is_left_alone(name, command, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text('{"mine": 1}')
    code, printed, error = command(RANDOM)
    assert (code, printed) == (2, "")
    assert "--force" in error
    assert content(out) == {name: b'{"mine": 1}'}


def test_what_a_killed_run_was_writing_is_removed_and_nothing_else(command, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".run-a1_b2c3d.json").write_text('{"experi')  # all there is, so the folder is free
    assert command(RANDOM)[0] == 0
    whole = content(out)
    (out / "sweep.json").replace(out / ".sweep-a1_b2c3d.json")
    (out / ".run-notes.json").write_text("mine")
    assert command(RANDOM)[0] == 0
    assert content(out) == whole | {".run-notes.json": b"mine"}


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_an_ordinary_grid_is_many_batches(name):
    experiment = EXPERIMENTS[name]
    number = next(k for k, each in experiment.parameters.items() if not each.looped)
    grid = {number: np.linspace(1.0, 2.0, 20), "repeat": np.arange(10)}
    assert experiment.batch(_experiments.bind(experiment, grid, {}).values) <= 64


def test_batches_are_those_of_the_experiment():
    few = DRAWN._replace(batch=lambda values: 2 * len(values["width"]))
    grid, said = {"width": [1, 2], "scale": np.arange(10.0)}, []
    _experiments.sweep_experiment(few, grid, {}, progress=lambda *x: said.append(x[:2]))
    # In whatever order they end; ten in batches of at most four.
    assert sorted(np.diff([0, *(done for done, _ in said)])) == [2, 2, 4, 4, 4, 4]
    wide = {"hidden": [4, 300]}
    bound = _experiments.bind(EXPERIMENTS["feature-learning"], wide, {})
    assert EXPERIMENTS["feature-learning"].batch(bound.values) == 4


def test_an_experiment_that_refuses_its_values_leaves_no_folder(command, tmp_path):
    line = _refused(command, tmp_path, RANDOM.replace("width = [2, 3]", "width = [2, -1]"))
    assert "a width of at least 1" in line


def test_a_table_tells_the_grid_and_the_spread(command):
    code, out, _ = command(RANDOM)
    assert code == 0
    for words in ("drawn", "scale", "1, 2", "repeat", "20 cells", "positive", "sweep.zarr"):
        assert words in out


def test_experiments_are_listed_with_every_parameter(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["learndyn", "sweep", "--experiments"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for experiment in EXPERIMENTS.values():
        assert experiment.name in printed
        assert all(name in printed for name in experiment.parameters)


def _refused(command, folder, text, *arguments):
    """The one line that is printed for a configuration that is refused."""
    code, printed, error = command(text, *arguments)
    assert (code, printed) == (2, ""), error
    assert not (folder / "out").exists()
    (line,) = error.strip().splitlines()
    assert line.startswith("learndyn: Expected ")
    assert "; got " in line
    return line


BAD = {
    "no file": (None, "No such file"),
    "broken TOML": ('experiment = "optimum"\n[grid\n', "line 2"),
    "a whole number without end": (f"experiment = {'9' * 5000}", "TOML"),
    "lists without end": (f"experiment = {'[' * 5000}", "TOML"),
    "an empty file": ("", "an empty file"),
    "no experiment": ("seed = 1", "a key experiment"),
    "an unknown experiment": ('experiment = "optimun"', "Is optimum meant?"),
    "an experiment that is no text": ("experiment = [1]", "[1]"),
    "an unknown key": ('experiment = "drawn"\nsed = 1', "Is seed meant?"),
    "a parameter above the tables": ('experiment = "drawn"\nscale = 1', "under [fixed] or [grid]"),
    "a seed in a table": ('experiment = "drawn"\n[grid]\nseed = [1]', "above the first table"),
    "repeat on the grid": ('experiment = "drawn"\n[grid]\nrepeat = [1]', "repeats = 10"),
    "no table": ('experiment = "drawn"\ngrid = 3', "a table [grid]"),
    "a misspelt parameter": ('experiment = "drawn"\n[grid]\nwith = [1]', "Is width meant?"),
    "an unknown parameter": ('experiment = "drawn"\n[fixed]\nxyz = 1', "'xyz'"),
    "a parameter twice": (
        'experiment = "drawn"\n[fixed]\nscale = 1\n[grid]\nscale = [1]',
        "scale under [fixed] and under [grid]",
    ),
    "a key twice": ('experiment = "drawn"\nseed = 1\nseed = 2', "Cannot overwrite"),
    "no grid": ('experiment = "drawn"', "at least one parameter under [grid]"),
    "an empty grid": ('experiment = "drawn"\n[grid]', "at least one parameter under [grid]"),
    "no value": ('experiment = "drawn"\n[grid]\nscale = []', "an empty list"),
    "a value twice": ('experiment = "drawn"\n[grid]\nscale = [1, 1.0]', "1.0 twice"),
    "one value on the grid": ('experiment = "drawn"\n[grid]\nscale = 1', "move it to [fixed]"),
    "a row that is fixed": (
        'experiment = "drawn"\nrepeats = 2\n[fixed]\nscale = [1]',
        "under [grid]",
    ),
    "a word for a number": ('experiment = "drawn"\n[grid]\nscale = ["a"]', "a number as scale"),
    "a truth for a number": ('experiment = "drawn"\n[grid]\nscale = [true]', "got true"),
    "a date for a number": ('experiment = "drawn"\n[grid]\nscale = [2020-01-01]', "a number"),
    "a row in a row": ('experiment = "drawn"\n[grid]\nscale = [[1]]', "one value as scale"),
    "a fraction for a whole number": ('experiment = "drawn"\n[grid]\nwidth = [1.5]', "a whole"),
    "a whole number too large": (f'experiment = "drawn"\n[grid]\nwidth = [{10**30}]', "a whole"),
    "infinity": ('experiment = "drawn"\n[grid]\nscale = [inf]', "a finite number"),
    "no number": ('experiment = "drawn"\n[grid]\nscale = [nan]', "a finite number"),
    "a number too large": (f'experiment = "drawn"\n[grid]\nscale = [{10**400}]', "a finite number"),
    "another word": ('experiment = "drawn"\n[grid]\nkind = ["ome"]', "Is one meant?"),
    "a number for a word": ('experiment = "drawn"\n[grid]\nkind = [1]', "one or two"),
    "a range of words": (
        'experiment = "drawn"\n[grid]\nkind = {from = 1, to = 2, count = 2}',
        "a list of words",
    ),
    "a range without its end": ('experiment = "drawn"\n[grid]\nscale = {from = 1}', "no to"),
    "a range with more": (
        'experiment = "drawn"\n[grid]\nscale = {from = 1, to = 2, count = 2, by = 1}',
        "'by'",
    ),
    "a count of one": (
        'experiment = "drawn"\n[grid]\nscale = {from = 1, to = 2, count = 1}',
        "a whole count",
    ),
    "a count without end": (
        'experiment = "drawn"\n[grid]\nscale = {from = 1, to = 2, count = 1000000000000}',
        "a whole count",
    ),
    "a range of one value": (
        'experiment = "drawn"\n[grid]\nscale = {from = 1, to = 1, count = 3}',
        "distinct values",
    ),
    "a range too wide": (
        'experiment = "drawn"\n[grid]\nscale = {from = -1.7e308, to = 1.7e308, count = 3}',
        "less far apart",
    ),
    "another spacing": (
        'experiment = "drawn"\n[grid]\nscale = {from = 1, to = 2, count = 3, spacing = "logs"}',
        "Is log meant?",
    ),
    "a logarithm of zero": (
        'experiment = "drawn"\n[grid]\nscale = {from = 0, to = 2, count = 3, spacing = "log"}',
        "above 0",
    ),
    "a range that is not whole": (
        'experiment = "drawn"\n[grid]\nwidth = {from = 1, to = 2, count = 3}',
        "got 1.5",
    ),
    "too many cells": (
        'experiment = "drawn"\nrepeats = 10000\n[grid]\nscale = {from = 1, to = 2, count = 1001}',
        "10,010,000",
    ),
    "a seed below zero": ('experiment = "drawn"\nseed = -1\nrepeats = 2', "a whole seed"),
    "no repeats": ('experiment = "drawn"\nrepeats = 0', "a whole repeats"),
    "a seed where nothing is random": (
        'experiment = "optimum"\nseed = 1\n[grid]\ndelta = [1, 2]',
        "nothing is random",
    ),
    "repeats where nothing is random": (
        'experiment = "optimum"\nrepeats = 2\n[grid]\ndelta = [1, 2]',
        "nothing is random",
    ),
    "lam that is missing": (
        'experiment = "optimum"\n[fixed]\ndynamics = "exponential"\n[grid]\ndelta = [1, 2]',
        "lam for exponential",
    ),
    "lam of no use": ('experiment = "optimum"\n[grid]\nlam = [1, 2]', "no lam for constant"),
    "kappa that is missing": (
        'experiment = "optimum"\n[fixed]\ndynamics = "dirac_delta"\n[grid]\ndelta = [1, 2]',
        "kappa for dirac_delta",
    ),
    "no step": ('experiment = "optimum"\n[grid]\nlength = [0, 1]', "length of at least 1"),
    "a rate of zero": ('experiment = "mode"\n[grid]\nrate = [0, 1]', "rate above 0"),
    "a horizon of zero": ('experiment = "mode"\n[grid]\nhorizon = [0, 1]', "horizon above 0"),
    "one record": ('experiment = "mode"\n[grid]\nrecords = [1, 2]', "records of at least 2"),
}


@pytest.mark.parametrize("case", BAD)
def test_configurations_that_cannot_be_used(case, command, tmp_path):
    text, words = BAD[case]
    assert words in _refused(command, tmp_path, text)


def test_a_file_that_is_no_text_and_a_folder_in_its_place(command, tmp_path):
    (tmp_path / "run.toml").write_bytes(b"\xff\xfe")
    assert "text in UTF-8" in _refused(command, tmp_path, None)
    (tmp_path / "run.toml").unlink()
    (tmp_path / "run.toml").mkdir()
    assert "Is a directory" in _refused(command, tmp_path, None)


def test_no_file_at_all(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["learndyn", "sweep"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--experiments" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder(command, tmp_path):
    (tmp_path / "out").write_text("mine")
    code, _, error = command(RANDOM)
    assert code == 2
    assert "a folder for --out" in error
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "room on the disk"), (errno.EACCES, "permission")]
)
def test_a_disk_that_refuses_has_a_sentence_and_loses_nothing(
    code, words, command, monkeypatch, tmp_path
):
    def refuse(path, content):
        if path.name == "sweep.json":
            raise OSError(code, "no", str(path))
        write_json(path, content)

    write_json = _experiments._folder._io.write_json
    with monkeypatch.context() as patch:
        patch.setattr(_experiments._folder._io, "write_json", refuse)
        ended, printed, error = command(RANDOM)
    assert (ended, printed) == (2, "")
    (line,) = error.strip().splitlines()
    assert f"Expected {words}" in line
    assert "run the same command again" in line
    assert command(RANDOM)[0] == 0


def test_trials_that_do_not_fit_into_memory_have_a_sentence(command, tmp_path):
    text = 'experiment = "optimum"\n[grid]\nlength = [1, 100_000_000_000_000]'
    assert "fit into memory" in _refused(command, tmp_path, text)


def test_a_store_of_something_else_is_refused_and_kept(command, tmp_path):
    assert command(RANDOM)[0] == 0
    assert command(RANDOM.replace("seed = 3", "seed = 4"), out="other")[0] == 0
    (tmp_path / "out/sweep.json").unlink()
    shutil.rmtree(tmp_path / "out/sweep.zarr")
    shutil.copytree(tmp_path / "other/sweep.zarr", tmp_path / "out/sweep.zarr")
    before = content(tmp_path / "out")
    code, _, error = command(RANDOM)
    assert code == 2
    assert "a store of" in error
    assert content(tmp_path / "out") == before
