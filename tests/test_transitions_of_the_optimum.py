"""Where solutions change along a family of tasks: series to 50 digits, roots, long integrations."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp
from scipy.optimize import fsolve

import learndyn as ld

# --- the energy as a series in b ------------------------------------------------------------------


@pytest.mark.parametrize(("beta", "length", "order"), [(0.6, 2, 6), (-1.7, 4, 12), (1.0, 7, 13)])
def test_landau_coefficients_are_the_taylor_series_of_the_exact_energy(beta, length, order):
    ratio = mpmath.mpf(beta)

    def energy(b):
        norm = sum(b ** (2 * k) for k in range(length))
        return ratio**2 + ratio**-2 - (ratio * b ** (length - 1) + 1 / ratio) ** 2 / norm

    with mpmath.workdps(60):
        true = np.array([float(c) for c in mpmath.taylor(energy, 0, order)])
    found = ld.theory.landau_coefficients(beta, length, order)
    # Coefficients are sums of products of at most `order` earlier ones: some roundings.
    np.testing.assert_allclose(found, true, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("length", [1, 3, 5])
def test_the_energy_expansion_is_the_taylor_series_with_any_weights(length):
    rng = np.random.default_rng(length)
    spectra, weights = rng.normal(size=(3, length)), rng.exponential(size=length) + 0.2
    found = ld.theory.energy_expansion(spectra, 8, weights=weights)
    for row, spectrum in zip(np.asarray(found), spectra, strict=True):
        m, w = [[mpmath.mpf(float(v)) for v in x] for x in (spectrum[::-1], weights)]

        def energy(b, m=m, w=w):
            p = sum(w[k] * m[k] * b**k for k in range(length))
            q = sum(w[k] * b ** (2 * k) for k in range(length))
            return (sum(w[k] * m[k] ** 2 for k in range(length)) - p * p / q) / 2

        with mpmath.workdps(60):
            true = np.array([float(c) for c in mpmath.taylor(energy, 0, 8)])
        # A quotient of series loses digits as the ratio of weights to its power.
        np.testing.assert_allclose(row, true, rtol=1e-10, atol=1e-10 * np.sum(spectrum**2))


# --- the landscape --------------------------------------------------------------------------------


def dirac(length):
    def family(first):
        return ld.task_dynamics("dirac_delta", first, None, length, kappa=jnp.ones_like(first))

    return family


def gap_polynomial(spectrum):
    """`2P′Q − PQ′`, whose roots are the stationary b with u not 0."""
    p = Polynomial(spectrum[::-1])
    q = Polynomial([1 - k % 2 for k in range(2 * len(spectrum) - 1)])
    return 2 * p.deriv() * q - p * q.deriv()


def grid_energy(spectrum, points=100_001):
    """Least energy and its b, over a grid of angles."""
    b = np.tan(np.linspace(-1.55, 1.55, points))  # up to 48, whose powers are numbers
    powers = np.vander(b, len(spectrum))  # b^{T−1} … 1, as the spectrum
    powers /= np.linalg.norm(powers, axis=1, keepdims=True)
    energies = 0.5 * (np.sum(spectrum**2) - (powers @ spectrum) ** 2)
    return energies.min(), b[np.argmin(energies)]


def test_three_steps_fork_at_one_half_and_at_two_and_never_jump():
    found = ld.theory.transitions(dirac(3), np.linspace(0.2, 2.9, 12))
    assert found.jumps == ()
    forks = sorted(found.births, key=lambda birth: birth.parameter)
    assert [birth.kind for birth in forks] == ["pitchfork", "pitchfork"]
    # The coefficient of b² is 1 − 2r, and of b^{−2}, with time reversed, 1 − 2/r.
    np.testing.assert_allclose([birth.parameter for birth in forks], [0.5, 2.0], rtol=1e-9)
    assert (forks[0].b, forks[1].b) == (0.0, np.inf)
    assert forks[0].u == pytest.approx(1.0)


def test_four_steps_fold_where_the_polynomial_has_a_double_root():
    found = ld.theory.transitions(dirac(4), np.linspace(0.85, 1.2, 24))
    folds = sorted(birth.parameter for birth in found.births if birth.kind == "fold")

    def double(unknown):
        b, first = unknown
        g = gap_polynomial(np.array([first, 0.0, 0.0, 1.0]))
        return g(b), g.deriv()(b)

    below = fsolve(double, [0.8, 0.9], xtol=1e-13)
    # Time reversal takes r to 1/r, and b to 1/b.
    true = sorted([below[1], 1 / below[1]])
    np.testing.assert_allclose(folds, true, rtol=1e-8)  # a double root: the root of rounding
    for birth in found.births:
        assert birth.parameter < 1 or birth.b > 1
        assert np.linalg.norm(double([birth.b, birth.parameter])) < 1e-7 * birth.b**8 + 1e-7


def test_a_birth_lies_in_the_interval_in_which_the_number_of_minima_changes():
    parameters = np.linspace(0.3, 3.1, 16)
    found = ld.theory.transitions(dirac(4), parameters)
    # Minima: 1 up to 0.860, 2 at 1.047, 1 from 1.233 on; each interval has one fold.
    inside = [birth for birth in found.births if parameters[3] < birth.parameter < parameters[4]]
    assert [birth.exists for birth in inside] == ["above"]


@pytest.mark.parametrize("length", [5, 9])
def test_more_steps_jump_from_zero_to_infinity_at_exactly_one(length):
    found = ld.theory.transitions(dirac(length), np.linspace(0.31, 2.3, 12))
    (jump,) = found.jumps
    assert jump.parameter == pytest.approx(1.0, abs=1e-9)
    assert (jump.before, jump.after) == ((0.0, 1.0), (np.inf, 0.0))


@pytest.mark.parametrize("length", [20, 50])
def test_constant_dynamics_jump_where_two_minima_have_equal_energy_and_between_births(length):
    def family(delta):
        return ld.task_dynamics("constant", delta, None, length, kappa=5 + 0 * delta)

    parameters = np.linspace(0.3, 2.0, 18)
    found = ld.theory.transitions(family, parameters)
    (jump,) = found.jumps
    sides = []
    for side, (b, u) in ((-1, jump.before), (1, jump.after)):
        for shift in (1e-3, 1e-2):
            spectrum = np.asarray(family(jnp.asarray(jump.parameter + side * shift)))
            _, best = grid_energy(spectrum)
            # Moving the task by 1e-2 moves a minimum by a few times that.
            assert abs(best - b) < 10 * shift
        spectrum = np.asarray(family(jnp.asarray(jump.parameter)))
        sides.append(0.5 * np.sum((spectrum[::-1] - u * b ** np.arange(length)) ** 2))
    assert sides[0] == pytest.approx(sides[1], rel=1e-8)
    assert jump.after[0] - jump.before[0] > 0.1
    assert len(found.births) == 2
    low, high = sorted(birth.parameter for birth in found.births)
    assert low < jump.parameter < high
    if length == 20:  # roots of a polynomial of degree 56 are sure enough

        def count(delta):
            roots = gap_polynomial(np.append(np.full(length - 1, delta), 5.0)).roots()
            return np.sum((abs(roots.imag) < 1e-7) & (roots.real > 0.05) & (roots.real < 2))

        for birth in (low, high):
            assert abs(count(birth + 1e-4) - count(birth - 1e-4)) == 2
        assert count((low + high) / 2) == 3
        both = ld.theory.hysteresis(
            family, np.array([0.3, low - 0.01, jump.parameter, high + 0.01])
        )
        same = np.isclose(both.up.b, both.down.b, rtol=1e-6)
        assert same.tolist() == [True, True, False, True]


# --- the flow -------------------------------------------------------------------------------------


def long_flow(start, spectrum, time=1e7):
    """Eqs 5–7 by LSODA; ends when |b| passes 30, on its way to infinity."""
    lags = np.arange(len(spectrum))
    values = spectrum[::-1]

    def field(_, y):
        a, b, c = y
        powers = b**lags
        error = values - a * c * powers
        s = powers @ error
        return [c * s, a * c * (lags[1:] * powers[:-1]) @ error[1:], a * s]

    def far(_, y):
        return abs(y[1]) - 30

    far.terminal = True
    options = {"method": "LSODA", "rtol": 1e-9, "atol": 1e-13}
    return solve_ivp(field, (0, time), start, events=far, **options).y[:, -1]


def threshold(length, start):
    """The first value at which the flow leaves b = 0, by bisection of long integrations."""

    def leaves(first):
        spectrum = np.zeros(length)
        spectrum[0], spectrum[-1] = first, 1.0
        return long_flow([start] * 3, spectrum, 1e5)[1] > 0.4

    low, high = 0.5, 1.0
    while not leaves(high):
        low, high = high, 2 * high
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if leaves(middle) else (middle, high)
    return low, high


@pytest.mark.parametrize("start", [0.2, 0.4])
def test_the_flow_jumps_where_long_integrations_begin_to_end_elsewhere(start):
    found = ld.theory.flow_jumps(dirac(4), np.geomspace(0.6, 60.0, 9), (start, start, start))
    low, high = threshold(4, start)
    margin = 1e-4 * high
    assert any(low - margin < jump.parameter < high + margin for jump in found)


@pytest.mark.parametrize("length", [4, 5, 6])
def test_the_threshold_of_the_flow_grows_as_a_power_of_a_small_start(length):
    sizes = np.array([0.04, 0.02, 0.01])
    found = []
    for size in sizes:
        expected = size ** (3.0 - length)
        parameters = np.geomspace(0.05 * expected, 50 * expected, 9)
        jumps = ld.theory.flow_jumps(dirac(length), parameters, (size, size, size))
        found.append(jumps[0].parameter)
    slope = np.polyfit(np.log(sizes), np.log(found), 1)[0]
    assert slope == pytest.approx(3 - length, rel=0.1)


def test_destinations_are_the_ends_of_long_integrations():
    rng = np.random.default_rng(0)
    count, length = 24, 4
    a, b = rng.uniform(0.1, 0.6, size=count), rng.uniform(-0.5, 0.5, size=count)
    c = np.where(np.arange(count) % 3 == 0, a, np.where(np.arange(count) % 3 == 1, -a, 0.3))
    spectra = rng.normal(size=(count, length))
    found = ld.theory.destination((a, b, c), spectra)
    settled, escaped, trapped = (
        np.asarray(x) for x in (found.settled, found.escaped, found.trapped)
    )
    assert np.all(settled.astype(int) + escaped + trapped == 1)
    for i in range(count):
        end = long_flow([a[i], b[i], c[i]], spectra[i], 1e6)
        if settled[i]:
            # LSODA's tolerance, at rest.
            np.testing.assert_allclose(
                [found.u[i], found.b[i]], [end[0] * end[2], end[1]], atol=1e-5
            )
        elif trapped[i]:
            assert abs(a[i]) == abs(c[i])
            assert abs(end[0] * end[2]) < 1e-4
            assert found.u[i] == 0
        else:
            assert abs(end[1]) > 3
            assert np.sign(found.b[i]) == np.sign(end[1])
    assert settled.sum() > 8
    assert trapped.sum() > 1


def test_a_balanced_start_of_the_wrong_sign_is_trapped_and_an_unbalanced_one_is_not():
    spectrum = np.array([0.1, 0.3, 1.0])
    modes = (np.array([0.3, 0.3]), np.array([0.1, 0.1]), np.array([-0.3, -0.2]))
    found = ld.theory.destination(modes, np.stack([spectrum, spectrum]))
    assert found.trapped.tolist() == [True, False]
    assert found.settled.tolist() == [False, True]
    assert float(found.u[1]) == pytest.approx(float(ld.theory.optimum(spectrum).u))


@pytest.mark.parametrize("size", [1e-4, 1e-6, 1e-12, 1e-30])
def test_the_smallest_balanced_start_reaches_the_solution_too(size):
    spectrum = ld.task_dynamics("inverse_exponential", 1.2, 0.5, 3)
    found = ld.theory.destination((size, size, size), spectrum)
    assert found.settled
    assert not found.trapped
    np.testing.assert_allclose([found.u, found.b], [1.2, 0.5], rtol=1e-9)  # a solution of no loss


def test_a_mode_that_goes_to_infinity_has_escaped_and_is_not_trapped():
    spectrum = np.array([395.0, 0.0, 0.0, 0.0, 1.0])
    end = long_flow([0.02] * 3, spectrum)
    assert end[1] > 29
    found = ld.theory.destination((0.02, 0.02, 0.02), spectrum)
    assert found.escaped
    assert not found.trapped
    assert float(found.b) == np.inf
