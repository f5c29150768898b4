"""Trials are the same whatever they are kept in: arrays, a table, a folder, a function."""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from learndyn.sources import Columns, from_function, open_source, read_npy, read_table

KINDS = {
    "int64": pa.int64(),
    "float32": pa.float32(),
    "bool": pa.bool_(),
    "decimal": pa.decimal128(5, 1),
}
DTYPES = ["float64", "float32", ">f8", "float16", "int16", "uint8", "bool"]


def random_trials(rng, count, length, n_in, n_out, every, ragged):
    x = rng.normal(size=(count, length, n_in))
    y = rng.normal(size=(count, length, n_out) if every else (count, n_out))
    lengths = rng.integers(1, length + 1, size=count)
    lengths[0] = length
    return ld.Trials(x, y, lengths=lengths if ragged else None)


def long_form(trials, rng, start, step):
    """A row for each trial and step, in any order, by a plain loop."""
    rows = []
    for number, (x, y, length) in enumerate(zip(*trials.arrays(), strict=True)):
        for t in range(length):
            if trials.every_step:
                targets = list(y[t])
            else:
                targets = list(y) if t == length - 1 else [None] * len(y)
            rows.append([f"trial {number:03d}", start + step * t, *x[t], *targets])
    names = ["trial", "time", *(f"x{i + 1}" for i in range(trials.n_in))]
    names += [f"y{i + 1}" for i in range(trials.n_out)]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    return pa.table(
        {name: pa.array(c) for name, c in zip(names, zip(*rows, strict=True), strict=True)}
    )


def assert_same(trials, expected):
    assert (trials.count, trials.length) == (expected.count, expected.length)
    assert trials.every_step == expected.every_step
    got = (np.concatenate(part) for part in zip(*trials.chunks(), strict=True))
    for found, wanted in zip(got, expected.arrays(), strict=True):
        np.testing.assert_array_equal(found, wanted)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 6),
    length=st.integers(1, 5),
    n_in=st.integers(1, 12),
    n_out=st.integers(1, 3),
    every=st.booleans(),
    ragged=st.booleans(),
    kind=st.sampled_from([".csv", ".tsv", ".parquet"]),
)
def test_a_shuffled_table(tmp_path_factory, seed, count, length, n_in, n_out, every, ragged, kind):
    rng = np.random.default_rng(seed)
    trials = random_trials(rng, count, length, n_in, n_out, every, ragged)
    if not every and trials.arrays()[2].max() == 1:
        every = True  # a target in every row is one at every step
        trials = ld.Trials(trials.x, trials.y[:, None], lengths=trials.lengths)
    table = long_form(trials, rng, start=rng.normal(), step=rng.uniform(0.01, 10))
    path = tmp_path_factory.mktemp("tables") / f"trials{kind}"
    if kind == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        options = pyarrow.csv.WriteOptions(delimiter="\t" if kind == ".tsv" else ",")
        pyarrow.csv.write_csv(table, path, options)
    source = read_table(path)
    assert_same(source.trials, trials)
    assert source.inputs == tuple(f"x{i + 1}" for i in range(n_in))


@pytest.mark.parametrize("number", KINDS)
def test_columns_of_other_numbers(number, tmp_path):
    values = [True, False] if number == "bool" else [3, 4]
    kind = KINDS[number]
    columns = {"trial": [0, 0], "time": [0, 1], "stimulus": pa.array(values, kind)}
    columns["choice"] = pa.array([None, values[0]], kind)
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "trials.parquet")
    source = read_table(tmp_path / "trials.parquet", Columns(("stimulus",), ("choice",)))
    np.testing.assert_array_equal(source.trials.x[0, :, 0], values)
    np.testing.assert_array_equal(source.trials.y, [[values[0]]])
    assert (source.inputs, source.targets) == (("stimulus",), ("choice",))


def test_dates_order_the_steps_and_labels_the_trials(tmp_path):
    rows = ["who,when,x,y"]
    rows += [f"{w},2020-01-01 00:00:0{t},{t},{t}" for w in "ba" for t in (2, 0, 1)]
    (tmp_path / "trials.csv").write_text("\n".join(rows))
    trials = read_table(tmp_path / "trials.csv", Columns(trial="who", time="when")).trials
    np.testing.assert_array_equal(trials.x[..., 0], [[0, 1, 2], [0, 1, 2]])


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("outputs", [None, "final"])
@pytest.mark.parametrize("center", [False, True])
def test_a_folder_and_a_function_of_many_chunks(
    tmp_path, monkeypatch, every, ragged, outputs, center
):
    monkeypatch.setattr("learndyn.statistics._chunks._CHUNK_BYTES", 2000)
    trials = random_trials(np.random.default_rng(1), 101, 4, 3, 2, every, ragged)
    for name in ("x", "y", "lengths"):
        if getattr(trials, name) is not None:
            np.save(tmp_path / f"{name}.npy", getattr(trials, name))
    expected = trials.with_outputs(outputs)
    expected = ld.Trials(expected.x, expected.y, lengths=expected.lengths, center=center)

    def chunks():
        for start in range(0, 101, 17):
            rows = slice(start, start + 17)
            extra = () if trials.lengths is None else (trials.lengths[rows],)
            yield trials.x[rows], trials.y[rows], *extra

    for streamed in (read_npy(tmp_path), from_function(chunks)):
        streamed = streamed.with_outputs(outputs)
        assert_close(streamed.centred() if center else streamed, expected)


def assert_close(streamed, expected):
    got = [np.concatenate(part) for part in zip(*streamed.chunks(), strict=True)]
    for found, wanted in zip(got, expected.arrays(), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-14)
    one, other = (ld.TaskStatistics.from_trials(each) for each in (streamed, expected))
    np.testing.assert_allclose(one.target, other.target, atol=1e-10)
    np.testing.assert_allclose(one.floor, other.floor, atol=1e-12)
    np.testing.assert_allclose(one.weights, other.weights)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers_of_any_type_in_a_folder(dtype, tmp_path):
    rng = np.random.default_rng(0)
    arrays = rng.integers(0, 2, (40, 3, 2)).astype(dtype), rng.integers(0, 2, (40, 1)).astype(dtype)
    np.save(tmp_path / "x.npy", arrays[0])
    np.save(tmp_path / "y.npy", arrays[1])
    assert_same(read_npy(tmp_path), ld.Trials(*arrays))


def test_chunks_of_different_lengths_are_padded():
    parts = [(np.full((2, steps, 1), steps), np.full((2, 1), steps)) for steps in (2, 5, 3)]
    trials = from_function(lambda: parts)
    x, _, lengths = (np.concatenate(part) for part in zip(*trials.chunks(), strict=True))
    np.testing.assert_array_equal(lengths, [2, 2, 5, 5, 3, 3])
    np.testing.assert_array_equal(
        x[..., 0], np.where(np.arange(5) < lengths[:, None], lengths[:, None], 0)
    )


def test_a_function_is_found_in_the_current_folder_and_called_for_each_pass(tmp_path, monkeypatch):
    (tmp_path / "my_trials.py").write_text(
        "import numpy as np\ncalls = []\n"
        "def chunks():\n    calls.append(0)\n    return np.ones((4, 3, 2)), np.ones((4, 1))\n"
    )
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    trials = open_source("my_trials:chunks").trials
    assert sys.path == before
    assert len(sys.modules["my_trials"].calls) == 1
    ld.TaskStatistics.from_trials(trials)
    assert len(sys.modules.pop("my_trials").calls) == 2
    assert trials.count == 4


@pytest.mark.parametrize("how", ["channels", "innovations"])
@pytest.mark.parametrize("center", [False, True])
def test_streamed_trials_are_whitened_as_those_in_memory(how, center, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3, 2)).cumsum(1) + 1
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", x.sum(1))
    source = open_source(str(tmp_path), whiten=how, center=center)
    expected = ld.whiten(ld.Trials(x, x.sum(1), center=center), how).trials
    np.testing.assert_allclose(source.trials.arrays()[0], expected.arrays()[0], atol=1e-12)
    inputs = ld.TaskStatistics.from_trials(source.trials).inputs
    assert how == "channels" or inputs.whiteness_violation() < 1e-12


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """Files of the same trials, as bytes by the end of their names."""
    folder = tmp_path_factory.mktemp("good")
    trials = random_trials(np.random.default_rng(3), 6, 3, 2, 1, every=True, ragged=False)
    table = long_form(trials, np.random.default_rng(0), 0, 1)
    np.savez(folder / "trials.npz", x=trials.x, y=trials.y)
    np.save(folder / "x.npy", trials.x)
    np.save(folder / "y.npy", trials.y)
    pyarrow.csv.write_csv(table, folder / "trials.csv")
    pyarrow.parquet.write_table(table, folder / "trials.parquet")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["trials.npz", "x.npy", "trials.csv", "trials.parquet"])
@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_open_or_are_refused(good, tmp_path, name, seed):
    rng = np.random.default_rng(seed)
    content = bytearray(good[name])
    if seed % 4 == 0:
        content = content[: rng.integers(len(content))]
    else:
        for _ in range(rng.integers(1, 4)):
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    (tmp_path / "y.npy").write_bytes(good["y.npy"])
    (tmp_path / name).write_bytes(content)
    try:
        source = open_source(str(tmp_path if name == "x.npy" else tmp_path / name))
        for _ in source.trials.chunks():
            pass
    except ld.InputError:
        return
    assert source.trials.count > 0
