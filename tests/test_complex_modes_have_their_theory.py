"""The theory of complex modes against autodiff of the energy, SciPy, and the flow itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import learndyn as ld

T = 5
LAGS = np.arange(T)
FINAL, EVERY = np.ones(T), T - LAGS * 1.0
READOUTS = pytest.mark.parametrize("weights", [FINAL, EVERY], ids=["final", "every"])
seeds = st.integers(0, 2**31)
theory = ld.theory


def draw(seed, count=3):
    """Modes (a, b, c) and a spectrum in t order."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=count + T) + 1j * rng.normal(size=count + T)
    return tuple(0.7 * numbers[:count]), numbers[count:]


def energy(reals, spectrum, weights):
    """From real and imaginary parts of (a, b, c), term by term."""
    a, b, c = reals[:3] + 1j * reals[3:]
    total, power = 0.0, 1.0
    for k in range(T):
        miss = spectrum[T - 1 - k] - a * c * power
        total, power = total + 0.5 * weights[k] * (miss.real**2 + miss.imag**2), power * b
    return total


def in_reals(modes):
    modes = jnp.stack([jnp.asarray(m) for m in modes])
    return jnp.concatenate([modes.real, modes.imag])


_slope = jax.jit(jax.grad(energy))
_hessian = jax.jit(jax.hessian(energy))


def velocity(modes, spectrum, weights):
    """−2 ∂E/∂z*: minus the slope along real parts, and i times that along imaginary ones."""
    slope = np.asarray(_slope(in_reals(modes), jnp.asarray(spectrum), jnp.asarray(weights)))
    return -slope[:3] - 1j * slope[3:]


@READOUTS
@given(seed=seeds)
def test_steps_add_up_to_minus_the_slope_of_the_energy(weights, seed):
    modes, spectrum = draw(seed)
    steps = theory.step_gradients(modes, spectrum, weights=weights)
    expected = velocity(modes, spectrum, weights)
    scale = max(1, abs(expected).max())
    for part, other in zip(steps, expected, strict=True):
        np.testing.assert_allclose(part.sum(), other, atol=1e-12 * scale)


@READOUTS
@given(seed=seeds)
def test_energy_its_parts_and_its_curvature(weights, seed):
    modes, spectrum = draw(seed)
    expected = float(energy(in_reals(modes), spectrum, weights))
    a, b, c = modes
    parts = (
        theory.data_term(modes, spectrum, weights=weights),
        theory.effective_regularization(a * c, b, T, weights=weights),
    )
    size = abs(np.array(parts)).max()
    np.testing.assert_allclose(sum(parts), expected, atol=1e-13 * max(1, size))
    np.testing.assert_allclose(theory.energy(modes, spectrum, weights=weights), expected)
    hessian = _hessian(in_reals(modes), jnp.asarray(spectrum), jnp.asarray(weights))
    largest = np.linalg.eigvalsh(hessian)[-1]
    sharp = theory.sharpness(modes, spectrum, weights=weights)
    np.testing.assert_allclose(sharp, largest, rtol=1e-10)


def along_the_flow(modes, spectrum, weights, until, frozen):
    """Modes at some times by SciPy, with b, or a and c, held still."""
    still = np.array([frozen != "recurrent", frozen == "recurrent", frozen != "recurrent"])

    def field(_, reals):
        moving = velocity(reals[:3] + 1j * reals[3:], spectrum, weights) * still
        return np.concatenate([moving.real, moving.imag])

    start = np.asarray(in_reals(modes))
    options = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-12}
    ends = solve_ivp(field, (0, until[-1]), start, t_eval=until, **options).y
    return ends[:3] + 1j * ends[3:]


@READOUTS
@pytest.mark.parametrize("seed", range(2))
def test_input_output_modes_with_b_frozen_from_any_start(weights, seed):
    (a, b, c), spectrum = draw(seed)
    times = np.array([0.0, 0.01, 0.3, 1.5])
    found = theory.input_output_modes(times, (a, b, c), spectrum, weights=weights)
    expected = along_the_flow((a, b, c), spectrum, weights, times, "input-output")
    np.testing.assert_allclose(found.a, expected[0], atol=1e-9)
    np.testing.assert_allclose(found.c, expected[2], atol=1e-9)
    balanced = c * abs(a) / abs(c)
    u = theory.input_output_solution(
        times, u0=a * balanced, b=b, spectrum=spectrum, weights=weights
    )
    a, _, c = along_the_flow((a, b, balanced), spectrum, weights, times, "input-output")
    np.testing.assert_allclose(u, a * c, atol=1e-9)


@READOUTS
@settings(max_examples=10)  # each is compiled
@given(seed=seeds, t=st.floats(1e-6, 1e3))
def test_closed_forms_have_the_velocity_of_the_flow_at_any_time(weights, seed, t):
    (a, b, c), spectrum = draw(seed)
    function = jax.jit(lambda t: theory.input_output_modes(t, (a, b, c), spectrum, weights=weights))
    now, moving = jax.jvp(lambda t: tuple(function(t)), (t,), (1.0,))
    expected = velocity((now[0], b, now[2]), spectrum, weights)
    scale = max(1, abs(np.array(now)).max()) ** 3 * (1 + abs(b)) ** (2 * T)
    np.testing.assert_allclose(moving[0], expected[0], atol=1e-11 * scale)
    np.testing.assert_allclose(moving[2], expected[2], atol=1e-11 * scale)


def test_a_complex_start_turns_to_the_phase_of_its_drive_and_a_real_one_cannot():
    spectrum, b = np.array([0.0, 0.0, 0.0, 0.0, 1.0]), 0.3
    brake = float(np.sum(b ** (2 * LAGS)))
    late = [
        complex(theory.input_output_solution(60.0, u0=u0, b=b, spectrum=spectrum))
        for u0 in (-0.5 + 1e-6j, -0.5 + 0j)
    ]
    np.testing.assert_allclose(late[0], 1 / brake, atol=1e-9)
    np.testing.assert_allclose(late[1], 0, atol=1e-20)


@READOUTS
@pytest.mark.parametrize("seed", range(3))
def test_the_series_of_b_is_that_of_the_flow_with_u_frozen(weights, seed):
    (a, b, c), spectrum = draw(seed)
    derivatives = np.asarray(
        theory.recurrent_derivatives(a * c, b / 2, spectrum, 4, weights=weights)
    )

    def field(reals):
        modes = jnp.stack([jnp.asarray(a), reals[0] + 1j * reals[1], jnp.asarray(c)])
        slope = jax.grad(energy)(in_reals(modes), jnp.asarray(spectrum), jnp.asarray(weights))
        return jnp.stack([-slope[1], -slope[4]])

    # Lie derivatives: d/dt of a function of b is its derivative along the field.
    function, here = (lambda reals: reals), jnp.array([b.real, b.imag]) / 2
    for order in range(4):
        function = (lambda f: lambda x: jax.jvp(f, (x,), (field(x),))[1])(function)
        expected = function(here)
        np.testing.assert_allclose(
            derivatives[order], complex(expected[0], expected[1]), rtol=1e-10
        )


def test_the_derivative_of_the_energy_in_b_alone_does_not_give_the_second_term():
    # Where eqs 48–67 would go on with dE/db as of a real number.
    (a, b, c), spectrum = draw(5)
    found = theory.recurrent_derivatives(a * c, b, spectrum, 2)

    def printed(z):
        power = z ** jnp.arange(T)
        return 0.5 * jnp.sum((spectrum[::-1] - a * c * power) ** 2)

    first = -jax.grad(printed, holomorphic=True)(jnp.asarray(b))
    assert abs(complex(found[0]) - complex(first)) > 0.1 * abs(complex(found[0]))


@given(seed=seeds)
def test_radii_and_angles_move_as_the_modes_do(seed):
    modes, spectrum = draw(seed)
    a, b, c = modes
    moving = velocity(modes, spectrum, FINAL)
    found = theory.polar_velocity(modes, spectrum)
    for part, z, rate in (
        (found.recurrent, b, moving[1]),
        (found.input_output, a * c, moving[0] * c + a * moving[2]),
    ):
        # log z = log r + i φ.
        logarithmic = rate / z
        size = abs(logarithmic) + 1
        np.testing.assert_allclose(part.radius, logarithmic.real * abs(z), atol=1e-11 * size)
        np.testing.assert_allclose(part.angle, logarithmic.imag, atol=1e-11 * size)


def test_a_mode_at_zero_has_a_radius_that_grows_and_no_angle_yet():
    found = theory.polar_velocity((1.0, 0.0, 1.0), np.array([0.3 + 0.4j, 1.0])).recurrent
    np.testing.assert_allclose(found, (0.5, 0.0))


def test_learning_times_are_those_of_the_flow():
    lam = np.array([0.8 * np.exp(0.5j), 0.6 * np.exp(-2.0j)])
    spectrum = ld.task_dynamics("inverse_exponential", 1.0 + 0.4j, lam, T)
    start, times = (0.3, 0.2, 0.3), np.linspace(0, 60, 6001)
    path = theory.mode_flow(start, spectrum, times)
    u, b = np.asarray(path.a * path.c), np.asarray(path.b)
    end_u, end_b = np.full(2, 1.0 + 0.4j), lam
    found = theory.learning_times(start, spectrum, share=0.7)
    polar = theory.polar_learning_times(start, spectrum, share=0.7)

    def along(z, end):
        return ((z - z[0]) * (end - z[0]).conj()).real / abs(end - z[0]) ** 2

    def radius(z, end):
        return (abs(z) - abs(z[0])) / (abs(end) - abs(z[0]))

    def angle(z, end):
        return 1 - abs(np.angle(z / end)) / abs(np.angle(z[0] / end))

    losses = np.asarray(theory.energy(tuple(path), spectrum))
    cases = [
        (found.energy, 1 - losses / losses[0]),
        (found.input_output, along(u, end_u)),
        (found.recurrent, along(b, end_b)),
        (polar.input_output.radius, radius(u, end_u)),
        (polar.input_output.angle, angle(u, end_u)),
        (polar.recurrent.radius, radius(b, end_b)),
        (polar.recurrent.angle, angle(b, end_b)),
    ]
    for got, progress in cases:
        expected = times[np.argmax(progress >= 0.7, axis=0)]
        np.testing.assert_allclose(got, expected, atol=0.011)


def test_destinations_of_complex_modes():
    lam = np.array([0.8 * np.exp(0.5j), 1.1j, -0.4 + 0.1j])
    spectrum = ld.task_dynamics("inverse_exponential", 1.0 - 0.5j, lam, T)
    found = theory.destination((0.2, 0.3, 0.1j), spectrum)
    assert found.settled.all()
    np.testing.assert_allclose(found.b, lam, atol=1e-5)
    np.testing.assert_allclose(found.u, 1.0 - 0.5j, atol=1e-5)
    # Dirac deltas have no minimum beyond: b goes to infinity.
    away = ld.task_dynamics("dirac_delta", 3.0 + 0j, None, T, kappa=1.0)
    found = theory.destination((0.5, 0.9, 0.5), away)
    assert bool(found.escaped)
    np.testing.assert_allclose(found.energy, 0.5)


def test_stability_of_rotations():
    lam = np.array([0.4, 1.0, 1.05]) * np.exp(1j * np.pi / 6)
    spectrum = ld.task_dynamics("inverse_exponential", 1.0, lam, 7)
    found = theory.stability(spectrum)
    assert found.stable.tolist() == [True, True, False]
    assert theory.importance(spectrum).tolist() == [1, 0, -1]
    # The curvature of a pair is that of each: the flow of the real weights sees it.
    task = ld.structured_task(jnp.stack([spectrum[0], spectrum[0].conj()]), 2, 2, key=KEY)
    root = jnp.sqrt(1.0)
    net = ld.init_aligned(task, root, jnp.stack([lam[0], lam[0].conj()]), root, key=KEY)
    full = float(ld.curvature(ld.Problem(net, task), net))
    assert float(found.sharpness[0]) <= full * (1 + 1e-9)
    np.testing.assert_allclose(found.sharpness[0] * found.largest_rate[0], 2)


KEY = jax.random.key(0)


@given(seed=seeds, theta=st.floats(-np.pi, np.pi))
def test_early_importance_with_an_even_turn_is_unstable(seed, theta):
    sizes = np.sort(np.random.default_rng(seed).uniform(0.1, 2, T))[::-1]
    spectrum = sizes * np.exp(1j * (theta * LAGS[::-1] + 0.3))
    assert int(theory.importance(spectrum)) == -1
    best = theory.optimum(spectrum)
    assert not bool(best.attained) or abs(complex(best.b)) > 1


def test_rotations_extrapolate_as_their_closed_forms_say():
    lam, lengths = 0.9 * np.exp(0.4j), np.array([3, 6, 9])
    exact = theory.extrapolation((1.0, lam, 0.5j), "inverse_exponential", 0.5j, lam, lengths)
    np.testing.assert_allclose(exact.relative, 0, atol=1e-28)
    u = 0.5j * lam**6
    off = theory.extrapolation((u, 1 / lam, 1.0), "exponential", 0.5j, lam, lengths)
    np.testing.assert_allclose(off.relative, abs(1 - lam ** (6 - lengths)) ** 2, atol=1e-13)
    turning = np.exp(0.4j)
    around = theory.extrapolation(
        (turning**6, 1 / turning, 1.0), "exponential", 1.0, turning, np.arange(1, 40)
    )
    assert 3.9 < float(around.relative.max()) <= 4 + 1e-12


@given(seed=seeds)
def test_the_cost_of_an_error_is_a_difference_of_responses(seed):
    (u, b, du, db), _ = draw(seed, 4)
    found = theory.sensitivity(u, b, T, u_error=du, b_error=db, weights=EVERY)
    error = u * b**LAGS - (u + du) * (b + db) ** LAGS
    np.testing.assert_allclose(found, 0.5 * np.sum(EVERY * abs(error) ** 2), rtol=1e-10)
