"""Whatever is wrong with a source ends in one sentence that says what was expected and found."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import learndyn as ld
from learndyn.sources import Columns, open_source

GOOD = {"x": np.arange(30.0).reshape(5, 3, 2), "y": np.ones((5, 1))}
EVERY = {**GOOD, "y": np.ones((5, 3, 1))}


def changed(array, index, value):
    array = np.array(array)
    array[index] = value
    return array


# Arrays of an npz file, or a folder of npy files, and words of the refusal.
ARRAYS = {
    "x missing": ({"y": GOOD["y"]}, "x"),
    "y missing": ({"x": GOOD["x"]}, "y"),
    "names in capitals": ({"X": GOOD["x"], "Y": GOOD["y"]}, "x"),
    "nothing": ({}, "x"),
    "x a number": ({**GOOD, "x": np.array(3.0)}, "shape ()"),
    "x of trials and steps": ({**GOOD, "x": np.ones((5, 3))}, "x[:, :, None]"),
    "x a list of numbers": ({**GOOD, "x": np.ones(5)}, "(5,)"),
    "x of four axes": ({**GOOD, "x": np.ones((5, 3, 2, 1))}, "(5, 3, 2, 1)"),
    "y a number": ({**GOOD, "y": np.array(1.0)}, "shape ()"),
    "y one number for each trial": ({**GOOD, "y": np.ones(5)}, "y[:, None]"),
    "y labels": ({**GOOD, "y": np.arange(5)}, "numpy.unique(y)"),
    "y of four axes": ({**GOOD, "y": np.ones((5, 3, 1, 1))}, "(5, 3, 1, 1)"),
    "y of fewer trials": ({**GOOD, "y": np.ones((4, 1))}, "5 trajectories"),
    "y of more trials": ({**GOOD, "y": np.ones((6, 1))}, "5 trajectories"),
    "y of fewer steps": ({**GOOD, "y": np.ones((5, 2, 1))}, "3 steps"),
    "y of more steps": ({**GOOD, "y": np.ones((5, 4, 1))}, "3 steps"),
    "time before trials": ({**GOOD, "x": np.ones((3, 5, 2))}, "3 trajectories"),
    "no trials": ({"x": np.ones((0, 3, 2)), "y": np.ones((0, 1))}, "(0, 3, 2)"),
    "no steps": ({**GOOD, "x": np.ones((5, 0, 2))}, "(5, 0, 2)"),
    "no inputs": ({**GOOD, "x": np.ones((5, 3, 0))}, "(5, 3, 0)"),
    "no targets": ({**GOOD, "y": np.ones((5, 0))}, "(5, 0)"),
    "complex x": ({**GOOD, "x": GOOD["x"] * 1j}, "complex128"),
    "complex y": ({**GOOD, "y": GOOD["y"] * 1j}, "complex128"),
    "text in x": ({**GOOD, "x": GOOD["x"].astype(str)}, "real numbers in x"),
    "text in y": ({**GOOD, "y": GOOD["y"].astype(str)}, "real numbers in y"),
    "bytes in y": ({**GOOD, "y": np.array([[b"a"]] * 5)}, "real numbers in y"),
    "dates in x": ({**GOOD, "x": GOOD["x"].astype("datetime64[s]")}, "datetime64"),
    "records in x": ({**GOOD, "x": np.zeros((5, 3, 2), [("a", float)])}, "real numbers in x"),
    "objects in x": ({**GOOD, "x": GOOD["x"].astype(object)}, "objects"),
    "objects in y": ({**GOOD, "y": GOOD["y"].astype(object)}, "objects"),
    "trials of objects": ({**GOOD, "x": np.array([np.ones(2), np.ones(3)], object)}, "objects"),
    "NaN in x": ({**GOOD, "x": changed(GOOD["x"], (3, 1, 0), np.nan)}, "x[3, 1, 0]"),
    "infinity in x": ({**GOOD, "x": changed(GOOD["x"], (4, 2, 1), np.inf)}, "x[4, 2, 1]"),
    "NaN in y": ({**GOOD, "y": changed(GOOD["y"], (2, 0), np.nan)}, "y[2, 0]"),
    "NaN in running y": ({**EVERY, "y": changed(EVERY["y"], (2, 1, 0), np.nan)}, "y[2, 1, 0]"),
    "lengths of fewer trials": ({**GOOD, "lengths": np.array([3, 3])}, "(5,)"),
    "lengths in two axes": ({**GOOD, "lengths": np.full((5, 1), 3)}, "(5, 1)"),
    "lengths that are not whole": ({**GOOD, "lengths": np.full(5, 2.5)}, "whole numbers"),
    "lengths of zero": ({**GOOD, "lengths": np.array([3, 0, 3, 3, 3])}, "0 to 3"),
    "lengths below zero": ({**GOOD, "lengths": np.array([3, -1, 3, 3, 3])}, "-1 to 3"),
    "lengths beyond the array": ({**GOOD, "lengths": np.array([3, 4, 3, 3, 3])}, "3 to 4"),
    "lengths as truth values": ({**GOOD, "lengths": np.ones(5, bool)}, "whole numbers"),
    "lengths of objects": ({**GOOD, "lengths": np.full(5, 3, object)}, "objects"),
    "NaN in lengths": ({**GOOD, "lengths": np.full(5, np.nan)}, "whole numbers"),
}

TWO = "trial,time,x1,x2,y\n"
ROWS = "0,0,1,2,3\n0,1,4,5,6\n1,0,7,8,9\n1,1,1,2,3\n"
# Text of a CSV file and words of the refusal.
TABLES = {
    "an empty file": ("", "damaged or of another kind"),
    "a header only": (TWO, "at least one row"),
    "no trial": ("time,x,y\n0,1,2\n", "--trial-column"),
    "no time": ("trial,x,y\n0,1,2\n", "--time-column"),
    "no inputs": ("trial,time,a,y\n0,0,1,2\n", "trial, time, a, y"),
    "no targets": ("trial,time,x,b\n0,0,1,2\n", "trial, time, x, b"),
    "semicolons": ("trial;time;x;y\n0;0;1;2\n", "trial;time;x;y"),
    "no header": (ROWS, "the columns 0, 0, 1, 2, 3"),
    "capital letters": ("Trial,Time,X,Y\n0,0,1,2\n", "Trial, Time, X, Y"),
    "the same name twice": ("trial,time,x,x,y\n0,0,1,1,2\n", "several of that name"),
    "two trial columns": ("trial,trial,time,x,y\n0,0,0,1,2\n", "several of that name"),
    "too few cells": (TWO + "0,0,1,2,3\n0,1,4\n", "damaged or of another kind"),
    "too many cells": (TWO + "0,0,1,2,3,4\n", "damaged or of another kind"),
    "text in an input": (TWO + "0,0,1,2,3\n0,1,left,5,6\n", "'left' in row 2"),
    "text in a target": (TWO + "0,0,1,2,go\n", "'go' in row 1"),
    "text as time": (TWO + "0,now,1,2,3\n", "'now' in row 1"),
    "a decimal comma": (TWO + '0,0,"1,5",2,3\n', "'1,5' in row 1"),
    "a unit": (TWO + "0,0,1 mV,2,3\n", "'1 mV' in row 1"),
    "a date as input": (TWO + "0,0,2020-01-01,2,3\n", "numbers in column x1"),
    "an empty input": (TWO + "0,0,1,2,3\n0,1,,5,6\n", "an empty cell in row 2"),
    "an empty input late": (TWO + ROWS + "2,0,1,,2\n", "column x2; got an empty cell in row 5"),
    "NA as input": (TWO + "0,0,NA,2,3\n", "an empty cell in row 1"),
    "an input of nothing": (TWO + "0,0,,2,3\n0,1,,5,6\n", "an empty cell in row 1"),
    "infinity": (TWO + "0,0,1,2,3\n0,1,inf,5,6\n", "inf in row 2"),
    "a number too large": (TWO + "0,0,1e999,2,3\n", "in row 1"),
    "an empty trial": (TWO + "0,0,1,2,3\n,1,4,5,6\n", "an empty cell in row 2"),
    "an empty time": (TWO + "0,0,1,2,3\n0,,4,5,6\n", "an empty cell in row 2"),
    "an infinite time": (TWO + "0,0,1,2,3\n0,inf,4,5,6\n", "inf in row 2"),
    "a row twice": (TWO + ROWS + "0,1,4,5,6\n", "rows 2 and 5"),
    "two rows at one time": (TWO + ROWS + "1,1,4,5,6\n", "both of trial 1 at time 1"),
    "a step left out": (TWO + ROWS + "1,3,4,5,6\n", "a step from 1 to 3 in trial 1, row 5"),
    "a step left out earlier": (TWO + "1,5,1,2,3\n1,6,1,2,3\n1,9,1,2,3\n", "from 6 to 9"),
    "times that jitter": (TWO + "0,0,1,2,3\n0,1,1,2,3\n0,2.1,1,2,3\n", "even steps"),
    "one step longer": (TWO + ROWS + "2,0,1,2,3\n2,2,1,2,3\n", "from 0 to 2 in trial 2"),
    "a target left out": (TWO + "0,0,1,2,3\n0,1,4,5,\n", "row 2, column y"),
    "a target in the middle": (
        TWO + "0,0,1,2,\n0,1,4,5,6\n0,2,4,5,6\n",
        "a number before the last step in row 2",
    ),
    "a last target left out": (TWO + "0,0,1,2,\n0,1,4,5,6\n1,0,1,2,\n1,1,1,2,\n", "row 4"),
    "no target at all": (TWO + "0,0,1,2,\n0,1,4,5,\n", "an empty cell in row 2"),
    "one target final, one not": (
        "trial,time,x,y1,y2\n0,0,1,,3\n0,1,1,2,3\n",
        "a number before the last step in row 1, column y2",
    ),
    "another encoding": (b"trial,time,x,y\n0,0,\xff\xfe,1\n", "x"),
    "an image": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ""),
    "an archive": (b"PK\x03\x04 and no more", ""),
}
# Options of a table whose columns are a, b, c, trial, time.
OPTIONS = {
    "an input that is not there": ({"inputs": ("a", "d"), "targets": ("c",)}, "one column 'd'"),
    "a target that is not there": ({"inputs": ("a",), "targets": ("d",)}, "a, b, c, trial, time"),
    "an input named twice": ({"inputs": ("a", "a"), "targets": ("c",)}, "named once; got a, a"),
    "targets not named": ({"inputs": ("a",)}, "--targets"),
    "inputs not named": ({"targets": ("a",)}, "--inputs"),
    "another trial column": ({"trial": "session"}, "columns named as inputs"),
    "a trial column not there": (
        {"inputs": ("a",), "targets": ("b",), "trial": "session"},
        "one column 'session'",
    ),
    "a time column not there": (
        {"inputs": ("a",), "targets": ("b",), "time": "t"},
        "one column 't'",
    ),
}
# Parquet columns beside good ones.
PARQUET = {
    "lists": (pa.array([[1.0], [2.0]]), "numbers in column x"),
    "structures": (pa.array([{"a": 1}, {"a": 2}]), "numbers in column x"),
    "text that looks like numbers": (pa.array(["1", "2"]), "text (string)"),
    "categories of text": (pa.array(["a", "b"]).dictionary_encode(), "'a' in row 1"),
    "nulls": (pa.array([1.0, None]), "an empty cell in row 2"),
    "not a number": (pa.array([1.0, np.nan]), "an empty cell in row 2"),
    "times of day": (pa.array([1, 2], pa.time32("s")), "numbers in column x"),
    "bytes": (pa.array([b"a", b"b"]), "numbers in column x"),
}
MODULE = """
import numpy as np
calls = []
def fails(): raise ValueError("no such recording")
def stops(): raise SystemExit(1)
def fails_late():
    yield np.ones((5, 3, 2)), np.ones((5, 1))
    raise RuntimeError("the disk is gone")
def needs_an_argument(path): return []
def nothing(): return []
def none(): return None
def a_number(): return 3
def an_array(): return np.ones((5, 3, 2))
def arrays(): return [np.ones((5, 3, 2)), np.ones((5, 1))]
def single(): return [(np.ones((5, 3, 2)),)]
def four(): return [(np.ones((5, 3, 2)),) * 4]
def text(): return "trials"
def bad_rank(): return [(np.ones((5, 3)), np.ones((5, 1)))]
def bad_second():
    yield np.ones((5, 3, 2)), np.ones((5, 1))
    yield np.ones((5, 3, 2)), np.ones((4, 1))
def other_channels():
    yield np.ones((5, 3, 2)), np.ones((5, 1))
    yield np.ones((5, 3, 4)), np.ones((5, 1))
def other_readout():
    yield np.ones((5, 3, 2)), np.ones((5, 1))
    yield np.ones((5, 3, 2)), np.ones((5, 3, 1))
def ragged(): return [([[1.0], [2.0, 3.0]], [[1.0]])]
def bad_lengths(): return [(np.ones((5, 3, 2)), np.ones((5, 1)), np.full(5, 4))]
def objects(): return [(np.ones((5, 3, 2), object), np.ones((5, 1)))]
def not_finite():
    yield np.ones((5, 3, 2)), np.ones((5, 1))
    yield np.full((5, 3, 2), np.nan), np.ones((5, 1))
def unseeded():
    yield np.random.default_rng().normal(size=(5, 3, 2)), np.ones((5, 1))
def fewer_each_time():
    calls.append(0)
    return [(np.ones((5, 3, 2)), np.ones((5, 1)))] * (4 - len(calls))
not_a_function = 3
"""
FUNCTIONS = {
    "fails": "ValueError: no such recording",
    "stops": "SystemExit",
    "fails_late": "RuntimeError: the disk is gone",
    "needs_an_argument": "TypeError",
    "nothing": "at least one chunk",
    "none": "NoneType",
    "a_number": "int",
    "an_array": "ndarray",
    "arrays": "ndarray",
    "single": "tuple of length 1",
    "four": "tuple of length 4",
    "text": "str",
    "bad_rank": "chunk 0 of",
    "bad_second": "chunk 1 of",
    "other_channels": "4 inputs and 1 targets",
    "other_readout": "each step after",
    "ragged": "pieces of different shapes",
    "bad_lengths": "between 1 and 3",
    "objects": "object",
    "not_finite": "x[5, 0, 0]",
    "unseeded": "Seed its random numbers",
    "fewer_each_time": "others than at the first",
    "not_a_function": "a function not_a_function",
    "fail": "it has",
}
NAMES = {
    "": "a source",
    "recordings": "a source",
    "trials.mat": "a source",
    "trials.h5": "a source",
    "x.npy": "one folder",
    "integrations": "a source",
    "missing.npz": "No such file",
    "missing.csv": "No such file",
    "missing.tsv": "No such file",
    "missing.parquet": "No such file",
    "no_such_module:trials": "ModuleNotFoundError",
    "bad:name:twice": "a source",
    "module:": "a source",
    ":function": "a source",
}


def refusal(name, **options):
    """The one sentence in which opening a source, and reading it once, ends."""
    with pytest.raises(ld.InputError) as refused:
        ld.TaskStatistics.from_trials(open_source(str(name), **options).trials)
    sentence = str(refused.value)
    assert sentence.startswith("Expected ")
    assert "\n" not in sentence
    return sentence


def test_there_are_more_than_a_hundred_of_them():
    kinds = 2 * len(ARRAYS), TABLES, OPTIONS, PARQUET, FUNCTIONS, NAMES
    assert sum(kind if isinstance(kind, int) else len(kind) for kind in kinds) > 100


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_in_an_npz_file(case, tmp_path):
    arrays, words = ARRAYS[case]
    np.savez(tmp_path / "trials.npz", **arrays)
    assert words in refusal(tmp_path / "trials.npz")


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_in_a_folder(case, tmp_path):
    arrays, words = ARRAYS[case]
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    sentence = refusal(tmp_path)
    # A file of no numbers cannot be mapped, and has no shape to tell.
    assert words in sentence or "damaged, empty" in sentence


@pytest.mark.parametrize("name", ["x", "y"])
def test_an_array_in_fortran_order(name, tmp_path):
    for each, array in {**GOOD, "y": np.ones((5, 2))}.items():
        np.save(tmp_path / f"{each}.npy", np.asarray(array, order="F" if each == name else "C"))
    assert f"numpy.ascontiguousarray({name})" in refusal(tmp_path)


@pytest.mark.parametrize("case", TABLES)
def test_tables(case, tmp_path):
    text, words = TABLES[case]
    (tmp_path / "trials.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert words in refusal(tmp_path / "trials.csv")


@pytest.mark.parametrize("case", OPTIONS)
def test_columns_that_are_named(case, tmp_path):
    options, words = OPTIONS[case]
    (tmp_path / "trials.csv").write_text("a,b,c,trial,time\n1,2,3,0,0\n")
    assert words in refusal(tmp_path / "trials.csv", columns=Columns(**options))


@pytest.mark.parametrize("case", PARQUET)
def test_columns_of_parquet(case, tmp_path):
    column, words = PARQUET[case]
    good = {"trial": [0, 0], "time": [0, 1], "y": [1.0, 2.0]}
    pyarrow.parquet.write_table(pa.table({**good, "x": column}), tmp_path / "trials.parquet")
    assert words in refusal(tmp_path / "trials.parquet")


def test_text_that_is_not_parquet(tmp_path):
    (tmp_path / "trials.parquet").write_text(TWO + ROWS)
    assert "damaged or of another kind" in refusal(tmp_path / "trials.parquet")


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "bad_trials.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def trials(:\n")
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("bad_trials", None)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(function, module):
    sentence = refusal(f"bad_trials:{function}")
    assert FUNCTIONS[function] in sentence
    assert function in sentence or function == "not_finite"


def test_a_module_that_is_not_python(module):
    assert "SyntaxError" in refusal("broken:trials")


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_sources(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert NAMES[name] in refusal(name)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "at least 1 trial"),
        ({"whiten": "time"}, "channels, innovations"),
        ({"columns": Columns(inputs=("a",))}, "a table"),
    ],
)
def test_options_of_sources(options, words):
    assert words in refusal("integration", **{"count": 50, **options})


@pytest.mark.parametrize("how", ["channels", "innovations"])
def test_inputs_that_cannot_be_white(how, tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3, 2))
    np.savez(tmp_path / "trials.npz", x=np.concatenate([x, x[..., :1]], 2), y=x.sum(1))
    assert "Drop inputs" in refusal(tmp_path / "trials.npz", whiten=how)


def test_innovations_of_different_lengths(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3, 2))
    lengths = np.arange(50) % 3 + 1
    np.savez(tmp_path / "trials.npz", x=x, y=x.sum(1), lengths=lengths)
    assert "of one length" in refusal(tmp_path / "trials.npz", whiten="innovations")


def test_the_command_line_prints_the_sentence_and_nothing_else(tmp_path):
    (tmp_path / "trials.csv").write_text(TABLES["text in an input"][0])
    (tmp_path / "bad_trials.py").write_text(MODULE)
    for arguments, words in [
        (["trials.csv"], "'left' in row 2"),
        (["trials.csv", "--inputs", "a,,b"], "--inputs"),
        (["bad_trials:fails"], "no such recording"),
    ]:
        command = [sys.executable, "-c", "from learndyn.cli import main; main()", "study"]
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2, done
        assert done.stdout == ""
        (line,) = done.stderr.strip().splitlines()
        assert words in line
        assert not (tmp_path / "study").exists()
