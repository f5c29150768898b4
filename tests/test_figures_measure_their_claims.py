"""Figures of the paper: claims end as recorded, files are as docs/figures.md says."""

import dataclasses
import functools
import json
import re
import sys
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest
import xarray

from learndyn import RESULTS, InputError
from learndyn._curve_file import RESULT_NAMES
from learndyn.cli import main
from learndyn.figures import (
    FIGURES,
    Claim,
    Configuration,
    _group,
    figure_configuration,
    load_figure,
    make_figure,
)
from learndyn.figures._integration import counted
from learndyn.figures._training import ENDS, end_of
from references.few_figures import only_figures

ROOT = Path(__file__).parents[1]
# Numbers small enough for a test, where `--quick` is not.
REDUCED = {
    "1": {},
    "2": {"orders": [1, 3], "windows": [0.005, 0.0025], "points": 31},
    "3": {"delta": [0.5, 2.0, 3], "lam": [0.6, 1.4, 3], "stable_rates": [0.9, 1.1]},
    "A2": {"b": [-1.4, 1.4, 9], "u": [-1.0, 3.0, 9]},
    "A3": {"length": [3, 4, 15], "beta": [0.6, 1.3, 8], "bound": [1.5, 2.0], "points": 1001},
    "A9": {"rate": 0.001, "points": 701, "scales": [0.3, 0.1, 0.001], "test_lengths": [4, 18]},
    "A10": {"points": 701, "angles": [1 / 4, 3 / 4, 3], "scales": [0.1, 0.01, 0.001]},
    "A11": {"points": 701, "test_length": 50},
    "M2": {"orders": [1, 3], "windows": [0.0015, 0.00075], "points": 31},
    "M3": {"delta": [0.5, 2.0, 3], "lam": [0.6, 1.4, 3], "stable_rates": [0.9, 1.1]},
    "K": {"lengths": [5, 10, 160, 320]},
    "R": {
        "seeds": 4,
        "sizes": {
            "correlation": [1e-5, 1e-4, 1e-3],
            "misalignment": [1e-3, 1e-2, 1e-1],
            "imbalance": [0.1, 1.0, 4.0],
            "learning_rate": [0.03, 0.1, 0.3],
        },
        "along_points": 21,
    },
}


def reduced(name):
    """A figure's numbers for a test: those above, or else those of `--quick`."""
    if name in REDUCED:
        return load_figure(name).CONFIGURATION.changed(**REDUCED[name])
    return figure_configuration(name, quick=True)


@functools.cache
def make(name):
    """A figure at its reduced configuration, made once in a process."""
    return make_figure(name, reduced(name))


@pytest.fixture(scope="module", params=FIGURES)
def made(request):
    """Each figure; of this scope, so that tests of one figure run one after another."""
    return make(request.param)


def run(monkeypatch, capsys, *arguments):
    """The command line in this process: exit code, output, errors."""
    monkeypatch.setattr(sys, "argv", ["learndyn", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, *capsys.readouterr()


@pytest.fixture
def quick(monkeypatch):
    """Two figures alone, at reduced configurations, made in this process."""
    monkeypatch.setattr(_group, "available_processors", lambda: 1)
    with only_figures({"A2", "K"}):
        for name in FIGURES:
            monkeypatch.setattr(load_figure(name), "CONFIGURATION", make(name).configuration)
            monkeypatch.setattr(load_figure(name), "data", lambda _, name=name: make(name).data)
        yield


def test_every_claim_ends_as_recorded(made):
    surprises = [c for c in made.claims if not c.as_expected]
    assert not surprises


def test_claims_that_do_not_hold_say_what_does(made):
    claims = made.claims
    assert len({c.id for c in claims}) == len(claims)
    assert all(c.id.startswith(made.name) for c in claims)
    assert all(c.expected or c.note for c in claims)


def test_data_are_labelled_with_units_and_with_what_made_them(made):
    data = made.data
    assert json.loads(data.attrs["configuration"]) == json.loads(
        json.dumps(made.configuration.summary())
    )
    for variable in data.variables.values():
        assert variable.dtype.kind in "UO" or {"units", "long_name"} <= set(variable.attrs)


def test_drawings_are_vector_graphics_and_files_are_the_same_each_time(made, tmp_path):
    for folder in ("one", "two"):
        made.save(tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(f"{made.name}{suffix}" for suffix in (".json", ".nc", ".svg"))
    for file in names:
        one, two = tmp_path / "one" / file, tmp_path / "two" / file
        if file.endswith(".nc"):
            # By content: the oldest HDF5 libraries in use write the time into the file.
            pair = [xarray.load_dataset(path, engine="h5netcdf") for path in (one, two)]
            xarray.testing.assert_identical(*pair)
        else:
            assert one.read_bytes() == two.read_bytes()
    root = xml.etree.ElementTree.parse(tmp_path / "one" / f"{made.name}.svg").getroot()
    assert root.tag.endswith("svg")
    assert not list(root.iter("{http://www.w3.org/2000/svg}image"))
    with xarray.open_dataset(tmp_path / "one" / f"{made.name}.nc", engine="h5netcdf") as read:
        assert read.attrs["figure"] == made.name


_TYPES = {
    "string": str,
    "object": dict,
    "array": list,
    "boolean": bool,
    "number": (int, float),
    "integer": int,
    "null": type(None),
}


def fields(start):
    table = (ROOT / "docs/figures.md").read_text().partition(f"| {start} | type |")[2]
    rows = re.findall(r"^\| `([\w.]+)` \| ([\w ]+) \|", table.partition("\n\n")[0], re.MULTILINE)
    return {name: tuple(_TYPES[t] for t in types.split(" or ")) for name, types in rows}


@pytest.mark.parametrize("name", ["A9", "A10", "A11"])
def test_theory_is_drawn_over_every_trained_rotation(name):
    rows = np.reshape(load_figure(name).draw(make(name).data).axes, (3, -1))
    for axes in rows[1:, :-1].ravel():
        curves = [line for line in axes.lines if np.size(line.get_xdata()) > 100]
        assert [line.get_linestyle() for line in curves] == ["-", "-", "--", "--"]
        for trained, predicted in zip(curves[:2], curves[2:], strict=True):
            np.testing.assert_allclose(trained.get_ydata(), predicted.get_ydata(), atol=0.03)


def test_json_has_the_fields_that_are_documented(made):
    summary = json.loads(json.dumps(made.summary(), allow_nan=False))
    documented = fields("field")
    assert {name.partition(".")[0] for name in documented} == set(summary)
    for path, types in documented.items():
        value = summary
        for part in path.split("."):
            value = value[part]
        assert isinstance(value, tuple(np.concatenate([np.atleast_1d(t) for t in types])))
    for claim in summary["claims"]:
        assert list(claim) == list(fields("field of a claim"))


def test_every_claim_is_in_the_table_of_the_documentation(made):
    page = (ROOT / "docs/figures.md").read_text()
    (row,) = re.findall(rf"^\| `{made.name}` \| (`{made.name}[^|]*) \|$", page, re.MULTILINE)
    ids = [claim.id for claim in made.claims]
    # For a test figure R goes without most assumptions, of which each has a claim.
    assert ids == [one for one in re.findall(r"`(.+?)`", row) if one in ids or made.name != "R"]


def test_every_figure_is_in_the_table_of_the_documentation():
    table = (ROOT / "docs/figures.md").read_text().partition("| figure | shows |")[2]
    assert re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE) == list(FIGURES)


def test_the_command_line_prints_what_it_writes_and_adds_to_other_figures(
    quick, monkeypatch, capsys, tmp_path
):
    code, out, _ = run(monkeypatch, capsys, "figure", "A2", "--out", tmp_path, "--json")
    assert code == 0
    assert json.loads(out) == [json.loads((tmp_path / "A2.json").read_text())]
    before = (tmp_path / "A2.json").stat().st_mtime_ns
    code, out, _ = run(monkeypatch, capsys, "figure", "all", "--out", tmp_path, "--json")
    assert code == 0
    assert [figure["name"] for figure in json.loads(out)] == list(FIGURES)
    # What was finished with the same numbers was kept.
    assert (tmp_path / "A2.json").stat().st_mtime_ns == before
    code, _, error = run(monkeypatch, capsys, "figure", "A2", "--out", tmp_path)
    assert code == 2
    assert "figure A2, finished" in error
    assert run(monkeypatch, capsys, "figure", "A2", "--out", tmp_path, "--force")[0] == 0


def test_the_page_says_of_every_figure_whether_it_has_a_quick_look_and_which():
    page = (ROOT / "docs/figures.md").read_text()
    table = page.partition("| figure | `--quick` |")[2].partition("\n\n")[0]
    said = {
        name: dict(re.findall(r"`(\w+)` (.+?)(?:, (?=`)|$)", numbers.strip()))
        for names, numbers in re.findall(r"^\| (`[^|]+) \|([^|]+)\|$", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    found = {name: getattr(load_figure(name), "QUICK", {}) for name in FIGURES}
    assert said == {
        name: {key: json.dumps(value) for key, value in numbers.items()}
        for name, numbers in found.items()
        if numbers
    }


def test_the_page_names_the_figures_that_have_another_source():
    page = (ROOT / "docs/figures.md").read_text()
    (said,) = re.findall(r"^`--source neurogym` makes figures ([^.]*?) from", page, re.MULTILINE)
    with_source = {name for name in FIGURES if hasattr(load_figure(name), "SOURCES")}
    assert set(re.findall(r"`(\w+)`", said)) == with_source


def test_a_quick_figure_is_not_taken_for_the_full_one(quick, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(load_figure("A2"), "QUICK", {"kappa": 2.0}, raising=False)
    arguments = ("figure", "A2", "--out", tmp_path, "--json")
    made_quickly = run(monkeypatch, capsys, *arguments, "--quick")
    assert made_quickly[0] == 0
    (summary,) = json.loads(made_quickly[1])
    assert summary["configuration"]["chosen"]["kappa"] == 2.0
    code, _, error = run(monkeypatch, capsys, *arguments)
    assert code == 2
    assert "A2 of another configuration" in error
    # One that is as quick in full is kept.
    arguments = ("figure", "all", "--out", tmp_path, "--json", "--quick")
    code, out, _ = run(monkeypatch, capsys, *arguments)
    assert code == 0
    assert [figure["name"] for figure in json.loads(out)] == list(FIGURES)


def test_a_letter_stands_for_all_figures_that_begin_with_it(quick, monkeypatch, capsys, tmp_path):
    code, out, _ = run(monkeypatch, capsys, "figure", "A", "--out", tmp_path, "--json")
    assert code == 0
    assert [figure["name"] for figure in json.loads(out)] == ["A2"]


def test_a_run_that_was_interrupted_is_taken_up(quick, monkeypatch, capsys, tmp_path):
    make("A2").save(tmp_path)
    make("K").save(tmp_path)
    (tmp_path / "K.json").unlink()
    (tmp_path / ".K-x1y2.svg").write_text("half of it")
    assert run(monkeypatch, capsys, "figure", "K", "--out", tmp_path, "--json")[0] == 0


def test_another_outcome_than_the_recorded_one_ends_with_1(quick, monkeypatch, capsys, tmp_path):
    module = load_figure("A2")
    measured = module.claims
    monkeypatch.setattr(
        module, "claims", lambda data: [c.expecting(not c.expected) for c in measured(data)]
    )
    code, out, _ = run(monkeypatch, capsys, "figure", "A2", "--out", tmp_path)
    assert code == 1
    assert "unexpected" in out


@pytest.mark.parametrize("name", ["99", "", "a2", "../A2"])
def test_a_name_that_is_none_is_refused_in_a_sentence(name, monkeypatch, capsys, tmp_path):
    out = tmp_path / "out"
    code, printed, error = run(monkeypatch, capsys, "figure", name, "--out", out)
    assert code == 2
    assert not printed
    assert not out.exists()
    (line,) = error.strip().splitlines()
    assert "a figure among" in line


def _another_configuration(folder):
    done = dataclasses.replace(make("A2"), configuration=Configuration({}, {"length": 7}))
    done.save(folder)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda folder: (folder / "thesis.tex").write_text("all of it"), "thesis.tex"),
        (lambda folder: (folder / "A2.svg").write_text("drawn by hand"), "A2.svg"),
        (lambda folder: (folder / "A2.json").write_text("[1, 2]"), "A2.json"),
        (lambda folder: (folder / "A2.nc").mkdir(), "A2.nc"),
        (_another_configuration, "another configuration"),
    ],
)
def test_a_folder_of_other_files_is_left_alone(fill, words, quick, monkeypatch, capsys, tmp_path):
    fill(tmp_path)
    before = sorted(tmp_path.iterdir())
    code, printed, error = run(monkeypatch, capsys, "figure", "A2", "--out", tmp_path)
    assert (code, printed) == (2, "")
    (line,) = error.strip().splitlines()
    assert words in line
    assert sorted(tmp_path.iterdir()) == before


def test_a_claim_holds_by_its_number_alone():
    claim = Claim("1a", "a sentence", "a number", 0.5, "<=", 1.0)
    assert claim.held
    assert claim.as_expected
    assert not dataclasses.replace(claim, value=float("nan")).held
    assert not dataclasses.replace(claim, relation=">=", value=float("inf")).held
    with pytest.raises(InputError, match="a relation among"):
        dataclasses.replace(claim, relation="!=")


@pytest.mark.parametrize("name", RESULT_NAMES)
def test_nothing_counts_as_a_minimum_that_training_did_not_call_one(name):
    assert ENDS[int(end_of(getattr(RESULTS, name)))] == (name if name in ENDS else "not_yet")


def test_each_end_is_counted_under_a_name_of_its_own():
    parts = counted(xarray.DataArray(np.repeat(range(len(ENDS)), range(1, len(ENDS) + 1))))
    assert [part.split()[0] for part in parts.split(", ")] == [*"12345"]
    assert len(ENDS) == 5


def test_a_number_of_the_paper_that_is_changed_is_chosen():
    numbers = Configuration({"kappa": 1.0}, {"length": 6}).changed(kappa=2.0)
    assert numbers.summary() == {"paper": {}, "chosen": {"length": 6, "kappa": 2.0}}
    with pytest.raises(InputError, match="numbers among length, kappa"):
        numbers.changed(lenght=3)
