"""Three floors of targets at every step: one filter, one for each step, and all inputs."""

import jax
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld

NAMES = ("invariant", "causal", "noncausal")


def floors_of(x, y, **options):
    floors = ld.TaskStatistics.from_data(x, y, **options).readout_floors
    return np.array([float(getattr(floors, name)) for name in NAMES])


def left(inputs, targets):
    """Half the sum of squares that least squares leaves, by SciPy on the rows themselves."""
    fitted = inputs @ scipy.linalg.lstsq(inputs, targets)[0]
    return 0.5 * np.sum((targets - fitted) ** 2)


def by_least_squares(x, y, lengths=None):
    """The three floors from raw trials, time counted from the end of each."""
    count, length, _ = x.shape
    lengths = np.full(count, length) if lengths is None else lengths
    past = np.zeros((count, length, *x.shape[1:]))  # trial, readout from the end, lag
    wanted = np.zeros_like(y)
    for trial, steps in enumerate(lengths):
        for j in range(steps):
            now = steps - 1 - j
            past[trial, j, : now + 1] = x[trial, now::-1]
            wanted[trial, j] = y[trial, now]
    flat = past.reshape(count, length, -1)
    readouts = range(length)
    invariant = left(flat.reshape(count * length, -1), wanted.reshape(count * length, -1))
    causal = sum(left(flat[:, j], wanted[:, j]) for j in readouts)
    noncausal = sum(left(flat[:, 0], wanted[:, j]) for j in readouts)
    return np.array([invariant, causal, noncausal]) / count


def trials(seed, count, length, n_in, n_out):
    """Correlated inputs with a mean, and targets that depend on everything a little."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, length, n_in)).cumsum(1) + rng.normal(size=n_in)
    mixing = rng.normal(size=(length * n_in, length * n_out))
    y = (x.reshape(count, -1) @ mixing).reshape(count, length, n_out)
    return x, y + rng.normal(size=y.shape)


@settings(max_examples=20)
@given(
    count=st.integers(1, 60),
    length=st.integers(1, 5),
    n_in=st.integers(1, 3),
    n_out=st.integers(1, 3),
    seed=st.integers(0, 2**31),
)
def test_floors_are_what_least_squares_leaves(count, length, n_in, n_out, seed):
    x, y = trials(seed, count, length, n_in, n_out)
    found = floors_of(x, y)
    np.testing.assert_allclose(found, by_least_squares(x, y), rtol=1e-8, atol=1e-18 * np.sum(y**2))
    assert (np.diff(found) <= 0).all()


def test_trials_of_different_lengths_are_read_from_their_end():
    x, y = trials(0, 80, 5, 2, 2)
    lengths = np.random.default_rng(1).integers(1, 6, size=80)
    found = floors_of(x, y, lengths=lengths)
    np.testing.assert_allclose(found, by_least_squares(x, y, lengths), rtol=1e-9)


@pytest.mark.parametrize("streamed", [False, True])
def test_centred_trials_have_the_floors_of_their_deviations(streamed):
    x, y = trials(2, 50, 4, 2, 2)
    expected = by_least_squares(x - x.mean(0), y - y.mean(0))
    if streamed:
        pairs = [(x[:20], y[:20]), (x[20:], y[20:])]
        floors = ld.TaskStatistics.from_chunks(pairs, center=True).readout_floors
        found = [float(getattr(floors, name)) for name in NAMES]
    else:
        found = floors_of(x, y, center=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_one_centred_trial_leaves_nothing():
    x, y = trials(6, 1, 3, 2, 1)
    np.testing.assert_array_equal(floors_of(x, y, center=True), np.zeros(3))


def test_channels_that_are_silent_or_the_same_explain_nothing_more():
    x, y = trials(3, 60, 4, 2, 1)
    more = np.concatenate([x, np.zeros((60, 4, 1)), 1e6 * x[:, :, :1] - x[:, :, 1:]], axis=2)
    np.testing.assert_allclose(floors_of(more, y), floors_of(x, y), rtol=1e-8)


def test_each_difference_tells_its_own_story():
    """White inputs and enough of them: targets by construction lack one thing each."""
    rng = np.random.default_rng(4)
    basis = np.linalg.qr(rng.normal(size=(600, 8)))[0] * np.sqrt(600)
    x = basis.reshape(600, 8, 1)
    causes = {
        "all": x.cumsum(1),
        "varying": x * np.arange(8.0)[:, None],
        "later": np.concatenate([x[:, 1:], x[:, :1]], axis=1),
    }
    # Time invariance: the best factor is the mean 3.5, and Σ (t − 3.5)² = 42.
    by_hand = {"all": (0, 0, 0), "varying": (21, 0, 0)}
    for name, floors in by_hand.items():
        np.testing.assert_allclose(floors_of(x, causes[name]), floors, atol=1e-12)
    # Seven inputs of the next step are unknown; the first one, at the end, is the eighth's past,
    # at a lag that no other readout has.
    np.testing.assert_allclose(floors_of(x, causes["later"]), (3.5, 3.5, 0), atol=1e-12)


def test_chance_explains_as_much_as_is_said():
    """Unrelated targets: in · t / trials of the variance at readout t, on average over draws."""
    count, length, n_in = 100, 5, 2
    shares = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(count, length, n_in)), rng.normal(size=(count, length, 3))
        shares.append(1 - floors_of(x, y)[1:] / (0.5 * np.sum(y**2) / count))
    causal, noncausal = np.mean(shares, axis=0)
    steps = np.arange(1, length + 1)
    error = np.std(shares, axis=0) / np.sqrt(40)
    assert abs(causal - np.mean(n_in * steps / count)) < 4 * error[0]
    assert abs(noncausal - n_in * length / count) < 4 * error[1]


def test_a_problem_keeps_them_and_a_single_readout_has_none():
    x, y = trials(5, 30, 3, 2, 2)
    net = ld.init_unaligned(2, 2, 2, 0.1, key=jax.random.key(0))
    kept = ld.Problem(net, (x, y)).statistics.readout_floors
    np.testing.assert_array_equal([float(getattr(kept, name)) for name in NAMES], floors_of(x, y))
    assert kept.invariant == ld.TaskStatistics.from_data(x, y).floor
    assert ld.TaskStatistics.from_data(x, y[:, -1]).readout_floors is None
    task = ld.structured_task(np.ones(3), 2, 2, outputs="every", key=jax.random.key(1))
    assert task.statistics().readout_floors is None
