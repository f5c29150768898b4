"""Erratum 9: slips in the formulas of single modes, by polynomials and brute force."""

import itertools
import math

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.integrate import quad

T = 4
LAGS = np.arange(T)[::-1]
SPECTRUM = np.array([0.3, -0.2, 0.5, 0.9])


def test_the_logarithm_of_eq_45_takes_the_sum_of_both_terms():
    b, start, end = 0.6, 0.1, 0.5
    drive, stiffness = np.sum(SPECTRUM * b**LAGS), np.sum(b ** (2 * LAGS))
    time, _ = quad(lambda u: 1 / (2 * u * (drive - u * stiffness)), start, end)

    def antiderivative(u, stiffness):
        return (np.log(u) - np.log(drive - u * stiffness)) / (2 * drive)

    assert antiderivative(end, stiffness) - antiderivative(start, stiffness) == pytest.approx(time)
    for i in range(T):  # the second term outside of the sum, whatever step it is read for
        read = antiderivative(end, b ** (2 * i)) - antiderivative(start, b ** (2 * i))
        assert abs(read - time) > 0.02


def time_derivatives(rate, b, order):
    """d^n b/dt^n for n = 1 … order where db/dt = rate(b), by the chain rule (eqs 50-52)."""
    now, values = rate, []
    for _ in range(order):
        values.append(now(b))
        now = now.deriv() * rate
    return values


def faa_di_bruno(rate, b, lower, n, total):
    """Eqs 63–65 with `total` for the right-hand side of eq. 65."""
    value = 0.0
    for k in range(1, n):
        for m in itertools.product(range(k + 1), repeat=n - k):
            parts = range(1, n - k + 1)
            if sum(m) != k or sum(j * m_j for j, m_j in zip(parts, m, strict=True)) != total:
                continue
            term = math.factorial(n - 1) / math.prod(map(math.factorial, m))
            for j, m_j in zip(parts, m, strict=True):
                term *= (lower[j - 1] / math.factorial(j)) ** m_j
            value += rate.deriv(k)(b) * term
    return value


@pytest.mark.parametrize("n", range(2, 7))
def test_partitions_of_eq_65_are_of_n_minus_one_and_n_is_two_or_more(n):
    u, b = 0.7, 0.8
    energy = Polynomial([0.0])
    for lag, s in zip(LAGS, SPECTRUM, strict=True):
        energy += (s - u * Polynomial.basis(lag)) ** 2 / 2
    rate = -energy.deriv()
    derivatives = time_derivatives(rate, b, n)
    assert faa_di_bruno(rate, b, derivatives, n, n - 1) == pytest.approx(derivatives[-1], rel=1e-10)
    assert abs(faa_di_bruno(rate, b, derivatives, n, n) - derivatives[-1]) > 1e-3
    assert faa_di_bruno(rate, b, derivatives, 1, 0) == 0 != derivatives[0]  # eq. 62 at n = 1


def test_exponential_dynamics_vary_with_the_summed_step():
    lam, steps = 0.8, np.arange(1, T + 1)
    found = lam**T * (1 / lam) ** (T - steps)
    np.testing.assert_allclose(found, lam**steps)  # eq. 90
    for t in steps:  # eq. 84 prints λ^t for every i
        assert np.sum(abs(lam**t - found)) > 0.3


def test_beta_stands_where_k_is_printed_in_the_expansion_for_three_steps():
    beta, b = 0.8, 0.5
    numerator = beta**-2 + 2 * b**2 + beta**2 * b**4  # eqs 104 and 105 print k²b⁴
    assert (beta * b**2 + 1 / beta) ** 2 == pytest.approx(numerator)
