"""The neural tangent kernel is the Jacobian contracted with itself, and a sum of three blocks."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld
from references import tangent_kernel

PARTS = tangent_kernel.PARTS
# Of any size up to these: trials, T, in, hidden, out.
SIZES = 3, 6, 4, 4, 4
FROZEN = [(), *((part,) for part in PARTS), ("input", "output")]
TOLERANCE = 1e-10

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)


class Case(NamedTuple):
    """Weights and two sets of trials; shown by what they are made from."""

    name: str
    weights: tuple
    x1: np.ndarray
    x2: np.ndarray

    def __repr__(self):
        return self.name


def make(seed, n_in, n_hidden, n_out, length, trials=(2, 3)):
    """Rectangular weights that do not commute, and inputs."""
    rng = np.random.default_rng(seed)
    shapes = (n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden)
    weights = tuple(rng.normal(size=shape) / np.sqrt(shape[1]) for shape in shapes)
    x1, x2 = (rng.normal(size=(count, length, n_in)) for count in trials)
    name = f"seed {seed}, in {n_in}, hidden {n_hidden}, out {n_out}, T {length}"
    return Case(name, weights, x1, x2)


cases = st.builds(make, seeds, sizes, sizes, sizes, st.integers(1, 6))
# For what compares the library with itself: one shape, compiled once.
one_shape = st.builds(lambda seed: make(seed, 2, 3, 2, 4, trials=(3, 3)), seeds)
few_frozen = st.sampled_from([(), ("input", "recurrent")])


def ntk(weights, x1, x2, **options):
    return np.asarray(ld.ntk(ld.LinearRNN(*weights), x1, x2, **options))


def block(part, weights, x1, x2, **options):
    """The kernel of the weights of one part."""
    return ntk(weights, x1, x2, frozen=[other for other in PARTS if other != part], **options)


def assert_close(found, true, size=None, tolerance=TOLERANCE):
    assert found.shape == true.shape
    size = np.linalg.norm(true) if size is None else size
    assert np.linalg.norm(found - true) <= tolerance * size


def outputs_of(every):
    return "every" if every else "final"


# --- against autodiff, and the sums of the paper --------------------------------------------------


@settings(max_examples=15)
@given(cases, st.booleans(), st.sampled_from(FROZEN))
def test_the_kernel_is_the_jacobian_by_autodiff_contracted_with_itself(case, every, frozen):
    _, weights, x1, x2 = case
    parts = [tangent_kernel.padded_jacobian(weights, x, SIZES) for x in (x1, x2)]
    first, second = (tangent_kernel.learning(part, frozen) for part in parts)
    true = tangent_kernel.contracted(first, second, every=every)
    found = ntk(weights, x1, x2, outputs=outputs_of(every), frozen=frozen)
    assert_close(found, true)


@pytest.mark.parametrize(
    ("n_in", "n_hidden", "n_out", "length", "every"),
    [(1, 2, 2, 30, False), (2, 2, 1, 30, True), (3, 40, 2, 4, False), (3, 40, 2, 4, True)],
)
def test_so_it_is_for_long_trials_and_for_wide_networks(n_in, n_hidden, n_out, length, every):
    _, weights, x1, x2 = make(0, n_in, n_hidden, n_out, length)
    if length > n_hidden:  # a rotation, so that all lags count alike
        weights = weights[0], np.linalg.qr(weights[1])[0], weights[2]
    true = tangent_kernel.kernel(weights, x1, x2, every=every)
    assert_close(ntk(weights, x1, x2, outputs=outputs_of(every)), true)


@settings(max_examples=5)
@given(cases)
def test_the_references_agree(case):
    _, weights, x1, _ = case
    true = tangent_kernel.padded_jacobian(weights, x1, SIZES)
    for found, part in zip(tangent_kernel.jacobian_by_hand(weights, x1), true, strict=True):
        assert_close(found, part)
    unpadded = tangent_kernel.jacobian(weights, x1)
    for found, part in zip(unpadded, true, strict=True):
        assert_close(found, part)


@pytest.mark.parametrize(("length", "every"), [(1, False), (2, True), (4, True), (5, False)])
def test_each_block_is_the_corrected_sum_of_the_paper(length, every):
    _, weights, x1, x2 = make(length, 2, 3, 2, length)
    blocks = tangent_kernel.kernel_by_sums(weights, x1, x2, every=every)
    for part, true in zip(PARTS, blocks, strict=True):
        found = block(part, weights, x1, x2, outputs=outputs_of(every))
        assert_close(found, true)
        assert (np.linalg.norm(true) > 0) == (part != "recurrent" or length > 1)


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("frozen", [(), ("input",), ("recurrent", "output")])
def test_the_kernel_moves_the_outputs_of_a_network_that_learns(every, frozen):
    _, weights, x, _ = make(3, 2, 3, 2, 4, trials=(5, 1))
    y = np.random.default_rng(4).normal(size=(5, 4, 2) if every else (5, 2))
    net = ld.LinearRNN(*weights)
    problem = ld.Problem(net, (x, y), frozen=frozen)

    def outputs(net):
        return net(x) if every else net(x)[:, -1]

    ahead, moved = jax.jvp(outputs, (net,), (ld.velocity(problem, net),))
    kernel = ntk(weights, x, x, outputs=outputs_of(every), frozen=frozen)
    # dŶ/dt = K (Y − Ŷ) / trials, for a loss that is a mean over trials (erratum 20).
    assert_close(np.tensordot(kernel, y - ahead, y.ndim) / len(x), np.asarray(moved))


# --- the structure of the kernel ------------------------------------------------------------------


@given(one_shape, st.booleans())
def test_blocks_of_the_weight_matrices_add_up_to_the_kernel(case, every):
    _, *arguments = case
    options = {"outputs": outputs_of(every)}
    parts = [block(part, *arguments, **options) for part in PARTS]
    assert_close(sum(parts), ntk(*arguments, **options))
    assert_close(parts[0] + parts[2], ntk(*arguments, **options, frozen=["recurrent"]))
    assert not ntk(*arguments, **options, frozen=PARTS).any()


def test_one_frozen_part_may_be_named_without_a_list():
    _, *arguments = make(0, 2, 3, 2, 4)
    both = [ntk(*arguments, frozen=frozen) for frozen in ("input", ("input",))]
    np.testing.assert_array_equal(*both)


@given(one_shape, st.booleans(), few_frozen)
def test_of_a_data_set_with_itself_it_is_symmetric_and_positive_semidefinite(case, every, frozen):
    _, weights, x, _ = case
    kernel = ntk(weights, x, x, outputs=outputs_of(every), frozen=frozen)
    rows = np.prod(kernel.shape[: kernel.ndim // 2])
    matrix = kernel.reshape(rows, rows)
    assert_close(matrix, matrix.T)
    values = np.linalg.eigvalsh(matrix)
    assert values[0] >= -TOLERANCE * values[-1]
    assert values[-1] > 0
    # No more directions than weights.
    weights_left = sum(w.size for part, w in zip(PARTS, weights, strict=True) if part not in frozen)
    assert np.sum(values > TOLERANCE * values[-1]) <= weights_left


@given(one_shape, st.booleans())
def test_exchanging_the_trials_transposes_it(case, every):
    _, weights, x1, x2 = case
    there, back = (ntk(weights, *pair, outputs=outputs_of(every)) for pair in ((x1, x2), (x2, x1)))
    half = there.ndim // 2
    assert_close(there, np.moveaxis(back, range(half), range(half, 2 * half)))


@given(one_shape)
def test_the_kernel_of_the_last_step_is_the_last_block_of_every_step(case):
    _, *arguments = case
    every = ntk(*arguments, outputs="every")
    assert_close(ntk(*arguments), every[:, -1, :, :, -1])
    # And that of an earlier step, or two, that of trials cut short.
    _, weights, x1, x2 = case
    assert_close(ntk(weights, x1[:, :3], x2[:, :3]), every[:, 2, :, :, 2])
    later = ntk(weights, x1[:, :3], x2[:, :3], outputs="every")
    assert_close(later, every[:, :3, :, :, :3])


@given(one_shape, st.booleans(), st.sampled_from(PARTS))
def test_rotations_of_the_hidden_units_leave_each_block_alone(case, every, part):
    _, (w_x, w_h, w_y), *trials = case
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=w_h.shape))[0]
    turned = turn @ w_x, turn @ w_h @ turn.T, w_y @ turn.T
    blocks = (
        block(part, weights, *trials, outputs=outputs_of(every))
        for weights in (turned, (w_x, w_h, w_y))
    )
    assert_close(*blocks)


@settings(max_examples=10)
@given(one_shape, st.booleans())
def test_silent_hidden_units_add_nothing(case, every):
    _, weights, *trials = case
    w_x, w_h, w_y = weights
    more = np.pad(w_x, ((0, 2), (0, 0))), np.pad(w_h, (0, 2)), np.pad(w_y, ((0, 0), (0, 2)))
    outputs = outputs_of(every)
    assert_close(ntk(more, *trials, outputs=outputs), ntk(weights, *trials, outputs=outputs))


@given(one_shape, st.booleans(), few_frozen)
def test_the_kernel_is_linear_in_the_inputs_on_either_side(case, every, frozen):
    _, weights, x1, x2 = case
    other = np.random.default_rng(1).normal(size=x1.shape)
    options = {"outputs": outputs_of(every), "frozen": frozen}

    def left(x):
        return ntk(weights, x, x2, **options)

    def right(x):
        return ntk(weights, x2, x, **options)

    for side in (left, right):
        size = 2 * np.linalg.norm(side(x1)) + 3 * np.linalg.norm(side(other))
        assert_close(side(2 * x1 - 3 * other), 2 * side(x1) - 3 * side(other), size)


@given(one_shape, st.booleans())
def test_the_blocks_grow_with_the_weights_as_their_degrees_say(case, every):
    _, (w_x, w_h, w_y), *trials = case
    options = {"outputs": outputs_of(every)}

    def blocks(weights):
        return [block(part, weights, *trials, **options) for part in PARTS]

    plain, entering, leaving = map(blocks, ((w_x, w_h, w_y), (3 * w_x, w_h, w_y), (w_x, w_h, -w_y)))
    for factor, found, true in zip((1, 9, 9), entering, plain, strict=True):
        assert_close(found, factor * true)
    for found, true in zip(leaving, plain, strict=True):
        assert_close(found, true)


# --- as arrays ------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", ["final", "every"])
def test_under_jit_and_vmap_it_is_the_same(outputs):
    cases = [make(seed, 2, 3, 2, 4) for seed in range(3)]
    x1, x2 = cases[0][2:]
    nets = [ld.LinearRNN(*case.weights) for case in cases]

    def kernel(net):
        return ld.ntk(net, x1, x2, outputs=outputs, frozen=["input"])

    true = np.stack([kernel(net) for net in nets])
    assert_close(np.asarray(jax.jit(kernel)(nets[0])), true[0])
    batch = jax.tree.map(lambda *weights: jnp.stack(weights), *nets)
    assert_close(np.asarray(jax.vmap(kernel)(batch)), true)


@pytest.mark.parametrize("outputs", ["final", "every"])
def test_single_precision_stays_single(outputs):
    _, *arguments = make(0, 2, 3, 2, 4)
    weights, x1, x2 = jax.tree.map(lambda array: array.astype(np.float32), arguments)
    found = ntk(weights, x1, x2, outputs=outputs)
    assert found.dtype == np.float32
    # Each entry is a sum of products of at most T + 2 rounded factors on either side.
    assert_close(found, ntk(*arguments, outputs=outputs), tolerance=20 * np.finfo(np.float32).eps)
    assert ntk(*arguments, outputs=outputs).dtype == np.float64


# --- errors ---------------------------------------------------------------------------------------


def replaced(array, value):
    changed = np.array(array)
    changed.flat[1] = value
    return changed


GOOD = make(0, 2, 3, 2, 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x2": GOOD.x2[:, :3]}, "x1 and x2 of as many steps; got 4 and 3"),
        (
            {"x1": GOOD.x1[:, :, :1]},
            r"x1 of shape \(trajectories, time, 2\).*got shape \(2, 4, 1\)",
        ),
        (
            {"x2": GOOD.x2[:, :, :1]},
            r"x2 of shape \(trajectories, time, 2\).*got shape \(3, 4, 1\)",
        ),
        (
            {"x1": np.concatenate([GOOD.x1] * 2, 2), "x2": np.concatenate([GOOD.x2] * 2, 2)},
            r"time, 2\).*got shape \(2, 4, 4\)",
        ),
        ({"x1": replaced(GOOD.x1, np.nan)}, "finite numbers in x1"),
        ({"x2": replaced(GOOD.x2, np.inf)}, "finite numbers in x2"),
        (
            {"weights": (replaced(GOOD.weights[0], np.nan), *GOOD.weights[1:])},
            "finite weights in the network; got w_x",
        ),
        (
            {"weights": (GOOD.weights[0], replaced(GOOD.weights[1], np.inf), GOOD.weights[2])},
            "finite weights in the network; got w_h",
        ),
        (
            {"weights": (*GOOD.weights[:2], replaced(GOOD.weights[2], -np.inf))},
            "finite weights in the network; got w_y",
        ),
        ({"outputs": "last"}, 'outputs "final" or "every"; got \'last\''),
        ({"frozen": ["hidden"]}, "frozen parts among input, recurrent, output; got 'hidden'"),
        ({"frozen": "w_x"}, "frozen parts among input, recurrent, output; got 'w_x'"),
    ],
)
def test_what_has_no_kernel_is_refused(change, sentence):
    arguments = {"weights": GOOD.weights, "x1": GOOD.x1, "x2": GOOD.x2} | change
    with pytest.raises(ld.InputError, match=sentence):
        ntk(arguments.pop("weights"), arguments.pop("x1"), arguments.pop("x2"), **arguments)
