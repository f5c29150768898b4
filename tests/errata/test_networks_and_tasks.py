"""Errata 1 to 5, 8 to 10 and 23, by counterexamples that owe nothing to the library."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

T = 4


# --- a network of eqs 1-2 and the loss of eq. 4, in numpy ------------------------------------


def impulse_response(w_x, w_h, w_y, length=T):
    """W_y W_h^k W_x for k = 0 … length−1."""
    return [w_y @ np.linalg.matrix_power(w_h, k) @ w_x for k in range(length)]


def downhill(weights, x, y):
    """Minus the gradient of eq. 4, by back-propagation through time."""
    w_x, w_h, w_y = weights
    hidden = [np.zeros((len(x), w_h.shape[0]))]
    for t in range(x.shape[1]):
        hidden.append(hidden[-1] @ w_h.T + x[:, t] @ w_x.T)
    error = y - hidden[-1] @ w_y.T
    back = error @ w_y
    move_x, move_h = np.zeros_like(w_x), np.zeros_like(w_h)
    for t in reversed(range(x.shape[1])):
        move_x += back.T @ x[:, t]
        move_h += back.T @ hidden[t]
        back = back @ w_h
    return move_x, move_h, error.T @ hidden[-1]


def flow_of_appendix_b(weights, correlations):
    """Right-hand sides of eqs 23-25, `correlations[i]` standing for Σ^{YX} at t = i + 1."""
    w_x, w_h, w_y = weights
    length, power = len(correlations), lambda k: np.linalg.matrix_power(w_h, k)
    moves = [np.zeros_like(w) for w in weights]
    for i, correlation in enumerate(correlations, start=1):
        lag = length - i
        error = correlation - w_y @ power(lag) @ w_x
        moves[0] += power(lag).T @ w_y.T @ error
        moves[2] += error @ w_x.T @ power(lag).T
        for r in range(lag):
            moves[1] += power(r).T @ w_y.T @ error @ w_x.T @ power(lag - 1 - r).T
    return moves


def white_trials(rng, count, length, channels):
    """Inputs with Σ_p x xᵀ = I over channels and steps."""
    columns = length * channels
    return np.linalg.qr(rng.normal(size=(count, columns)))[0].reshape(count, length, channels)


def orthogonal(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def off_diagonal_share(matrix):
    return np.linalg.norm(matrix - np.diag(np.diag(matrix))) / np.linalg.norm(matrix)


def share_singular_vectors(matrices):
    """Whether real matrices have one pair of singular bases, up to signs of singular values.

    They do if and only if all `AᵀB` and `ABᵀ` are symmetric.
    """
    products = [p for a in matrices for b in matrices for p in (a.T @ b, a @ b.T)]
    return all(np.allclose(p, p.T, atol=1e-10) for p in products)


def test_the_gradient_flow_of_appendix_b_is_that_of_the_loss_for_white_input():
    rng = np.random.default_rng(0)
    x, y = white_trials(rng, 20, T, 3), rng.normal(size=(20, 2))
    weights = tuple(rng.normal(size=shape) for shape in ((5, 3), (5, 5), (2, 5)))
    correlations = [y.T @ x[:, t] for t in range(T)]
    for printed, true in zip(
        flow_of_appendix_b(weights, correlations), downhill(weights, x, y), strict=True
    ):
        np.testing.assert_allclose(printed, true, atol=1e-10)


# --- 1: two hidden bases (Assumption 3, eqs 29, 191-193) ---------------------------------------

MODES = [np.array(v) for v in ([0.5, 0.9], [0.6, 1.2], [0.7, 0.4])]


def recipe(r_x, r_y, modes=MODES):
    """Eqs 191-193 with U_y = V_x = I."""
    a, b, c = map(np.diag, modes)
    return r_x @ a, r_y @ b @ r_x.T, c @ r_y.T


def test_printed_recipe_for_aligned_weights_fails_for_a_rotation():
    r_x = rotation(0.5)
    responses = impulse_response(*recipe(r_x, np.linalg.inv(r_x)))
    shares = [off_diagonal_share(g) for g in responses]
    assert shares[1] < 1e-12  # the single power of W_h, where the bases happen to cancel
    assert min(shares[0], shares[2], shares[3]) > 0.1


def test_printed_recipe_works_where_the_basis_is_its_own_inverse():
    reflection = rotation(0.5) @ np.diag([1.0, -1.0])
    for k, response in enumerate(impulse_response(*recipe(reflection, np.linalg.inv(reflection)))):
        product = np.diag(MODES[0] * MODES[2] * MODES[1] ** k)
        np.testing.assert_allclose(response, product, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_one_hidden_basis_makes_every_power_diagonal_and_two_do_not(seed):
    rng = np.random.default_rng(seed)
    modes = rng.uniform(0.3, 1.0, size=(3, 4))
    one, other = orthogonal(rng, 4), orthogonal(rng, 4)
    for k, response in enumerate(impulse_response(*recipe(one, one, modes))):
        product = np.diag(modes[0] * modes[2] * modes[1] ** k)
        np.testing.assert_allclose(response, product, atol=1e-12)
    assert max(map(off_diagonal_share, impulse_response(*recipe(one, other, modes)))) > 0.1


def test_hidden_bases_that_differ_by_signs_are_diagonal_but_not_the_printed_product():
    signs = np.diag([1.0, -1.0])
    r_x = rotation(0.5)
    responses = impulse_response(*recipe(r_x, r_x @ signs))
    assert max(map(off_diagonal_share, responses)) < 1e-12
    assert not np.allclose(responses[2], np.diag(MODES[0] * MODES[2] * MODES[1] ** 2))


@pytest.mark.parametrize(("same", "stays"), [(True, True), (False, False)])
def test_bases_stay_constant_through_learning_only_if_there_is_one(same, stays):
    r_x = rotation(0.5)
    r_y = r_x if same else np.linalg.inv(r_x)
    weights = recipe(r_x, r_y)
    correlations = [np.diag([1.0, 0.3]) * 0.8**lag for lag in reversed(range(T))]
    for _ in range(20):
        moves = flow_of_appendix_b(weights, correlations)
        weights = tuple(w + 0.02 * move for w, move in zip(weights, moves, strict=True))
    recovered = r_x.T @ weights[0], r_y.T @ weights[1] @ r_x, weights[2] @ r_y
    assert (max(map(off_diagonal_share, recovered)) < 1e-12) == stays


# --- 2: which teachers have constant singular vectors (Section 2.2, eq. 29) --------------------


def test_a_diagonalizable_teacher_need_not_have_constant_singular_vectors():
    w_h = np.array([[1.0, 1.0], [0.0, 2.0]])
    assert len(set(np.linalg.eigvals(w_h))) == 2  # so it can be diagonalized
    assert not share_singular_vectors(impulse_response(np.eye(2), w_h, np.eye(2)))


def test_a_symmetric_teacher_needs_input_and_output_in_the_same_hidden_basis():
    rng = np.random.default_rng(3)
    r = orthogonal(rng, 3)
    w_h = r @ np.diag([0.9, 0.5, 0.2]) @ r.T
    w_x, w_y = r @ np.diag([1.0, 0.7, 0.4]), np.diag([0.6, 0.8, 1.1]) @ r.T
    assert share_singular_vectors(impulse_response(w_x, w_h, w_y))
    assert not share_singular_vectors(impulse_response(w_x, w_h, rng.normal(size=(3, 3))))


# --- 3: signs of temporal singular values (Assumption 2) ---------------------------------------


def test_a_negative_recurrent_mode_gives_signed_values_in_constant_bases():
    rng = np.random.default_rng(4)
    r, left, right = (orthogonal(rng, 2) for _ in range(3))
    a, b, c = np.array([1.0, 0.5]), np.array([-0.8, 0.6]), np.array([0.7, 0.9])
    responses = impulse_response(r * a @ right.T, r * b @ r.T, left * c @ r.T)
    assert share_singular_vectors(responses)
    signed = np.array([np.diag(left.T @ g @ right) for g in responses])
    np.testing.assert_allclose(signed, [a * c * b**k for k in range(T)], atol=1e-12)
    # Singular values proper are their sizes, and singular vectors proper would flip.
    proper = [np.linalg.svd(g, compute_uv=False) for g in responses]
    np.testing.assert_allclose(proper, -np.sort(-abs(signed), axis=1))
    assert signed.min() < -0.1


# --- 4: the time scale of the mean squared error (P.2) -----------------------------------------


def final_weights_of_training(weights, x, y, rate, steps, factor):
    """Gradient descent on `factor · mean((y − ŷ)²)`, the mean over samples and outputs."""

    @jax.grad
    def slope(weights):
        w_x, w_h, w_y = weights
        hidden = jnp.zeros((len(x), w_h.shape[0]))
        for t in range(x.shape[1]):
            hidden = hidden @ w_h.T + x[:, t] @ w_x.T
        return factor * jnp.mean((y - hidden @ w_y.T) ** 2)

    def step(_, weights):
        return jax.tree.map(lambda w, g: w - rate * g, weights, slope(weights))

    weights = tuple(map(jnp.asarray, weights))
    return jax.jit(lambda start: jax.lax.fori_loop(0, steps, step, start))(weights)


def final_weights_of_flow(weights, x, y, steps, tau):
    """Eqs 23-25 before whitening: `τ dW/dt_θ = −∇L`, with t_θ counting steps."""
    cuts = np.cumsum([w.size for w in weights])[:-1]

    def field(_, flat):
        parts = [p.reshape(w.shape) for p, w in zip(np.split(flat, cuts), weights, strict=True)]
        return np.concatenate([m.ravel() for m in downhill(parts, x, y)]) / tau

    start = np.concatenate([w.ravel() for w in weights])
    return solve_ivp(field, (0, steps), start, rtol=1e-8, atol=1e-10).y[:, -1]


@pytest.mark.parametrize(("factor", "printed_is_right"), [(1.0, False), (0.5, True)])
def test_printed_time_scale_belongs_to_half_the_mean_squared_error(factor, printed_is_right):
    rng = np.random.default_rng(5)
    count, channels, outputs, rate, steps = 20, 2, 3, 0.1, 1500
    x = white_trials(rng, count, T, channels)
    teacher = rng.normal(size=(T, outputs, channels))
    y = np.einsum("toi,pti->po", teacher, x)
    weights = tuple(0.3 * rng.normal(size=s) for s in ((3, channels), (3, 3), (outputs, 3)))
    trained = np.concatenate(
        [
            np.asarray(w).ravel()
            for w in final_weights_of_training(weights, x, y, rate, steps, factor)
        ]
    )
    printed = count * outputs / rate
    start = np.concatenate([w.ravel() for w in weights])
    way = np.linalg.norm(trained - start)

    def gap(tau):
        return np.linalg.norm(final_weights_of_flow(weights, x, y, steps, tau) - trained) / way

    assert gap(printed / (2 * factor)) < 0.01
    assert (gap(printed) < 0.01) == printed_is_right


# --- 5: sums or means (Assumption 1, eqs 4, 19, 21; P.2) ---------------------------------------


def test_means_in_place_of_sums_change_nothing_but_the_unit_of_time():
    rng = np.random.default_rng(6)
    count = 20
    x, y = white_trials(rng, count, T, 2), rng.normal(size=(count, 2))
    weights = tuple(rng.normal(size=shape) for shape in ((3, 2), (3, 3), (2, 3)))
    by_sums = downhill(weights, x, y)
    # Inputs and targets √P larger: Σ_p becomes the mean over p, E[x xᵀ] = I.
    by_means = downhill(weights, np.sqrt(count) * x, np.sqrt(count) * y)
    for small, large in zip(by_sums, by_means, strict=True):
        np.testing.assert_allclose(count * small, large)


def test_fewer_trials_than_channels_times_steps_cannot_be_white():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(2 * T - 1, 2 * T))
    assert np.linalg.matrix_rank(x.T @ x) < 2 * T


# --- 8: the sign of the energy's derivatives (eqs 49, 53) --------------------------------------


def test_printed_derivatives_in_b_are_those_of_minus_the_energy():
    rng = np.random.default_rng(9)
    s, u, b = rng.normal(size=T), 0.7, 0.9
    lags = np.arange(T)[::-1]
    terms = np.polynomial.Polynomial(np.zeros(1))
    for lag, value in zip(lags, s, strict=True):
        terms += (value - u * np.polynomial.Polynomial.basis(lag)) ** 2
    for n in range(1, 5):
        i = np.arange(1, T + 1)

        def product(top, n=n):
            return np.prod([top - j for j in range(1, n)], axis=0)

        first = i <= T - n
        second = i <= (2 * T - n) // 2
        printed = np.sum((T - i) * product(T - i) * s * u * b ** np.maximum(T - i - n, 0) * first)
        printed -= np.sum(
            (T - i) * product(2 * T - 2 * i) * u**2 * b ** np.maximum(2 * T - 2 * i - n, 0) * second
        )
        np.testing.assert_allclose(printed, -(terms / 2).deriv(n)(b), rtol=1e-9)


# --- 9: indices (eqs 26, 203, 204) -------------------------------------------------------------


def test_targets_need_each_step_of_the_input_where_one_index_is_printed():
    rng = np.random.default_rng(10)
    x = white_trials(rng, 30, T, 2)
    wanted = rng.normal(size=(T, 2, 2))
    meant = np.einsum("toi,pti->po", wanted, x)
    printed = x[:, -1] @ wanted.sum(0).T
    for t in range(T):
        np.testing.assert_allclose(meant.T @ x[:, t], wanted[t], atol=1e-10)
    assert np.linalg.norm(printed.T @ x[:, 0]) < 1e-10 < np.linalg.norm(wanted[0])


def test_a_teachers_correlations_are_with_its_last_output():
    rng = np.random.default_rng(11)
    x = white_trials(rng, 30, T, 2)
    w_x, w_h, w_y = rng.normal(size=(3, 2)), 0.5 * rng.normal(size=(3, 3)), rng.normal(size=(2, 3))
    hidden, outputs = np.zeros((30, 3)), []
    for t in range(T):
        hidden = hidden @ w_h.T + x[:, t] @ w_x.T
        outputs.append(hidden @ w_y.T)
    responses = impulse_response(w_x, w_h, w_y)
    for t in range(T):
        np.testing.assert_allclose(outputs[-1].T @ x[:, t], responses[T - 1 - t], atol=1e-10)
        np.testing.assert_allclose(outputs[t].T @ x[:, t], responses[0], atol=1e-10)


# --- 10: the scale of Gaussian weights (P.1.2) -------------------------------------------------


def test_gaussian_weights_keep_the_variance_if_scaled_by_their_columns():
    rng = np.random.default_rng(12)
    rows, columns = 40, 1000
    weights = rng.normal(size=(rows, columns))
    activity = weights @ rng.normal(size=(columns, 500))
    assert (activity / np.sqrt(columns)).var() == pytest.approx(1.0, rel=0.1)
    assert (activity / np.sqrt(rows)).var() > 10


# --- 23: normal correlations (Appendix N, eqs 166-171) ------------------------------------------


def test_constant_singular_vectors_do_not_make_correlations_normal_nor_the_other_way_round():
    task = [np.diag(values) @ rotation(0.5) for values in ([1.0, 0.5], [0.3, 0.9])]
    assert share_singular_vectors(task)
    assert not any(np.allclose(m @ m.T, m.T @ m) for m in task)
    left, right = (np.linalg.eig(m)[1] for m in task)
    assert not any(np.allclose(left[:, 0], phase * right[:, 0]) for phase in (1, -1))
    turning = [0.9**lag * rotation(0.4 * lag) @ np.diag([1.0, 1.0]) for lag in range(3)]
    turning = [np.kron(np.diag([1.0, 0.5]), turn) for turn in turning]
    assert all(np.allclose(m @ m.T, m.T @ m) for m in turning)
    assert not share_singular_vectors(turning)


def test_a_teacher_with_shared_eigenvectors_needs_them_orthogonal_for_the_conjugate_transpose():
    eigenvectors = np.array([[1.0, 1.0], [0.0, 1.0]])
    d_x, d_h, d_y = np.diag([0.5, 0.9]), np.diag([0.8, 0.3]), np.diag([1.1, 0.7])

    def correlations(p, back):
        w_x, w_h, w_y = (p @ d @ back for d in (d_x, d_h, d_y))
        return impulse_response(w_x, w_h, w_y)

    def products(p, back, powers):
        return [p @ d_y @ np.linalg.matrix_power(d_h, k) @ d_x @ back for k in powers]

    inverse, turn = np.linalg.inv(eigenvectors), rotation(0.3)
    for p, back in [(eigenvectors, inverse), (turn, turn.T)]:
        np.testing.assert_allclose(correlations(p, back), products(p, back, range(T)))
        # Eq. 170 prints D_h without its power, which is right at lag 1 alone.
        printed = products(p, back, [1] * T)
        agree = [np.allclose(a, b) for a, b in zip(correlations(p, back), printed, strict=True)]
        assert agree == [k == 1 for k in range(T)]
    wrong = correlations(eigenvectors, eigenvectors.T)
    assert not np.allclose(wrong, products(eigenvectors, eigenvectors.T, range(T)))
