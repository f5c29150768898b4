"""Sources of trials say what is wrong with a file, and never unpickle it."""

import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from learndyn._errors import MissingExtraError
from learndyn.sources import digits, neurogym_integration, read_npz

CURE = (
    "Save plain numbers with numpy.savez(path, x=x, y=y); pad trials of different lengths to one "
    "length, and add lengths=lengths."
)


class Unpickled:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a file was unpickled",))


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    numbers = np.random.default_rng(0)
    x, y = numbers.normal(size=(7, 3, 2)), numbers.normal(size=(7, 4))
    path = tmp_path_factory.mktemp("npz") / "trials.npz"
    np.savez(path, x=x, y=y)
    return path


def refusal(path):
    with pytest.raises(ld.InputError) as refused:
        read_npz(path)
    return str(refused.value)


def test_a_good_file_is_read_with_its_lengths(tmp_path):
    x, y, lengths = np.arange(12.0).reshape(2, 3, 2), np.ones((2, 1)), np.array([3, 2])
    path = tmp_path / "trials.npz"
    np.savez_compressed(path, x=x, y=y, lengths=lengths, comment=np.array("left alone"))
    trials = read_npz(path)
    np.testing.assert_array_equal(trials.x, x)
    np.testing.assert_array_equal(trials.y, y)
    np.testing.assert_array_equal(trials.lengths, lengths)


def test_lengths_may_be_left_out(good):
    assert read_npz(str(good)).lengths is None


def test_a_missing_file(tmp_path):
    path = tmp_path / "none.npz"
    assert refusal(path) == (
        f"Expected an npz file of trials; got {path} (No such file or directory)."
    )


def test_a_folder(tmp_path):
    assert refusal(tmp_path) == (
        f"Expected an npz file of trials; got {tmp_path} (Is a directory)."
    )


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", b"PK\x03\x04 and no more"])
def test_another_kind_of_file(tmp_path, content):
    path = tmp_path / "trials.npz"
    path.write_bytes(content)
    assert refusal(path) == (
        f"Expected an npz file of trials; got {path}, damaged or of another kind. {CURE}"
    )


def test_a_single_array(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones(3))
    assert (
        refusal(path) == f"Expected an npz file of trials; got {path} with a single array. {CURE}"
    )


def test_a_pickle_is_not_opened(tmp_path):
    path = tmp_path / "trials.npz"
    np.save(path.with_suffix(".npy"), np.array([Unpickled()], dtype=object), allow_pickle=True)
    path.with_suffix(".npy").rename(path)
    assert refusal(path).startswith(f"Expected an npz file of trials; got {path}, damaged")


@pytest.mark.parametrize("name", ["x", "y", "lengths"])
def test_arrays_of_objects_are_not_unpickled(tmp_path, name):
    arrays = {"x": np.ones((1, 3, 2)), "y": np.ones((1, 1)), "lengths": np.array([3])}
    arrays[name] = np.array([Unpickled()], dtype=object)
    path = tmp_path / "trials.npz"
    np.savez(path, **arrays)
    sentence = refusal(path)
    assert sentence.startswith(f"Expected plain numbers in {name}; got an array that is damaged or")
    assert sentence.endswith(CURE)


@pytest.mark.parametrize(("names", "found"), [(("x", "z"), "x, z"), ((), "none")])
def test_missing_names(tmp_path, names, found):
    path = tmp_path / "trials.npz"
    np.savez(path, **{name: np.ones((1, 2, 3)) for name in names})
    assert refusal(path) == f"Expected arrays x and y in {path}; got {found}. {CURE}"


def test_members_that_are_no_arrays(tmp_path):
    path = tmp_path / "trials.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "text")
        archive.writestr("y", "text")
    assert refusal(path).startswith("Expected real numbers in x; got an array of type")


@given(data=st.data())
def test_no_damage_ends_in_another_error(good, tmp_path_factory, data):
    content = bytearray(good.read_bytes())
    if data.draw(st.booleans(), "cut short"):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "trials.npz"
    path.write_bytes(content)
    try:
        trials = read_npz(path)
    except ld.InputError:
        return
    np.testing.assert_array_equal(trials.x, read_npz(good).x)
    np.testing.assert_array_equal(trials.y, read_npz(good).y)


@pytest.mark.parametrize(
    ("source", "module", "extra"),
    [
        (digits, "sklearn.datasets", "examples"),
        (lambda: neurogym_integration(1, seed=0), "neurogym", "neurogym"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, source, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'learndyn\[{extra}\]'"):
        source()
