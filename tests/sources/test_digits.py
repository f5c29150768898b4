"""The bundled handwritten digits arrive row by row, with one-hot targets."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_digits

import learndyn as ld
from learndyn.sources import digits


def test_images_are_read_from_the_top_row_down():
    trials, bundle = digits(), load_digits()
    assert trials.x.shape == (1797, 8, 8)
    for image in (0, 1000, 1796):
        pixels = bundle.data[image]
        for row in range(8):
            np.testing.assert_array_equal(16 * trials.x[image, row], pixels[8 * row : 8 * row + 8])


def test_pixels_fill_the_unit_interval():
    x = digits().x
    assert (x.min(), x.max()) == (0, 1)


def test_targets_are_one_hot():
    trials = digits()
    assert trials.y.shape == (1797, 10)
    np.testing.assert_array_equal(np.sort(trials.y, axis=1), np.eye(10)[[9] * 1797])
    np.testing.assert_array_equal(trials.y.argmax(1), load_digits().target)


def test_statistics_take_the_digits_as_they_are():
    trials = digits()
    statistics = ld.TaskStatistics.from_trials(trials)
    silent = statistics.loss(0 * statistics.target)
    # Of a one-hot target, exactly half is lost by an output that is always zero.
    np.testing.assert_allclose(silent, 0.5, rtol=1e-12)
    assert 0 < statistics.floor < silent
