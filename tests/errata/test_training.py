"""Errata 31, 32 and 33: what is learned, by polynomials, SciPy and descent in NumPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

T = 4


# --- 31: negative dynamic terms (Section 3.3) -----------------------------------------------------


@pytest.mark.parametrize(
    ("lam", "exponential", "stable"),
    [(-1.2, False, False), (-0.5, False, True), (-1.5, True, True), (-0.5, True, False)],
)
def test_stability_of_the_solutions_goes_by_the_size_of_lambda(lam, exponential, stable):
    steps = np.arange(1, T + 1)
    spectrum = lam ** (steps if exponential else T - steps)
    # The two last values leave one candidate, which fits all the others.
    u, b = spectrum[-1], spectrum[-2] / spectrum[-1]
    np.testing.assert_allclose(u * b ** (T - steps), spectrum, rtol=1e-12)
    assert (abs(b) <= 1) == stable
    printed_unstable = lam < 1 if exponential else lam > 1
    # What is printed names the wrong ones, but for exponential dynamics within −1 and 1.
    assert printed_unstable == (not stable) or lam in (-1.2, -1.5)


# --- 32: training and optimum (Section 3.4, Appendix H) -------------------------------------------


def flow_end(spectrum, start, until):
    """(u, b) after a long time of eqs 5–7."""
    by_lag, lags = np.asarray(spectrum)[::-1], np.arange(len(spectrum))

    def field(_, y):
        a, b, c = y
        powers = b**lags
        error = by_lag - a * c * powers
        slope = error @ powers
        return [c * slope, a * c * (error[1:] @ (lags[1:] * powers[:-1])), a * slope]

    y = solve_ivp(field, (0, until), start, method="LSODA", rtol=1e-8, atol=1e-12).y[:, -1]
    return y[0] * y[2], y[1]


def test_gradient_flow_ends_by_its_start_where_two_minima_coexist():
    spectrum = [1.5, 0.0, 0.0, 1.0]
    u, b = flow_end(spectrum, [0.1, 0.1, 0.1], 1000.0)
    np.testing.assert_allclose([u, b], [1, 0], atol=1e-3)
    _, b = flow_end(spectrum, [0.1, 0.7, 0.1], 1000.0)
    assert b > 1


def test_the_ratio_of_singular_values_alone_does_not_decide_where_the_flow_ends():
    ends = []
    for scale in (1.0, 10.0):
        spectrum = scale * np.array([1.5, 0.0, 0.0, 1.0])
        ends.append(flow_end(spectrum, [0.1, 0.1, 0.1], 1000.0)[1])
    np.testing.assert_allclose(ends[0], 0, atol=1e-3)
    assert ends[1] > 1


# --- 33: spare hidden units (Section 3.4, eq. 10) -------------------------------------------------


def response(w_x, w_h, w_y, length):
    return np.array([(w_y @ np.linalg.matrix_power(w_h, k) @ w_x).item() for k in range(length)])


@pytest.mark.parametrize("length", [3, 6, 12])
def test_two_hidden_units_fit_dynamics_with_a_deviating_last_value_exactly(length):
    delta, lam, kappa = 0.7, 0.9, 3.0
    by_lag = delta * lam ** np.arange(length)
    by_lag[0] = kappa
    weights = np.ones((2, 1)), np.diag([lam, 0.0]), np.array([[delta, kappa - delta]])
    np.testing.assert_allclose(response(*weights, length), by_lag, rtol=1e-14)


def test_training_two_units_goes_below_the_best_loss_of_one():
    target = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0])  # constant, but for κ at the last step
    b = np.linspace(-3, 3, 60001)[:, None]
    powers = b ** np.arange(6)
    best_of_one = 0.5 * (target @ target - ((powers @ target) ** 2 / (powers**2).sum(1)).max())
    rng = np.random.default_rng(0)
    w_x, w_h, w_y = (0.3 * rng.normal(size=shape) for shape in ((2, 1), (2, 2), (1, 2)))
    for _ in range(40000):
        states = [w_x]
        for _ in range(5):
            states.append(w_h @ states[-1])
        errors = [(w_y @ state).item() - m for state, m in zip(states, target, strict=True)]
        back, move_h = np.zeros((2, 1)), np.zeros((2, 2))
        move_y = sum(e * state.T for e, state in zip(errors, states, strict=True))
        for k in range(5, 0, -1):
            back = w_h.T @ back + w_y.T * errors[k]
            move_h += back @ states[k - 1].T
        back = w_h.T @ back + w_y.T * errors[0]
        w_x, w_h, w_y = w_x - 0.005 * back, w_h - 0.005 * move_h, w_y - 0.005 * move_y
    loss = 0.5 * np.sum((response(w_x, w_h, w_y, 6) - target) ** 2)
    assert loss < 0.1 * best_of_one
