"""Whitening is exact and causal, and what it changes in a task is what is said of it."""

import dataclasses

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld

WAYS = ("channels", "innovations")


def statistics(x, y, **options):
    return ld.TaskStatistics.from_data(np.asarray(x), np.asarray(y), **options)


def violation(trials):
    return float(ld.TaskStatistics.from_trials(trials).inputs.whiteness_violation())


def random_trials(seed, extra, length, n_in, *, center=False, every=False):
    """Inputs that last, channels that mix, and targets that depend on all of it and on chance."""
    rng = np.random.default_rng(seed)
    count = length * n_in + 2 + extra
    x = rng.normal(size=(count, length, n_in)).cumsum(1) @ rng.normal(size=(n_in, n_in))
    x += rng.normal(size=(length, n_in))
    mixing = rng.normal(size=(length * n_in, length * 2))
    y = (x.reshape(count, -1) @ mixing).reshape(count, length, 2) + rng.normal(size=(2,))
    y += rng.normal(size=y.shape)
    return ld.Trials(x, y if every else y[:, -1], center=center)


def with_moments(moments, length):
    """As many trials as they have numbers, with exactly these second moments."""
    size = len(moments)
    x = np.sqrt(size) * np.linalg.cholesky(moments).T
    return x.reshape(size, length, -1)


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("count", [1, 5, 30])
def test_whiteness_is_that_of_the_moments_however_few_the_trials(count, every):
    x = np.random.default_rng(count).normal(size=(count, 4, 3)).cumsum(1)
    found = statistics(x, x if every else x[:, -1])
    weights = np.arange(4, 0, -1) if every else np.ones(4)
    lagged = [x[:, : t + 1][:, ::-1].reshape(count, -1) for t in range(4)]
    rows = [np.pad(part, ((0, 0), (0, 12 - part.shape[1]))) for part in lagged]
    rows = np.concatenate(rows if every else rows[-1:])
    distance = np.linalg.norm(rows.T @ rows / count - np.diag(np.repeat(weights, 3)))
    true = distance / np.linalg.norm(np.repeat(weights, 3))
    assert np.isclose(found.inputs.whiteness_violation(), true, rtol=1e-12)


def decaying(rho, length):
    """Moments of a stationary AR(1) process of unit variance."""
    return rho ** abs(np.subtract.outer(np.arange(length), np.arange(length)))


def root(moments):
    return np.real(scipy.linalg.sqrtm(moments))


def new_at_each_step(x):
    """Innovations by least squares on the trials, one step after the other."""
    count, length, _ = x.shape
    new = np.empty_like(x)
    for step in range(length):
        past = x[:, :step].reshape(count, -1)
        rest = x[:, step] - past @ scipy.linalg.lstsq(past, x[:, step])[0] if step else x[:, step]
        new[:, step] = np.linalg.solve(root(rest.T @ rest / count), rest.T).T
    return new


def left(inputs, targets):
    fitted = inputs @ scipy.linalg.lstsq(inputs, targets)[0]
    return 0.5 * np.sum((targets - fitted) ** 2)


def invariant_floor(x, y):
    """What the best filter that is the same at every step leaves, by least squares on the rows."""
    count, length, n_in = x.shape
    past = np.zeros((count, length, length, n_in))
    for step in range(length):
        past[:, step, : step + 1] = x[:, step::-1]
    return left(past.reshape(count * length, -1), y.reshape(count * length, -1)) / count


random_cases = given(
    seed=st.integers(0, 2**31),
    extra=st.integers(0, 50),
    length=st.integers(1, 4),
    n_in=st.integers(1, 2),
    center=st.booleans(),
)


# What the maps are


@random_cases
def test_innovations_are_white_and_what_is_new_at_each_step(seed, extra, length, n_in, center):
    trials = random_trials(seed, extra, length, n_in, center=center)
    whitened = ld.whiten(trials, "innovations")
    assert violation(whitened.trials) <= 1e-12
    x, y, _ = trials.arrays()
    e, same, _ = whitened.trials.arrays()
    np.testing.assert_array_equal(same, y)
    np.testing.assert_allclose(e, new_at_each_step(x), atol=1e-7)
    np.testing.assert_allclose(e.reshape(len(e), -1) @ whitened.factor.T, x.reshape(len(x), -1))
    np.testing.assert_allclose(whitened.apply(trials.x), e, atol=1e-9)


@random_cases
def test_channels_are_white_on_average_over_steps_by_a_symmetric_root(
    seed, extra, length, n_in, center
):
    trials = random_trials(seed, extra, length, n_in, center=center)
    whitened = ld.whiten(trials, "channels")
    x, e = trials.arrays()[0], whitened.trials.arrays()[0]
    mean = np.einsum("nti,ntj->ij", e, e) / (len(e) * length)
    np.testing.assert_allclose(mean, np.eye(n_in), atol=1e-12)
    moments = np.einsum("nti,ntj->ij", x, x) / (len(x) * length)
    np.testing.assert_allclose(whitened.factor, root(moments), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(e @ whitened.factor, x, atol=1e-10 * abs(x).max())
    np.testing.assert_allclose(whitened.apply(trials.x), e, atol=1e-9)


@pytest.mark.parametrize("every", [False, True])
def test_innovations_stay_white_where_the_inputs_nearly_repeat_themselves(every):
    rng = np.random.default_rng(0)
    x = 1e3 + 1e-6 * rng.normal(size=(300, 10, 2))  # a direction of 1e3 and nineteen of 1e-6
    y = rng.normal(size=(300, 10, 1) if every else (300, 1))
    assert violation(ld.whiten(ld.Trials(x, y), "innovations").trials) <= 1e-12


@pytest.mark.parametrize("how", WAYS)
def test_no_step_sees_a_later_one(how):
    trials = random_trials(0, 40, 5, 2)
    whitened = ld.whiten(trials, how)
    before = whitened.apply(trials.x)
    for step in range(5):
        changed = trials.x.copy()
        changed[:, step:] += np.random.default_rng(step).normal(size=changed[:, step:].shape)
        after = whitened.apply(changed)
        np.testing.assert_array_equal(after[:, :step], before[:, :step])
        assert (abs(after - before)[:, step] > 0).any(axis=1).all()


@pytest.mark.parametrize("how", WAYS)
def test_turned_channels_give_turned_whitened_channels(how):
    trials = random_trials(1, 40, 4, 3)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turned = ld.whiten(ld.Trials(trials.x @ turn, trials.y), how)
    np.testing.assert_allclose(turned.trials.x, ld.whiten(trials, how).trials.x @ turn, atol=1e-10)


def test_of_one_step_both_ways_are_the_same():
    trials = random_trials(2, 30, 1, 3)
    both = [ld.whiten(trials, how).trials.x for how in WAYS]
    np.testing.assert_allclose(*both, atol=1e-12)


@pytest.mark.parametrize("how", WAYS)
def test_on_white_inputs_they_are_the_identity_up_to_chance(how):
    count, length, n, repeats = 1000, 3, 2, 300
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(repeats):
        x = rng.normal(size=(count, length, n))
        factor = ld.whiten(ld.Trials(x, x[:, 0]), how).factor
        squares.append(np.sum((factor - np.eye(len(factor))) ** 2))
    # Moments of P rows err by N(0, 1/P), twice that on the diagonal. A symmetric root takes half
    # of the error of its block, and a block below the diagonal all of it.
    per_block = n * (n + 1) / 4
    if how == "channels":
        expected = per_block / (count * length)
    else:
        expected = (length * per_block + n**2 * length * (length - 1) / 2) / count
    chance = np.std(squares) / np.sqrt(repeats)
    assert abs(np.mean(squares) - expected) < 4 * chance
    assert chance < 0.1 * expected


# Processes whose innovations are known


@pytest.mark.parametrize("rho", [0.9, -0.5])
def test_innovations_of_an_autoregressive_process_are_its_noise(rho):
    x = with_moments(decaying(rho, 8), 8)
    e = ld.whiten(ld.Trials(x, x[:, 0]), "innovations").trials.x
    np.testing.assert_allclose(e[:, 0], x[:, 0], atol=1e-12)
    noise = (x[:, 1:] - rho * x[:, :-1]) / np.sqrt(1 - rho**2)
    np.testing.assert_allclose(e[:, 1:], noise, atol=1e-12)


def kalman(x, turn, sees, process, noise, state):
    """Whitened innovations and their moments by the recursions of the Kalman filter."""
    guess, new, sizes = np.zeros((len(x), len(turn))), [], []
    for step in range(x.shape[1]):
        size = sees @ state @ sees.T + noise
        surprise = x[:, step] - guess @ sees.T
        gain = state @ sees.T @ np.linalg.inv(size)
        new.append(np.linalg.solve(root(size), surprise.T).T)
        sizes.append(size)
        guess = (guess + surprise @ gain.T) @ turn.T
        state = turn @ (state - gain @ sees @ state) @ turn.T + process
    return np.stack(new, 1), np.stack(sizes)


def moments_of_states(turn, sees, process, noise, state, length):
    """Second moments of what a linear system shows, in order of time."""
    now, n = [state], len(noise)
    for _ in range(length - 1):
        now.append(turn @ now[-1] @ turn.T + process)
    moments = np.zeros((length, n, length, n))
    for t in range(length):
        for s in range(t + 1):
            ahead = np.linalg.matrix_power(turn, t - s)
            moments[t, :, s] = sees @ ahead @ now[s] @ sees.T + (t == s) * noise
            moments[s, :, t] = moments[t, :, s].T
    return moments.reshape(length * n, length * n)


@pytest.mark.parametrize("seed", range(3))
def test_innovations_are_those_of_the_kalman_filter(seed):
    rng = np.random.default_rng(seed)
    turn = rng.normal(size=(3, 3))
    turn *= 0.9 / max(abs(np.linalg.eigvals(turn)))
    sees, noise = rng.normal(size=(2, 3)), np.diag(rng.uniform(0.2, 1.0, 2))
    system = (turn, sees, np.eye(3), noise, 2 * np.eye(3))
    x = with_moments(moments_of_states(*system, 10), 10)
    whitened = ld.whiten(ld.Trials(x, x[:, 0]), "innovations")
    expected, sizes = kalman(x, *system)
    np.testing.assert_allclose(whitened.trials.x, expected, atol=1e-10)
    blocks = whitened.factor.reshape(10, 2, 10, 2)
    found = [blocks[t, :, t] @ blocks[t, :, t] for t in range(10)]
    np.testing.assert_allclose(found, sizes, rtol=1e-10)


def test_of_a_stationary_process_the_map_settles_as_fast_as_the_kalman_filter():
    rho, noise, length = 0.9, 1.0, 14
    x = with_moments(decaying(rho, length) + noise * np.eye(length), length)
    factor = ld.whiten(ld.Trials(x, x[:, 0]), "innovations").factor
    one = np.eye(1)
    state = scipy.linalg.solve_discrete_are(rho * one, one, (1 - rho**2) * one, noise * one)
    settled = float(state[0, 0]) + noise
    closed_loop = rho * noise / settled
    distance = np.diag(factor) ** 2 - settled
    rates = distance[1:] / distance[:-1]
    np.testing.assert_allclose(rates[6:10], closed_loop**2, rtol=1e-3)


# What they change in a task with a readout at the last step


@random_cases
def test_the_best_filter_of_the_last_readout_is_carried_and_its_floor_stays(
    seed, extra, length, n_in, center
):
    trials = random_trials(seed, extra, length, n_in, center=center)
    x, y, _ = trials.arrays()
    raw = ld.TaskStatistics.from_trials(trials)
    floor = left(x.reshape(len(x), -1), y) / len(x)
    for how in WAYS:
        whitened = ld.whiten(trials, how)
        e = whitened.trials.arrays()[0]
        # By least squares on the trials, in order of time.
        best = scipy.linalg.lstsq(e.reshape(len(e), -1), y)[0]
        best = best.reshape(length, n_in, -1)[::-1].swapaxes(1, 2)
        size = abs(best).max()
        new = ld.TaskStatistics.from_trials(whitened.trials)
        np.testing.assert_allclose(new.floor, floor, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(raw.floor, floor, rtol=1e-7, atol=1e-12)
        response = np.random.default_rng(seed).normal(size=best.shape)
        outputs = np.einsum("koi,nki->no", response, x[:, ::-1])
        carried = whitened.to_whitened(response)
        same = np.einsum("koi,nki->no", carried, e[:, ::-1])
        np.testing.assert_allclose(same, outputs, atol=1e-9 * abs(outputs).max())
        np.testing.assert_allclose(whitened.to_inputs(carried), response, atol=1e-7)
        if how == "innovations":
            np.testing.assert_allclose(new.target, best, atol=1e-9 * size)


def test_innovations_turn_the_mean_of_a_lasting_input_into_a_task_of_early_importance():
    # x_t is a constant of variance P plus unit noise; after s − 1 steps it is known to 1 / P_s.
    length, variance = 6, 25.0
    x = with_moments(variance + np.eye(length), length)
    trials = ld.Trials(x, x.mean(1))
    raw = ld.TaskStatistics.from_trials(trials)
    np.testing.assert_allclose(raw.target[:, 0, 0], 1 / length, atol=1e-12)  # u = 1/T and b = 1
    new = ld.TaskStatistics.from_trials(ld.whiten(trials, "innovations").trials)
    step = np.arange(1, length + 1)
    unknown = 1 / (1 / variance + step - 1)
    spectrum = (unknown + 1 + (length - step) * unknown) / (length * np.sqrt(unknown + 1))
    np.testing.assert_allclose(new.lag_targets[::-1, 0, 0], spectrum, atol=1e-12)
    # Over a fine grid of b, no |b| ≤ 1 is best, and none leaves less than a permille.
    b = np.linspace(-20, 20, 40001)
    powers = b[:, None] ** np.arange(length)[::-1]
    left_over = np.sum(spectrum**2) - (powers @ spectrum) ** 2 / np.sum(powers**2, axis=1)
    assert b[np.argmin(left_over)] > 1
    assert left_over.min() > 1e-3 * np.sum(spectrum**2)


# What they change with a readout at every step


@random_cases
def test_innovations_move_the_floor_of_one_filter_for_all_steps_and_no_other(
    seed, extra, length, n_in, center
):
    trials = random_trials(seed, extra, length, n_in, center=center, every=True)
    raw = ld.TaskStatistics.from_trials(trials).readout_floors
    for how in WAYS:
        whitened = ld.whiten(trials, how).trials
        e, y, _ = whitened.arrays()
        new = ld.TaskStatistics.from_trials(whitened)
        np.testing.assert_allclose(new.floor, invariant_floor(e, y), rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(new.readout_floors.causal, raw.causal, rtol=1e-7, atol=1e-10)
        if how == "channels":
            np.testing.assert_allclose(new.floor, raw.invariant, rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(
            new.readout_floors.noncausal, raw.noncausal, rtol=1e-6, atol=1e-9
        )


def test_the_floor_of_running_sums_rises_and_that_of_sums_of_innovations_falls():
    x = random_trials(0, 50, 5, 2).x
    e = ld.whiten(ld.Trials(x, x), "innovations").trials.x
    floors = [float(statistics(a, b.cumsum(1)).floor) for a, b in [(x, x), (e, x), (x, e), (e, e)]]
    assert max(floors[0], floors[3]) < 1e-20
    assert min(floors[1], floors[2]) > 0.1


def test_a_network_absorbs_the_whitening_of_channels_but_learns_otherwise():
    trials = random_trials(3, 40, 4, 3, every=True)
    whitened = ld.whiten(trials, "channels")
    net = ld.init_unaligned(3, 4, 2, 0.5, key=jax.random.key(0))
    absorbed = ld.LinearRNN(net.w_x @ whitened.factor, net.w_h, net.w_y)
    raw, new = ld.Problem(net, trials), ld.Problem(absorbed, whitened.trials)
    losses = [float(p.statistics.loss(p.net.impulse_response(4))) for p in (raw, new)]
    np.testing.assert_allclose(*losses, rtol=1e-12)
    speeds = [
        sum(float(jnp.sum(w**2)) for w in jax.tree.leaves(ld.velocity(p, p.net)))
        for p in (raw, new)
    ]
    assert abs(speeds[0] / speeds[1] - 1) > 0.1


def test_symmetric_whitening_over_time_would_tell_what_nobody_can_know():
    rho, length = 0.6, 60
    x = with_moments(decaying(rho, length), length)
    e = ld.whiten(ld.Trials(x, x), "innovations").trials.x
    moments = decaying(rho, length)
    symmetric = np.linalg.solve(root(moments), x[..., 0].T).T[..., None]
    following = np.concatenate([e[:, 1:], np.zeros_like(e[:, :1])], axis=1)
    causal = [
        float(statistics(inputs, following).readout_floors.causal) for inputs in (x, e, symmetric)
    ]
    np.testing.assert_allclose(causal[:2], (length - 1) / 2, rtol=1e-10)
    # Far from both ends the inputs are the noise through the all-pass filter |A| / A, and the next
    # noise is explained by its coefficients at negative delays.
    transfer = 1 - rho * np.exp(-2j * np.pi * np.arange(4096) / 4096)
    impulse = np.fft.ifft(abs(transfer) / transfer).real
    middle = length // 2
    gap = left(symmetric[:, : middle + 1, 0], following[:, middle]) / len(x)
    np.testing.assert_allclose(1 - 2 * gap, np.sum(impulse[2048:] ** 2), rtol=1e-6)
    assert causal[2] < 0.95 * causal[0]


# Theory on whitened trials


def test_modes_flow_on_whitened_trials_as_networks_train_on_them():
    length, n = 4, 2
    rng = np.random.default_rng(0)
    left_vectors, right_vectors = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    x = with_moments(np.kron(decaying(0.8, length), np.eye(n)), length)
    weights = np.array([[0.3, 0.2], [0.5, 0.1], [0.8, 0.4], [1.0, 0.7]])
    y = np.einsum("oa,ta,ia,nti->no", left_vectors, weights, right_vectors, x)
    trials = ld.Trials(x, y)
    whitened = ld.whiten(trials, "innovations").trials
    vectors = (jnp.asarray(left_vectors), jnp.asarray(right_vectors))
    task = dataclasses.replace(ld.TaskStatistics.from_trials(whitened), vectors=vectors)
    net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(0))
    times = jnp.linspace(0.0, 4.0, 3)
    with pytest.raises(ld.AssumptionError, match="white_input"):
        ld.solve(ld.Problem(net, trials), ld.ModeFlow(), times)
    problem = ld.Problem(net, whitened)
    modes = ld.solve(problem, ld.ModeFlow(solver=diffrax.Tsit5()), times)
    flow = ld.solve(problem, ld.WeightFlow(solver=diffrax.Tsit5()), times)
    assert float(modes.violations["white_input"]) < 1e-12
    assert ld.compare(modes, flow).largest_gap < 1e-6
    gaps = []
    for rate in (0.002, 0.001):
        trained = ld.solve(problem, ld.GradientDescent(rate, on="data"), times)
        gaps.append(ld.compare(modes, trained).largest_gap)
    assert abs(gaps[0] / gaps[1] - 2) < 0.1


# Trials of different lengths, and what cannot be whitened


def test_channels_of_trials_of_different_lengths_are_whitened_over_the_steps_there_are():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 6, size=80)
    x = rng.normal(size=(80, 5, 2)) @ rng.normal(size=(2, 2))
    there = np.arange(5) < lengths[:, None]
    x[~there] = np.nan
    y = rng.normal(size=(80, 5, 1))
    found = ld.whiten(ld.Trials(x, y, lengths=lengths), "channels")
    whitened, again = found.trials, found.apply(x, lengths=lengths)
    e = whitened.arrays()[0]
    np.testing.assert_allclose(again, e, atol=1e-12)
    np.testing.assert_allclose(e[there].T @ e[there] / there.sum(), np.eye(2), atol=1e-12)
    x[~there] = 0.0
    floors = [
        ld.TaskStatistics.from_trials(t).readout_floors
        for t in (ld.Trials(x, y, lengths=lengths), whitened)
    ]
    for name in ("invariant", "causal", "noncausal"):
        np.testing.assert_allclose(*(getattr(f, name) for f in floors), rtol=1e-9)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("center", [False, True])
def test_shorter_trials_that_were_kept_are_the_beginnings_of_whole_ones(how, center):
    trials = random_trials(1, 20, 4, 2, center=center)
    whitened = ld.whiten(trials, how)
    lengths = np.arange(len(trials.x)) % 4 + 1
    there = np.arange(4) < lengths[:, None]
    cut = np.where(there[..., None], trials.x, np.nan)
    expected = np.where(there[..., None], whitened.apply(trials.x), 0.0)
    np.testing.assert_allclose(whitened.apply(cut, lengths=lengths), expected, atol=1e-12)
    with pytest.raises(ld.InputError, match="lengths"):
        whitened.apply(trials.x, lengths=lengths[:-1])


def test_innovations_of_trials_of_different_lengths_are_refused():
    x = np.random.default_rng(0).normal(size=(40, 3, 2))
    lengths = np.full(40, 3)
    assert ld.whiten(ld.Trials(x, x[:, 0], lengths=lengths), "innovations").trials.count == 40
    lengths[0] = 2
    with pytest.raises(ld.InputError, match="one length"):
        ld.whiten(ld.Trials(x, x[:, 0], lengths=lengths), "innovations")


def silent(x):
    x[..., 1] = 0.0


def doubled(x):
    x[..., 1] = -3e5 * x[..., 0]


def constant(x):
    x[..., 1] = 0.7


def mixed(x):
    x[..., 2] = x[..., 0] + x[..., 1]


@pytest.mark.parametrize(
    ("spoil", "how", "center", "missing"),
    [
        (silent, "channels", False, 1),
        (silent, "innovations", False, 4),
        (doubled, "channels", False, 1),
        (mixed, "innovations", False, 4),
        (constant, "channels", True, 1),
        (constant, "innovations", True, 4),
        (constant, "innovations", False, 3),  # all but its first step can be foretold
    ],
)
def test_directions_without_variance_are_counted(spoil, how, center, missing):
    x = np.random.default_rng(0).normal(size=(50, 4, 3))
    spoil(x)
    with pytest.raises(ld.InputError, match=rf"got {missing} in which they do not\. Drop inputs"):
        ld.whiten(ld.Trials(x, x[:, 0], center=center), how)


def test_a_constant_channel_is_white_as_soon_as_moments_are_about_zero():
    x = np.random.default_rng(0).normal(size=(50, 4, 3))
    constant(x)
    assert ld.whiten(ld.Trials(x, x[:, 0]), "channels").factor.shape == (3, 3)


def test_too_few_trials_are_counted():
    x = np.random.default_rng(0).normal(size=(11, 4, 3))
    with pytest.raises(ld.InputError, match=r"got 1 in which they do not\. Bring more trials"):
        ld.whiten(ld.Trials(x, x[:, 0]), "innovations")
    assert ld.whiten(ld.Trials(x, x[:, 0]), "channels").trials.count == 11


def test_other_bad_input_is_refused_in_a_sentence():
    trials = random_trials(0, 20, 3, 2)
    with pytest.raises(ld.InputError, match="one of channels, innovations; got 'zca'"):
        ld.whiten(trials, "zca")
    spoiled = trials.x.copy()
    spoiled[4, 1, 0] = np.nan
    with pytest.raises(ld.InputError, match=r"x\[4, 1, 0\]"):
        ld.whiten(ld.Trials(spoiled, trials.y), "channels")
    whitened = ld.whiten(trials, "innovations")
    with pytest.raises(ld.InputError, match=r"x\[4, 1, 0\]"):
        whitened.apply(spoiled)
    with pytest.raises(ld.InputError, match="inputs of 3 steps and 2 channels"):
        whitened.apply(trials.x[:, :2])
    with pytest.raises(ld.InputError, match="a response to inputs of 3 steps and 2 channels"):
        whitened.to_inputs(np.ones((4, 2, 2)))
    for carry in (whitened.to_inputs, whitened.to_whitened):
        with pytest.raises(ld.InputError, match="a real impulse response"):
            carry(1j * np.ones((3, 2, 2)))
    every = ld.whiten(random_trials(0, 20, 3, 2, every=True), "innovations")
    with pytest.raises(ld.InputError, match="one readout"):
        every.to_whitened(np.ones((3, 2, 2)))
