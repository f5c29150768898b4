"""Loss, gradient and moments from the statistics are those of the data, whatever the data."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld
from learndyn._dynamics import gradient
from learndyn._errors import InputError
from references import loop_network

# Directions of input below 100 rounding errors times the root of the number of columns, at most
# 12 here, count as rounding: they are the largest error, next to those of the factorizations.
DIGITS = 1e-13

# (trajectories, T, in, hidden, out); two of them have fewer trajectories than T · in.
SHAPES = [(1, 1, 1, 1, 1), (4, 3, 2, 3, 2), (7, 6, 2, 9, 3), (30, 4, 3, 2, 1), (40, 2, 4, 1, 5)]


def white(rng, shape):
    """Moments `A = I` exactly where there are enough trajectories."""
    flat = rng.normal(size=(shape[0], shape[1] * shape[2]))
    q, _ = np.linalg.qr(flat)
    return (np.sqrt(len(q)) * q).reshape(shape) if q.shape == flat.shape else flat.reshape(shape)


def correlated(rng, shape):
    return np.cumsum(rng.normal(size=shape), axis=1) @ rng.normal(size=(shape[2], shape[2]))


def nearly_collinear(rng, shape):
    return rng.normal(size=(*shape[:2], 1)) + 10.0 ** rng.integers(-14, -2) * rng.normal(size=shape)


def duplicated(rng, shape):
    return np.repeat(rng.normal(size=(*shape[:2], 1)), shape[2], axis=2)


def constant_channel(rng, shape):
    x = rng.normal(size=shape)
    x[..., 0] = 0.1
    return x


def silent_channel(rng, shape):
    x = rng.normal(size=shape)
    x[..., -1] = 0.0
    return x


def large_mean(rng, shape):
    return rng.normal(size=shape) + 10.0 ** rng.integers(2, 9)


def units_apart(rng, shape):
    return rng.normal(size=shape) * 10.0 ** rng.integers(-15, 15, size=shape[2])


def integers(rng, shape):
    return rng.integers(-5, 5, size=shape)


def booleans(rng, shape):
    return rng.integers(0, 2, size=shape).astype(bool)


def single_precision(rng, shape):
    return rng.normal(size=shape).astype(np.float32)


KINDS = [
    white,
    correlated,
    nearly_collinear,
    duplicated,
    constant_channel,
    silent_channel,
    large_mean,
    units_apart,
    integers,
    booleans,
    single_precision,
]


class Case(NamedTuple):
    """Weights, trials and how to read them; shown by what they are made from."""

    name: str
    weights: tuple
    x: np.ndarray
    y: np.ndarray
    options: dict

    def __repr__(self):
        return f"{self.name}, {self.options}"


@st.composite
def cases(draw, kinds=tuple(KINDS), may_be_ragged=True):
    """Choices come from Hypothesis, numbers from a seed."""
    trajectories, length, n_in, n_hidden, n_out = shape = draw(st.sampled_from(SHAPES))
    kind, seed = draw(st.sampled_from(kinds)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    x = kind(rng, (trajectories, length, n_in))
    weights = tuple(
        rng.normal(size=s) / np.sqrt(s[1])
        for s in ((n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden))
    )
    y = rng.normal(size=(trajectories, length, n_out))
    if draw(st.booleans()):  # targets that depend on the inputs, at their size
        y = y + np.stack(loop_network.outputs(weights, x[..., ::-1].astype(float)), axis=1)
    y = y if draw(st.booleans()) else y[:, -1]
    ragged = may_be_ragged and draw(st.booleans())
    lengths = rng.integers(1, length + 1, size=trajectories) if ragged else None
    options = {"lengths": lengths, "center": draw(st.booleans())}
    return Case(f"{kind.__name__} {shape}, seed {seed}, y {y.shape}", weights, x, y, options)


def centred(array, lengths):
    """Minus the mean over the trajectories that reach a step, in extended precision."""
    array = array.astype(np.longdouble)
    if array.ndim == 2 or lengths is None:
        return (array - array.mean(0)).astype(float)
    reached = (np.arange(array.shape[1]) < np.asarray(lengths)[:, None])[..., None]
    mean = np.sum(reached * array, 0) / np.maximum(reached.sum(0), 1)
    return (array - mean).astype(float)


def as_read(x, y, lengths, center):
    x, y = x.astype(float), y.astype(float)
    return (centred(x, lengths), centred(y, lengths)) if center else (x, y)


def condition(weights, x, y, lengths):
    """Loss and gradient of absolute values: sums of the same terms with nothing cancelled.

    An error of one part in N of each number changes the gradient by about one part in N of these.
    """
    size_x = abs(x.astype(float)) + abs(x.astype(float)).mean(0)
    size_y = abs(y.astype(float)) + abs(y.astype(float)).mean(0)
    return loop_network.loss_and_gradient(tuple(map(abs, weights)), size_x, -size_y, lengths)


def loss_tolerance(loss, uncancelled):
    """Change of `½‖r‖²` when `r` changes by `DIGITS` of the norm of what it is a sum of."""
    change = DIGITS * np.sqrt(uncancelled)
    return 2 * change * np.sqrt(loss) + change**2


@settings(max_examples=150)
@given(cases())
def test_loss_and_gradient(case):
    _, weights, x, y, options = case
    statistics, net = ld.TaskStatistics.from_data(x, y, **options), ld.LinearRNN(*weights)
    read = as_read(x, y, **options)
    loss, slope = loop_network.loss_and_gradient(weights, *read, options["lengths"])
    loss_size, slope_size = condition(weights, x, y, options["lengths"])

    ours = float(statistics.loss(net.impulse_response(x.shape[1])))
    assert abs(ours - loss) <= loss_tolerance(float(loss), float(loss_size))
    found = gradient(statistics, net)
    for ours, true, size in zip((found.w_x, found.w_h, found.w_y), slope, slope_size, strict=True):
        assert np.all(np.abs(ours - true) <= DIGITS * size)


def test_the_reference_by_autodiff_is_the_loss_trial_by_trial():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 2)), rng.normal(size=(3, 3)), rng.normal(size=(2, 3))
    x, y, lengths = rng.normal(size=(5, 4, 2)), rng.normal(size=(5, 4, 2)), [4, 1, 2, 3, 4]
    for target in (y, y[:, 0]):
        by_trial = loop_network.loss(weights, x, target, lengths)
        fast, _ = loop_network.loss_and_gradient(weights, x, target, lengths)
        np.testing.assert_allclose(fast, by_trial, rtol=1e-14)


def input_moments(statistics):
    """A as `(lag, lag, in, in)`."""
    factor = np.asarray(statistics.inputs.factor)
    length, _, n_in = statistics.target.shape
    return (factor.T @ factor).reshape(length, n_in, length, n_in).transpose(0, 2, 1, 3)


@settings(max_examples=100)
@given(cases())
def test_moments_and_lag_weights_are_those_of_their_definition(case):
    _, _, x, y, options = case
    statistics = ld.TaskStatistics.from_data(x, y, **options)
    weights, cross, inputs = loop_network.moments(*as_read(x, y, **options), options["lengths"])
    # Each moment is a sum over trajectories of products of at most these two numbers.
    largest = [
        np.broadcast_to(abs(z.astype(float)).max(tuple(range(z.ndim - 1))), z.shape) for z in (x, y)
    ]
    _, cross_size, inputs_size = loop_network.moments(*largest, options["lengths"])
    np.testing.assert_array_equal(statistics.weights, weights)
    assert np.all(np.abs(statistics.cross_moments - cross) <= DIGITS * cross_size)
    assert np.all(np.abs(input_moments(statistics) - inputs) <= DIGITS * inputs_size)
    per_lag = np.where(weights > 0, weights, 1)[:, None, None]
    assert np.all(np.abs(statistics.lag_targets - cross / per_lag) <= DIGITS * cross_size / per_lag)
    assert np.all(np.asarray(statistics.lag_targets)[weights == 0] == 0)


# Where directions are neither present nor absent, least squares has no stable answer.
CLEAR_RANK = tuple(k for k in KINDS if k not in (nearly_collinear, large_mean))


@settings(max_examples=100)
@given(cases(kinds=CLEAR_RANK))
def test_floor_is_the_residual_of_least_squares(case):
    _, _, x, y, options = case
    statistics = ld.TaskStatistics.from_data(x, y, **options)
    rows, targets = loop_network.design(*as_read(x, y, **options), options["lengths"])
    sizes = np.linalg.norm(rows, axis=0)
    rows = rows / np.where(sizes > 0, sizes, 1)
    best = np.linalg.lstsq(rows, targets, rcond=DIGITS)[0]
    residual = 0.5 * np.sum((targets - rows @ best) ** 2) / len(x)
    scale = 0.5 * np.sum(y.astype(float) ** 2) / len(x)
    assert abs(float(statistics.floor) - residual) <= loss_tolerance(residual, scale)


@settings(max_examples=60)
@given(cases(may_be_ragged=False), st.integers(1, 8))
def test_chunks_of_any_size_give_the_statistics_of_the_whole(case, size):
    _, weights, x, y, options = case
    whole = ld.TaskStatistics.from_data(x, y, **options)
    chunks = ((x[i : i + size], y[i : i + size]) for i in range(0, len(x), size))
    pieces = ld.TaskStatistics.from_chunks(chunks, center=options["center"])
    response = ld.LinearRNN(*weights).impulse_response(x.shape[1])
    uncancelled = float(condition(weights, x, y, None)[0])
    tolerance = loss_tolerance(float(whole.loss(response)), uncancelled)
    assert abs(float(pieces.loss(response) - whole.loss(response))) <= tolerance
    np.testing.assert_array_equal(pieces.weights, whole.weights)


@pytest.mark.parametrize("every_step", [False, True])
def test_many_factorizations_lose_no_digits(every_step):
    # 60,000 trials are more than ten factorizations' worth, in several chunks.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60_000, 3, 3)) + 1.0
    y = np.cumsum(x, axis=1)[..., :2] + rng.normal(size=(60_000, 3, 2))
    y = y if every_step else y[:, -1]
    weights = rng.normal(size=(2, 3)), rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
    statistics = ld.TaskStatistics.from_data(x, y)
    loss, _ = loop_network.loss_and_gradient(weights, x, y)
    ours = statistics.loss(ld.LinearRNN(*weights).impulse_response(3))
    np.testing.assert_allclose(ours, loss, rtol=DIGITS)


@pytest.mark.parametrize("center", [False, True])
def test_memory_mapped_arrays_are_read_as_they_are(tmp_path, center):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(50, 3, 2)), "y": rng.normal(size=(50, 3, 1))}
    mapped = {}
    for name, array in arrays.items():
        file = np.lib.format.open_memmap(
            tmp_path / f"{name}.npy", mode="w+", dtype=array.dtype, shape=array.shape
        )
        file[:] = array
        file.flush()
        mapped[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    trials = ld.Trials(**mapped, center=center)
    assert isinstance(trials.x, np.memmap)  # not a copy
    ours = ld.TaskStatistics.from_trials(trials)
    plain = ld.TaskStatistics.from_data(**arrays, center=center)
    np.testing.assert_array_equal(ours.target, plain.target)
    np.testing.assert_array_equal(ours.floor, plain.floor)


def test_centring_leaves_nothing_of_a_constant_channel():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(37, 4, 2)), rng.normal(size=(37, 2))
    x[..., 1] = 0.1
    lengths = rng.integers(2, 5, size=37)
    for options in ({}, {"lengths": lengths}):
        read, _, _ = ld.Trials(x, y, center=True, **options).arrays()
        assert np.all(read[..., 1] == 0)


@pytest.mark.parametrize(
    ("x", "y", "options", "sentence"),
    [
        ([[[1.0]], [[1.0], [2.0]]], np.ones((2, 1)), {}, "Expected an array as x; got pieces"),
        (np.ma.masked_less(np.ones((2, 2, 1)), 0), np.ones((2, 1)), {}, "without a mask as x"),
        (np.ones((2, 2, 1), complex), np.ones((2, 1)), {}, "real numbers in x; got an array"),
        (np.ones((2, 2)), np.ones((2, 1)), {}, r"x of shape \(trajectories, time, in\)"),
        (np.ones((2, 2, 1)), np.ones(2), {}, r"y of shape \(trajectories, out\), or"),
        (np.ones((2, 2, 1)), np.ones((3, 1)), {}, "as many targets as inputs, 2"),
        (np.ones((2, 2, 1)), np.ones((2, 3, 1)), {}, "targets at each of the 2 steps"),
        (np.ones((0, 2, 1)), np.ones((0, 1)), {}, "at least one number in x"),
        (np.full((2, 2, 1), np.nan), np.ones((2, 1)), {}, r"nan at x\[0, 0, 0\]"),
        (np.ones((2, 2, 1)), np.full((2, 1), np.inf), {}, r"inf at y\[0, 0\]"),
        (np.ones((2, 2, 1)), np.ones((2, 1)), {"lengths": [2]}, r"lengths of shape \(2,\)"),
        (np.ones((2, 2, 1)), np.ones((2, 1)), {"lengths": [1.0, 2.0]}, "whole numbers"),
        (np.ones((2, 2, 1)), np.ones((2, 1)), {"lengths": [0, 2]}, "lengths between 1 and 2"),
        (np.ones((2, 2, 1)), np.ones((2, 1)), {"lengths": [1, 3]}, "lengths between 1 and 2"),
    ],
)
def test_unusable_trials_are_refused_with_a_cure(x, y, options, sentence):
    with pytest.raises(InputError, match=sentence):
        ld.TaskStatistics.from_data(x, y, **options)


def test_numbers_that_are_not_finite_are_ignored_beyond_the_length_of_a_trial():
    x, y = np.ones((3, 4, 2)), np.ones((3, 4, 1))
    x[1, 2:], y[1, 2:] = np.nan, np.inf
    ld.TaskStatistics.from_data(x, y, lengths=[4, 2, 4])
    with pytest.raises(InputError, match=r"nan at x\[1, 2, 0\]"):
        ld.TaskStatistics.from_data(x, y, lengths=[4, 3, 4])


def test_chunks_that_do_not_fit_together_are_refused():
    pair = np.ones((2, 3, 1)), np.ones((2, 1))
    with pytest.raises(InputError, match="at least one chunk"):
        ld.TaskStatistics.from_chunks([])
    with pytest.raises(InputError, match=r"chunks of one shape.*in chunk 1"):
        ld.TaskStatistics.from_chunks([pair, (np.ones((2, 4, 1)), np.ones((2, 1)))])
