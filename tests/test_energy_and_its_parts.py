"""The energy of a mode, its parts, slopes and curvature: plain loops, 50 digits and autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import learndyn as ld
from references.exact import mpmath

number = mpmath.mpf
EPS = np.finfo(float).eps
SEEDS = st.integers(0, 2**32 - 1)
# Few lengths, since each is compiled.
LENGTHS = st.sampled_from([1, 2, 7])


def draw(seed, length, modes=()):
    """Modes (a, b, c), a spectrum in t order, and lag weights of which some may be zero."""
    rng = np.random.default_rng(seed)
    b = rng.uniform(-1.4, 1.4, size=modes)
    a, c = rng.normal(size=(2, *modes))
    weights = rng.exponential(size=length) * rng.integers(0, 2, size=length)
    weights[0] = 1.5
    return (a, b, c), rng.normal(size=(*modes, length)), weights


def loop_energy(a, b, c, spectrum, weights):
    """Eq. 8 one step of the trajectory at a time."""
    length, total = len(spectrum), 0.0
    for t in range(1, length + 1):
        power = 1.0
        for _ in range(length - t):
            power = power * b
        total += 0.5 * weights[length - t] * abs(spectrum[t - 1] - c * power * a) ** 2
    return total


@given(SEEDS, LENGTHS, st.booleans())
def test_the_energy_is_a_plain_loop_over_steps_for_real_and_complex_modes(seed, length, rotates):
    modes, spectrum, weights = draw(seed, length, (3,))
    if rotates:
        others, turned, _ = draw(seed + 1, length, (3,))
        modes = tuple(x + 1j * y for x, y in zip(modes, others, strict=True))
        spectrum = spectrum + 1j * turned
    found = ld.theory.energy(modes, spectrum, weights=weights)
    true = [loop_energy(*mode, s, weights) for *mode, s in zip(*modes, spectrum, strict=True)]
    # A sum of squares: no cancellation but that in each error, which is small beside its terms.
    cases = zip(*np.abs(modes), -abs(spectrum), strict=True)
    sizes = [loop_energy(*mode, s, weights) for *mode, s in cases]
    assert np.all(abs(found - np.array(true)) <= 20 * length * EPS * np.array(sizes))
    assert not jnp.iscomplexobj(found)


def test_one_spectrum_serves_many_modes():
    (a, b, c), spectra, weights = draw(0, 7, (3,))
    one = ld.theory.energy((a, b, c), spectra[0], weights=weights)
    true = [loop_energy(*mode, spectra[0], weights) for mode in zip(a, b, c, strict=True)]
    np.testing.assert_allclose(one, true, rtol=1e-11)  # far above 7 roundings


@given(SEEDS)
def test_one_mode_meets_many_spectra(seed):
    (a, b, c), spectra, weights = draw(seed, 7, (3,))
    one = float(a[0]), float(b[0]), float(c[0])
    many = ld.theory.energy(one, spectra, weights=weights)
    true = [loop_energy(*one, spectrum, weights) for spectrum in spectra]
    np.testing.assert_allclose(many, true, rtol=1e-11)  # far above 7 roundings


@given(SEEDS)
def test_steps_of_no_weight_are_as_good_as_none(seed):
    (a, b, c), spectrum, _ = draw(seed, 4, (3,))
    weights = np.array([1.0, 0.5, 2.0, 0.7, 0.0, 0.0, 0.0])
    # Early steps are the large lags; what stands there does not matter.
    padded = np.concatenate([np.full((3, 3), 1e3), spectrum], axis=1)
    for function in (ld.theory.energy, ld.theory.data_term, ld.theory.sharpness):
        long = function((a, b, c), padded, weights=weights)
        short = function((a, b, c), spectrum, weights=weights[:4])
        # Products with exact zeros leave rounding of another order of summation.
        np.testing.assert_allclose(long, short, rtol=1e-11, atol=1e-12)
    long = ld.theory.effective_regularization(a * c, b, 7, weights=weights)
    short = ld.theory.effective_regularization(a * c, b, 4, weights=weights[:4])
    np.testing.assert_allclose(long, short, rtol=1e-13)


@given(SEEDS, LENGTHS)
def test_data_term_and_regularization_add_up_to_the_energy(seed, length):
    (a, b, c), spectrum, weights = draw(seed, length, (3,))
    data = ld.theory.data_term((a, b, c), spectrum, weights=weights)
    regularization = ld.theory.effective_regularization(a * c, b, length, weights=weights)
    true = [loop_energy(*mode, s, weights) for *mode, s in zip(a, b, c, spectrum, strict=True)]
    size = regularization + np.sum(weights * spectrum[:, ::-1] ** 2, -1)
    assert np.all(abs(data + regularization - np.array(true)) <= 20 * length * EPS * size)


def test_the_regularization_has_all_digits_at_one_and_beside_it_and_at_500_steps():
    length = 500
    b = np.array([1, -1, 1 + 1e-12, 1 - 1e-12, -1 - 1e-12, 0, 1e-200, 0.5, -0.99, 1.01, -1.9])
    every = length - np.arange(length, dtype=float)
    for weights in (None, every):
        found = ld.theory.effective_regularization(0.7, b, length, weights=weights)
        by_lag = np.ones(length) if weights is None else weights
        for value, at in zip(np.asarray(found), b, strict=True):
            square = number(at) ** 2
            norm = sum(number(w) * square**k for k, w in enumerate(by_lag))
            # b² is rounded once, which its powers magnify; the sum is of positive terms.
            assert abs(value / (number(0.7) ** 2 * norm / 2) - 1) < 3 * length * EPS
    at_one = ld.theory.effective_regularization(1.0, np.array([1.0, -1.0]), length)
    assert at_one.tolist() == [length / 2, length / 2]
    turned = ld.theory.effective_regularization(np.array(0.7j), np.array(0.6 + 0.8j), 4)
    np.testing.assert_allclose(turned, 0.5 * 0.49 * 4, rtol=1e-14)  # |b| = 1


@given(SEEDS, LENGTHS)
def test_sharpness_is_the_largest_eigenvalue_of_the_hessian_by_autodiff(seed, length):
    modes, spectrum, weights = draw(seed, length, (3,))
    found = np.asarray(ld.theory.sharpness(modes, spectrum, weights=weights))
    hessians = np.asarray(HESSIAN(jnp.stack(modes, -1), spectrum, weights))
    for value, hessian in zip(found, hessians, strict=True):
        # Eigenvalues of symmetric matrices move no more than the matrix does.
        assert abs(value - np.linalg.eigvalsh(hessian)[-1]) < 1e-12 * np.linalg.norm(hessian)


def _independent(mode, spectrum, weights):
    a, b, c = mode
    power, total = 1.0, 0.0
    for value, weight in zip(spectrum[::-1], weights, strict=True):
        total = total + 0.5 * weight * (value - a * c * power) ** 2
        power = power * b
    return total


HESSIAN = jax.jit(jax.vmap(jax.hessian(_independent), in_axes=(0, 0, None)))


CORNERS = [(0.8, 0.0), (0.8, 1.0), (0.8, -1.0), (0.0, 0.0), (0.0, 1.0), (0.0, 0.6), (-2.0, 1.3)]


@pytest.mark.parametrize("length", [1, 2, 6])
def test_derivatives_up_to_the_third_are_finite_and_right_at_corners(length):
    spectrum = np.random.default_rng(0).normal(size=length)
    weights = length - np.arange(length, dtype=float)

    def of_b(u, b):
        return ld.theory.energy((u, b, 1.0), spectrum, weights=weights)

    def parts(u, b):
        data = ld.theory.data_term((u, b, 1.0), spectrum, weights=weights)
        return data + ld.theory.effective_regularization(u, b, length, weights=weights)

    def true(u, b):
        terms = zip(weights, spectrum[::-1], strict=True)
        return sum(number(w) * (number(m) - u * b**k) ** 2 / 2 for k, (w, m) in enumerate(terms))

    for function in (of_b, parts):
        slopes = [jax.grad(function, argnums=(0, 1))]
        for _ in range(2):
            slopes.append(jax.grad(lambda u, b, f=slopes[-1]: f(u, b)[1], argnums=(0, 1)))
        every = jax.jit(jax.vmap(lambda u, b, s=slopes: [f(u, b) for f in s]))
        found = every(*jnp.array(CORNERS).T)
        for order, (by_u, by_b) in enumerate(found):
            for (u, b), in_u, in_b in zip(CORNERS, by_u, by_b, strict=True):
                # mpmath differentiates numerically, with 50 digits of which it keeps 20 or more.
                expected = [
                    float(mpmath.diff(true, (number(u), number(b)), (1, order))),
                    float(mpmath.diff(true, (number(u), number(b)), (0, order + 1))),
                ]
                np.testing.assert_allclose([in_u, in_b], expected, rtol=1e-11, atol=1e-11)


@given(SEEDS, st.sampled_from([2, 7]), st.booleans())
def test_reversal_in_time_is_inversion_of_the_recurrent_mode(seed, length, weighted):
    rng = np.random.default_rng(seed)
    b = rng.choice([-1, 1], size=3) * np.exp(rng.uniform(-1, 1, size=3))
    u, spectrum = rng.normal(size=3), rng.normal(size=(3, length))
    weights = rng.exponential(size=length) + 0.1 if weighted else np.ones(length)
    here = ld.theory.energy((u, b, np.ones(3)), spectrum, weights=weights)
    there = ld.theory.energy(
        (u * b ** (length - 1), 1 / b, np.ones(3)), spectrum[:, ::-1], weights=weights[::-1]
    )
    size = np.sum(weights * (spectrum[:, ::-1] ** 2 + (u * b)[:, None] ** 2), -1)
    # Rounding of 1/b and of b^{T−1}, magnified by the power.
    assert np.all(abs(here - there) <= 100 * length * EPS * (here + size))


@given(SEEDS)
def test_the_flow_conserves_the_difference_of_squares_of_input_and_output_mode(seed):
    rng = np.random.default_rng(seed)
    modes = tuple(rng.uniform(-0.8, 0.8, size=(3, 8)))
    spectrum, weights = rng.normal(size=(8, 4)), rng.exponential(size=4) + 0.1
    times = np.array([0.0, 0.1, 1.0, 10.0, 100.0])
    a, b, c = ld.theory.mode_flow(modes, spectrum, times, weights=weights)
    # The solver's tolerances are 1e-8 a step, over some hundred steps of growing modes.
    assert np.all(abs((a**2 - c**2) - (a[0] ** 2 - c[0] ** 2)) < 1e-5 * (1 + a**2 + c**2))
    energies = ld.theory.energy((a[-1], b[-1], c[-1]), spectrum, weights=weights)
    first = ld.theory.energy(modes, spectrum, weights=weights)
    assert np.all(energies < first)
