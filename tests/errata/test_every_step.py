"""Errata 12, 16, 18, 29, 32 and 39 where every step has an output (Appendix M)."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp
from scipy.linalg import toeplitz


def readouts(length):
    """How many outputs each lag 0 … T−1 has: T − k."""
    return np.arange(length, 0, -1.0)


def polynomials(weights, by_lag):
    """P = Σ w_k m_k b^k and Q = Σ w_k b^{2k}: the best u is P/Q and takes ½ P²/Q off the energy."""
    norm = np.zeros(2 * len(weights) - 1)
    norm[::2] = weights
    return Polynomial(weights * by_lag), Polynomial(norm)


def gain(b, weights, by_lag):
    projection, norm = polynomials(weights, by_lag)
    return projection(b) ** 2 / norm(b)


def energy_of_eq_156(a, b, c, spectrum):
    """τE of eq. 156, read by read; `spectrum[t, i]` with zeros for i > t."""
    length = len(spectrum)
    pairs = [(t, i) for t in range(length) for i in range(t + 1)]
    return sum((spectrum[t, i] - c * b ** (t - i) * a) ** 2 for t, i in pairs) / 2


def test_the_energy_is_that_of_the_means_by_lag_weighted_by_their_readouts_and_a_constant():
    rng = np.random.default_rng(0)
    spectrum = np.tril(rng.normal(size=(5, 5)))
    weights, means = readouts(5), np.array([np.diag(spectrum, -k).mean() for k in range(5)])
    rests = []
    for a, b, c in rng.normal(size=(4, 3)):
        of_means = np.sum(weights * (means - a * c * b ** np.arange(5)) ** 2) / 2
        rests.append(energy_of_eq_156(a, b, c, spectrum) - of_means)
    np.testing.assert_allclose(rests, rests[0])


# --- 12: which singular values drive the recurrent mode ------------------------------------------


def test_no_readouts_own_input_has_a_part_in_the_gradient_of_the_recurrent_mode():
    rng = np.random.default_rng(1)
    spectrum, moved = np.tril(rng.normal(size=(4, 4))), np.diag([1.0, -2.0, 3.0, 5.0])

    def slope(spectrum, step=1e-5):
        low, high = (energy_of_eq_156(0.7, 0.6 + h, 1.1, spectrum) for h in (-step, step))
        return (high - low) / (2 * step)

    assert slope(spectrum + moved) == pytest.approx(slope(spectrum), abs=1e-7)
    moved[1, 0] = 1.0
    assert abs(slope(spectrum + moved) - slope(spectrum)) > 0.5


# --- 16: effective regularization (eq. 159) ------------------------------------------------------


@pytest.mark.parametrize("b", [0.0, 0.6, -0.9])
def test_regularization_of_outputs_at_every_step_grows_without_bound_below_one_too(b):
    u = 0.01
    terms = [u**2 / 2 * np.sum(readouts(n) * b ** (2 * np.arange(n))) for n in (10**3, 10**6)]
    assert terms[1] / terms[0] == pytest.approx(1000, rel=0.01)
    assert terms[1] / 10**6 == pytest.approx(u**2 / (2 * (1 - b**2)), rel=1e-4)


def test_the_closed_form_of_eq_159_is_that_sum_except_at_one():
    def printed(b, length):
        b = np.float64(b)
        return (length * (1 - b**2) - b**2 * (1 - b ** (2 * length))) / (1 - b**2) ** 2

    for length in (1, 2, 7):
        for b in (0.3, -0.8, 1.4):
            true = np.sum(readouts(length) * b ** (2.0 * np.arange(length)))
            assert printed(b, length) == pytest.approx(true)
        assert np.sum(readouts(length)) == length * (length + 1) / 2
        with np.errstate(invalid="ignore"):
            assert np.isnan(printed([1.0, -1.0], length)).all()


# --- 18: Dirac deltas ----------------------------------------------------------------------------


def deltas(ratio, length):
    """s_T = 1 at lag 0, s_1 = ratio at lag T−1."""
    return np.array([1.0, *np.zeros(length - 2), ratio])


# Finite b on either side of 1 alike; b = 0 is the middle one.
MODES = np.tan(np.linspace(-1.55, 1.55, 40_001))


@pytest.mark.parametrize("length", [4, 5, 6, 10, 30])
def test_deltas_with_outputs_at_every_step_jump_at_the_root_of_the_length(length):
    weights, transition = readouts(length), np.sqrt(length)

    def gains(ratio, b):
        return gain(b, weights, deltas(ratio, length))

    middle = len(MODES) // 2
    assert abs(MODES[middle]) < 1e-12
    for ratio in (0.9, 1.0, 1.5, 0.99 * transition):  # b = 0 leaves only ½ s_1²
        assert np.argmax(gains(ratio, MODES)) == middle
        assert gains(ratio, MODES[middle]) == pytest.approx(length)
    b = np.linspace(0, 2, 2001)  # two of the terms of Q are enough
    assert (
        (length - 1) * b**2 + 2 * b ** (2 * length - 4) >= 2 * transition * b ** (length - 1)
    ).all()
    for sign in (1, -1):
        at = gains(sign * transition, MODES)
        assert at.max() == pytest.approx(length)
        between = (abs(MODES) > 0.05) & (abs(MODES) < 20)
        assert at[between].max() < length - 1e-3
        # Beyond: no finite b takes off what b → ∞ does, s_1².
        beyond = 1.01 * transition
        b = MODES[abs(MODES) < 10]
        assert gains(sign * beyond, b).max() < beyond**2
        assert gains(sign * beyond, 1e3) == pytest.approx(beyond**2, rel=1e-4)


def test_three_steps_with_outputs_at_every_step_leave_zero_smoothly_at_one():
    b = np.linspace(0, 5, 100_001)
    for ratio in (0.8, 1.0, 1.1, 1.5, 2.0, 2.5):
        found = b[np.argmax(gain(b, readouts(3), deltas(ratio, 3)))]
        assert found**2 == pytest.approx(max(0, 3 * (ratio - 1) / (3 - ratio)), abs=1e-3)
    assert np.argmax(gain(b, readouts(3), deltas(3.0, 3))) == len(b) - 1


# --- 29: constant dynamics with another value at the last step -----------------------------------


def largest_jump(length, weights):
    """Where δ/κ moves the best of all b most, by brute force: δ/κ, and b on either side."""
    b = np.linspace(-1.2, 1.2, 9_601)
    by_lag = np.ones(length)
    by_lag[0] = 0
    rest, norm = polynomials(weights, by_lag)
    low, high = 0.01, 1.0
    for _ in range(9):
        ratios = np.linspace(low, high, 31)
        gains = [(weights[0] + ratio * rest(b)) ** 2 / norm(b) for ratio in ratios]
        best = b[np.argmax(gains, axis=1)]
        steepest = np.argmax(np.diff(best))
        low, high = ratios[steepest : steepest + 2]
    return low, best[steepest], best[steepest + 1]


def least_slope(length, weights):
    """The least slope of δ/κ over b along the stationary b, `2P′Q = PQ′` solved for δ/κ."""
    b = np.linspace(1e-3, 0.999, 20_000)
    by_lag = np.ones(length)
    by_lag[0] = 0
    rest, norm = polynomials(weights, by_lag)
    bend = norm.deriv()(b)
    ratios = weights[0] * bend / (2 * rest.deriv()(b) * norm(b) - rest(b) * bend)
    return np.min(np.diff(ratios) / np.diff(b))


@pytest.mark.parametrize(("every_step", "first"), [(False, 11), (True, 19)])
def test_constant_dynamics_jump_from_nineteen_steps_on_with_outputs_at_every_step(
    every_step, first
):
    for length in range(first - 2, first + 3):
        weights = readouts(length) if every_step else np.ones(length)
        _, before, after = largest_jump(length, weights)
        if length < first:  # one b for each δ/κ: no more than the grid
            assert after - before < 1e-3
            assert least_slope(length, weights) > 0.004
        else:
            assert after - before > 0.15
            assert least_slope(length, weights) < -0.01


def test_the_jump_at_nineteen_steps():
    ratio, before, after = largest_jump(19, readouts(19))
    assert ratio == pytest.approx(0.2244, abs=1e-4)
    assert (before, after) == pytest.approx((0.580, 0.755), abs=1e-3)


# --- 32: what training finds ---------------------------------------------------------------------


def end_of_flow(ratio, start):
    """The recurrent mode where eqs 152–155 end, from a = c = 0.1."""
    weights, lags, by_lag = readouts(4), np.arange(4), deltas(ratio, 4)

    def field(_, modes):
        a, b, c = modes
        powers = b**lags
        error = weights * (by_lag - a * c * powers)
        pull = error @ powers
        return [c * pull, a * c * ((lags * error)[1:] @ powers[:-1]), a * pull]

    tight = {"method": "LSODA", "rtol": 1e-9, "atol": 1e-12}
    return solve_ivp(field, (0, 300), [0.1, start, 0.1], **tight).y[1, -1]


def test_with_outputs_at_every_step_two_minima_coexist_at_other_ratios():
    for start in (0.1, 0.7, 1.0):
        assert end_of_flow(1.5, start) == pytest.approx(0, abs=1e-6)
    assert end_of_flow(2.1, 0.1) == pytest.approx(0, abs=1e-6)
    assert end_of_flow(2.1, 0.7) > 3


# --- 39: exponential dynamics --------------------------------------------------------------------


def test_exponential_dynamics_at_each_readout_are_no_function_of_the_lag():
    length, lam = 6, 0.7
    spectrum = np.tril(np.tile(lam ** np.arange(1, length + 1), (length, 1)))
    inside = np.tril(np.ones_like(spectrum)) == 1
    columns = [toeplitz(np.eye(length)[k], np.zeros(length))[inside] for k in range(length)]
    response, left, _, _ = np.linalg.lstsq(np.array(columns).T, spectrum[inside], rcond=None)
    means = np.array([np.diag(spectrum, -k).mean() for k in range(length)])
    np.testing.assert_allclose(response, means)
    np.testing.assert_allclose(
        means, [sum(lam**j for j in range(1, length - k + 1)) / (length - k) for k in range(length)]
    )
    assert left[0] / np.sum(spectrum**2) == pytest.approx(0.129, abs=5e-4)


def test_exponential_means_by_lag_are_inverse_exponential_ones_and_fitted_exactly():
    length, lam, delta = 6, 0.7, 1.3
    means, lags = delta * lam ** (length - np.arange(length)), np.arange(length)
    np.testing.assert_allclose(means, delta * lam**length * (1 / lam) ** lags)
    weights = readouts(length)
    assert gain(1 / lam, weights, means) == pytest.approx(np.sum(weights * means**2))
    projection, norm = polynomials(weights, means)
    assert projection(1 / lam) / norm(1 / lam) == pytest.approx(delta * lam**length)
