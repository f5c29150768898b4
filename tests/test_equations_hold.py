"""Equations of single modes: what the library says of them, against brute force.

References are the printed sums, polynomials, SciPy's integrator and 50 digits. Where the paper's
print does not hold, the true form stands here, and the printed one is in `docs/errata.md`.
"""

import math

import jax
import mpmath
import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp

import learndyn as ld
from references import loop_network
from references.exact import exact

T = 5
LAGS = np.arange(T)
FINAL, EVERY = np.ones(T), T - LAGS.astype(float)
READOUTS = [pytest.param(FINAL, id="final"), pytest.param(EVERY, id="every")]
EPS = np.finfo(float).eps


def draw(seed):
    """Modes (a, b, c) of either sign, and a spectrum in t order."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.2, 1.2, size=3), rng.normal(size=T)


def error_polynomial(u, spectrum, weights):
    """The energy of eqs 8 and 156 as a polynomial in b."""
    terms = zip(weights, spectrum[::-1], LAGS, strict=True)
    return sum((0.5 * w * (s - u * Polynomial.basis(int(k))) ** 2 for w, s, k in terms), 0.0)


# --- the energy and its parts (eqs 8, 9, 40, 136, 156, 159) --------------------------------------


@pytest.mark.parametrize("outputs", ["final", "every"])
def test_energies_add_up_to_what_the_loss_has_above_its_floor(outputs):
    rng = np.random.default_rng(0)
    spectrum = rng.normal(size=(2, T))
    task = ld.structured_task(spectrum, 2, 3, outputs=outputs, key=jax.random.key(0))
    a, b, c = rng.uniform(0.2, 0.9, size=(3, 2))
    net = ld.init_aligned(task, a, b, c, key=jax.random.key(1))
    x, y = (np.asarray(part) for part in task.sample(6 * T, key=jax.random.key(2)))
    rows, targets = loop_network.design(x, y)
    noise = rng.normal(size=targets.shape)
    noise -= rows @ np.linalg.lstsq(rows, noise, rcond=None)[0]
    y = y + noise.reshape(y.shape)
    loss = loop_network.loss((net.w_x, net.w_h, net.w_y), x, y)
    weights = FINAL if outputs == "final" else EVERY
    energies = ld.theory.energy((a, b, c), spectrum, weights=weights)
    floor = 0.5 * np.sum(noise**2) / len(x)
    np.testing.assert_allclose(np.sum(energies) + floor, loss, rtol=1e-10)
    assert floor > 0.1


@pytest.mark.parametrize("weights", READOUTS)
@pytest.mark.parametrize("b", [0.0, 0.7, 1.0, -1.0, 1 + 1e-9, -1.6])
def test_data_term_and_effective_regularization_are_the_energy_to_fifty_digits(weights, b):
    (a, _, c), spectrum = draw(1)
    u, targets, lags = exact(a * c), exact(spectrum[::-1]), [int(k) for k in LAGS]
    powers = np.array([exact(b) ** k for k in lags])
    norm, cross = (exact(weights) * powers**2).sum(), (exact(weights) * targets * powers).sum()
    squares = (exact(weights) * targets**2).sum()
    regularization = ld.theory.effective_regularization(a * c, b, T, weights=weights)
    data = ld.theory.data_term((a, b, c), spectrum, weights=weights)
    energy = ld.theory.energy((a, b, c), spectrum, weights=weights)
    scale = float(squares + u**2 * norm) * 20 * EPS
    assert abs(regularization - float(u**2 * norm / 2)) < scale
    assert abs(data - float(squares / 2 - u * cross)) < scale
    assert abs(energy - float((exact(weights) * (targets - u * powers) ** 2).sum() / 2)) < scale
    if abs(b) != 1:  # the closed forms of eqs 9 and 159
        square = exact(b) ** 2
        closed = (1 - square**T) / (1 - square)
        if weights is EVERY:
            closed = (T * (1 - square) - square * (1 - square**T)) / (1 - square) ** 2
        assert abs(closed - norm) < mpmath.mpf(10) ** -25


# --- every-step outputs (eqs 149-156) ------------------------------------------------------------


def rates_of_every_step(modes, singular):
    """Eqs 152, 154 and 155; `singular[t−1, i−1]` is s_{t,i}."""
    a, b, c = modes
    rates = np.zeros(3)
    for t in range(1, T + 1):
        for i in range(1, t + 1):
            error = singular[t - 1, i - 1] - c * b ** (t - i) * a
            rates[0] += b ** (t - i) * c * error
            rates[2] += error * a * b ** (t - i)
            rates[1] += sum(b**r * c * error * a * b ** (t - i - 1 - r) for r in range(t - i))
    return rates


def test_modes_with_outputs_at_every_step_follow_the_printed_double_sums():
    rng = np.random.default_rng(2)
    singular = rng.normal(size=(T, T))
    means = np.array([np.mean(np.diag(singular, -lag)) for lag in LAGS])  # m_k
    task = ld.structured_task(means[::-1], 1, 1, outputs="every", key=jax.random.key(0))
    net = ld.init_aligned(task, 0.5, 0.3, 0.8, key=jax.random.key(0))
    times = np.array([0.0, 0.2, 1.0])
    curve = ld.solve(ld.Problem(net, task), ld.ModeFlow(), times)
    start = np.array([np.asarray(mode)[0, 0] for mode in curve.modes])
    sign = np.sign(np.asarray(curve.bases.output) * np.asarray(curve.bases.input)).item()
    sign *= np.sign(np.asarray(task.statistics().cross_moments)[0, 0, 0] * means[0])
    solution = solve_ivp(
        lambda _, modes: rates_of_every_step(modes, sign * singular),
        (0, 1),
        start,
        t_eval=times,
        rtol=1e-11,
        atol=1e-13,
    )
    found = np.stack([np.asarray(mode)[:, 0] for mode in curve.modes])
    np.testing.assert_allclose(found, solution.y, atol=1e-6)


def test_with_outputs_at_every_step_the_energy_is_that_of_the_mean_at_each_lag_and_a_constant():
    (a, b, c), _ = draw(3)
    singular = np.random.default_rng(3).normal(size=(T, T))
    diagonals = [np.diag(singular, -lag) for lag in LAGS]
    printed = 0.5 * sum(
        np.sum((values - a * c * b**lag) ** 2) for lag, values in zip(LAGS, diagonals, strict=True)
    )
    spread = 0.5 * sum(np.sum((values - values.mean()) ** 2) for values in diagonals)
    means = np.array([values.mean() for values in diagonals])
    ours = ld.theory.energy((a, b, c), means[::-1], weights=EVERY)
    assert ours + spread == pytest.approx(printed, rel=1e-12)


# --- input-output modes in time (eqs 41-47, 157) -------------------------------------------------


@pytest.mark.parametrize("weights", READOUTS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("b", [0.0, -0.8, 1.0])
def test_input_output_modes_follow_the_flow_with_the_recurrent_mode_frozen(weights, sign, b):
    _, spectrum = draw(4)
    a, c = 0.4, 0.4 * sign

    def field(_, modes):
        error = np.sum(weights * b**LAGS * (spectrum[::-1] - modes.prod() * b**LAGS))
        return modes[::-1] * error

    times = np.array([0.0, 0.1, 0.5, 2.0])
    true = solve_ivp(field, (0, 2), [a, c], t_eval=times, rtol=1e-11, atol=1e-14).y.prod(0)
    found = ld.theory.input_output_solution(
        times, u0=a * c, b=b, spectrum=spectrum, weights=weights
    )
    np.testing.assert_allclose(found, true, rtol=1e-7, atol=1e-10)
    assert np.ptp(found) > 1e-3


# --- the recurrent mode in time (eqs 48-67, 158) -------------------------------------------------


def printed_derivative(n, u, b, spectrum, every):
    """Eq. 49, or eq. 158 for a spectrum that depends on `t − i` alone: derivatives of −E."""
    total = 0.0
    for t in range(1, T + 1) if every else [T]:
        for i in range(1, t + 1):
            lag, s = t - i, spectrum[T - 1 - (t - i)]
            if i <= t - n:
                product = math.prod(lag - j for j in range(1, n))
                total += lag * product * s * u * b ** (lag - n)
            if i <= (2 * t - n) // 2:
                product = math.prod(2 * lag - j for j in range(1, n))
                total -= lag * product * u**2 * b ** (2 * lag - n)
    return total


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_derivatives_in_time_are_the_printed_products_of_derivatives_in_b(every, seed):
    (a, b, c), spectrum = draw(seed)
    u, weights = a * c, EVERY if every else FINAL
    energy = error_polynomial(u, spectrum, weights)
    orders = range(1, 2 * T)  # the last of them are zero
    d = [0.0, *(printed_derivative(n, u, b, spectrum, every) for n in orders)]
    np.testing.assert_allclose(d[1:], [-energy.deriv(n)(b) for n in orders], rtol=1e-9)
    assert d[2 * T - 2] != 0 == d[2 * T - 1]
    fifth = d[2] ** 4 + 11 * d[2] ** 2 * d[3] * d[1] + 4 * d[3] ** 2 * d[1] ** 2
    fifth += 7 * d[4] * d[2] * d[1] ** 2 + d[5] * d[1] ** 3
    printed = [
        d[1],
        d[2] * d[1],
        (d[2] ** 2 + d[3] * d[1]) * d[1],
        (4 * d[2] * d[3] * d[1] + d[2] ** 3 + d[4] * d[1] ** 2) * d[1],
        fifth * d[1],
    ]
    rate = now = -energy.deriv()
    for n in range(5):
        np.testing.assert_allclose(now(b), printed[n], rtol=1e-9)  # eqs 50-52
        now = now.deriv() * rate
    found = ld.theory.recurrent_derivatives(u, b, spectrum, 5, weights=weights)
    np.testing.assert_allclose(found, printed, rtol=1e-9)


def test_higher_derivatives_in_time_follow_the_chain_rule_too():
    (a, b, c), spectrum = draw(5)
    rate = now = -error_polynomial(a * c, spectrum, FINAL).deriv()
    expected = []
    for _ in range(7):
        expected.append(now(b))
        now = now.deriv() * rate
    found = ld.theory.recurrent_derivatives(a * c, b, spectrum, 7)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("order", [1, 3, 5])
def test_the_expansion_in_time_misses_the_flow_by_the_next_power(order):
    (a, b, c), spectrum = draw(0)
    rate = -error_polynomial(a * c, spectrum, FINAL).deriv()
    derivatives = np.asarray(ld.theory.recurrent_derivatives(a * c, b, spectrum, order))
    times, gaps = np.array([0.02, 0.04]), []
    for time in times:
        true = solve_ivp(lambda _, b: rate(b), (0, time), [b], rtol=1e-13, atol=1e-15).y[0, -1]
        terms = [d * time**n / math.factorial(n) for n, d in enumerate(derivatives, start=1)]
        gaps.append(abs(b + sum(terms) - true))
    slope = np.log(gaps[1] / gaps[0]) / np.log(2)
    assert slope == pytest.approx(order + 1, abs=0.15)


# --- zero-loss solutions (eqs 68-92) and Dirac deltas (eqs 94-111) -------------------------------


@pytest.mark.parametrize("weights", READOUTS)
@pytest.mark.parametrize(
    ("kind", "lam", "b", "u"),
    [
        ("constant", None, 1.0, 0.7),
        ("inverse_exponential", 0.6, 0.6, 0.7),
        ("inverse_exponential", -1.4, -1.4, 0.7),
        ("exponential", 0.8, 1.25, 0.7 * 0.8**T),
        ("exponential", 1.6, 0.625, 0.7 * 1.6**T),
    ],
)
def test_the_three_dynamics_have_their_printed_solutions_at_zero_loss(kind, lam, b, u, weights):
    spectrum = np.asarray(ld.task_dynamics(kind, 0.7, lam, T))
    for t in range(1, T + 1):
        np.testing.assert_allclose(u * b ** (T - t), spectrum[t - 1], rtol=1e-12)
    best = ld.theory.optimum(spectrum, weights=weights)
    assert best.attained
    np.testing.assert_allclose([best.b, best.u], [b, u], rtol=1e-6)
    assert best.energy < 1e-20 * np.sum(spectrum**2)


def test_other_dynamics_leave_a_loss_at_the_optimum():
    _, spectrum = draw(6)
    grid_b = np.tan(np.linspace(-np.pi / 2, np.pi / 2, 20_001)[1:-1])
    powers = grid_b[:, None] ** LAGS
    powers /= np.linalg.norm(powers, axis=1, keepdims=True)
    lowest = 0.5 * (np.sum(spectrum**2) - np.max((powers @ spectrum[::-1]) ** 2))
    best = ld.theory.optimum(spectrum)
    assert best.energy == pytest.approx(lowest, rel=1e-5)
    assert best.energy > 0.1


def dirac(beta, length):
    """Eq. 96."""
    return np.asarray(ld.task_dynamics("dirac_delta", beta, None, length, kappa=1 / beta))


@pytest.mark.parametrize("length", [3, 6])
def test_dirac_deltas_have_the_printed_energy_and_only_the_ratio_matters(length):
    beta, u, b = 0.8, 0.6, 0.9
    spectrum = dirac(beta, length)
    twice = 2 * float(ld.theory.energy((u, b, 1.0), spectrum))
    middle = sum((-u * b ** (length - i)) ** 2 for i in range(2, length))
    printed = (beta - u * b ** (length - 1)) ** 2 + (1 / beta - u) ** 2 + middle
    assert twice == pytest.approx(printed, rel=1e-12)
    norm = sum(b ** (2 * i) for i in range(length))
    expanded = beta**2 + beta**-2 - 2 * u * (beta * b ** (length - 1) + 1 / beta) + u**2 * norm
    assert twice == pytest.approx(expanded, rel=1e-12)
    scaled = 2 * float(ld.theory.energy((u / spectrum[-1], b, 1.0), spectrum / spectrum[-1]))
    assert scaled == pytest.approx(twice / spectrum[-1] ** 2, rel=1e-12)
    best_u = (beta * b ** (length - 1) + 1 / beta) / norm

    def of_u(u):
        return ld.theory.energy((u, b, 1.0), spectrum)

    assert abs(jax.grad(of_u)(best_u)) < 1e-12
    effective = beta**2 + beta**-2 - best_u**2 * norm
    n = length
    numerator = (1 - b**2) * beta**-2 + 2 * b ** (n - 1) - 2 * b ** (n + 1)
    numerator += beta**2 * (b ** (2 * n - 2) - b ** (2 * n))
    by_ratio = beta**2 + beta**-2 - numerator / (1 - b ** (2 * n))  # eq. 109
    assert by_ratio == pytest.approx(effective, rel=1e-12)
    assert 2 * float(of_u(best_u)) == pytest.approx(effective, rel=1e-12)


@pytest.mark.parametrize("beta", [0.5, 0.7, 0.7072, 0.9, 1.3, 1.5])
def test_three_steps_have_their_transition_at_the_inverse_root_of_two(beta):
    best = ld.theory.optimum(dirac(beta, 3))
    if beta < np.sqrt(0.5):
        assert best.b == 0
        np.testing.assert_allclose([best.u, 2 * best.energy], [1 / beta, beta**2], rtol=1e-12)
    elif beta < np.sqrt(2):
        square = (2 * beta**2 - 1) / (2 - beta**2)
        assert best.b == pytest.approx(np.sqrt(square), rel=1e-6)
        assert 2 * best.energy < beta**2
    else:
        assert not best.attained
        assert 2 * best.energy == pytest.approx(beta**-2)


@pytest.mark.parametrize("length", [4, 5])
def test_more_steps_have_their_transition_at_one(length):
    below, above = ld.theory.optimum(dirac(0.999, length)), ld.theory.optimum(dirac(1.001, length))
    assert below.b == 0
    assert below.attained
    assert not above.attained
    assert 2 * below.energy == pytest.approx(0.999**2)
    assert 2 * above.energy == pytest.approx(1.001**-2)


@pytest.mark.parametrize("length", [3, 5])
@pytest.mark.parametrize("beta", [0.6, 1.7])
def test_landau_coefficients_are_derivatives_of_the_printed_energy_to_fifty_digits(length, beta):
    order, ratio = 9, mpmath.mpf(beta)

    def energy(b):  # eqs 102, 103 and 108
        norm = sum(b ** (2 * i) for i in range(length))
        return ratio**2 + ratio**-2 - (ratio * b ** (length - 1) + 1 / ratio) ** 2 / norm

    with mpmath.workdps(50):
        true = np.array([float(c) for c in mpmath.taylor(energy, 0, order)])
    found = ld.theory.landau_coefficients(beta, length, order)
    np.testing.assert_allclose(found, true, rtol=1e-12, atol=1e-12)
    quadratic = beta**-2 - 2 if length == 3 else beta**-2
    np.testing.assert_allclose(found[:3], [beta**2, 0, quadratic], rtol=1e-12)


# --- errors of the modes in the energy (eqs 136-143) ---------------------------------------------


def test_errors_of_one_mode_enter_the_energy_by_their_powers():
    delta, lam, error = 0.7, 0.8, 0.3
    spectrum = delta * lam ** LAGS[::-1].astype(float)

    def energy(u, b):
        return float(ld.theory.energy((u, b, 1.0), spectrum))

    of_u = 0.5 * np.sum((error * lam ** LAGS.astype(float)) ** 2)
    assert energy(delta + error, lam) == pytest.approx(of_u, rel=1e-12)
    of_b = 0.0
    for lag in range(T):
        powers = (math.comb(lag, k) * lam ** (lag - k) * error**k for k in range(1, lag + 1))
        of_b += 0.5 * (delta * sum(powers)) ** 2
    assert energy(delta, lam + error) == pytest.approx(of_b, rel=1e-12)
