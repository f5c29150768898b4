"""The distance of two kernels over a data set, from its statistics, is that of the kernels."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld
from references import exact, tangent_kernel

EPS = np.finfo(float).eps
FROZEN = [(), ("recurrent",), ("input", "output")]
TOLERANCE = 1e-8

# (trajectories, T, in, hidden, out); the first two have fewer trajectories than T · in, one a
# single step, one a single hidden unit.
SHAPES = [(2, 4, 3, 3, 2), (6, 6, 2, 2, 3), (14, 3, 2, 4, 2), (9, 1, 3, 2, 2), (12, 4, 1, 1, 2)]

seeds = st.integers(0, 2**32 - 1)


class Case(NamedTuple):
    """Two networks and trials with how to read them; shown by what they are made from."""

    name: str
    first: tuple
    second: tuple
    x: np.ndarray
    y: np.ndarray
    options: dict

    def __repr__(self):
        return f"{self.name}, {self.options}"

    @property
    def statistics(self):
        return ld.TaskStatistics.from_data(self.x, self.y, **self.options)

    @property
    def every(self):
        return self.y.ndim == 3

    def brute_force(self, frozen=()):
        """Eq. 135 from both kernels, of the trials as they are read."""
        x, _, lengths = ld.Trials(self.x, self.y, **self.options).arrays()
        return tangent_kernel.distance(
            self.first, self.second, x, lengths, every=self.every, frozen=frozen
        )


def random_weights(rng, n_in, n_hidden, n_out):
    shapes = (n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden)
    return tuple(rng.normal(size=shape) / np.sqrt(shape[1]) for shape in shapes)


def make(seed, shape, *, every, ragged=False, center=False, related=False):
    """Correlated inputs, and networks that are far apart or near each other."""
    trajectories, length, n_in, *rest = shape
    rng = np.random.default_rng(seed)
    first, second = (random_weights(rng, n_in, *rest) for _ in range(2))
    if related:
        second = tuple(w + 0.1 * s for w, s in zip(first, second, strict=True))
    x = np.cumsum(rng.normal(size=(trajectories, length, n_in)), axis=1) + 0.5
    x = x @ rng.normal(size=(n_in, n_in))
    y = rng.normal(size=(trajectories, length, rest[-1]))
    lengths = rng.integers(1, length + 1, size=trajectories) if ragged else None
    options = {"lengths": lengths, "center": center}
    name = f"seed {seed}, {shape}, every {every}, related {related}"
    return Case(name, first, second, x, y if every else y[:, -1], options)


@st.composite
def cases(draw, shapes=SHAPES):
    flags = {name: draw(st.booleans()) for name in ("every", "ragged", "center", "related")}
    return make(draw(seeds), draw(st.sampled_from(shapes)), **flags)


# For what compares the library with itself: two shapes.
few_cases = cases(shapes=SHAPES[:1] + SHAPES[2:3])
few_frozen = st.sampled_from(FROZEN[:2])


def distance(first, second, statistics, **options):
    nets = ld.LinearRNN(*first), ld.LinearRNN(*second)
    return float(ld.kernel_distance(*nets, statistics, **options))


# --- against the kernels --------------------------------------------------------------------------


@settings(max_examples=40)
@given(cases(), st.sampled_from(FROZEN))
def test_the_distance_from_statistics_is_that_of_the_kernels_over_the_data(case, frozen):
    if case.x.shape[1] == 1 and frozen == ("input", "output"):
        frozen = ()  # after one step nothing depends on the recurrent weights
    found = distance(case.first, case.second, case.statistics, frozen=frozen)
    assert abs(found - case.brute_force(frozen)) <= TOLERANCE


@pytest.mark.parametrize("outputs", ["final", "every"])
@pytest.mark.parametrize("frozen", FROZEN)
def test_for_white_input_it_is_that_over_a_sample_that_is_exactly_white(outputs, frozen):
    rng = np.random.default_rng(0)
    teacher, *students = (random_weights(rng, 2, hidden, 3) for hidden in (2, 4, 4))
    task = ld.teacher_task(ld.LinearRNN(*teacher), 5, outputs=outputs)
    x, y = map(np.asarray, task.sample(13, key=jax.random.key(0)))
    sampled = Case("white", *students, x, y, {})
    true = sampled.brute_force(frozen)
    assert abs(distance(*students, task.statistics(), frozen=frozen) - true) <= TOLERANCE
    assert abs(distance(*students, sampled.statistics, frozen=frozen) - true) <= TOLERANCE


def test_it_is_that_of_the_kernel_of_ntk():
    case = make(1, SHAPES[2], every=True)
    kernels = [
        np.asarray(ld.ntk(ld.LinearRNN(*weights), case.x, case.x, outputs="every"))
        for weights in (case.first, case.second)
    ]
    true = 1 - tangent_kernel.cosine(*kernels)
    assert abs(distance(case.first, case.second, case.statistics) - true) <= TOLERANCE


@pytest.mark.parametrize("every", [False, True])
def test_steps_beyond_the_length_of_a_trial_do_not_exist(every):
    case = make(2, SHAPES[2], every=every)
    lengths = np.resize([1, 2, 2], len(case.x))
    found = distance(
        case.first,
        case.second,
        ld.TaskStatistics.from_data(case.x, case.y, lengths=lengths),
    )
    short = ld.TaskStatistics.from_data(
        case.x[:, :2], case.y[:, :2] if every else case.y, lengths=lengths
    )
    assert abs(distance(case.first, case.second, short) - found) <= TOLERANCE
    whole = distance(case.first, case.second, case.statistics)
    assert abs(whole - found) > 1e-3


# --- a distance -----------------------------------------------------------------------------------


@given(few_cases, few_frozen)
def test_it_is_symmetric_and_between_zero_and_one_and_zero_for_a_network_with_itself(case, frozen):
    found = distance(case.first, case.second, case.statistics, frozen=frozen)
    back = distance(case.second, case.first, case.statistics, frozen=frozen)
    assert abs(found - back) <= 1e-12
    assert 0 < found <= 1
    assert 0 <= distance(case.first, case.first, case.statistics, frozen=frozen) <= 4 * EPS


@given(few_cases)
def test_neither_the_order_nor_the_unit_nor_the_number_of_copies_of_the_trials_matters(case):
    found = distance(case.first, case.second, case.statistics)
    order = np.random.default_rng(0).permutation(len(case.x))
    lengths = case.options["lengths"]
    options = case.options | {"lengths": None if lengths is None else lengths[order]}
    others = [
        case._replace(x=case.x[order], y=case.y[order], options=options),
        case._replace(x=-30 * case.x),
        case._replace(y=np.zeros_like(case.y)),
    ]
    for other in others:
        other_found = distance(case.first, case.second, other.statistics)
        assert abs(other_found - found) <= TOLERANCE


def test_trials_seen_twice_count_as_once():
    case = make(3, SHAPES[0], every=True)
    twice = case._replace(x=np.repeat(case.x, 2, 0), y=np.repeat(case.y, 2, 0))
    found = [distance(case.first, case.second, c.statistics) for c in (case, twice)]
    assert abs(found[0] - found[1]) <= TOLERANCE


@given(few_cases, few_frozen)
def test_rotations_of_outputs_or_inputs_or_hidden_units_leave_it_alone(case, frozen):
    rng = np.random.default_rng(1)
    n_hidden, n_in, n_out = *case.first[0].shape, len(case.first[2])
    of_in, of_hidden, of_out = (
        np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (n_in, n_hidden, n_out)
    )
    found = distance(case.first, case.second, case.statistics, frozen=frozen)

    def mixed_outputs(w_x, w_h, w_y):
        return w_x, w_h, of_out @ w_y

    def mixed_inputs(w_x, w_h, w_y):
        return w_x @ of_in, w_h, w_y

    def turned(w_x, w_h, w_y):
        return of_hidden @ w_x, of_hidden @ w_h @ of_hidden.T, w_y @ of_hidden.T

    # x_i is mixed to (of_in)ᵀ x_i, whose image by W_x · of_in is that of x_i by W_x.
    others = [
        (
            case._replace(y=case.y @ of_out.T),
            mixed_outputs(*case.first),
            mixed_outputs(*case.second),
        ),
        (case._replace(x=case.x @ of_in), mixed_inputs(*case.first), mixed_inputs(*case.second)),
        (case, turned(*case.first), case.second),
        (case, case.first, turned(*case.second)),
    ]
    for other, first, second in others:
        assert abs(distance(first, second, other.statistics, frozen=frozen) - found) <= TOLERANCE


def test_a_rotation_of_the_inputs_that_the_weights_do_not_follow_matters():
    case = make(4, SHAPES[2], every=False)
    turned = case._replace(x=case.x @ np.array([[0.0, 1.0], [-1.0, 0.0]]))
    found = [distance(case.first, case.second, c.statistics) for c in (case, turned)]
    assert abs(found[0] - found[1]) > 1e-3


@given(seeds, st.sampled_from([1e-3, 0.5, -2.0, 1e3]))
def test_the_size_of_a_kernel_does_not_matter(seed, factor):
    many, one = make(seed, SHAPES[2], every=True), make(seed, SHAPES[3], every=False)

    def entering(w_x, w_h, w_y):
        return factor * w_x, w_h, w_y

    def leaving(w_x, w_h, w_y):
        return w_x, w_h, factor * w_y

    def both(w_x, w_h, w_y):
        return factor * w_x, w_h, factor * w_y

    # Where W_x is frozen every block is quadratic in it, and so for W_y; after one step, whose
    # kernel has no recurrent block, the others are quadratic in the other matrix.
    for case, frozen, scaled in (
        (many, "input", entering),
        (many, "output", leaving),
        (one, (), both),
    ):
        found = distance(case.first, case.second, case.statistics, frozen=frozen)
        larger = distance(case.first, scaled(*case.second), case.statistics, frozen=frozen)
        assert abs(larger - found) <= 1e-12
        alone = distance(case.first, scaled(*case.first), case.statistics, frozen=frozen)
        assert 0 <= alone <= 1e-12
    # Otherwise it does.
    if abs(factor) != 1:
        assert distance(many.first, both(*many.first), many.statistics) > 1e-4


def test_of_two_kernels_that_are_zero_it_is_zero_and_of_one_it_is_one():
    case = make(5, SHAPES[2], every=True)
    zero = tuple(map(np.zeros_like, case.first))
    assert distance(zero, zero, case.statistics) == 0
    assert distance(zero, case.second, case.statistics) == 1
    assert distance(case.first, zero, case.statistics) == 1


@pytest.mark.parametrize("factor", [1e-100, 1e120])
def test_not_even_a_size_matters_whose_square_is_out_of_range(factor):
    case = make(5, SHAPES[2], every=False)
    frozen = ("input",)  # what is left of the kernel grows with the square of the input weights
    near = distance(case.first, case.second, case.statistics, frozen=frozen)
    scaled = (factor * case.second[0], *case.second[1:])
    far = distance(case.first, scaled, case.statistics, frozen=frozen)
    np.testing.assert_allclose(far, near, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES[1:3])
def test_where_all_is_frozen_there_is_no_kernel_and_no_distance(shape):
    case = make(5, shape, every=True)
    found = distance(case.first, case.second, case.statistics, frozen=tangent_kernel.PARTS)
    assert found == 0


def test_kernels_with_nothing_in_common_are_at_distance_one():
    # One network moves the first output only, the other the second.
    rng = np.random.default_rng(6)
    w_x, w_h, _ = random_weights(rng, 2, 3, 2)
    first, second = ((w_x, w_h, np.diag([*side, 0.0])[:2]) for side in ([1.0, 0.0], [0.0, 1.0]))
    case = make(7, SHAPES[2], every=True)
    assert distance(first, second, case.statistics, frozen="output") == pytest.approx(1, abs=1e-12)


# --- small distances ------------------------------------------------------------------------------

STEPS = 10.0 ** np.arange(-7, 0)


def exact_distance(first, second, x, every):
    """Eq. 135 in 50 digits, of the numbers as they are."""
    first, second = (tuple(map(exact.exact, weights)) for weights in (first, second))
    return tangent_kernel.distance(first, second, exact.exact(x), every=every)


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("trajectories", [3, 8])
def test_small_distances_keep_their_digits(trajectories, every):
    case = make(8, (trajectories, 3, 2, 2, 2), every=every)
    for step in STEPS:
        near = tuple(w + step * s for w, s in zip(case.first, case.second, strict=True))
        true = exact_distance(case.first, near, case.x, every)
        found = distance(case.first, near, case.statistics)
        # A difference of weights or responses of size 1 is off by a few roundings of them, a
        # share of EPS / step, and the distance is its square.
        assert abs(float((exact.exact(found) - true) / true)) <= 10 * EPS / step
    assert true > 1e-4


def test_the_distance_grows_with_the_square_of_a_step_from_the_smallest_on():
    case = make(9, SHAPES[2], every=False)
    distances = [
        distance(
            case.first,
            tuple(w + step * s for w, s in zip(case.first, case.second, strict=True)),
            case.statistics,
        )
        for step in STEPS
    ]
    slopes = np.diff(np.log10(distances))
    # The next term is smaller by a factor of the size of the step.
    assert np.all(np.abs(slopes - 2) <= 10 * STEPS[1:])


# --- as arrays ------------------------------------------------------------------------------------


def stacked(weights):
    return ld.LinearRNN(*(jnp.stack(parts) for parts in zip(*weights, strict=True)))


@pytest.mark.parametrize("white", [False, True])
def test_a_batch_of_networks_has_a_distance_each(white):
    case = make(10, SHAPES[2], every=True)
    statistics = case.statistics
    if white:
        statistics = ld.TaskStatistics.white(statistics.target, weights=statistics.weights)
    rng = np.random.default_rng(0)
    others = [case.first, case.second, *(random_weights(rng, 2, 4, 2) for _ in range(3))]
    first = ld.LinearRNN(*case.first)
    found = ld.kernel_distance(first, stacked(others), statistics)
    assert found.shape == (5,)
    one_by_one = [distance(case.first, other, statistics) for other in others]
    np.testing.assert_allclose(found, one_by_one, rtol=0, atol=1e-12)
    if white:
        return
    inside = jax.jit(lambda net, nets: ld.kernel_distance(net, nets, statistics))
    np.testing.assert_allclose(inside(first, stacked(others)), found, rtol=0, atol=1e-12)
    each = jax.vmap(lambda net: ld.kernel_distance(first, net, statistics))(stacked(others))
    np.testing.assert_allclose(each, found, rtol=0, atol=1e-12)


# --- errors ---------------------------------------------------------------------------------------


def test_networks_of_different_shapes_are_refused():
    case = make(11, SHAPES[2], every=True)
    larger = random_weights(np.random.default_rng(0), 2, 5, 2)
    with pytest.raises(ld.InputError, match=r"4.*5|5.*4"):
        distance(case.first, larger, case.statistics)


@pytest.mark.parametrize(("n_in", "n_out"), [(3, 2), (2, 1)])
def test_networks_of_other_channels_than_the_statistics_are_refused(n_in, n_out):
    case = make(11, SHAPES[2], every=True)
    nets = [random_weights(np.random.default_rng(seed), n_in, 4, n_out) for seed in range(2)]
    sentence = f"2 inputs and 2 outputs.*{n_in} inputs and {n_out} outputs"
    with pytest.raises(ld.InputError, match=sentence):
        distance(*nets, case.statistics)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("part", range(3))
def test_weights_that_are_not_finite_are_refused(which, part):
    case = make(11, SHAPES[2], every=True)
    nets = [list(case.first), list(case.second)]
    nets[which][part] = np.full_like(nets[which][part], np.nan)
    with pytest.raises(ld.InputError, match="finite"):
        distance(*nets, case.statistics)


def test_unknown_parts_are_refused():
    case = make(11, SHAPES[2], every=True)
    with pytest.raises(ld.InputError, match="frozen parts among input, recurrent, output"):
        distance(case.first, case.second, case.statistics, frozen=["hidden"])
