"""The input-output modes in closed form: 50 digits, SciPy, and networks that are trained."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import learndyn as ld

EPS = np.finfo(float).eps
T = 5
LAGS = np.arange(T)
FINAL, EVERY = np.ones(T), T - LAGS.astype(float)
READOUTS = pytest.mark.parametrize("weights", [FINAL, EVERY], ids=["final", "every"])
TIMES = np.array([0.0, 1e-8, 0.03, 1.0, 7.0, 60.0, 1e4, 1e300])
number = mpmath.mpf


def drive_and_stiffness(b, spectrum, weights):
    """P and Q to 50 digits."""
    powers = [number(float(b)) ** k for k in range(T)]
    values = list(zip(weights, spectrum[::-1], powers, strict=True))
    drive = sum(number(float(w)) * number(float(m)) * x for w, m, x in values)
    return drive, sum(number(float(w)) * x * x for w, _, x in values)


def logistic(t, u0, drive, stiffness):
    """`du/dt = 2|u| (P − uQ)` to 50 digits, by dividing through u and integrating 1/u."""
    if u0 == 0:
        return number(0)
    # With v = |u| and p = ±P: dv/dt = 2v (p − vQ), so 1/v is linear.
    v, p = abs(number(u0)), drive if u0 > 0 else -drive
    with mpmath.workdps(700):  # for differences of numbers as far apart as 1e-300 and 1
        gone = mpmath.exp(-2 * p * number(t))
        grown = 2 * stiffness * number(t)
        if p != 0:
            grown = stiffness * (1 - gone) / p
        return mpmath.sign(u0) / (gone / v + grown)


def alternating(tail):
    """A spectrum whose P at b = 0.5 is the tail, since all else cancels exactly."""
    return np.array([0.0, 0.0, 4.0, 0.0, -1.0 + tail])


SOLUTIONS = {
    "drive positive": (0.3, 0.6, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "drive negative": (0.3, 0.6, -np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "drive exactly zero": (0.8, 0.5, alternating(0.0)),
    "drive of 1e-12": (0.8, 0.5, alternating(1e-12)),
    "drive of -1e-12": (0.8, 0.5, alternating(-1e-12)),
    "drive of 1e-3": (0.8, 0.5, alternating(1e-3)),
    "negative start, learned": (-0.3, 0.6, -np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "negative start, forgotten": (-0.3, 0.6, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "negative start, no drive": (-0.8, 0.5, alternating(0.0)),
    "start of 1e-150": (1e-150, 0.6, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "start of 1e-300, forgotten": (1e-300, 0.6, -np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "start of 1e-9": (1e-9, 0.6, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "start at zero": (0.0, 0.6, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "start above": (30.0, 0.6, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "b of 0": (0.3, 0.0, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "b of 1": (0.3, 1.0, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "b of -1": (0.3, -1.0, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "b beyond 1": (0.3, 1.7, np.array([0.2, 0.4, -0.1, 0.5, 0.8])),
    "spectrum of zeros": (0.3, 0.9, np.zeros(T)),
}


@READOUTS
def test_corners_are_right_to_fifty_digits(weights):
    u0, b, spectrum = (np.array(part) for part in zip(*SOLUTIONS.values(), strict=True))
    found = ld.theory.input_output_solution(TIMES, u0=u0, b=b, spectrum=spectrum, weights=weights)
    assert found.shape == (len(TIMES), len(u0))
    assert np.isfinite(found).all()
    for i, name in enumerate(SOLUTIONS):
        drive, stiffness = drive_and_stiffness(b[i], spectrum[i], weights)
        for j, t in enumerate(TIMES):
            true = logistic(t, u0[i], drive, stiffness)
            # Rounding of P, of its terms' size, is magnified by the exponent of a growing u.
            terms = float(np.sum(weights * abs(spectrum[i][::-1] * b[i] ** LAGS)))
            grown = min(2 * t * terms, 800.0)
            allowed = (
                20 * EPS * (1 + grown) * abs(true) + 1e-150
            )  # u stops at the root of the smallest number
            if abs(drive) < 1e-9 * terms:
                continue  # P is a rounded zero: see below
            assert abs(number(float(found[j, i])) - true) <= allowed, (name, t)


@pytest.mark.parametrize("u0", [1e-140, -1e-140])
def test_the_smallest_start_that_counts_is_learned_at_last(u0):
    spectrum = np.sign(u0) * np.array([0.2, 0.4, -0.1, 0.5, 0.8])
    drive, stiffness = drive_and_stiffness(0.6, spectrum, FINAL)
    found = ld.theory.input_output_solution(1e4, u0=u0, b=0.6, spectrum=spectrum)
    assert abs(found / float(drive / stiffness) - 1) < 1e-12  # after 1e4 nothing else is left


def test_a_drive_of_zero_decays_as_one_over_time():
    for u0 in (0.8, -0.8):
        now = ld.theory.input_output_solution(TIMES, u0=u0, b=0.5, spectrum=alternating(0.0))
        drive, stiffness = drive_and_stiffness(0.5, alternating(0.0), FINAL)
        assert drive == 0
        true = [float(logistic(t, u0, drive, stiffness)) for t in TIMES]
        np.testing.assert_allclose(now, true, rtol=20 * EPS)


@pytest.mark.parametrize("tail", [1e-12, -1e-12, 1e-8, 1e-3])
def test_a_tiny_drive_decides_at_last_as_if_it_were_large(tail):
    spectrum = alternating(tail)
    drive, stiffness = drive_and_stiffness(0.5, spectrum, FINAL)
    times = np.array([1.0, 0.1 / abs(tail), 1 / abs(tail), 30 / abs(tail)])
    found = ld.theory.input_output_solution(times, u0=0.8, b=0.5, spectrum=spectrum)
    for value, t in zip(np.asarray(found), times, strict=True):
        true = logistic(t, 0.8, drive, stiffness)
        # Sterbenz: P is exact here, a difference of close numbers; 60 is the exponent.
        assert abs(value / true - 1) < 60 * 20 * EPS


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_random_problems_are_right_to_fifty_digits(seed, every):
    rng = np.random.default_rng(seed)
    weights = EVERY if every else FINAL
    u0 = rng.choice([-1, 1], size=4) * 10.0 ** rng.uniform(-6, 1, size=4)
    b, spectrum = rng.uniform(-1.5, 1.5, size=4), rng.normal(size=(4, T))
    found = ld.theory.input_output_solution(TIMES, u0=u0, b=b, spectrum=spectrum, weights=weights)
    for i in range(4):
        drive, stiffness = drive_and_stiffness(b[i], spectrum[i], weights)
        for j, t in enumerate(TIMES):
            true = logistic(t, u0[i], drive, stiffness)
            terms = float(np.sum(weights * abs(spectrum[i][::-1] * b[i] ** LAGS)))
            worst = terms / abs(float(drive))  # digits that P lost
            allowed = 20 * EPS * (worst + min(2 * t * terms, 1400.0)) * abs(true) + 1e-150
            assert abs(number(float(found[j, i])) - true) <= allowed


@READOUTS
def test_the_printed_solution_holds_where_it_is_defined(weights):
    rng = np.random.default_rng(3)
    for _ in range(20):
        u0, b, spectrum = rng.uniform(0.01, 2), rng.uniform(-1.3, 1.3), rng.normal(size=T)
        drive, stiffness = drive_and_stiffness(b, spectrum, weights)
        found = ld.theory.input_output_solution(
            TIMES[:6], u0=u0, b=b, spectrum=spectrum, weights=weights
        )
        for value, t in zip(np.asarray(found), TIMES, strict=False):
            grown = mpmath.exp(2 * number(t) * drive)  # eqs 47 and 157
            printed = grown * drive / (drive / number(u0) - stiffness + grown * stiffness)
            # Exponents of up to 2 · 60 · 10 magnify roundings of P.
            assert abs(value - printed) < 1e-11 * (1 + abs(printed))


@READOUTS
def test_modes_of_any_start_follow_the_flow_integrated_by_scipy(weights):
    rng = np.random.default_rng(4)
    # Balanced ones of both signs, one side silent, and any.
    starts = [(0.4, 0.4), (0.4, -0.4), (0.5, 0.0), (0.0, -0.3), (1e-8, 0.2), (1e-8, 1e-8)]
    starts += [tuple(pair) for pair in rng.normal(size=(6, 2))]
    a, c = np.array(starts).T
    b, spectrum = rng.uniform(-1.2, 1.2, size=len(a)), rng.normal(size=(len(a), T))
    b[:3] = 0.0, 1.0, -1.0
    times = np.array([0.0, 0.1, 0.5, 2.0, 8.0])
    found = ld.theory.input_output_modes(times, (a, b, c), spectrum, weights=weights)
    for i in range(len(a)):
        drive = np.sum(weights * spectrum[i, ::-1] * b[i] ** LAGS)
        stiffness = np.sum(weights * b[i] ** (2 * LAGS))

        def field(_, y, p=drive, q=stiffness):
            return y[::-1] * (p - y.prod() * q)

        options = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-16}
        true = solve_ivp(field, (0, 8), [a[i], c[i]], t_eval=times, **options).y
        # SciPy's local errors of 1e-12, magnified while the mode grows.
        now = np.stack([found.a[:, i], found.c[:, i]])
        np.testing.assert_allclose(now, true, rtol=2e-9, atol=1e-10)
    np.testing.assert_array_equal(found.b, np.broadcast_to(b, found.b.shape))
    np.testing.assert_allclose(found.a[0], a, rtol=4 * EPS, atol=4 * EPS)
    conserved = found.a**2 - found.c**2
    size = found.a**2 + found.c**2
    assert np.all(abs(conserved - (a**2 - c**2)) < 100 * EPS * size)


def test_an_unbalanced_mode_crosses_zero_where_a_balanced_one_cannot():
    spectrum, times = np.array([0.2, 0.4, -0.1, 0.5, 0.8]), np.array([1e9])
    modes = (np.array([0.3, 0.3]), np.array([0.6, 0.6]), np.array([-0.3, -0.3 + 1e-9]))
    late = ld.theory.input_output_modes(times, modes, np.stack([spectrum, spectrum]))
    drive, stiffness = drive_and_stiffness(0.6, spectrum, FINAL)
    assert abs(late.a[0, 0] * late.c[0, 0]) < 1e-100
    np.testing.assert_allclose(late.a[0, 1] * late.c[0, 1], float(drive / stiffness), rtol=1e-12)


@READOUTS
def test_balanced_modes_are_the_square_roots_of_the_solution(weights):
    rng = np.random.default_rng(5)
    u0, b, spectrum = rng.normal(size=8), rng.uniform(-1.2, 1.2, size=8), rng.normal(size=(8, T))
    size = np.sqrt(abs(u0))
    modes = (size, b, np.sign(u0) * size)
    found = ld.theory.input_output_modes(TIMES, modes, spectrum, weights=weights)
    u = ld.theory.input_output_solution(TIMES, u0=u0, b=b, spectrum=spectrum, weights=weights)
    np.testing.assert_allclose(found.a * found.c, u, rtol=1e-11, atol=1e-150)


@READOUTS
def test_gradients_are_finite_at_corners_and_right(weights):
    cases = [case for name, case in SOLUTIONS.items() if "1e-300" not in name]
    u0, b, spectrum = (jnp.array(part) for part in zip(*cases, strict=True))

    def of(t, u0, b, spectrum):
        return ld.theory.input_output_solution(t, u0=u0, b=b, spectrum=spectrum, weights=weights)

    every = jax.jit(
        jax.vmap(jax.vmap(jax.grad(of, (0, 1, 2, 3)), (None, 0, 0, 0)), (0,) + (None,) * 3)
    )
    slopes = every(jnp.asarray(TIMES), u0, b, spectrum)
    assert all(np.isfinite(slope).all() for slope in slopes)
    times = [0.0, 0.03, 1.0]  # where differences of 50 digits are all digits
    for j, t in enumerate(times):
        row = int(np.flatnonzero(t == TIMES)[0])
        for i in range(len(cases)):
            if abs(u0[i]) < 1e-20:
                continue  # smaller than the steps of differences; at 0 there is a kink
            s = np.asarray(spectrum[i])

            def true(t, u0, b, last, s=s):
                powers = [b**k for k in range(T)]
                values = [*(number(float(m)) for m in s[:-1]), last][::-1]
                terms = list(zip(map(float, weights), values, powers, strict=True))
                p = sum(number(w) * m * x for w, m, x in terms)
                q = sum(number(w) * x * x for w, _, x in terms)
                sign = 1 if u0 > 0 else -1
                x = 2 * sign * p * t
                # (1 − e^{−x}) / x by its series where that converges at once.
                ratio = (1 - mpmath.exp(-x)) / x if abs(x) > 1e-9 else 1 - x / 2 + x * x / 6
                return u0 * 1 / (mpmath.exp(-x) + sign * u0 * q * 2 * t * ratio)

            at = (number(t), number(float(u0[i])), number(float(b[i])), number(float(s[-1])))
            found = [slopes[0][row, i], slopes[1][row, i], slopes[2][row, i], slopes[3][row, i, -1]]
            for k, value in enumerate(found):
                order = tuple(int(k == m) for m in range(4))
                expected = float(mpmath.diff(true, at, order))
                assert abs(value - expected) < 1e-9 * (1 + abs(expected)), (j, i, k)


def test_second_derivatives_are_finite_and_those_of_differences():
    def slope(u0, b, spectrum):
        return jax.grad(
            lambda b: ld.theory.input_output_solution(0.7, u0=u0, b=b, spectrum=spectrum)
        )(b)

    second = jax.jit(jax.grad(slope, 1))
    slope = jax.jit(slope)
    for u0, b, spectrum in SOLUTIONS.values():
        found = second(u0, b, spectrum)
        h = 1e-4  # error h² times a fourth derivative of some hundreds
        expected = (slope(u0, b + h, spectrum) - slope(u0, b - h, spectrum)) / (2 * h)
        assert abs(found - expected) < 1e-4 * (1 + abs(expected))


# --- by the method ------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", ["final", "every"])
def test_the_method_is_the_weight_flow_of_the_frozen_network_and_the_limit_of_descent(outputs):
    rng = np.random.default_rng(6)
    task = ld.structured_task(rng.normal(size=(2, 4)), 2, 3, outputs=outputs, key=jax.random.key(0))
    net = ld.init_aligned(
        task,
        np.array([0.3, 0.6]),
        np.array([0.5, -0.8]),
        np.array([0.3, -0.2]),
        key=jax.random.key(1),
    )
    problem = ld.Problem(net, task, frozen="recurrent")
    times = np.array([0.0, 0.5, 1.0, 4.0])
    exact_curve = ld.solve(problem, ld.ExactInputOutput(), times)
    flow = ld.solve(problem, ld.WeightFlow(), times)
    np.testing.assert_allclose(exact_curve.excess, flow.excess, rtol=1e-6, atol=1e-7)
    for mine, other in zip(*map(jax.tree.leaves, (exact_curve.weights, flow.weights)), strict=True):
        # A hundredfold of the solver's tolerance of 1e-8.
        np.testing.assert_allclose(mine, other, atol=1e-6)
    gaps = []
    for rate in (0.01, 0.005):
        descent = ld.solve(problem, ld.GradientDescent(rate), times)
        gaps.append(np.max(abs(np.asarray(descent.excess) - np.asarray(exact_curve.excess))))
    # Descent is Euler's method: the gap halves with the rate, up to its second order.
    assert 1.8 < gaps[0] / gaps[1] < 2.2
