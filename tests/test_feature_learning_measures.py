"""What is measured of feature learning along a curve is what its definition says of the data."""

from functools import cache

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from references import tangent_kernel

FIELDS = (
    "kernel_distance",
    "target_alignment",
    "representation_alignment",
    "kernel_rank",
    "representation_rank",
    "conserved_drift",
)
TIMES = np.array([0.0, 0.5, 4.0, 20.0])
TOLERANCE = 1e-8

# Problem: y at every step, trials of unequal lengths, centred, white, frozen parts.
PROBLEMS = {
    "final": {"every": False},
    "every, ragged": {"every": True, "ragged": True},
    "few, ragged, centred": {"every": False, "ragged": True, "center": True, "count": 5},
    "white": {"white": True},
    "recurrent frozen": {"every": False, "frozen": ("recurrent",)},
    "input and output frozen": {"every": True, "frozen": ("input", "output")},
}
each_problem = pytest.mark.parametrize("name", PROBLEMS)


def parts(net):
    return tuple(np.asarray(w) for w in (net.w_x, net.w_h, net.w_y))


@cache
def curve_of(frozen):
    """A short curve; what a network learned from other data can be measured over these."""
    rng = np.random.default_rng(0)
    start = ld.LinearRNN(*(0.6 * rng.normal(size=shape) for shape in ((3, 2), (3, 3), (2, 3))))
    x, y, _ = trials(every=False).arrays()
    problem = ld.Problem(start, (x, y), frozen=frozen)
    # The flow is the slower to compile; of frozen parts, steps say as much.
    method = ld.GradientDescent(0.05) if frozen else ld.WeightFlow(solver=diffrax.Tsit5())
    return ld.solve(problem, method, TIMES)


def trials(*, every, ragged=False, center=False, count=14):
    rng = np.random.default_rng(1)
    x = np.cumsum(rng.normal(size=(count, 4, 2)), axis=1) / 2 + 0.3
    y = 0.3 * np.cumsum(x, axis=1) + 0.2 * rng.normal(size=x.shape)
    lengths = rng.integers(1, 5, size=count) if ragged else None
    return ld.Trials(x, y if every else y[:, -1], lengths=lengths, center=center)


def white_trials():
    rng = np.random.default_rng(2)
    teacher = ld.LinearRNN(*(0.6 * rng.normal(size=shape) for shape in ((3, 2), (3, 3), (2, 3))))
    task = ld.teacher_task(teacher, 4, outputs="final")
    return ld.Trials(*map(np.asarray, task.sample(14, key=jax.random.key(0)))), task.statistics()


@cache
def measured(name):
    """Trials as they are read, the networks of a curve, and what is measured of them."""
    options = dict(PROBLEMS[name])
    frozen = options.pop("frozen", ())
    if options.pop("white", False):
        read, statistics = white_trials()
    else:
        read = trials(**options)
        statistics = ld.TaskStatistics.from_trials(read)
    curve = curve_of(frozen)
    found = ld.feature_learning(curve, statistics, frozen=frozen)
    nets = [parts(jax.tree.map(lambda w, t=t: w[t], curve.weights)) for t in range(len(TIMES))]
    return read.arrays(), nets, found, frozen, curve, statistics


def kernels_of(name):
    (x, y, lengths), nets, _, frozen, *_ = measured(name)
    options = {"every": y.ndim == 3, "frozen": frozen}
    return [tangent_kernel.full_kernel(weights, x, lengths, **options) for weights in nets]


def grams_of(name):
    (x, y, lengths), nets, *_ = measured(name)
    return [tangent_kernel.full_gram(weights, x, lengths, every=y.ndim == 3) for weights in nets]


def assert_close(found, true):
    assert found.shape == TIMES.shape
    np.testing.assert_allclose(found, true, rtol=TOLERANCE, atol=TOLERANCE)


# --- each measure, over explicit data -------------------------------------------------------------


@each_problem
def test_kernel_distance_is_that_from_the_first_network(name):
    kernels = kernels_of(name)
    true = [1 - tangent_kernel.cosine(kernels[0], kernel) for kernel in kernels]
    assert_close(measured(name)[2].kernel_distance, true)
    assert true[-1] > 1e-3
    _, nets, _, frozen, curve, statistics = measured(name)
    alone = ld.kernel_distance(ld.LinearRNN(*nets[0]), curve.weights, statistics, frozen=frozen)
    assert_close(measured(name)[2].kernel_distance, alone)


@each_problem
def test_target_alignment_is_the_share_of_the_kernel_along_the_targets(name):
    (x, y, lengths), _, found, *_ = measured(name)
    y = y[tangent_kernel.readouts(x.shape, lengths, every=True)] if y.ndim == 3 else y
    y = y.ravel()
    true = [y @ kernel @ y / (np.linalg.norm(kernel) * (y @ y)) for kernel in kernels_of(name)]
    assert_close(found.target_alignment, true)
    assert np.ptp(true) > 1e-3


@each_problem
def test_weight_change_is_relative_to_each_matrix_at_the_start(name):
    _, nets, found, frozen, *_ = measured(name)
    for part, field, index in zip(tangent_kernel.PARTS, ("w_x", "w_h", "w_y"), range(3)):  # noqa: B905
        true = [np.linalg.norm(w[index] - nets[0][index]) for w in nets]
        true /= np.linalg.norm(nets[0][index])
        assert_close(getattr(found.weight_change, field), true)
        assert (true[-1] == 0) == (part in frozen)


@each_problem
def test_representation_alignment_is_the_cosine_of_the_gram_matrices(name):
    grams = grams_of(name)
    true = [tangent_kernel.cosine(grams[0], gram) for gram in grams]
    assert_close(measured(name)[2].representation_alignment, true)
    assert true[-1] < 1 - 1e-4


@each_problem
def test_ranks_are_the_effective_ranks_of_kernel_and_gram_matrix(name):
    found = measured(name)[2]
    assert_close(found.kernel_rank, list(map(tangent_kernel.effective_rank, kernels_of(name))))
    true = list(map(tangent_kernel.effective_rank, grams_of(name)))
    assert_close(found.representation_rank, true)
    assert np.all(found.representation_rank <= 3 + TOLERANCE)  # hidden units


@each_problem
def test_imbalance_and_conserved_drift_are_relative_to_the_size_of_the_weights(name):
    _, nets, found, frozen, *_ = measured(name)

    def conserved(w_x, w_h, w_y):
        return w_x @ w_x.T - w_y.T @ w_y + w_h @ w_h.T - w_h.T @ w_h

    size = sum(np.sum(w**2) for w in nets[0])
    sizes = [np.linalg.norm(conserved(*w)) / sum(np.sum(part**2) for part in w) for w in nets]
    assert_close(found.imbalance, sizes)
    drift = [np.linalg.norm(conserved(*w) - conserved(*nets[0])) / size for w in nets]
    np.testing.assert_allclose(found.conserved_drift, drift, rtol=TOLERANCE, atol=1e-13)
    # What the flow of all the weights conserves, a flow of some of them does not.
    assert (drift[-1] > 1e-3) if frozen else (drift[-1] < 1e-6)


@each_problem
def test_the_spectrum_is_that_of_the_kernel_over_all_trials_divided_by_their_number(name):
    (x, *_), nets, _, frozen, _, statistics = measured(name)
    found = ld.kernel_spectrum(ld.LinearRNN(*nets[-1]), statistics, frozen=frozen)
    true = np.linalg.eigvalsh(kernels_of(name)[-1] / len(x))[::-1]
    common = min(len(found), len(true))
    np.testing.assert_allclose(found[:common], true[:common], rtol=1e-9, atol=1e-12 * true[0])
    assert abs(true[common:]).max(initial=0) < 1e-12 * true[0]
    assert abs(found[common:]).max(initial=0) < 1e-12 * true[0]


# --- as they should be ----------------------------------------------------------------------------


@each_problem
def test_at_the_start_nothing_has_been_learned(name):
    found = measured(name)[2]
    change = [found.kernel_distance, found.conserved_drift, *found.weight_change]
    for values in change:
        assert abs(values[0]) < 1e-14
    assert found.representation_alignment[0] == pytest.approx(1, abs=1e-14)


@each_problem
def test_every_measure_stays_within_its_bounds(name):
    found = measured(name)[2]
    rows = len(kernels_of(name)[0])
    for field in FIELDS:
        values = getattr(found, field)
        assert values.shape == TIMES.shape
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)
        if "rank" in field:
            assert np.all(values >= 1 - TOLERANCE)
            assert np.all(values <= rows + TOLERANCE)
        elif field != "conserved_drift":
            assert np.all(values <= 1 + TOLERANCE)
    assert set(found.weight_change._fields) == {"w_x", "w_h", "w_y"}


def test_part_of_the_targets_that_no_network_explains_makes_the_alignment_smaller():
    (x, y, _), _, found, *_ = measured("final")
    rng = np.random.default_rng(1)
    # Noise orthogonal to all that is linear in the inputs.
    columns = np.linalg.qr(x.reshape(len(x), -1))[0]
    noise = rng.normal(size=y.shape)
    noise -= columns @ (columns.T @ noise)
    curve = measured("final")[4]
    plain = ld.TaskStatistics.from_data(x, y)
    noisy = ld.TaskStatistics.from_data(x, y + noise)
    before = found.target_alignment
    after = ld.feature_learning(curve, noisy).target_alignment
    share = np.sum(y**2) / np.sum((y + noise) ** 2)
    assert share < 0.9
    np.testing.assert_allclose(after, share * before, rtol=TOLERANCE)
    silent = 0 * plain.target
    assert np.sum(y**2) / len(y) == pytest.approx(2 * float(plain.loss(silent)))


def test_a_rotation_of_the_hidden_units_changes_no_measure():
    _, _, found, _, curve, statistics = measured("final")
    turn = jnp.asarray(np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0])
    w = curve.weights
    turned = ld.LinearRNN(turn @ w.w_x, turn @ w.w_h @ turn.T, w.w_y @ turn.T)
    rotated = ld.feature_learning(eqx.tree_at(lambda c: c.weights, curve, turned), statistics)
    for field in FIELDS:
        np.testing.assert_allclose(
            getattr(rotated, field), getattr(found, field), rtol=TOLERANCE, atol=TOLERANCE
        )
    for first, second in zip(rotated.weight_change, found.weight_change, strict=True):
        np.testing.assert_allclose(first, second, rtol=TOLERANCE, atol=TOLERANCE)


# --- effective rank -------------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)
# Of one shape, compiled once: as many positive values as Hypothesis says, and zeros.
COUNT = 8
values_of = st.builds(
    lambda seed, count: np.pad(
        np.random.default_rng(seed).exponential(size=count) ** 3, (0, COUNT - count)
    ),
    seeds,
    st.integers(1, COUNT),
)


def rank(values):
    return float(ld.effective_rank(np.asarray(values, float)))


@given(values_of)
def test_effective_rank_is_the_exponential_of_the_entropy(values):
    assert rank(values) == pytest.approx(tangent_kernel.effective_rank(np.diag(values)), rel=1e-12)


@given(values_of, st.sampled_from([1e-12, 7.0, 1e12]))
def test_it_does_not_depend_on_unit_or_order_and_counts_at_most_what_is_there(values, factor):
    found = rank(values)
    assert rank(factor * values) == pytest.approx(found, rel=1e-12)
    assert rank(values[::-1]) == pytest.approx(found, rel=1e-12)
    assert 1 - 1e-12 <= found <= np.count_nonzero(values) + 1e-12


@given(values_of, values_of)
def test_that_of_a_product_is_the_product_of_both(first, second):
    both = rank(np.outer(first, second).ravel())
    assert both == pytest.approx(rank(first) * rank(second), rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_equal_values_are_counted_and_zeros_are_not(count):
    assert rank([0.3] * count + [0.0] * 2) == pytest.approx(count, rel=1e-12)
    assert rank([0.0] * count) == 0


def test_it_goes_along_the_last_axis():
    values = np.random.default_rng(0).exponential(size=(2, 3, 4))
    values[1, 2] = 0
    found = ld.effective_rank(values)
    assert found.shape == (2, 3)
    each = [[rank(row) for row in block] for block in values]
    np.testing.assert_allclose(found, each, rtol=1e-12)


# --- errors ---------------------------------------------------------------------------------------


def test_statistics_of_other_channels_than_the_curve_are_refused():
    curve = measured("final")[4]
    others = ld.TaskStatistics.white(np.ones((4, 2, 3)))
    with pytest.raises(ld.InputError, match=r"3 inputs and 2 outputs.*2 inputs and 2 outputs"):
        ld.feature_learning(curve, others)


def test_unknown_parts_are_refused():
    *_, curve, statistics = measured("final")
    with pytest.raises(ld.InputError, match="frozen parts among input, recurrent, output"):
        ld.feature_learning(curve, statistics, frozen=["hidden"])


def test_curves_of_weights_that_are_not_finite_or_a_batch_of_them_are_refused():
    *_, curve, statistics = measured("final")
    broken = eqx.tree_at(lambda c: c.weights.w_h, curve, curve.weights.w_h.at[1].set(np.nan))
    with pytest.raises(ld.InputError, match=r"finite weights in the curve; got w_h with NaN"):
        ld.feature_learning(broken, statistics)
    batch = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), curve)
    with pytest.raises(ld.InputError, match=r"one learning curve; got a batch, \(2,\).*vmap"):
        ld.feature_learning(batch, statistics)
    with pytest.raises(ld.InputError, match=r"one network as the network; got a batch.*vmap"):
        ld.kernel_spectrum(curve.weights, statistics)


def test_what_is_no_statistics_is_refused_with_where_to_get_some():
    # Past the annotations, which tests check and users do not.
    from learndyn.kernels._checks import checked_data

    *_, curve, statistics = measured("final")
    for wrong in (ld.Problem(curve.final, statistics), np.ones(3)):
        with pytest.raises(ld.InputError, match=r"Expected TaskStatistics.*problem\.statistics"):
            checked_data(curve.final, wrong, ())


@pytest.mark.parametrize("values", [[2.0, np.nan], [2.0, -1.0], [np.inf, 1.0]])
def test_values_of_no_spectrum_are_refused(values):
    with pytest.raises(ld.InputError, match="finite values, none below zero"):
        ld.effective_rank(np.array(values))


def test_values_whose_sum_is_out_of_range_have_their_rank():
    np.testing.assert_allclose(ld.effective_rank(np.array([1e308, 1e308])), 2, rtol=1e-12)
