"""Stability, other lengths, order and cost of errors: by running what they predict."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp

import learndyn as ld
from learndyn.theory._rosenbrock import Rodas5P
from references import mode_steps
from references.exact import mpmath

SEEDS = st.integers(0, 2**32 - 1)
EPS = np.finfo(float).eps

# --- stability under a learning rate --------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_descent_stays_below_the_largest_rate_and_leaves_above_it(seed):
    spectrum = np.random.default_rng(seed).normal(size=4) + np.array([0, 0, 0, 1.5])
    found = ld.theory.stability(spectrum)
    best = found.optimum
    assert best.attained
    size, sign = np.sqrt(abs(float(best.u))), np.sign(float(best.u))
    solution = np.array([size, float(best.b), sign * size])
    start = solution + 1e-6 * np.array([1.0, -1.0, 0.7])
    gaps = []
    for share in (0.95, 1.05):
        path = mode_steps.descend(*start, spectrum, share * float(found.largest_rate), 400)
        gaps.append(np.abs(path - solution).max(1))
    # The component along the steepest direction is multiplied by −0.9, and by −1.1; along the
    # valley of equal products nothing moves.
    u_gaps = gaps[0][-1]
    assert u_gaps < 3e-6
    assert gaps[1].max() > 1e-3


# --- importance -----------------------------------------------------------------------------------


def best_root(spectrum, weights=None):
    """Best finite b by roots of a polynomial, what it takes off, and what b = ∞ takes off."""
    weights = np.ones(len(spectrum)) if weights is None else weights
    p, q = (
        Polynomial(weights * spectrum[::-1]),
        Polynomial(np.stack([weights, 0 * weights], -1).ravel()[:-1]),
    )
    roots = (2 * p.deriv() * q - p * q.deriv()).trim().roots()
    roots = np.append(roots[abs(roots.imag) < 1e-6].real, 0.0)
    gains = p(roots) ** 2 / q(roots)
    return roots[np.argmax(gains)], gains.max(), weights[-1] * spectrum[0] ** 2


@given(SEEDS, st.sampled_from([2, 3, 7]), st.sampled_from([0.3, 1.0, 3.0]))
def test_early_importance_of_nonnegative_values_is_unstable_and_late_importance_stable(
    seed, length, power
):
    rng = np.random.default_rng(seed)
    spectrum = -np.sort(-(rng.exponential(size=length) ** power))
    assert int(ld.theory.importance(spectrum)) == -1
    assert int(ld.theory.importance(spectrum[::-1])) == 1
    b, gained, at_infinity = best_root(spectrum)
    assert b > 1 or at_infinity > gained * (1 - 1e-9)
    assert abs(best_root(spectrum[::-1])[0]) < 1
    early, late = ld.theory.stability(spectrum), ld.theory.stability(spectrum[::-1])
    assert not early.stable
    assert late.stable


@given(SEEDS, st.booleans())
def test_importance_decides_whatever_the_weights_of_the_lags(seed, every):
    rng = np.random.default_rng(seed)
    spectrum = -np.sort(-(rng.exponential(size=4) ** rng.choice([0.1, 0.3, 1, 3])))
    weights = np.array([4.0, 3.0, 2.0, 1.0]) if every else rng.exponential(size=4) + 0.01
    b, gained, at_infinity = best_root(spectrum, weights)
    assert b > 1 or at_infinity > gained * (1 - 1e-9)
    assert abs(best_root(spectrum[::-1], weights)[0]) < 1
    assert not ld.theory.stability(spectrum, weights=weights).stable
    assert ld.theory.stability(spectrum[::-1], weights=weights).stable


def test_with_both_signs_early_importance_can_be_stable():
    signed = np.array([-1.15, 1.1, 1.05, 1.0])
    assert int(ld.theory.importance(signed)) == -1
    assert abs(best_root(signed)[0]) < 1
    assert ld.theory.stability(signed).stable


def test_neither_order_is_neither():
    spectra = np.array([[1.0, 3.0, 2.0], [1.0, 1.0, 1.0], [2.0, 1.0, 1.0], [0.0, -1.0, 3.0]])
    assert ld.theory.importance(spectra).tolist() == [0, 0, -1, 1]


# --- other lengths --------------------------------------------------------------------------------

LENGTHS = np.array([1, 2, 5, 6, 9])


@pytest.mark.parametrize(
    ("kind", "lam"), [("constant", None), ("inverse_exponential", -0.7), ("exponential", 1.3)]
)
def test_extrapolation_is_the_energy_at_each_length(kind, lam):
    modes = (0.8, -0.6, 1.1)
    found = ld.theory.extrapolation(modes, kind, 0.9, lam, LENGTHS)
    for i, length in enumerate(LENGTHS):
        spectrum = np.asarray(ld.task_dynamics(kind, 0.9, lam, int(length)))
        errors = [
            spectrum[t - 1] - modes[0] * modes[2] * modes[1] ** int(length - t)
            for t in range(1, length + 1)
        ]
        energy = 0.5 * sum(e * e for e in errors)
        assert float(found.energy[i]) == pytest.approx(energy, rel=1e-12)
        assert float(found.relative[i]) == pytest.approx(
            2 * energy / np.sum(spectrum**2), rel=1e-12
        )


@pytest.mark.parametrize("lam", [0.5, 0.9, 1.2, -0.8])
def test_exponential_dynamics_lose_what_the_closed_form_says(lam):
    trained = 5
    found = ld.theory.extrapolation((lam**trained, 1 / lam, 1.0), "exponential", 1.0, lam, LENGTHS)
    relative = (1 - lam ** (trained - LENGTHS.astype(float))) ** 2
    np.testing.assert_allclose(found.relative, relative, rtol=1e-11, atol=1e-25)
    for kind, other in (("constant", None), ("inverse_exponential", lam)):
        b = 1.0 if other is None else other
        nothing = ld.theory.extrapolation((1.0, b, 1.0), kind, 1.0, other, LENGTHS)
        assert np.all(nothing.relative < 1e-28)


# --- order ----------------------------------------------------------------------------------------


@given(SEEDS, st.booleans())
def test_step_gradients_add_up_to_the_slope_of_the_energy_and_are_the_printed_terms(seed, zero):
    rng = np.random.default_rng(seed)
    a, c, b = *rng.normal(size=(2, 3)), rng.uniform(-1.3, 1.3, size=3) * (not zero)
    spectrum, weights = rng.normal(size=(3, 5)), rng.exponential(size=5) + 0.1
    found = np.stack(ld.theory.step_gradients((a, b, c), spectrum, weights=weights))
    slopes = np.stack(SLOPES(a, b, c, spectrum, weights))
    np.testing.assert_allclose(found.sum(-1), -slopes, rtol=1e-11, atol=1e-11)
    for i in range(3):
        for t in range(1, 6):
            lag = 5 - t
            error = weights[lag] * (spectrum[i, t - 1] - c[i] * b[i] ** lag * a[i])
            pull = lag * c[i] * a[i] * b[i] ** max(lag - 1, 0) * error
            printed = [c[i] * b[i] ** lag * error, pull, a[i] * b[i] ** lag * error]
            np.testing.assert_allclose(found[:, i, t - 1], printed, rtol=1e-12, atol=1e-13)


SLOPES = jax.jit(
    jax.vmap(
        jax.grad(
            lambda a, b, c, s, w: ld.theory.energy((a, b, c), s, weights=w), argnums=(0, 1, 2)
        ),
        in_axes=(0, 0, 0, 0, None),
    )
)


def test_learning_times_are_events_of_the_flow_integrated_by_scipy():
    rng = np.random.default_rng(1)
    count, length, share = 8, 4, 0.6
    start = tuple(rng.uniform(0.02, 0.1, size=(3, count)))
    spectra = rng.uniform(0.2, 1.0, size=(count, length)) + np.array([0, 0, 0.2, 0.8])
    found = ld.theory.learning_times(start, spectra, share=share)
    end = ld.theory.destination(start, spectra)
    assert np.all(end.settled)

    for i in range(count):
        spectrum = spectra[i]

        def measures(y, spectrum=spectrum):
            a, b, c = y
            errors = spectrum[::-1] - a * c * b ** np.arange(length)
            return 0.5 * np.sum(errors**2), a * c, b

        first = measures([mode[i] for mode in start])
        far = solve_ivp(
            lambda _, y, s=spectrum: mode_steps.rates(*y, s),
            (0, 2000),
            [mode[i] for mode in start],
            method="LSODA",
            rtol=1e-9,
            atol=1e-12,
        )
        last = measures(far.y[:, -1])
        events = []
        for row in range(3):

            def crossed(_, y, row=row, first=first, last=last, measures=measures):
                return (measures(y)[row] - first[row]) / (last[row] - first[row]) - share

            events.append(crossed)
        path = solve_ivp(
            lambda _, y, s=spectrum: mode_steps.rates(*y, s),
            (0, 400),
            [mode[i] for mode in start],
            rtol=1e-10,
            atol=1e-13,
            events=events,
        )
        for event, times in zip(
            path.t_events, (found.energy, found.input_output, found.recurrent), strict=True
        ):
            # The end of LSODA's run is known to about 1e-6 of the way.
            assert float(times[i]) == pytest.approx(event[0], rel=1e-4)
    assert found.ranking.tolist() == np.argsort(found.energy).tolist()


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [3, 50])
def test_the_cost_of_errors_is_right_to_fifty_digits_down_to_tiny_ones(length):
    errors = np.array([1e-12, 1e-8, 1e-3, 0.1, 2.0, 0.0])
    du, db = (x.ravel() for x in np.meshgrid(errors, errors))
    u, b = np.full(du.shape, 0.7), np.full(du.shape, -0.9)
    b[::2] = 1.0
    weights = length - np.arange(length, dtype=float)
    found = ld.theory.sensitivity(u, b, length, u_error=du, b_error=db, weights=weights)
    for i in range(len(du)):
        x, y, dx, dy = (mpmath.mpf(float(v[i])) for v in (u, b, du, db))
        terms = (x * y**k - (x + dx) * (y + dy) ** k for k in range(length))
        true = sum(mpmath.mpf(w) * t * t / 2 for w, t in zip(weights, terms, strict=True))
        # Rounding of powers grows with the length; differences of opposite sign may cancel, but
        # not in all lags at once.
        assert abs(mpmath.mpf(float(found[i])) - true) <= 100 * length * EPS * true


# --- the flow -------------------------------------------------------------------------------------


def test_the_flow_of_modes_is_that_of_scipy():
    rng = np.random.default_rng(2)
    count, length = 20, 4
    modes = tuple(rng.uniform(-0.7, 0.7, size=(3, count)))
    spectra, times = rng.normal(size=(count, length)), np.array([0.0, 0.3, 2.0, 10.0])
    found = np.stack(ld.theory.mode_flow(modes, spectra, times), -1)
    for i in range(count):
        path = solve_ivp(
            lambda _, y, s=spectra[i]: mode_steps.rates(*y, s),
            (0, 10),
            [mode[i] for mode in modes],
            t_eval=times,
            method="LSODA",
            rtol=1e-11,
            atol=1e-13,
        )
        # Local errors of 1e-8 a step, magnified on leaving plateaus.
        np.testing.assert_allclose(found[:, i], path.y.T, atol=3e-6)


def test_the_flow_of_modes_is_the_limit_of_a_network_that_is_trained():
    spectrum = np.array([[0.3, 0.6, 1.2], [0.2, -0.4, 0.7]])
    task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
    a, b, c = np.array([0.5, 0.3]), np.array([0.2, -0.1]), np.array([0.4, 0.35])
    net = ld.init_aligned(task, a, b, c, key=jax.random.key(1))
    times = np.array([0.0, 1.0, 4.0, 8.0])
    flow = ld.theory.mode_flow((a, b, c), spectrum, times)
    energies = np.sum(ld.theory.energy((flow.a, flow.b, flow.c), np.stack([spectrum] * 4)), -1)
    gaps = []
    for rate in (0.02, 0.01):
        curve = ld.solve(ld.Problem(net, task), ld.GradientDescent(rate), times)
        gaps.append(np.max(abs(np.asarray(curve.excess) - energies)))
    assert gaps[0] < 0.05 * energies[0]
    assert 1.8 < gaps[0] / gaps[1] < 2.2  # Euler's method: of first order


def test_the_implicit_solver_is_of_fifth_order_on_a_nonlinear_problem():
    def field(t, y, args):
        return jnp.stack([y[1] * jnp.cos(y[0]), -jnp.sin(y[0]) - 0.3 * y[1] * y[0]])

    true = solve_ivp(
        lambda _, y: [y[1] * np.cos(y[0]), -np.sin(y[0]) - 0.3 * y[1] * y[0]],
        (0, 2),
        [0.7, 0.9],
        method="DOP853",
        rtol=1e-13,
        atol=1e-15,
    ).y[:, -1]

    @jax.jit
    def end(step):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            Rodas5P(),
            0.0,
            2.0,
            step,
            jnp.array([0.7, 0.9]),
            stepsize_controller=diffrax.ConstantStepSize(),
            max_steps=100,
        ).ys[-1]

    steps = 2 / np.array([8, 12, 16, 24])
    errors = [np.linalg.norm(np.asarray(end(step)) - true) for step in steps]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert min(errors) > 1e-12
    assert slope == pytest.approx(5, abs=0.4)
