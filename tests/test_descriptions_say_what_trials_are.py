"""A description is what NumPy says of all the trials at once, and names what needs care."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from learndyn.sources import Source, describe


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def described(x, y, **options):
    found = describe(Source("trials", ld.Trials(x, y, **options)))
    json.dumps(found, allow_nan=False)
    return found


def notes(x, y, **options):
    return " ".join(described(x, y, **options)["notes"])


@given(seed=st.integers(0, 1000), every=st.booleans(), ragged=st.booleans())
def test_numbers_are_those_of_the_steps_that_count(seed, every, ragged):
    rng = np.random.default_rng(seed)
    x = rng.normal(1e3, 2, size=(60, 5, 3))
    y = rng.normal(size=(60, 5, 2) if every else (60, 2))
    lengths = rng.integers(1, 6, size=60) if ragged else np.full(60, 5)
    found = described(x, y, lengths=lengths)
    rows = np.concatenate([a[:n] for a, n in zip(x, lengths, strict=True)])
    read = np.concatenate([a[:n] for a, n in zip(y, lengths, strict=True)]) if every else y
    for channels, values in ((found["inputs"], rows), (found["targets"], read)):
        for name in ("mean", "std", "min", "max"):
            expected = getattr(np, name)(values, axis=0)
            np.testing.assert_allclose([c[name] for c in channels], expected, rtol=1e-10)
    assert found["steps"]["median"] == np.median(lengths)
    np.testing.assert_allclose(found["padding"], 1 - lengths.mean() / 5, atol=1e-14)
    assert found["rank"] == 3


def test_pieces_are_put_together(monkeypatch):
    x, y = noise(500, 4, 3) + 5, noise(500, 2)
    whole = described(x, y)
    monkeypatch.setattr("learndyn.statistics._chunks._CHUNK_BYTES", 1000)
    pieces = described(x, y)
    for one, other in zip(whole["inputs"], pieces["inputs"], strict=True):
        assert one.pop("name") == other.pop("name")
        assert one == pytest.approx(other, rel=1e-10)


def test_constant_and_silent_channels():
    x = noise(50, 4, 3)
    x[..., 1], x[..., 2] = 7, 0
    found = described(x, x.sum(1))
    assert [c["constant"] for c in found["inputs"]] == [False, True, True]
    assert "Channel x2 is constant, 7: it can only serve as a bias." in found["notes"]
    assert "Channel x3 is always zero: nothing can be learned from it." in found["notes"]
    assert "Target y3 is constant, 0." in found["notes"]
    assert found["rank"] == 2


def test_channels_that_follow_from_others():
    x = noise(80, 4, 4)
    x[..., 2] = 3 * x[..., 0] - x[..., 1]
    found = described(1e6 * x, noise(80, 1))
    assert found["combinations"] == {"x3": ["x1", "x2"]}
    assert found["rank"] == np.linalg.matrix_rank(x.reshape(-1, 4)) == 3
    assert "Channel x3 is a linear combination of x1 and x2" in " ".join(found["notes"])


def test_classes_are_counted_and_rare_ones_named():
    labels = np.array([0] * 500 + [1] * 495 + [2] * 5)
    found = described(noise(1000, 3, 2), np.eye(4)[labels])
    assert found["classes"] == {"y1": 500, "y2": 495, "y3": 5, "y4": 0}
    text = " ".join(found["notes"])
    assert "Class y3 is rare, 5 of 1,000" in text
    assert "Class y4 never occur" in text
    assert described(noise(10, 3, 2), noise(10, 2))["classes"] is None


def test_classes_at_every_step_are_counted_by_step():
    labels = np.array([[0, 1, 1], [0, 0, 1]])
    lengths = np.array([3, 2])
    found = described(noise(2, 3, 2), np.eye(2)[labels], lengths=lengths)
    assert found["classes"] == {"y1": 3, "y2": 2}


def test_repeated_trials_are_counted():
    x = noise(40, 3, 2)
    x[7], x[9] = x[3], x[3]
    y = x.sum(1)
    assert described(x, y)["duplicates"] == 2
    assert "2 trials repeat others" in notes(x, y)
    y[7] += 1  # another target, another trial
    assert described(x, y)["duplicates"] == 1


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (noise(50, 3, 2) + np.array([0, 100]), noise(50, 1), "Channel x2 is far from zero"),
        (noise(50, 3, 2) * [1, 1e4], noise(50, 1), "x2 is 9"),
        (noise(5, 3, 2), noise(5, 1), "fewer trials, 5, than numbers in the input of one, 6"),
        (noise(50, 3, 2), np.arange(50)[:, None] % 5, "whole values, 0 to 4"),
        (noise(50, 3, 2), noise(50, 3), "as many as there are steps"),
        (noise(50, 3, 2), np.ones((1, 3, 1)) * noise(50, 1, 1), "the same at all steps"),
    ],
)
def test_what_newcomers_stumble_over(x, y, words):
    assert words in notes(x, y)


def test_what_is_in_order_needs_no_note():
    assert notes(noise(100, 3, 2), noise(100, 3, 1)) == ""
    assert notes(noise(100, 3, 2) + 100, noise(100, 1), center=True) == ""
