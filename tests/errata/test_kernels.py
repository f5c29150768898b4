"""Errata 19, 20, 21 and 24: the neural tangent kernel, against the Jacobian by autodiff."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

POWER = np.linalg.matrix_power
N_IN, N_HIDDEN, N_OUT, TRIALS = 2, 3, 2, 2


def outputs(weights, x):
    """Eq. 112 for each t, columns for trials: `x` is `(time, in, trials)`."""
    w_x, w_h, w_y = weights
    hidden, out = jnp.zeros((w_h.shape[0], x.shape[2])), []
    for column in x:
        hidden = w_h @ hidden + w_x @ column
        out.append(w_y @ hidden)
    return jnp.stack(out)


def jacobian(weights, x, t):
    """Derivative of `vec(Ŷ_t)`, columns stacked as the identity for vec(AXB) wants it."""
    parts = jax.jacobian(lambda w: outputs(w, x)[t].T.ravel())(weights)
    return np.concatenate([np.array(p).reshape(p.shape[0], -1) for p in parts], axis=1)


def draw(seed, length):
    rng = np.random.default_rng(seed)
    shapes = (N_HIDDEN, N_IN), (N_HIDDEN, N_HIDDEN), (N_OUT, N_HIDDEN)
    weights = tuple(0.7 * rng.normal(size=shape) for shape in shapes)
    return weights, rng.normal(size=(length, N_IN, TRIALS))


def kernel(weights, x, *, collapsed=False, ranges_as_printed=False, order_as_printed=False):
    """Eqs 132–134 with what they need to be the kernel, or with one thing as it is printed.

    `collapsed`: `(T−i) W_h^{T−i−1}` in place of a sum over where the change of W_h stands.
    """
    w_x, w_h, w_y = weights
    length, size = len(x), N_OUT * x.shape[2]
    total = np.zeros((size, size))

    def power(k):
        return POWER(w_h, k)

    for i in range(1, length + 1):
        for j in range(1, length + (0 if ranges_as_printed else 1)):
            x_i, x_j, lag_i, lag_j = x[i - 1], x[j - 1], length - i, length - j
            left = w_y @ power(lag_i) @ power(lag_j).T @ w_y.T
            total += np.kron(x_i.T @ x_j, left)
            inner = x_i.T @ w_x.T @ power(lag_i).T @ power(lag_j) @ w_x @ x_j
            pair = (np.eye(N_OUT), inner) if order_as_printed else (inner, np.eye(N_OUT))
            total += np.kron(*pair)
            for r in range(lag_j):
                after = power(lag_j - 1 - r) @ w_x @ x_j
                for q in range(lag_i):
                    ahead = lag_i - 1 if collapsed else q
                    behind = 0 if collapsed else lag_i - 1 - q
                    inner = (power(behind) @ w_x @ x_i).T @ after
                    total += np.kron(inner, w_y @ power(ahead) @ power(r).T @ w_y.T)
    return total


def gap(found, true):
    return np.linalg.norm(found - true) / np.linalg.norm(true)


def true_kernel(weights, x):
    rows = jacobian(weights, x, len(x) - 1)
    return rows @ rows.T


# --- 19: powers of a difference of matrices (eqs 114-125) ---------------------------------------


def test_the_binomial_expansion_needs_matrices_that_commute():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 3))

    def printed(a, b):
        return a @ a - 2 * a @ b + b @ b

    assert gap(printed(a, b), POWER(a - b, 2)) > 0.1
    np.testing.assert_allclose(printed(a, a @ a), POWER(a - a @ a, 2))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_derivative_of_a_power_is_a_sum_over_places(n):
    w, change = np.random.default_rng(1).normal(size=(2, 3, 3))
    _, true = jax.jvp(lambda w: jnp.linalg.matrix_power(w, n), (w,), (change,))
    places = sum(POWER(w, r) @ change @ POWER(w, n - 1 - r) for r in range(n))
    np.testing.assert_allclose(places, true, rtol=1e-10)
    assert (gap(n * POWER(w, n - 1) @ change, true) > 0.1) == (n > 1)


# --- 20: the kernel (eqs 126-134) ----------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_the_kernel_is_a_sum_over_places_of_the_change(length):
    weights, x = draw(2, length)
    true = true_kernel(weights, x)
    np.testing.assert_allclose(kernel(weights, x), true, rtol=1e-9, atol=1e-9)
    assert (gap(kernel(weights, x, collapsed=True), true) > 0.01) == (length > 2)


def test_collapsed_powers_are_wrong_for_a_diagonal_recurrence_too_but_not_for_one_hidden_unit():
    (w_x, _, w_y), x = draw(3, 4)
    diagonal = w_x, np.diag([0.9, 0.5, -0.3]), w_y
    assert gap(kernel(diagonal, x, collapsed=True), true_kernel(diagonal, x)) > 0.01
    single = w_x[:1], np.array([[0.8]]), w_y[:, :1]
    assert gap(kernel(single, x, collapsed=True), true_kernel(single, x)) < 1e-12


@pytest.mark.parametrize("length", [1, 2, 4])
def test_the_last_input_belongs_to_the_second_sum(length):
    weights, x = draw(4, length)
    assert gap(kernel(weights, x, ranges_as_printed=True), true_kernel(weights, x)) > 0.1


def test_the_identity_stands_second_where_columns_are_stacked():
    weights, x = draw(5, 3)
    assert gap(kernel(weights, x, order_as_printed=True), true_kernel(weights, x)) > 0.1


def test_the_output_moves_up_the_error_and_every_part_of_the_kernel_is_positive():
    weights, x = draw(6, 3)
    y = np.random.default_rng(7).normal(size=(N_OUT, TRIALS))

    def loss(weights):
        return 0.5 * jnp.sum((y - outputs(weights, x)[-1]) ** 2)

    descent = jax.tree.map(lambda g: -g, jax.grad(loss)(weights))
    _, moved = jax.jvp(lambda w: outputs(w, x)[-1], (weights,), (descent,))
    error = (y - outputs(weights, x)[-1]).T.ravel()
    # Eqs 129-131 print the opposite sign, eqs 130 and 133 the opposite one for W_h.
    np.testing.assert_allclose(true_kernel(weights, x) @ error, moved.T.ravel(), rtol=1e-9)
    for part in jax.jacobian(lambda w: outputs(w, x)[-1].ravel())(weights):
        rows = np.array(part).reshape(len(error), -1)
        assert np.linalg.eigvalsh(rows @ rows.T).max() > 0.01


# --- 21: the kernel with outputs at every step (eqs 160-162) -------------------------------------


def test_outputs_at_different_steps_move_each_other_and_a_sum_over_steps_does_not_tell():
    weights, x = draw(8, 3)
    y = np.random.default_rng(9).normal(size=(3, N_OUT, TRIALS))
    rows = [jacobian(weights, x, t) for t in range(3)]

    def loss(weights):
        return 0.5 * jnp.sum((y - outputs(weights, x)) ** 2)

    descent = jax.tree.map(lambda g: -g, jax.grad(loss)(weights))
    _, moved = jax.jvp(lambda w: outputs(w, x), (weights,), (descent,))
    errors = [(y[t] - outputs(weights, x)[t]).T.ravel() for t in range(3)]
    for t in range(3):
        blocks = sum(rows[t] @ rows[s].T @ errors[s] for s in range(3))
        np.testing.assert_allclose(blocks, moved[t].T.ravel(), rtol=1e-9)
        alone = rows[t] @ rows[t].T @ errors[t]
        summed = sum(r @ r.T for r in rows) @ errors[t]
        assert min(gap(alone, blocks), gap(summed, blocks)) > 0.05


# --- 24: the spectral radius of Gaussian weights (Appendix J) ------------------------------------


def test_gaussian_weights_have_the_scale_as_spectral_radius_only_in_the_limit_of_width():
    rng = np.random.default_rng(10)

    def radii(width, count):
        weights = rng.normal(size=(count, width, width)) / np.sqrt(width)
        return abs(np.linalg.eigvals(weights)).max(-1)

    for width, mean in [(1, np.sqrt(2 / np.pi)), (2, 0.935), (10, 1.063)]:
        drawn = radii(width, 2000)
        error = drawn.std() / np.sqrt(len(drawn))
        assert drawn.mean() == pytest.approx(mean, abs=4 * error + 1e-3)
        assert abs(mean - 1) > 5 * error
    # At the width of the experiments the mean happens to be near, but one draw is not.
    narrow, wide = radii(4, 2000), radii(120, 10)
    assert narrow.mean() == pytest.approx(1.02, abs=0.03)
    assert narrow.std() > 0.2 > 4 * wide.std()
    assert wide.mean() == pytest.approx(1, abs=0.1)


def test_gaussian_weights_whose_variance_is_the_scale_have_another_radius():
    scale, width = 0.5, 100
    drawn = np.random.default_rng(11).normal(size=(5, width, width))
    radius = abs(np.linalg.eigvals(drawn)).max(-1).mean()
    assert radius * scale / np.sqrt(width) == pytest.approx(scale, rel=0.15)  # P.1.2
    assert radius * np.sqrt(scale) > 5  # a variance of 0.5
