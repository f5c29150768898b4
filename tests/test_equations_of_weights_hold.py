"""Equations of weight matrices as they are printed, against the library's velocity and loss.

The library differentiates by an adjoint recursion over lags; here are the paper's sums over steps,
and, for eigenvectors, its complex ones (Appendix N).
"""

import numpy as np
import pytest

import learndyn as ld

T = 4
POWER = np.linalg.matrix_power


def network(seed, n_in, n_hidden, n_out):
    rng = np.random.default_rng(seed)
    shapes = (n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden)
    return tuple(0.6 * rng.normal(size=shape) for shape in shapes)


def velocity(weights, statistics):
    net = ld.LinearRNN(*weights)
    moved = ld.velocity(ld.Problem(net, statistics), net)
    return tuple(np.asarray(w) for w in (moved.w_x, moved.w_h, moved.w_y))


@pytest.mark.parametrize("every", [False, True])
def test_printed_gradients_hold_for_any_input(every):
    rng = np.random.default_rng(0)
    weights = w_x, w_h, w_y = network(1, 2, 3, 2)
    x = np.cumsum(rng.normal(size=(7, T, 2)), axis=1)
    y = rng.normal(size=(7, T, 2)) if every else rng.normal(size=(7, 2))
    slopes = [np.zeros_like(w) for w in weights]
    for x_p, y_p in zip(x, y, strict=True):
        for last in range(1, T + 1) if every else [T]:
            error = (y_p[last - 1] if every else y_p).copy()
            for j in range(1, last + 1):
                error -= w_y @ POWER(w_h, last - j) @ w_x @ x_p[j - 1]
            for i in range(1, last + 1):
                lag, outer = last - i, np.outer(error, x_p[i - 1])
                slopes[0] -= POWER(w_h, lag).T @ w_y.T @ outer  # eq. 16
                slopes[2] -= outer @ w_x.T @ POWER(w_h, lag).T  # eq. 18
                for r in range(lag):  # eq. 17
                    slopes[1] -= POWER(w_h, r).T @ w_y.T @ outer @ w_x.T @ POWER(w_h, lag - 1 - r).T
    found = velocity(weights, ld.TaskStatistics.from_data(x, y))
    for ours, printed in zip(found, slopes, strict=True):
        np.testing.assert_allclose(ours, -printed / len(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("every", [False, True])
def test_printed_flow_holds_for_white_input(every):
    weights = w_x, w_h, w_y = network(2, 2, 3, 2)
    means = np.random.default_rng(3).normal(size=(T, 2, 2))  # by lag
    lag_weights = T - np.arange(T) if every else np.ones(T)
    flow = [np.zeros_like(w) for w in weights]
    for last in range(1, T + 1) if every else [T]:
        for i in range(1, last + 1):
            lag = last - i
            error = means[lag] - w_y @ POWER(w_h, lag) @ w_x
            flow[0] += POWER(w_h, lag).T @ w_y.T @ error
            flow[2] += error @ w_x.T @ POWER(w_h, lag).T
            for r in range(lag):
                flow[1] += POWER(w_h, r).T @ w_y.T @ error @ w_x.T @ POWER(w_h, lag - 1 - r).T
    statistics = ld.TaskStatistics.white(means, weights=lag_weights.astype(float))
    for ours, printed in zip(velocity(weights, statistics), flow, strict=True):
        np.testing.assert_allclose(ours, printed, rtol=1e-10, atol=1e-12)


# --- eigenvectors (eqs 166-189, 194-196, 200-202) -----------------------------------------------

PAIR = np.array([[1, 1], [-1j, 1j]]) / np.sqrt(2)
P = np.block([[np.ones((1, 1)), np.zeros((1, 2))], [np.zeros((2, 1)), PAIR]])


def conjugate_pairs(rng, *shape):
    """A real value and a conjugate pair in the last axis."""
    real, complex_ = rng.normal(size=shape), rng.normal(size=(*shape, 2)) @ [1, 1j]
    return np.stack([real + 0j, complex_, complex_.conj()], axis=-1)


def real_matrix(eigenvalues):
    """Eqs 194–196: `P diag(…) P†`, which is real for conjugate pairs."""
    matrix = P @ np.diag(eigenvalues) @ P.conj().T
    np.testing.assert_allclose(matrix.imag, 0, atol=1e-15)
    return matrix.real


def rotations(seed):
    """Complex modes a, b, c, and eigenvalues d_t in t order, each with a conjugate pair."""
    rng = np.random.default_rng(seed)
    modes, spectrum = 0.7 * conjugate_pairs(rng, 3), conjugate_pairs(rng, T)
    target = np.stack([real_matrix(values) for values in spectrum[::-1]])
    return modes, spectrum, ld.TaskStatistics.white(target)


@pytest.mark.parametrize("seed", range(3))
def test_weights_aligned_to_eigenvectors_move_as_complex_modes(seed):
    (a, b, c), spectrum, statistics = rotations(seed)
    weights = tuple(map(real_matrix, (a, b, c)))
    rates = np.zeros((3, 3), complex)
    for i, d in enumerate(spectrum, start=1):
        lag = T - i
        error = d - c * b**lag * a
        rates[0] += (b**lag * c).conj() * error  # eq. 182
        rates[2] += error * (a * b**lag).conj()  # eq. 184
        if lag:
            rates[1] += lag * (c * a * b ** (lag - 1)).conj() * error  # eq. 183
    for moved, rate in zip(velocity(weights, statistics), rates, strict=True):
        np.testing.assert_allclose(P.conj().T @ moved @ P, np.diag(rate), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_of_complex_modes_is_the_sum_of_their_energies(seed):
    (a, b, c), spectrum, statistics = rotations(seed)
    net = ld.LinearRNN(*map(real_matrix, (a, b, c)))
    energies = ld.theory.energy((a, b, c), spectrum.T)
    assert not np.iscomplexobj(np.asarray(energies))
    loss = statistics.loss(net.impulse_response(T))
    np.testing.assert_allclose(np.sum(energies), loss, rtol=1e-12)


def test_a_teacher_with_unitary_eigenvectors_has_them_at_every_lag():
    (a, b, c), _, _ = rotations(4)
    teacher = ld.LinearRNN(*map(real_matrix, (a, b, c)))
    correlations = np.asarray(ld.teacher_task(teacher, T).statistics().cross_moments)
    for lag in range(T):
        found = P.conj().T @ correlations[lag] @ P
        np.testing.assert_allclose(found, np.diag(c * b**lag * a), atol=1e-12)


def test_rotational_targets_have_the_block_correlations():
    _, spectrum, _ = rotations(5)
    matrices = np.stack([real_matrix(values) for values in spectrum])  # t order
    white = np.linalg.qr(np.random.default_rng(6).normal(size=(20, 3 * T)))[0].reshape(20, T, 3)
    x = np.sqrt(20) * white
    y = np.einsum("ioj,pij->po", matrices, x)  # eq. 204 with X_i
    found = np.asarray(ld.TaskStatistics.from_data(x, y).cross_moments)
    np.testing.assert_allclose(found, matrices[::-1], atol=1e-12)
    block = matrices[0][1:, 1:]
    mu, nu = spectrum[0, 1].real, block[1, 0]
    np.testing.assert_allclose(block, [[mu, -nu], [nu, mu]], atol=1e-12)
    assert abs(nu) == pytest.approx(abs(spectrum[0, 1].imag))
