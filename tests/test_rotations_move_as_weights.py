"""Complex modes are what real weights do: tasks, starts, recovery, and the flow of both."""

from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld
from learndyn import InputError

T = 5
TIMES = jnp.array([0.0, 0.2, 0.5, 1.0])
TIGHT = {"rtol": 1e-11, "atol": 1e-13}
# Rows of a spectrum: a pair around a real one, so that partners are not neighbours.
PARTNER = np.array([2, 1, 0])
outputs = st.sampled_from(["final", "every"])
seeds = st.integers(0, 2**31)


def paired(values):
    """Rows (z, r, z*) of complex numbers, r real."""
    values = np.asarray(values)
    return np.stack([values[0], values[1].real + 0j, values[0].conj()])


def random_case(seed, readout, size=0.8):
    rng = np.random.default_rng(seed)
    complexes = (rng.normal(size=(4, 2, T)) + 1j * rng.normal(size=(4, 2, T))) / 2
    task = ld.structured_task(paired(complexes[0]), 4, 4, outputs=readout, key=jax.random.key(seed))
    modes = [size * paired(z[:, 0]) for z in complexes[1:]]
    return task, ld.init_aligned(task, *modes, n_hidden=4, key=jax.random.key(seed + 1)), modes


@settings(max_examples=20)
@given(
    st.permutations([0, 0, 1, 1, 2, 3]),
    st.lists(st.complex_numbers(max_magnitude=2, allow_subnormal=False), min_size=4, max_size=4),
    seeds,
)
def test_correlations_are_real_and_the_eigenvectors_diagonalize_them(order, numbers, seed):
    # Two equal pairs, another pair and two real rows, in any order.
    lam = np.array([*numbers[:2], *np.real(numbers[2:])])
    rows = {0: lam[0], 1: lam[1], 2: lam[2], 3: lam[3]}
    seen, spectrum = set(), []
    for i in order:
        value = rows[i]
        spectrum.append(np.conj(value) if i in seen else value)
        seen.add(i)
    spectrum = np.array(spectrum)[:, None] ** np.arange(T)[::-1] * (1 + 0j)
    task = ld.structured_task(spectrum, 7, 7, key=jax.random.key(seed))
    vectors, same = map(np.asarray, task.vectors)
    np.testing.assert_array_equal(vectors, same)
    np.testing.assert_allclose(vectors.conj().T @ vectors, np.eye(6), atol=1e-14)
    response = np.asarray(task.impulse_response)
    assert response.dtype == float
    inside = np.einsum("om,koi,in->kmn", vectors.conj(), response, vectors)
    expected = np.einsum("mk,mn->kmn", spectrum[:, ::-1], np.eye(6))
    size = max(1, abs(spectrum).max())
    np.testing.assert_allclose(inside, expected, atol=1e-13 * size)
    normal = response @ response.transpose(0, 2, 1) - response.transpose(0, 2, 1) @ response
    np.testing.assert_allclose(normal, 0, atol=1e-13 * size**2)


@pytest.mark.parametrize("readout", ["final", "every"])
def test_a_sample_is_white_and_has_the_statistics(readout):
    task, _, _ = random_case(3, readout)
    x, y = (np.asarray(z) for z in task.sample(60, key=jax.random.key(5)))
    flat = x.reshape(60, -1)
    np.testing.assert_allclose(flat.T @ flat / 60, np.eye(flat.shape[1]), atol=1e-13)
    measured, exact = ld.TaskStatistics.from_data(x, y), task.statistics()
    np.testing.assert_allclose(measured.target, exact.target, atol=1e-12)
    assert measured.floor < 1e-24


def test_the_block_of_a_pair_is_the_printed_one():
    # P.4.1: μ ± iν is the block [[μ, −ν], [ν, μ]], seen from real columns of the first vector.
    task = ld.structured_task(np.array([[0.6 + 0.3j], [0.6 - 0.3j]]), 2, 2, key=jax.random.key(0))
    first = np.sqrt(2) * np.asarray(task.vectors[0][:, 0])
    columns = np.stack([first.real, -first.imag], 1)
    np.testing.assert_allclose(columns.T @ columns, np.eye(2), atol=1e-15)
    block = columns.T @ np.asarray(task.impulse_response[0]) @ columns
    np.testing.assert_allclose(block, [[0.6, -0.3], [0.3, 0.6]], atol=1e-15)


@settings(max_examples=10)
@given(seeds)
def test_modes_are_recovered_and_weights_are_real(seed):
    task, net, (a, b, c) = random_case(seed, "final")
    assert net.w_h.dtype == float
    curve = ld.solve(ld.Problem(net, task), ld.GradientDescent(1e-6), jnp.zeros(1))
    assert float(curve.violations["aligned"]) < 1e-14
    modes = [np.asarray(m[0]) for m in curve.modes]
    np.testing.assert_allclose(modes[1], b, atol=1e-13)
    np.testing.assert_allclose(modes[0] * modes[2], a * c, atol=1e-13)
    # The phase of a hidden direction is free; by convention a is positive.
    np.testing.assert_allclose(modes[0], abs(a), atol=1e-13)
    for mode in modes:
        np.testing.assert_allclose(mode[PARTNER], mode.conj(), atol=1e-13)


def test_a_mode_of_zero_leaves_its_partner_a_conjugate():
    task, _, _ = random_case(1, "final")
    net = ld.init_aligned(task, 0.0, 0.5, 0.0, key=jax.random.key(2))
    curve = ld.solve(ld.Problem(net, task), ld.GradientDescent(1e-6), jnp.zeros(1))
    hidden = np.asarray(curve.bases.hidden)
    np.testing.assert_allclose(hidden.conj().T @ hidden, np.eye(3), atol=1e-14)
    np.testing.assert_allclose(hidden[:, PARTNER], hidden.conj(), atol=1e-14)


@settings(max_examples=5)
@given(seeds, outputs)
def test_the_flow_of_modes_is_the_flow_of_the_real_weights(seed, readout):
    task, net, _ = random_case(seed, readout, size=0.5)
    problem = ld.Problem(net, task)
    modes, weights = (
        ld.solve(problem, method(**TIGHT), TIMES) for method in (ld.ModeFlow, ld.WeightFlow)
    )
    # Not for long: off the diagonal, weights may grow from rounding errors.
    np.testing.assert_allclose(ld.compare(modes, weights).weights_gap, 0, atol=1e-8)
    for mode in modes.modes:
        np.testing.assert_allclose(mode[:, PARTNER], np.conj(mode), atol=1e-9)


@pytest.mark.parametrize(
    ("frozen", "method"),
    [
        (("recurrent",), ld.ExactInputOutput()),
        (("input", "output"), ld.TaylorRecurrent(8, 0.005)),
    ],
    ids=["exact", "series"],
)
def test_closed_forms_follow_the_flow_with_parts_frozen(frozen, method):
    task, net, _ = random_case(7, "every", size=0.4)
    problem = ld.Problem(net, task, frozen=frozen)
    theory, flow = (ld.solve(problem, m, TIMES) for m in (method, ld.WeightFlow(**TIGHT)))
    assert jnp.iscomplexobj(theory.modes.b)
    assert float(ld.compare(theory, flow).weights_gap.max()) < 1e-8


def test_gradient_descent_keeps_weights_aligned_to_eigenvectors_at_any_rate():
    task, net, _ = random_case(11, "final", size=0.4)
    problem = ld.Problem(net, task)
    curve = ld.solve(problem, ld.GradientDescent(0.02), jnp.arange(0, 4.02, 0.5))
    vectors, hidden = np.asarray(curve.bases.output), np.asarray(curve.bases.hidden)
    inside = np.einsum("hm,thg,gn->tmn", hidden.conj(), np.asarray(curve.weights.w_h), hidden)
    off = inside - np.einsum("tm,mn->tmn", np.asarray(curve.modes.b), np.eye(3))
    assert abs(off).max() < 1e-13
    # A step of eqs 182–184 at this rate, iterated on numbers.
    a, b, c = (np.asarray(m[0]) for m in curve.modes)
    lags, values = np.arange(T), np.asarray(task.spectrum)[:, ::-1]
    for _ in range(200):
        error = values - (a * c)[:, None] * b[:, None] ** lags
        back = b.conj()[:, None] ** lags
        pull = (error * back).sum(1)
        turn = (lags[1:] * error[:, 1:] * back[:, :-1]).sum(1)
        a, b, c = (
            a + 0.02 * c.conj() * pull,
            b + 0.02 * (a * c).conj() * turn,
            c + 0.02 * a.conj() * pull,
        )
    np.testing.assert_allclose(curve.modes.b[-1], b, atol=1e-12)
    np.testing.assert_allclose(curve.modes.a[-1] * curve.modes.c[-1], a * c, atol=1e-12)
    assert vectors.shape == (4, 3)


@given(seeds, st.floats(-np.pi, np.pi))
def test_the_velocity_turns_with_the_task_exactly(seed, theta):
    rng = np.random.default_rng(seed)
    spectrum = rng.normal(size=T) + 1j * rng.normal(size=T)
    a, b, c = rng.normal(size=3) + 1j * rng.normal(size=3)
    turned = spectrum * np.exp(1j * theta * np.arange(T)[::-1])
    here = ld.theory.step_gradients((a, b, c), spectrum)
    there = ld.theory.step_gradients((a, b * np.exp(1j * theta), c), turned)
    size = max(abs(np.asarray(part)).max() for part in here)
    for part, other, turn in zip(here, there, (0, theta, 0), strict=True):
        np.testing.assert_allclose(other, part * np.exp(1j * turn), atol=1e-13 * size)
    energies = [
        ld.theory.energy((a, z, c), s) for z, s in ((b, spectrum), (b * np.exp(1j * theta), turned))
    ]
    np.testing.assert_allclose(*energies, rtol=1e-12)


def test_trained_modes_turn_with_the_task():
    lam, theta = 0.8 * np.exp(0.3j), 0.9
    curves = []
    for turn in (0.0, theta):
        row = ld.task_dynamics("inverse_exponential", 1.0, lam * np.exp(1j * turn), T)
        task = ld.structured_task(jnp.stack([row, row.conj()]), 2, 2, key=jax.random.key(0))
        b = 0.2 * np.exp(1j * np.array([turn, -turn]))
        net = ld.init_aligned(task, 0.3, b, 0.3, key=jax.random.key(1))
        curves.append(ld.solve(ld.Problem(net, task), ld.GradientDescent(0.05), jnp.arange(21.0)))
    first, second = curves
    np.testing.assert_allclose(first.loss, second.loss, rtol=1e-10, atol=1e-14)
    turned = first.modes.b[:, 0] * np.exp(1j * theta)
    np.testing.assert_allclose(second.modes.b[:, 0], turned, atol=1e-12)
    np.testing.assert_allclose(second.modes.a, first.modes.a, atol=1e-12)


@given(seeds)
def test_numbers_that_happen_to_be_real_flow_as_real_ones(seed):
    rng = np.random.default_rng(seed)
    spectrum, modes = rng.normal(size=(3, T)), tuple(rng.normal(size=(3, 3)) / 2)
    times = np.array([0.0, 0.5, 2.0])
    real = ld.theory.mode_flow(modes, spectrum, times)
    same = ld.theory.mode_flow(modes, spectrum + 0j, times)
    for part, other in zip(real, same, strict=True):
        assert not np.asarray(other.imag).any()
        np.testing.assert_allclose(other.real, part, rtol=1e-10, atol=1e-10)


def test_a_curve_of_rotations_is_saved_and_goes_on(tmp_path):
    task, net, _ = random_case(2, "final", size=0.3)
    problem = ld.Problem(net, task, frozen=("input", "output"))
    method, times = ld.TaylorRecurrent(4, 0.125), jnp.arange(0.0, 2.25, 0.25)
    curve = ld.solve(problem, method, times[:5])
    curve.save(tmp_path / "curve.nc")
    loaded = ld.load_curve(tmp_path / "curve.nc")
    for part, other in zip(loaded.modes, curve.modes, strict=True):
        np.testing.assert_array_equal(part, other)
    np.testing.assert_array_equal(loaded.bases.hidden, curve.bases.hidden)
    resumed = ld.solve(problem, method, times[5:], resume=loaded)
    straight = ld.solve(problem, method, times)
    np.testing.assert_allclose(resumed.modes.b, straight.modes.b[5:], atol=1e-15)


def test_single_precision_stays_single():
    # Where older versions have it.
    home = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    with home.enable_x64(False):
        row = ld.task_dynamics("constant", 0.5 + 0.5j, None, T)
        task = ld.structured_task(jnp.stack([row, row.conj()]), 2, 2, key=jax.random.key(0))
        net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        problem = ld.Problem(net, task, frozen=("recurrent",))
        curve = ld.solve(problem, ld.ExactInputOutput(), jnp.array([0.0, 300.0]))
    assert curve.modes.a.dtype == jnp.complex64
    best = (0.5 + 0.5j) * np.sum(0.2 ** np.arange(T)) / np.sum(0.04 ** np.arange(T))
    np.testing.assert_allclose((curve.modes.a * curve.modes.c)[-1, 0], best, rtol=1e-5)


ROW = np.exp(0.3j * np.arange(T))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: ld.structured_task(np.stack([ROW, ROW]), 2, 2, key=jax.random.key(0)),
            "conjugate pairs.*row 0.*without its partner. Add the row",
        ),
        (
            lambda: ld.structured_task(ROW, 2, 2, key=jax.random.key(0)),
            r"row 0, \[.*without its partner. Add the row \[.*-0.2955j",
        ),
        (
            lambda: ld.structured_task(
                np.stack([ROW, ROW.conj(), 2 * ROW]), 4, 4, key=jax.random.key(0)
            ),
            "row 2.*without its partner",
        ),
        (
            lambda: ld.structured_task(np.stack([ROW, ROW.conj()]), 3, 2, key=jax.random.key(0)),
            "as many outputs as inputs.*3 inputs and 2 outputs",
        ),
        (
            lambda: ld.structured_task(np.stack([ROW, ROW.conj()]), 1, 1, key=jax.random.key(0)),
            "at most 1 modes",
        ),
    ],
)
def test_spectra_of_no_real_task_are_refused(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("b", "sentence"),
    [
        (
            np.array([0.1j, 0.1j]),
            r"modes b that are conjugates.*0.1j.* for mode 0.*partner, mode 1",
        ),
        (np.array([0.1, 0.2]), "modes b that are conjugates"),
        (0.1j, "modes b that are conjugates"),
        (np.ones(3), r"a mode b that is a scalar or of shape \(2,\)"),
    ],
)
def test_starts_of_no_real_weights_are_refused(b, sentence):
    task = ld.structured_task(np.stack([ROW, ROW.conj()]), 2, 2, key=jax.random.key(0))
    with pytest.raises(InputError, match=sentence):
        ld.init_aligned(task, 0.1, jnp.asarray(b), 0.1, key=jax.random.key(1))


def test_complex_modes_need_eigenvectors():
    task = ld.structured_task(np.ones((2, T)), 2, 2, key=jax.random.key(0))
    with pytest.raises(InputError, match=r"real modes b for a task with singular vectors.*complex"):
        ld.init_aligned(task, 0.1, jnp.array([0.1j, -0.1j]), 0.1, key=jax.random.key(1))
