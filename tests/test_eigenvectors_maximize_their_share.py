"""No other eigenvectors have more of the correlations on their diagonal."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

import learndyn as ld
from learndyn._forms import form_shares
from learndyn.statistics import diagonal_share, eigenbasis

EXACT = 1e-12


def orthogonal(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


def planted(rng, n, pairs, lags, noise=0.0):
    """Rotations and scalings of fixed planes and lines, with noise of a given relative size."""
    cross, basis = np.zeros((lags, n, n)), orthogonal(rng, n)
    for k in range(lags):
        blocks = [np.array([[a, -b], [b, a]]) for a, b in rng.normal(size=(pairs, 2))]
        lines = np.diag(rng.normal(size=n - 2 * pairs))
        cross[k] = basis @ scipy.linalg.block_diag(*blocks, lines) @ basis.T
    more = rng.normal(size=cross.shape)
    return cross + noise * np.linalg.norm(cross) / np.linalg.norm(more) * more, basis


def eigenvectors_of(frame, pairs):
    """Columns of an orthogonal matrix, the first ones in conjugate pairs."""
    basis = frame.astype(complex)
    for i in range(pairs):
        first, second = frame[:, 2 * i], frame[:, 2 * i + 1]
        basis[:, 2 * i] = (first - 1j * second) / np.sqrt(2)
        basis[:, 2 * i + 1] = (first + 1j * second) / np.sqrt(2)
    return basis


def share_of(cross, basis):
    """The definition, one mode and one lag at a time."""
    on = [abs(p.conj() @ c @ p) ** 2 for c in cross for p in basis.T]
    return sum(on) / np.sum(cross**2)


def conjugate_partners(basis):
    """Which columns are real, and which are followed by their conjugate."""
    real, first, i = [], [], 0
    while i < basis.shape[1]:
        if abs(basis[:, i].imag).max() == 0:
            real.append(i)
            i += 1
        else:
            np.testing.assert_allclose(basis[:, i + 1], basis[:, i].conj(), atol=1e-14)
            first.append(i)
            i += 2
    return real, first


@given(n=st.integers(1, 9), lags=st.integers(1, 6), seed=st.integers(0, 2**31))
def test_exact_families_are_diagonal(n, lags, seed):
    rng = np.random.default_rng(seed)
    pairs = int(rng.integers(0, n // 2 + 1))
    cross, _ = planted(rng, n, pairs, lags)
    basis = eigenbasis(cross)
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(n), atol=1e-13)
    assert share_of(cross, basis) > 1 - EXACT
    real, first = conjugate_partners(basis)
    assert (len(real), len(first)) == (n - 2 * pairs, pairs)
    values = np.einsum("ia,kij,ja->ka", basis.conj(), cross, basis)
    np.testing.assert_allclose(cross @ basis, basis * values[:, None], atol=1e-11)
    strengths = np.sum(abs(values) ** 2, 0)
    assert (np.diff(strengths) <= 1e-12 * strengths[0]).all()


def test_equal_eigenvalues_and_silent_lags_are_no_obstacle():
    """Two planes that turn alike, two lines alike, and lags at which nothing happens."""
    rng = np.random.default_rng(0)
    frame = orthogonal(rng, 6)
    blocks = [
        scipy.linalg.block_diag(turn, turn, line * np.eye(2))
        for turn, line in (
            (np.eye(2), 0.0),
            (np.array([[0.0, -1.0], [1.0, 0.0]]), 2.0),
            (np.zeros((2, 2)), 0.0),
        )
    ]
    cross = frame @ np.array(blocks) @ frame.T
    assert share_of(cross, eigenbasis(cross)) > 1 - EXACT
    silent = np.zeros((2, 3, 3))
    np.testing.assert_array_equal(eigenbasis(silent), np.eye(3))
    assert diagonal_share(silent, np.eye(3), np.eye(3)) == 1


def brute_force(cross, rng, starts):
    """Best share found from random orthogonal matrices, without gradients, for all pairings."""
    n = cross.shape[1]
    upper, best = np.triu_indices(n, 1), 0.0
    for start in range(starts):
        frame, pairs = orthogonal(rng, n), start % (n // 2 + 1)

        def lost(entries, frame=frame, pairs=pairs):
            generator = np.zeros((n, n))
            generator[upper] = entries
            turned = frame @ scipy.linalg.expm(generator - generator.T)
            basis = eigenvectors_of(turned, pairs)
            values = np.einsum("ia,kij,ja->ka", basis.conj(), cross, basis)
            return 1 - np.sum(abs(values) ** 2) / np.sum(cross**2)

        found = scipy.optimize.minimize(lost, rng.normal(size=len(upper[0])), method="BFGS")
        best = max(best, 1 - found.fun)
    return best


@pytest.mark.parametrize("noise", [0.3, 1.0, 100.0])
@pytest.mark.parametrize(("n", "starts"), [(2, 6), (3, 10), (4, 18)])
def test_noisy_families_are_no_worse_than_by_brute_force(n, starts, noise):
    rng = np.random.default_rng([n, int(10 * noise)])
    cross, _ = planted(rng, n, n // 2, 3, noise)
    found = share_of(cross, eigenbasis(cross))
    assert found < 0.99
    assert found >= brute_force(cross, rng, starts) - 1e-9


@settings(max_examples=10)
@given(n=st.integers(2, 9), noise=st.floats(0.01, 1.0), seed=st.integers(0, 2**31))
def test_noise_leaves_no_less_than_the_planted_basis_has(n, noise, seed):
    rng = np.random.default_rng(seed)
    pairs = int(rng.integers(0, n // 2 + 1))
    cross, frame = planted(rng, n, pairs, 4, noise)
    by_planting = share_of(cross, eigenvectors_of(frame, pairs))
    assert share_of(cross, eigenbasis(cross)) >= by_planting - EXACT


def test_many_channels_are_within_reach():
    rng = np.random.default_rng(2)
    cross, frame = planted(rng, 40, 12, 6, noise=0.1)
    basis = eigenbasis(cross)
    assert share_of(cross, basis) > share_of(cross, eigenvectors_of(frame, 12)) > 0.98
    np.testing.assert_allclose(basis.conj().T @ basis, np.eye(40), atol=1e-13)


def test_of_a_pair_the_one_that_turns_counterclockwise_comes_first():
    frame = orthogonal(np.random.default_rng(3), 2)
    for angle in (0.3, -0.3, 2.8, -2.8):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        cross = [frame @ np.linalg.matrix_power(turn, k) @ frame.T for k in range(4)]
        basis = eigenbasis(np.array(cross))
        values = np.array([basis[:, 0].conj() @ c @ basis[:, 0] for c in cross])
        np.testing.assert_allclose(values, np.exp(1j * abs(angle) * np.arange(4)), atol=1e-12)
    # One lag does not say which way it turns, so the imaginary part decides.
    single = eigenbasis(np.array(cross[1:2]))
    assert (single[:, 0].conj() @ cross[1] @ single[:, 0]).imag > 0


def test_rotations_fit_the_eigen_form_only():
    cross, _ = planted(np.random.default_rng(4), 4, 2, 5)
    shares = form_shares(ld.TaskStatistics.white(jnp.asarray(cross)))
    assert shares.eigen > 1 - EXACT
    assert shares.singular < 0.95
    assert shares.better == "eigen"


def test_other_singular_vectors_left_and_right_fit_the_singular_form_only():
    rng = np.random.default_rng(5)
    left, right = orthogonal(rng, 4), orthogonal(rng, 4)
    cross = np.einsum("om,km,im->koi", left, rng.normal(size=(5, 4)), right)
    shares = form_shares(ld.TaskStatistics.white(jnp.asarray(cross)))
    assert shares.singular > 1 - EXACT
    assert shares.eigen < 0.95
    assert shares.better == "singular"


def test_symmetric_families_fit_both_and_stay_real():
    cross, _ = planted(np.random.default_rng(6), 5, 0, 4)
    statistics = ld.TaskStatistics.white(jnp.asarray(cross))
    shares = form_shares(statistics)
    assert min(shares.singular, shares.eigen) > 1 - EXACT
    assert shares.better == "singular"
    assert abs(statistics.in_eigenvectors().vectors[0].imag).max() == 0


def test_statistics_keep_all_but_their_vectors():
    turn = ld.task_dynamics("inverse_exponential", 1.0, 0.6 + 0.6j, 5)
    spectrum = jnp.stack([turn, turn.conj(), 0.5 * abs(turn)])
    task = ld.structured_task(spectrum, 3, 3, outputs="every", key=jax.random.key(0))
    given_vectors = task.statistics()
    found = ld.TaskStatistics.white(given_vectors.target, weights=given_vectors.weights)
    found = found.in_eigenvectors()
    left, right = found.vectors
    assert left is right
    # The same vectors as by construction, up to a phase each and the order of pairs.
    overlaps = abs(np.asarray(left).conj().T @ np.asarray(given_vectors.vectors[0]))
    np.testing.assert_allclose(np.sort(overlaps, axis=1), [[0, 0, 1]] * 3, atol=1e-12)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(given_vectors), strict=True):
        if not jnp.iscomplexobj(one):
            np.testing.assert_array_equal(one, other)


def test_unequal_numbers_of_channels_have_no_eigenvectors():
    statistics = ld.TaskStatistics.white(jnp.ones((4, 2, 3)))
    with pytest.raises(ld.InputError, match=r"got 3 inputs and 2 outputs\. Stay with singular"):
        statistics.in_eigenvectors()
    shares = form_shares(statistics)
    assert shares.eigen is None
    assert shares.better == "singular"
    assert shares.singular > 1 - EXACT
