"""The expansion of the recurrent mode: nested autodiff, 50 digits, and measured orders."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp

import learndyn as ld

T = 4
LAGS = np.arange(T)
FINAL, EVERY = np.ones(T), T - LAGS.astype(float)
READOUTS = pytest.mark.parametrize("weights", [FINAL, EVERY], ids=["final", "every"])
SEEDS = st.integers(0, 2**32 - 1)


def draw(seed, modes):
    rng = np.random.default_rng(seed)
    return *rng.uniform(-1.2, 1.2, size=(2, modes)), rng.normal(size=(modes, T))


def velocity(b, u, spectrum, weights):
    """Eq. 6 with u frozen, one step at a time."""
    total = 0.0
    for lag in range(1, T):
        error = spectrum[T - 1 - lag] - u * b**lag
        total = total + weights[lag] * lag * u * b ** (lag - 1) * error
    return total


def nested(order):
    """`dⁿb/dtⁿ` for n = 1 … order: each the derivative of the last along the flow."""

    def at(b, u, spectrum, weights):
        def flow(b):
            return velocity(b, u, spectrum, weights)

        rates = [flow]
        for _ in range(order - 1):
            rates.append(lambda b, last=rates[-1]: jax.jvp(last, (b,), (flow(b),))[1])
        return jnp.stack([rate(b) for rate in rates])

    return jax.jit(jax.vmap(at, in_axes=(0, 0, 0, None), out_axes=1))


NESTED = nested(6)


@partial(jax.jit, static_argnums=3)
def ours(u, b, spectrum, order, weights):
    return ld.theory.recurrent_derivatives(u, b, spectrum, order, weights=weights)


@given(SEEDS, st.booleans())
def test_derivatives_are_those_of_nested_autodiff(seed, every):
    u, b, spectrum = draw(seed, 5)
    weights = EVERY if every else FINAL
    found = ours(u, b, spectrum, 6, weights)
    expected = NESTED(b, u, spectrum, weights)
    # The sixth is a sum of some hundred products that may cancel: compared with its terms, all
    # positive where the energy's coefficients are.
    sizes = NESTED(abs(b), abs(u), -abs(spectrum), -weights)
    assert np.all(abs(found - expected) <= 1e-13 * abs(sizes))


@pytest.mark.parametrize("b", [0.0, 1.0, -1.0])
def test_corners_are_those_of_nested_autodiff(b):
    u, _, spectrum = draw(0, 5)
    u[0] = 0.0
    spectrum[1] = 0.0
    b = np.full(5, b)
    found = ld.theory.recurrent_derivatives(u, b, spectrum, 6)
    np.testing.assert_allclose(found, NESTED(b, u, spectrum, FINAL), rtol=1e-11, atol=1e-11)
    assert np.all(found[:, 0] == 0)


@READOUTS
@pytest.mark.parametrize("seed", range(3))
def test_derivatives_are_the_series_of_a_flow_integrated_to_fifty_digits(weights, seed):
    (u,), (b,), (spectrum,) = draw(seed, 1)
    number = mpmath.mpf
    numbers = [number(float(s)) for s in spectrum]
    with mpmath.workdps(50):

        def rate(_, b):
            return velocity(b, number(float(u)), numbers, list(map(number, weights)))

        # Derivatives of the solution, by values on a circle in complex time (Cauchy): not by
        # anything that knows of the chain rule.
        radius, points = number("0.02"), 16
        values = []
        for k in range(points):
            end = radius * mpmath.expjpi(number(2 * k) / points)

            def along(s, y, end=end):
                return [end * rate(s, y[0])]

            # Taylor's method with real time from 0 to 1, along a ray.
            values.append(_integrate(along, number(float(b))))
        order = 6
        true = []
        for n in range(1, order + 1):
            turned = (v * mpmath.expjpi(-number(2 * k * n) / points) for k, v in enumerate(values))
            true.append(float((sum(turned) / points / radius**n * math.factorial(n)).real))
    found = ld.theory.recurrent_derivatives(float(u), float(b), spectrum, order, weights=weights)
    # Aliases of the series, 0.02¹⁶ b₁₆₊ₙ, are the error of the reference.
    np.testing.assert_allclose(found, true, rtol=1e-9, atol=1e-9)


def _integrate(field, start, steps=8):
    """Gragg's midpoint rule, extrapolated ten times in h²: to beyond 1e-25 here."""
    table, previous = [], []
    for row in range(10):
        count = 2 * (row + 1) * steps // 8 + 2 * row
        h = mpmath.mpf(1) / count
        before, now = start, start + h * field(0, [start])[0]
        for i in range(1, count):
            before, now = now, before + 2 * h * field(i * h, [now])[0]
        value = (now + before + h * field(1, [now])[0]) / 2
        current = [(count, value)]
        for column, (other, _) in enumerate(table[::-1]):
            ratio = (mpmath.mpf(count) / other) ** 2
            value = value + (value - previous[column]) / (ratio - 1)
            current.append((count, value))
        previous = [v for _, v in current]
        table.append((count, value))
    return value


@given(SEEDS, st.booleans())
def test_printed_derivatives_in_b_are_those_of_the_energy_for_the_first_five_orders(seed, every):
    (u,), (b,), (spectrum,) = draw(seed, 1)
    weights = EVERY if every else FINAL
    terms = zip(weights, spectrum[::-1], LAGS, strict=True)
    energy = sum((0.5 * w * (s - u * Polynomial.basis(int(k))) ** 2 for w, s, k in terms), 0.0)
    d = [-energy.deriv(n)(b) for n in range(1, 6)]
    printed = [
        d[0],
        d[1] * d[0],
        (d[1] ** 2 + d[2] * d[0]) * d[0],
        (4 * d[0] * d[1] * d[2] + d[1] ** 3 + d[3] * d[0] ** 2) * d[0],
        (
            d[1] ** 4
            + 11 * d[0] * d[1] ** 2 * d[2]
            + 4 * d[0] ** 2 * d[2] ** 2
            + 7 * d[0] ** 2 * d[1] * d[3]
            + d[0] ** 3 * d[4]
        )
        * d[0],
    ]
    found = ours(u, b, spectrum, 5, weights)
    size = 1 + max(map(abs, d))
    # Products of up to five derivatives, each with some roundings.
    allowed = 1e-12 * size ** np.arange(1, 6) * 30
    assert np.all(abs(np.asarray(found) - printed) <= allowed)


# --- by the method ------------------------------------------------------------------------------

SPECTRUM = np.array([[0.3, 0.5, 0.9, 1.5], [-0.4, 0.3, -0.5, 0.8]])
A, B, C = np.array([0.9, 0.7]), np.array([0.3, -0.2]), np.array([0.9, 0.9])


def problem_of(outputs, u=1.0):
    task = ld.structured_task(SPECTRUM, 2, 2, outputs=outputs, key=jax.random.key(0))
    net = ld.init_aligned(task, u * A, B, u * C, key=jax.random.key(1))
    return ld.Problem(net, task, frozen=("input", "output"))


def by_scipy(outputs, times):
    """The recurrent modes, each by itself."""
    weights = EVERY if outputs == "every" else FINAL
    options = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-15, "t_eval": times}
    found = []
    for u, b, spectrum in zip(A * C, B, SPECTRUM, strict=True):

        def field(_, b, u=u, spectrum=spectrum):
            return velocity(b, u, spectrum, weights)

        found.append(solve_ivp(field, (0, times[-1]), [b], **options).y[0])
    return np.array(found).T


def recurrent_modes(curve):
    """In the order of the task: bases may be found in another one, or with other signs."""
    b = np.asarray(curve.modes.b)
    return b if abs(b[0, 0] - B[0]) < 1e-9 else b[:, ::-1]


@pytest.mark.parametrize("outputs", ["final", "every"])
@pytest.mark.parametrize("order", range(1, 7))
def test_the_error_falls_with_the_window_as_the_order_declares(outputs, order):
    problem, times = problem_of(outputs), np.linspace(0.0, 0.96, 9)
    true = by_scipy(outputs, times)
    # The times are ends of windows. Windows are so small that the next power matters little, and
    # so large that the error is far above SciPy's.
    windows = 0.96 / np.array([24, 32, 48, 64] if order > 4 else [48, 64, 96, 128])
    errors = []
    for window in windows:
        curve = ld.solve(problem, ld.TaylorRecurrent(order, window), times)
        errors.append(np.max(abs(recurrent_modes(curve) - true)))
    slope = np.polyfit(np.log(windows), np.log(errors), 1)[0]
    assert min(errors) > 1e-13  # SciPy's
    assert slope == pytest.approx(order, abs=0.3)


def test_the_error_falls_with_the_order_at_a_fixed_window():
    times = np.array([0.0, 0.13, 0.5, 0.96])
    true = by_scipy("final", times)
    gaps = []
    for order in range(1, 7):
        curve = ld.solve(problem_of("final"), ld.TaylorRecurrent(order, 0.04), times)
        gaps.append(np.max(abs(recurrent_modes(curve) - true)))
    assert np.all(np.diff(np.log(gaps)) < -1)


@pytest.mark.parametrize("order", [2, 5])
def test_a_window_beyond_the_reach_of_the_series_ends_as_diverged_and_not_as_nan(order):
    times = np.array([0.0, 1.0, 1e3, 1e4])
    curve = ld.solve(problem_of("final", 2.0), ld.TaylorRecurrent(order, 50.0), times, throw=False)
    assert curve.result == ld.RESULTS.diverged
    assert not curve.valid[-1]
    assert curve.valid[0]
    leaves = jax.tree.leaves((curve.weights, curve.modes))
    assert all(np.isfinite(leaf).all() for leaf in leaves)
    # That the loss has left the range of numbers is the finding.
    assert not np.isnan(curve.loss).any()
    assert not np.isnan(curve.excess).any()
    with pytest.raises(ld.SolveError, match="diverged"):
        ld.solve(problem_of("final", 2.0), ld.TaylorRecurrent(order, 50.0), times)
