"""Errata 13, 14, 17, 18 and 29: optima of a mode, by roots of polynomials and 50 digits."""

import mpmath
import numpy as np
import pytest
from numpy.polynomial import Polynomial


def gain(b, spectrum):
    """What the best u for a given b takes off `Σ s²` (eqs 100–102); spectrum in t order."""
    lags = np.arange(len(spectrum))[::-1]
    powers = np.power.outer(b, lags)
    return abs(powers.conj() @ spectrum) ** 2 / np.sum(abs(powers) ** 2, -1)


def best(spectrum):
    """The b of least energy among all real finite b, and its gain; the gain at |b| = ∞ is s_1²."""
    projection = Polynomial(spectrum[::-1])
    norm = Polynomial([1 - k % 2 for k in range(2 * len(spectrum) - 1)])
    roots = (2 * projection.deriv() * norm - projection * norm.deriv()).trim().roots()
    roots = roots[abs(roots.imag) < 1e-6].real
    gains = gain(roots, np.asarray(spectrum))
    return roots[np.argmax(gains)], gains.max()


def dirac(beta, length):
    """Eq. 96."""
    return np.array([beta, *np.zeros(length - 2), 1 / beta])


# --- 13: where the loss can be zero (Section 3.4, eqs 10 and 11; Appendix F) --------------------


@pytest.mark.parametrize(("first", "last"), [(0.3, 1.0), (1.7, -0.4), (0.0, 0.5)])
def test_two_steps_can_be_fitted_whatever_their_values_and_three_cannot(first, last):
    b, u = first / last, last
    np.testing.assert_allclose([u * b, u], [first, last], rtol=1e-14)
    spectrum = np.array([first, 0.0, last])
    missed = np.sum(spectrum**2) - max(best(spectrum)[1], first**2)
    assert (missed > 1e-3) == (first != 0)  # a Dirac delta at the last step alone is b = 0


def test_two_steps_with_nothing_at_the_last_cannot_be_fitted():
    # `ub = 1, u = 0`. The energy tends to 0 as b → ∞ and u = 1/b → 0.
    spectrum = np.array([1.0, 0.0])
    assert np.all(1 - gain(np.array([0.0, 1.0, 10.0, 1e3]), spectrum) > 1e-7)
    assert 1 - gain(1e6, spectrum) < 1e-11


def test_a_sum_of_errors_may_vanish_far_from_zero_loss():
    errors = 1.0 - 3 / 7 * 2.0 ** np.arange(3)
    assert abs(errors.sum()) < 1e-15  # eq. 69 with δ = 1, b = 2, u = 3/7
    assert np.sum(errors**2) > 0.5


def test_zero_loss_leaves_the_recurrent_mode_free_at_one_step_or_without_a_task():
    for b in (-2.0, 0.0, 0.7):
        assert 0.4 - 0.4 * b**0 == 0
        np.testing.assert_array_equal(0.0 * b ** np.arange(4), np.zeros(4))
    # Exponential dynamics with λ = 0 are such a task, and have no b = 1/λ.
    np.testing.assert_array_equal(0.0 ** np.arange(1, 5), np.zeros(4))


# --- 14: early importance and stability (Section 3.3, Appendices L and O) ------------------------


def test_decreasing_nonnegative_spectra_have_no_optimum_within_one():
    rng = np.random.default_rng(0)
    for _ in range(300):
        spectrum = -np.sort(-(rng.exponential(size=rng.integers(2, 9)) ** rng.choice([0.3, 1, 3])))
        b, gained = best(spectrum)
        assert b > 1 or gained < spectrum[0] ** 2  # else the infimum lies at b = ∞
        # Increasing spectra are the same, turned around.
        turned, same = best(spectrum[::-1])
        if gained > spectrum[0] ** 2:
            assert (turned, same) == (pytest.approx(1 / b, rel=1e-4), pytest.approx(gained))


def test_spectra_of_decreasing_size_can_have_their_optimum_within_one():
    spectrum = np.array([-1.15, 1.1, 1.05, 1.0])
    b, gained = best(spectrum)
    assert b == pytest.approx(0.544, abs=1e-3)
    # Nor is there a better complex b outside of the unit circle, infinity included.
    outside = np.exp(2j * np.pi * np.linspace(0, 1, 721)) / np.linspace(1e-3, 1, 500)[:, None]
    assert max(gain(outside, spectrum).max(), spectrum[0] ** 2) < gained - 0.05


# --- 17: the transition at three steps (eqs 103-107) ---------------------------------------------


def energy_of_three(beta, b):
    """Eq. 103."""
    return beta**2 + beta**-2 - (beta * b**2 + 1 / beta) ** 2 / (1 + b**2 + b**4)


@pytest.mark.parametrize("beta", ["0.5", "0.9", "1.3"])
def test_printed_expansion_is_wrong_from_the_fourth_power(beta):
    beta = mpmath.mpf(beta)
    with mpmath.workdps(50):
        series = mpmath.taylor(lambda b: energy_of_three(beta, b), 0, 8)
        ratio = beta**2
        true = {2: 1 / ratio - 2, 4: 2 - ratio, 6: ratio - 1 / ratio, 8: 1 / ratio - 2}
        printed = {4: 1 / ratio + 2 - ratio, 6: 2 + ratio, 8: ratio}
        for power, value in true.items():
            assert abs(series[power] - value) < 1e-9
        for power, value in printed.items():
            assert abs(series[power] - value) > 0.1


def test_amplitude_above_the_transition_is_that_of_the_true_fourth_power():
    beta = np.sqrt(0.5) + 1e-4
    b, _ = best(dirac(beta, 3))
    quadratic = beta**-2 - 2
    assert b**2 == pytest.approx(-quadratic / (2 * (2 - beta**2)), rel=1e-2)
    assert b**2 > 2 * -quadratic / (2 * (beta**-2 + 2 - beta**2))


@pytest.mark.parametrize("beta", [0.72, 0.9, 1.0, 1.2, 1.4])
def test_three_steps_have_their_optimum_in_closed_form_up_to_the_square_root_of_two(beta):
    b, gained = best(dirac(beta, 3))
    assert b**2 == pytest.approx((2 * beta**2 - 1) / (2 - beta**2), rel=1e-5)
    assert gained > beta**2


@pytest.mark.parametrize("beta", [1.415, 1.6, 3.0])
def test_three_steps_have_no_optimum_beyond_the_square_root_of_two(beta):
    b = np.concatenate([np.linspace(-20, 20, 4001), [1e2, 1e3]])
    assert np.all(gain(b, dirac(beta, 3)) < beta**2)
    assert gain(1e5, dirac(beta, 3)) == pytest.approx(beta**2, rel=1e-8)


@pytest.mark.parametrize("ratio", [-0.5, -0.99, -1.01, -2.0])
def test_three_steps_with_a_negative_ratio_have_no_smooth_transition(ratio):
    b = np.linspace(-30, 30, 60_001)
    gains = gain(b, np.array([ratio, 0.0, 1.0]))
    assert np.argmax(gains) == (30_000 if ratio > -1 else 0)  # b = 0, or ever larger
    assert gains.max() <= max(1, ratio**2)


# --- 18: the transition at more than three steps (eqs 108-111, Figure A3) ------------------------


@pytest.mark.parametrize("length", [4, 5, 6, 9, 14])
def test_the_transition_is_at_one_at_every_length_and_leads_to_no_finite_mode(length):
    below, above = dirac(0.99, length), dirac(1.01, length)
    b, gained = best(below)
    assert abs(b) < 1e-4
    assert gained == pytest.approx(0.99**-2)
    assert best(above)[1] < 1.01**2
    assert gain(1e6, above) == pytest.approx(1.01**2, rel=1e-10)


@pytest.mark.parametrize("length", [4, 9])
@pytest.mark.parametrize("beta", [0.5, 1.2, 3.0])
def test_the_pruned_mode_stays_a_minimum_on_both_sides_of_the_transition(length, beta):
    b = np.array([-1e-3, 1e-3])
    assert np.all(gain(b, dirac(beta, length)) < beta**-2 * (1 - 0.5e-6))


@pytest.mark.parametrize("bound", [1.5, 2.0, 3.0])
def test_a_search_within_bounds_finds_a_transition_that_depends_on_the_bound(bound):
    b = np.linspace(-bound, bound, 2001)

    def prunes(beta):
        return gain(b, dirac(beta, 30)).max() <= beta**-2 * (1 + 1e-9)

    predicted = (1 - bound**-2) ** -0.25
    assert prunes(predicted - 1e-3)
    assert not prunes(predicted + 1e-3)


def test_the_trivial_input_output_mode_is_the_inverse_of_beta_not_of_its_square():
    beta = 1.5
    u = np.linspace(0, 1, 100_001)
    energies = sum((s - u * 0.0**k) ** 2 for k, s in enumerate(dirac(beta, 5)[::-1]))
    assert u[np.argmin(energies)] == pytest.approx(1 / beta, abs=1e-5)
    assert energies.min() == pytest.approx(beta**2)


# --- 29: transitions of other dynamics (Section 3.4, Figure 4) -----------------------------------


def largest_jump(spectrum_of, low, high):
    """The steepest rise of the optimal b along a parameter, closed in on to 1e-8 of its range."""
    for _ in range(6):
        values = np.linspace(low, high, 30)
        modes = np.array([best(spectrum_of(value))[0] for value in values])
        steepest = np.argmax(np.diff(modes))
        low, high = values[steepest : steepest + 2]
    return modes[steepest + 1] - modes[steepest]


@pytest.mark.parametrize("kappa", [1.0, 2.5])
def test_constant_dynamics_jump_only_from_eleven_steps_on(kappa):
    for length, jumps in [(4, False), (10, False), (11, True), (14, True)]:
        jump = largest_jump(lambda d, n=length: np.append(np.full(n - 1, d), kappa), 0.01, 3.0)
        assert jump > 0.1 if jumps else jump < 1e-5


@pytest.mark.parametrize(("kappa", "first"), [(1.0, 5), (3.0, 8)])
def test_the_length_from_which_exponential_dynamics_jump_depends_on_the_last_value(kappa, first):
    for length, jumps in [(first - 1, False), (first, True), (first + 2, True)]:
        jump = largest_jump(
            lambda lam, n=length: np.append(lam ** np.arange(1, n), kappa), 0.1, 1.1
        )
        assert jump > 0.1 if jumps else jump < 1e-5


@pytest.mark.parametrize("length", [4, 12])
def test_a_recurrent_mode_with_correlation_at_lag_one_is_never_at_zero(length):
    for delta in (1e-4, 1e-2):
        spectrum = np.append(np.full(length - 1, delta), 1.0)
        assert best(spectrum)[0] == pytest.approx(delta, rel=0.05)  # δ/κ
        slope = (gain(1e-6, spectrum) - gain(-1e-6, spectrum)) / 2e-6
        assert slope == pytest.approx(2 * delta, rel=1e-3)
