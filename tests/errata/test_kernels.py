"""Errata 19, 20 and 21: the neural tangent kernel, against the Jacobian by autodiff."""

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


def draw(seed, length, *, hidden=N_HIDDEN, trials=TRIALS):
    rng = np.random.default_rng(seed)
    shapes = (hidden, N_IN), (hidden, hidden), (N_OUT, hidden)
    weights = tuple(0.7 * rng.normal(size=shape) for shape in shapes)
    return weights, rng.normal(size=(length, N_IN, trials))


def motion(weights, x, y):
    """Gradient of eq. 4, and how the last output moves down it."""
    gradient = jax.grad(lambda w: 0.5 * jnp.sum((y - outputs(w, x)[-1]) ** 2))(weights)
    descent = jax.tree.map(jnp.negative, gradient)
    _, moved = jax.jvp(lambda w: outputs(w, x)[-1], (weights,), (descent,))
    return tuple(map(np.asarray, gradient)), np.asarray(moved)


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


def printed_change(weights, gradient, x, rate, *, sums_as_printed=False):
    """Eqs 121–124, all terms under the first sum; or with the second sum of eq. 122 too."""
    (w_x, w_h, w_y), (g_x, g_h, g_y), length = weights, gradient, len(x)
    plain = sum(POWER(w_h, length - i) @ w_x @ x[i - 1] for i in range(1, length + 1))
    total = 0
    for i in range(1, length + 1):
        n, power = length - i, POWER(w_h, length - i)
        moved = np.zeros_like(w_h)  # Σ_k of eq. 121, as many η as there
        for k in range(1, n + 1):
            binomial = (-1) ** k * np.prod(np.arange(n - k + 1, n + 1)) / np.prod(range(1, k + 1))
            moved += binomial * POWER(w_h, n - k) * rate ** (k - 1) @ POWER(g_h, k)
        once = plain if sums_as_printed else power @ w_x @ x[i - 1]
        total += (w_y @ moved @ w_x - w_y @ power @ g_x - rate * w_y @ moved @ g_x) @ x[i - 1]
        total -= g_y @ once + rate * g_y @ moved @ w_x @ x[i - 1]
        total += (rate * g_y @ power @ g_x + rate**2 * g_y @ moved @ g_x) @ x[i - 1]
    return total


@pytest.mark.parametrize("rate", [0.3, 0.01])
def test_where_matrices_commute_the_change_of_the_output_is_exact_with_one_sum_over_steps(rate):
    for hidden in (1, 3):
        weights, x = draw(12, 4, hidden=hidden)
        gradient, moved = motion(weights, x, np.random.default_rng(13).normal(size=(2, 2)))
        after = tuple(w - rate * g for w, g in zip(weights, gradient, strict=True))
        true = (outputs(after, x)[-1] - outputs(weights, x)[-1]) / rate
        found = printed_change(weights, gradient, x, rate)
        assert (gap(found, true) < 1e-9) == (hidden == 1)
        twice = printed_change(weights, gradient, x, rate, sums_as_printed=True)
        assert gap(twice, true) > 0.1
        # "The gradient flow equation" it is in the limit only.
        assert gap(true, moved) > 0.01


@pytest.mark.parametrize("hidden", [1, 3])
def test_the_flow_of_the_output_has_the_sign_of_eq_125_where_matrices_commute(hidden):
    (w_x, w_h, w_y), x = draw(14, 4, hidden=hidden)
    y = np.random.default_rng(15).normal(size=(2, 2))
    (g_x, g_h, g_y), moved = motion((w_x, w_h, w_y), x, y)
    total = 0
    for lag, x_i in enumerate(x[::-1]):
        power = POWER(w_h, lag)
        total -= w_y @ power @ g_x @ x_i + g_y @ power @ w_x @ x_i
        if lag:  # printed for lag 0 too, where W_h need have no inverse
            total -= lag * w_y @ POWER(w_h, lag - 1) @ g_h @ w_x @ x_i
    assert (gap(total, moved) < 1e-9) == (hidden == 1)


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
    equal = w_x, 0.8 * np.eye(N_HIDDEN), w_y
    for weights in (single, equal):
        assert gap(kernel(weights, x, collapsed=True), true_kernel(weights, x)) < 1e-12


def test_collapsed_powers_move_an_aligned_network_rightly_but_are_not_its_kernel():
    rng, length = np.random.default_rng(16), 4
    turn, left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (3, 2, 2))
    weights = (
        turn[:, :2] @ np.diag([0.5, 0.9]) @ right.T,
        turn @ np.diag([0.9, 0.5, -0.3]) @ turn.T,
        left @ np.diag([0.7, 0.4]) @ turn[:, :2].T,
    )
    x = np.linalg.qr(rng.normal(size=(length * N_IN,) * 2))[0].reshape(length, N_IN, -1)  # white
    collapsed, true = kernel(weights, x, collapsed=True), true_kernel(weights, x)
    assert gap(collapsed, true) > 0.01
    for aligned in (True, False):
        spectrum = rng.normal(size=(length, 2))
        target = [left @ (np.diag(s) if aligned else rng.normal(size=(2, 2))) for s in spectrum]
        y = sum(t @ right.T @ x_i for t, x_i in zip(target, x, strict=True))
        error = (y - np.asarray(outputs(weights, x)[-1])).T.ravel()
        moved = motion(weights, x, y)[1].T.ravel()
        assert (gap(collapsed @ error, moved) < 1e-9) == aligned


@pytest.mark.parametrize(
    ("k_is_j", "r_with_j"), [(True, True), (True, False), (False, False), (False, True)]
)
def test_the_undefined_index_is_that_of_the_second_sum_and_so_is_the_bound_of_r(k_is_j, r_with_j):
    weights, x = draw(17, 4, hidden=1)  # one hidden unit, where collapsed powers are right
    (w_x, w_h, w_y), length = weights, len(x)
    rows = np.array(jax.jacobian(lambda w: outputs((w_x, w, w_y), x)[-1].T.ravel())(w_h))
    rows = rows.reshape(len(rows), -1)
    total, left = np.zeros((len(rows),) * 2), w_y @ w_y.T
    for i in range(1, length + 1):
        for j in range(1, length):
            for _ in range(
                length - (j if r_with_j else i)
            ):  # W_h^r and W_h^{T−k−1−r} make W_h^{T−k−1}
                scale = (length - i) * w_h ** (length - (j if k_is_j else i) - 1)
                inner = scale * (x[i - 1].T @ w_x.T @ w_x @ x[j - 1])
                total += np.kron(inner, w_h ** max(length - i - 1, 0) * left)
    assert (gap(total, rows @ rows.T) < 1e-9) == (k_is_j and r_with_j)


@pytest.mark.parametrize("length", [1, 2, 4])
def test_the_last_input_belongs_to_the_second_sum(length):
    weights, x = draw(4, length)
    assert gap(kernel(weights, x, ranges_as_printed=True), true_kernel(weights, x)) > 0.1


def test_the_identity_stands_second_where_columns_are_stacked():
    weights, x = draw(5, 3)
    true = true_kernel(weights, x)
    assert gap(kernel(weights, x, order_as_printed=True), true) > 0.1
    # With rows stacked instead the identity stands first, but the other factors change places too.
    order = np.arange(len(true)).reshape(TRIALS, N_OUT).T.ravel()
    by_rows = true[np.ix_(order, order)]
    assert gap(kernel(weights, x, order_as_printed=True), by_rows) > 0.1
    assert gap(kernel(weights, x), by_rows) > 0.1


def test_the_jacobian_times_itself_is_no_kernel():
    weights, x = draw(18, 3)
    rows = jacobian(weights, x, 2)
    with pytest.raises(ValueError, match="mismatch"):
        rows @ rows
    # With as many outputs as weights there is such a product, which moves nothing as it should.
    weights, x = draw(18, 3, hidden=1, trials=1)
    square = jacobian((weights[0][:, :1], weights[1], weights[2][:1]), np.tile(x[:, :1], 3), 2)
    assert square.shape == (3, 3)
    assert gap(square @ square, square @ square.T) > 0.1


def test_the_printed_sign_of_the_recurrent_part_gives_a_kernel_with_negative_eigenvalues():
    weights, x = draw(19, 4, trials=8)
    parts = jax.jacobian(lambda w: outputs(w, x)[-1].ravel())(weights)
    of_x, of_h, of_y = (np.array(part).reshape(8 * N_OUT, -1) for part in parts)
    printed = of_x @ of_x.T - of_h @ of_h.T + of_y @ of_y.T
    values = np.linalg.eigvalsh(printed)
    assert values[0] < -0.01 * values[-1]


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


def test_the_sum_over_steps_has_another_distance_than_the_kernel_of_all_steps():
    found = []
    for joined in (np.concatenate, np.hstack):
        # Side by side, Jacobians of the steps give the sum of their kernels.
        rows = [
            joined([jacobian(draw(s, 3)[0], draw(8, 3)[1], t) for t in range(3)]) for s in (8, 9)
        ]
        first, second = (r @ r.T / np.linalg.norm(r @ r.T) for r in rows)
        found.append(1 - np.sum(first * second))
    assert abs(found[0] / found[1] - 1) > 0.05
