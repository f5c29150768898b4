"""Errata 6, 7 and 28: complex eigenvalues and modes."""

import numpy as np

T = 4


# --- 6: complex blocks (P.4.1) -----------------------------------------------------------------


def test_printed_eigenvectors_belong_to_the_conjugate_eigenvalues():
    mu, nu = 0.6, 0.8
    block = np.array([[mu, -nu], [nu, mu]])
    vector = np.array([1, 1j])
    np.testing.assert_allclose(block @ vector, (mu - 1j * nu) * vector)
    np.testing.assert_allclose(block @ vector.conj(), (mu + 1j * nu) * vector.conj())


def test_printed_construction_of_rotational_data_is_complex_and_its_basis_not_unitary():
    mu, nu = 0.6, 0.8
    block = np.array([[mu, -nu], [nu, mu]])
    basis = np.array([[1, 1], [1j, -1j]])
    np.testing.assert_allclose(basis.conj().T @ basis, 2 * np.eye(2))
    assert abs((basis @ block @ np.linalg.inv(basis)).imag).max() > 0.5
    # What is meant: the block itself, or the diagonal of its eigenvalues in the unitary basis.
    unitary, eigenvalues = basis / np.sqrt(2), np.diag([mu - 1j * nu, mu + 1j * nu])
    np.testing.assert_allclose(unitary @ eigenvalues @ unitary.conj().T, block, atol=1e-12)


# --- 7: the complex energy (eqs 185-189) -------------------------------------------------------


def test_complex_modes_descend_twice_the_printed_slope_and_without_the_printed_tau():
    rng = np.random.default_rng(8)
    a, b, c = rng.normal(size=(3, 2)) @ [1, 1j]
    d = rng.normal(size=(T, 2)) @ [1, 1j]
    lags, tau = np.arange(T)[::-1], 7.0

    def energy(a):  # eq. 186
        return np.sum(abs(d - c * b**lags * a) ** 2) / (2 * tau)

    def derivative(direction, step=1e-6):
        return (energy(a + step * direction) - energy(a - step * direction)) / (2 * step)

    wirtinger = (derivative(1.0) + 1j * derivative(1j)) / 2  # ∂E/∂a*
    moved = np.sum(np.conj(b) ** lags * np.conj(c) * (d - c * b**lags * a)) / tau  # eq. 182
    np.testing.assert_allclose(moved, -2 * wirtinger, rtol=1e-6)
    assert abs(moved + wirtinger / tau) > 0.1 * abs(moved)  # eq. 187 as printed


# --- 28: real weights (eqs 194-196) -------------------------------------------------------------


def test_weights_aligned_to_complex_eigenvectors_are_real_only_for_conjugate_modes():
    eigenvectors = np.array([[1, 1], [-1j, 1j]]) / np.sqrt(2)

    def weights(modes):
        return eigenvectors @ np.diag(modes) @ eigenvectors.conj().T

    for modes in ([0.3, 0.3], [0.3 + 0.2j, 0.3 - 0.2j]):
        np.testing.assert_allclose(weights(modes).imag, 0, atol=1e-15)
    assert abs(weights([0.3, 0.5]).imag).max() > 0.05
