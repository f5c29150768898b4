"""Errata 11, 12, 15, 16, 22, 25 to 27 and 30: modes, by numerical integration and autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp

T = 5
LAGS = np.arange(T)[::-1]  # of s_1 … s_T


def energy(u, b, spectrum):
    """τE of eq. 8; a spectrum in t order."""
    lags = np.arange(len(spectrum))[::-1]
    return 0.5 * jnp.sum((spectrum - u * b**lags) ** 2)


# --- 11: which starts the solution of the input-output mode is for (eqs 41-47, 157) -------------


def printed_solution(t, u0, b, spectrum):
    """Eq. 47 with τ = 1."""
    drive, stiffness = np.sum(spectrum * b**LAGS), np.sum(b ** (2 * LAGS))
    grown = np.exp(2 * t * drive)
    return grown * drive / (drive / u0 - stiffness + grown * stiffness)


def flow(a, c, b, spectrum, time):
    """u = ac after a time, from eqs 5 and 7 with b frozen."""

    def field(_, modes):
        error = np.sum(b**LAGS * (spectrum - modes.prod() * b**LAGS))
        return modes[::-1] * error

    return solve_ivp(field, (0, time), np.array([a, c]), rtol=1e-11, atol=1e-13).y[:, -1].prod()


SPECTRUM = np.array([0.2, 0.4, -0.1, 0.5, 0.8])


@pytest.mark.parametrize("b", [0.0, 0.6, -0.7, 1.1])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_printed_solution_holds_for_equal_modes(b, sign):
    true = flow(0.3, 0.3, b, sign * SPECTRUM, 0.7)
    assert printed_solution(0.7, 0.09, b, sign * SPECTRUM) == pytest.approx(true, rel=1e-8)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_modes_of_opposite_sign_follow_the_printed_solution_backwards_in_time(sign):
    true = flow(0.3, -0.3, 0.6, sign * SPECTRUM, 0.7)
    assert printed_solution(-0.7, -0.09, 0.6, sign * SPECTRUM) == pytest.approx(true, rel=1e-8)
    assert abs(printed_solution(0.7, -0.09, 0.6, sign * SPECTRUM) - true) > 0.1


def test_unbalanced_modes_leave_the_printed_solution():
    assert (
        abs(flow(0.9, 0.1, 0.6, SPECTRUM, 0.7) - printed_solution(0.7, 0.09, 0.6, SPECTRUM)) > 0.1
    )


def test_without_correlation_the_printed_solution_is_zero_over_zero_and_the_mode_decays():
    spectrum = np.array([0.0, 0.0, 1.0, 0.0, -0.25])
    with np.errstate(invalid="ignore"):
        assert np.isnan(printed_solution(2.0, 0.8, 0.5, spectrum))
    stiffness = np.sum(0.25**LAGS)
    true = flow(np.sqrt(0.8), np.sqrt(0.8), 0.5, spectrum, 2.0)
    assert 0.8 / (1 + 2 * 0.8 * stiffness * 2.0) == pytest.approx(true, rel=1e-8)


# --- 12: which singular values drive the recurrent mode (Section 3.2, Figure 2, Appendix E) -----


SLOPES = jax.jit(jax.jacobian(jax.grad(energy, argnums=(0, 1)), argnums=2))


def weights_of_singular_values(b, u=0.7, length=T):
    """How much each s_t adds to db/dt and to dc/dt (a = c), by autodiff of eq. 8."""
    slopes = SLOPES(u, b, jnp.ones(length))
    return -np.array(slopes[1]), -np.array(slopes[0]) * np.sqrt(u)


@pytest.mark.parametrize("b", [0.1, 0.5, 0.9, -1.3])
def test_the_last_singular_value_has_no_part_in_the_gradient_of_the_recurrent_mode(b):
    recurrent, output = weights_of_singular_values(b)
    assert recurrent[-1] == 0
    assert abs(recurrent[-2]) > 0.1
    assert abs(output[-1]) > 0.1


def test_earlier_singular_values_can_weigh_more_in_the_recurrent_mode_below_one():
    recurrent, output = weights_of_singular_values(0.9, length=10)
    assert np.all(np.diff(recurrent) < 1e-12)  # k b^(k-1) grows with the lag k up to 1 / (1 − b)
    assert np.all(np.diff(output) > 0)  # as printed: b^k


def test_below_one_is_not_enough_where_the_recurrent_mode_is_negative():
    _, far = weights_of_singular_values(-2.0)
    assert np.all(np.diff(abs(far)) < 0)
    # The same values in ascending order drive less than in another order.
    _, near = weights_of_singular_values(-0.5, length=3)
    assert near @ np.array([1.0, 2.0, 3.0]) < near @ np.array([2.0, 1.0, 3.0])


def time_to_half(spectrum, start):
    """When the energy of eq. 8 has fallen halfway to zero, on the flow of eqs 5–7."""
    slope = jax.jit(jax.grad(lambda m: energy(m[0] * m[2], m[1], spectrum)))
    whole = energy(start**2, 0.9, spectrum)

    def half(_, modes):
        return float(energy(modes[0] * modes[2], modes[1], spectrum) / whole - 0.5)

    half.terminal = True
    modes = np.array([start, 0.9, start])
    return solve_ivp(lambda _, m: -slope(m), (0, 9), modes, rtol=1e-8, events=half).t_events[0][0]


def test_the_same_values_in_descending_order_can_be_learned_faster_below_one():
    ascending = 0.5**LAGS
    early, late = time_to_half(ascending[::-1], 0.1), time_to_half(ascending, 0.1)
    assert early < 0.95 * late


# --- 15: the error at other lengths (Section 3.3) -----------------------------------------------


def error_at(length, trained, lam):
    """Error and its share of the task, where eq. 84's solution for `trained` steps is used."""
    steps = np.arange(1, length + 1)
    target, found = lam**steps, lam**trained * (1 / lam) ** (length - steps)
    return np.sum((target - found) ** 2), np.sum((target - found) ** 2) / np.sum(target**2)


@pytest.mark.parametrize("lam", [0.5, 0.8, 1.2, 2.0])
def test_error_grows_at_longer_lengths_but_not_always_at_shorter_ones(lam):
    longer = np.array([error_at(length, 10, lam) for length in range(10, 30)])
    assert np.all(np.diff(longer, axis=0) > 0)
    shorter = np.array([error_at(length, 10, lam) for length in range(10, 0, -1)])
    assert shorter[-1, 0] < 0.9 * shorter[:, 0].max()
    assert np.all(np.diff(shorter[:, 1]) > 0)  # relative to the task it does


# --- 16: the effective regularization (Lemma 3.2, eqs 9 and 159, Appendix G) ---------------------


def test_effective_regularization_stays_bounded_below_one_however_large_the_product():
    a = c = 10.0
    b = 0.9
    lags = np.arange(2000)
    assert c * b * a == 90
    term = 0.5 * (c * a) ** 2 * np.cumsum(b ** (2 * lags))
    np.testing.assert_allclose(term[-1], 0.5 * (c * a) ** 2 / (1 - b**2))
    assert 0.5 * 0.1**2 * np.sum(np.ones(2000)) > 100 * 0.5 * 0.1**2  # at |b| = 1 it does grow


def test_printed_closed_forms_are_zero_over_zero_at_one_and_right_elsewhere():
    for b in (1.0, -1.0, 0.3, -1.2):
        single = np.sum(b ** (2 * LAGS))
        every = sum(b ** (2 * (t - i)) for t in range(1, T + 1) for i in range(1, t + 1))
        with np.errstate(invalid="ignore"):
            square = np.float64(b) ** 2
            printed = (1 - square**T) / (1 - square)
            printed_every = (T * (1 - square) - square * (1 - square**T)) / (1 - square) ** 2
        if abs(b) == 1:
            assert np.isnan(printed)
            assert np.isnan(printed_every)
            assert (single, every) == (T, T * (T + 1) / 2)
        else:
            np.testing.assert_allclose([printed, printed_every], [single, every], rtol=1e-12)


@pytest.mark.parametrize("spectrum", [[1.5, 0, 1], [2.5, 0, 1], [1, 1, 1]])
def test_the_best_input_output_mode_can_grow_with_the_recurrent_mode(spectrum):
    lags = np.array([2, 1, 0])
    best = [np.sum(spectrum * b**lags) / np.sum(b ** (2 * lags)) for b in (0.0, 0.1, 0.2, 0.3)]
    assert np.all(np.diff(best) > 0)


# --- 22: errors of the two modes in the energy (Appendix K, eqs 136-143) ------------------------


def test_deviations_of_appendix_k_vanish_at_no_solution_of_exponential_dynamics():
    delta, lam, steps = 0.7, 0.8, np.arange(1, T)
    recurrent = (lam**steps) ** (1 / (T - steps))  # b with Δ_b = 0, for i < T; 1/0 at i = T
    assert np.ptp(recurrent) > 0.1  # no single b
    assert abs(delta - delta * lam**T) > 0.1  # u with Δ_ac = 0, and the solution
    # Where the dynamics are 1 at the last step and a power of the lag, there is one b.
    np.testing.assert_allclose((lam ** (T - steps)) ** (1 / (T - steps)), lam)


def test_a_negative_value_has_no_real_root_of_even_order():
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.float64(-0.5) ** (1 / 2))


@pytest.mark.parametrize("length", [3, 5, 8])
def test_a_small_error_of_either_mode_enters_quadratically_and_a_large_one_by_its_degree(length):
    lam, delta, lags = 0.8, 0.7, np.arange(length)[::-1]

    def slope(of, size):
        return np.log(of(1.01 * size) / of(size)) / np.log(1.01)

    def in_u(error):
        return float(energy(delta + error, lam, delta * lam**lags))

    def in_b(error):
        return float(energy(delta, lam + error, delta * lam**lags))

    assert slope(in_u, 1e-5) == pytest.approx(2, abs=1e-3)
    assert slope(in_b, 1e-5) == pytest.approx(2, abs=1e-3)
    assert slope(in_u, 1e4) == pytest.approx(2, abs=1e-3)
    assert slope(in_b, 1e4) == pytest.approx(2 * (length - 1), abs=1e-2)
    curvature = np.sum((lags * delta * lam ** np.maximum(lags - 1, 0)) ** 2)
    assert in_b(1e-5) == pytest.approx(curvature * 1e-10 / 2, rel=1e-3)


# --- 25: stability and the scaling term (Section 3.3, Figure 3) ----------------------------------


def test_the_scaling_term_changes_the_curvature_at_the_solution_but_not_its_recurrent_mode():
    @jax.jit
    def hessian(modes, delta):
        def of_modes(modes):
            return energy(modes[0] * modes[2], modes[1], delta * jnp.ones(T))

        return jax.hessian(of_modes)(modes)

    def curvature(delta):
        solution = np.array([np.sqrt(delta), 1.0, np.sqrt(delta)])
        assert energy(delta, 1.0, delta * np.ones(T)) == 0
        return np.linalg.eigvalsh(hessian(solution, delta)).max()

    curvatures = [curvature(delta) for delta in (1e-6, 1e-3, 0.1, 1.0, 10.0)]
    assert np.all(np.diff(curvatures) > 0)
    assert curvatures[0] < 1e-4
    assert curvatures[-1] > 1000
    # For any spectrum: the energy of (δu, b) is δ² times that of (u, b), so b stays.
    spectrum = jnp.array([0.2, 0.4, -0.1, 0.5, 0.8])
    assert energy(3 * 0.7, 0.6, 3 * spectrum) == pytest.approx(9 * energy(0.7, 0.6, spectrum))


# --- 26: how far the expansion of b reaches (eqs 48, 66, 67) -------------------------------------


def power_series(rate, start, order):
    """Coefficients of b(t) where db/dt is the polynomial `rate` of b."""
    series = np.array([start])
    for n in range(order):
        composed = np.zeros(n + 1)
        for coefficient in rate.coef[::-1]:  # Horner's scheme on truncated series
            composed = np.convolve(composed, series)[: n + 1]
            composed[0] += coefficient
        series = np.append(series, composed[n] / (n + 1))
    return series


def test_the_series_of_the_recurrent_mode_converges_for_a_limited_time_only():
    target = sum((0.5 * (0.8**k - Polynomial.basis(k)) ** 2 for k in range(4)), Polynomial([0.0]))
    rate = -target.deriv()
    series = power_series(rate, 0.1, 80)

    def gap(time, order):
        true = solve_ivp(lambda _, b: rate(b), (0, time), [0.1], rtol=1e-12, atol=1e-14).y[0, -1]
        assert 0.1 < true < 0.8  # on its way to the solution, and as smooth as can be
        return abs(series[:order] @ time ** np.arange(order) - true)

    assert gap(0.4, 80) < 1e-9 < gap(0.4, 20) < gap(0.4, 6)
    assert gap(1.0, 80) > gap(1.0, 40) > gap(1.0, 20) > 1


# --- 27: imaginary parts of the two modes (Appendix O) -------------------------------------------


def rotating_flow(spectrum, start, time):
    """Eqs 182–184."""

    def field(_, modes):
        a, b, c = modes
        error = spectrum - c * b**LAGS * a
        slopes = LAGS * b ** np.maximum(LAGS - 1, 0)
        moves = c * b**LAGS, c * a * slopes, a * b**LAGS
        return np.array([np.sum(move.conj() * error) for move in moves])

    start = np.array(start, complex)
    return solve_ivp(field, (0, time), start, rtol=1e-9, atol=1e-12, dense_output=True)


@pytest.mark.parametrize("start", [0.1, -0.2])
@pytest.mark.parametrize("angle", [np.pi / 8, -np.pi / 4, -3 * np.pi / 4])
def test_imaginary_parts_have_one_sign_only_if_the_recurrent_mode_starts_positive(start, angle):
    path = rotating_flow(np.exp(1j * angle * LAGS), [0.1, start, 0.1], 60).y
    product = path[0] * path[2]
    np.testing.assert_allclose([path[1, -1], product[-1]], [np.exp(1j * angle), 1], atol=1e-5)
    largest = np.argmax(abs(product.imag))
    assert abs(product.imag[largest]) > 0.01
    same = np.sign(product.imag[largest]) == np.sign(path[1, largest].imag)
    assert same == (start > 0)


# --- 30: which radius is learned faster (Appendix O, Figure A11) ---------------------------------


@pytest.mark.parametrize("angle", [0.0, np.pi / 6])
def test_larger_radii_converge_earlier_but_smaller_ones_lose_their_first_quarter_earlier(angle):
    times = np.linspace(0, 12, 6001)

    def milestones(radius):
        lam = radius * np.exp(1j * angle)
        a, b, c = rotating_flow(lam**LAGS, [0.1, 0.1, 0.1], 12).sol(times)
        loss = np.sum(abs(lam ** LAGS[:, None] - a * c * b ** LAGS[:, None]) ** 2, axis=0)
        quarter = np.argmax(loss < 0.75 * loss[0])
        most = np.argmax(loss < 0.01 * loss[0])
        mode = np.argmax(abs(b - lam) < 0.1 * abs(0.1 - lam))
        return times[[quarter, most, mode]]

    small, large = milestones(0.4), milestones(1.05)
    assert np.all(large[1:] < 0.9 * small[1:])
    assert small[0] < 0.9 * large[0]
