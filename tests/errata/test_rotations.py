"""Errata 34 to 38: how rotations are learned, by SciPy from eqs 182–184."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

T = 5


def exponential(lam, length=T):
    return lam ** np.arange(1, length + 1)


def inverse_exponential(lam, length=T):
    return lam ** np.arange(length)[::-1]


def flow(spectrum, start, until, event=None):
    """Modes a, b, c along eqs 182–184."""
    by_lag, lags = np.asarray(spectrum, complex)[::-1], np.arange(len(spectrum))

    def field(_, modes):
        a, b, c = modes
        powers = b**lags
        error = by_lag - a * c * powers
        pull = error @ powers.conj()
        turn = (lags * error)[1:] @ powers[:-1].conj()
        return np.array([c.conj() * pull, (a * c).conj() * turn, a.conj() * pull])

    start = np.array(start, complex)
    tight = {"method": "DOP853", "rtol": 1e-9, "atol": 1e-12}
    return solve_ivp(field, (0, until), start, events=event, **tight)


def time_until(spectrum, start, left):
    """When `left(modes)` first falls to zero."""

    def event(_, modes):
        return left(modes)

    event.terminal = True
    return flow(spectrum, start, 100.0, event).t_events[0][0]


# --- 34: when angles begin to move (Appendix O, Figure A9) ----------------------------------------


def test_the_angle_of_the_recurrent_mode_waits_for_the_input_output_mode_and_that_of_ac_does_not():
    phi = np.pi / 6
    starts = np.array([0.1, 0.03, 0.01, 0.003, 0.001])
    late_importance = inverse_exponential(0.9 * np.exp(1j * phi))
    recurrent = [
        time_until(late_importance, [e] * 3, lambda m: 0.1 * phi - np.angle(m[1])) for e in starts
    ]
    # The end of ac has the angle Tφ.
    early_importance = exponential(1.05 * np.exp(1j * phi))
    input_output = [
        time_until(early_importance, [e] * 3, lambda m: 0.1 * T * phi - np.angle(m[0] * m[2]))
        for e in starts
    ]
    np.testing.assert_allclose(np.array(recurrent)[[0, -1]], [0.517, 2.772], atol=1e-3)
    np.testing.assert_allclose(np.array(input_output)[[0, -1]], [0.147, 0.170], atol=1e-3)
    # ac ≈ ε² exp 2t is of the size of ε at t = ½ log 1/ε.
    waits = np.diff(recurrent[1:]) / np.diff(-np.log(starts[1:]))
    np.testing.assert_allclose(waits, 0.5, rtol=0.02)


@pytest.mark.parametrize(("start", "angle_first"), [(0.3, False), (0.01, True)])
def test_the_angle_of_the_recurrent_mode_leads_its_radius_from_small_starts_only(
    start, angle_first
):
    phi, radius = np.pi / 6, 1 / 1.05
    spectrum = exponential(1.05 * np.exp(1j * phi))
    angle = time_until(spectrum, [start] * 3, lambda m: 0.5 * phi + np.angle(m[1]))
    middle = (start + radius) / 2
    size = time_until(spectrum, [start] * 3, lambda m: middle - abs(m[1]))
    assert (angle < size) == angle_first
    if start == 0.3:
        np.testing.assert_allclose([angle, size], [1.169, 1.119], atol=1e-3)


# --- 35: lengths to which rotations extrapolate (Appendix O) --------------------------------------


def relative_loss(modes, spectrum):
    a, b, c = modes
    answers = a * c * b ** np.arange(len(spectrum))[::-1]
    return np.sum(abs(spectrum - answers) ** 2) / np.sum(abs(spectrum) ** 2)


def test_exponential_rotations_extrapolate_after_whole_turns():
    lam = np.exp(1j * np.pi / 6)
    trained = flow(exponential(lam), [0.3] * 3, 60.0).y[:, -1]
    lengths = np.arange(1, 30)
    found = [relative_loss(trained, exponential(lam, length)) for length in lengths]
    np.testing.assert_allclose(found, abs(1 - lam ** (T - lengths)) ** 2, atol=1e-6)
    assert lengths[np.array(found) < 1e-10].tolist() == [5, 17, 29]
    np.testing.assert_allclose(found[10], 4, atol=1e-6)  # half a turn on


def test_exponential_rotations_of_another_radius_extrapolate_to_no_length():
    lengths = np.array([1, 2, 3, 4, 6, 7, 12, 17, 29])
    for lam in 0.9 * np.exp(1j * np.pi / 6), 1.05 * np.exp(1j * np.pi / 6):
        solution = (lam**T, 1 / lam, 1.0)
        found = [relative_loss(solution, exponential(lam, length)) for length in lengths]
        np.testing.assert_allclose(found, abs(1 - lam ** (T - lengths)) ** 2, rtol=1e-9)
        assert min(found) > 0.1


# --- 36: how far ac leaves the real line (Appendix O, Figure A10) ---------------------------------


def test_the_imaginary_part_of_the_input_output_mode_grows_to_a_right_angle_and_falls_beyond():
    def largest(angle):
        path = flow(inverse_exponential(np.exp(1j * angle)), [0.1] * 3, 40.0).y
        np.testing.assert_allclose(path[0, -1] * path[2, -1], 1, atol=1e-4)
        return abs((path[0] * path[2]).imag).max()

    shares = np.array([1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8])
    found = np.array([largest(np.pi * share) for share in shares])
    np.testing.assert_allclose(
        found[[0, 1, 3, 5, 6]], [0.030, 0.055, 0.075, 0.051, 0.027], atol=1e-3
    )
    assert shares[np.argmax(found)] == pytest.approx(0.5, abs=0.13)
    assert largest(-0.75 * np.pi) < largest(0.25 * np.pi)  # two columns of Figure A10
    opposite = flow(inverse_exponential(-1.0), [0.1] * 3, 40.0).y
    np.testing.assert_array_equal(opposite.imag, 0)
    np.testing.assert_allclose(opposite[1, -1], -1, atol=1e-4)


# --- 37: clockwise or counterclockwise (Appendix O, Figure A10) -----------------------------------


def test_the_spectrum_turns_clockwise_where_the_state_turns_counterclockwise():
    radius, phi = 0.9, np.pi / 8
    lam = radius * np.exp(1j * phi)
    spectrum = inverse_exponential(lam)
    np.testing.assert_allclose(np.diff(np.angle(spectrum)), -phi)
    # A network of two real units with this eigenvalue, after a pulse.
    mu, nu = lam.real, lam.imag
    recurrent = np.array([[mu, -nu], [nu, mu]])
    state, angles = np.array([1.0, 0.0]), []
    for _ in range(T):
        angles.append(np.arctan2(state[1], state[0]))
        state = recurrent @ state
    np.testing.assert_allclose(np.diff(angles), phi)
    # What a pulse at step t leaves at the end is d_t: the same turn, seen from the other end.
    np.testing.assert_allclose(np.angle(spectrum)[::-1], angles, atol=1e-12)


# --- 38: which initialization lets the distance count (Appendix O) --------------------------------


def ratio_of_times(start):
    """Time to converge at φ = 3π/4, over that at π/4."""
    times = []
    for share in (3 / 4, 1 / 4):
        lam = np.exp(1j * np.pi * share)
        times.append(
            time_until(inverse_exponential(lam), start, lambda m, lam=lam: abs(m[1] - lam) - 0.01)
        )
    return times[0] / times[1]


def test_the_recurrent_start_alone_decides_whether_farther_rotations_are_slower():
    from_large_b = [ratio_of_times([e, 0.2, e]) for e in (0.2, 1e-3, 1e-5)]
    np.testing.assert_allclose(from_large_b, [1.330, 1.319, 1.320], atol=2e-3)
    # While ac is small it grows at the rate |Σ_k λ^k b(0)^k|.
    first, second = (
        abs(np.sum((0.2 * np.exp(1j * np.pi * share)) ** np.arange(T))) for share in (1 / 4, 3 / 4)
    )
    np.testing.assert_allclose(from_large_b[2], first / second, rtol=5e-3)
    assert ratio_of_times([0.2, 0.001, 0.2]) - 1 < 0.005


def test_from_small_starts_the_difference_falls_with_the_recurrent_mode():
    starts = np.array([0.01, 0.003, 0.001])
    excess = np.array([ratio_of_times([e] * 3) for e in starts]) - 1
    np.testing.assert_allclose(excess[[0, 2]], [0.0192, 0.0017], atol=2e-4)
    np.testing.assert_allclose(excess / starts, 1.85, rtol=0.07)
