"""The neural tangent kernel and what is measured of it, over explicit data, in three ways.

By autodiff through the loop of `loop_network`; by the corrected sums of eqs 132–134 and 160–162;
and by derivatives of each hidden state, which any precision of numpy can take. Weights are the
tuple `(w_x, w_h, w_y)`, and parts of the kernel come in this order.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from references import loop_network

PARTS = ("input", "recurrent", "output")


@jax.jit
def _autodiff(weights, x):
    parts = jax.jacfwd(lambda w: jnp.stack(loop_network.outputs(w, x), axis=1))(weights)
    return tuple(part.reshape(*part.shape[:3], -1) for part in parts)


def jacobian(weights, x):
    """Derivatives of all outputs by autodiff, a part `(trials, T, out, weights)` a matrix."""
    parts = _autodiff(tuple(map(jnp.asarray, weights)), jnp.asarray(x))
    return tuple(map(np.asarray, parts))


def padded_jacobian(weights, x, sizes):
    """The same, computed with channels, hidden units and first steps of zeros, then left out.

    Silent units change nothing, nor do steps before the first input: one compilation serves all
    shapes up to `sizes = (trials, T, in, hidden, out)`.
    """
    w_x, w_h, w_y = weights
    trials, length, n_in, n_hidden, n_out = *x.shape, *w_y.shape[::-1]
    large = sizes[3:1:-1], (sizes[3], sizes[3]), sizes[:2:-1]
    filled = tuple(_padded(w, shape) for w, shape in zip((w_x, w_h, w_y), large, strict=True))
    late = np.zeros(sizes[:3])
    late[:trials, sizes[1] - length :, :n_in] = x
    kept = []
    shapes = (n_hidden, n_in), (n_hidden, n_hidden), (n_out, n_hidden)
    for part, full, (rows, columns) in zip(jacobian(filled, late), large, shapes, strict=True):
        part = part.reshape(*part.shape[:3], *full)
        part = part[:trials, sizes[1] - length :, :n_out, :rows, :columns]
        kept.append(part.reshape(*part.shape[:3], -1))
    return tuple(kept)


def _padded(array, shape):
    return np.pad(array, [(0, large - small) for small, large in zip(array.shape, shape)])  # noqa: B905


def hidden_states(weights, x):
    """Hidden states after each input, `(trials, T, hidden)`, in the precision of the arguments."""
    w_x, w_h, _ = weights
    state, states = 0 * (x[:, 0] @ w_x.T), []
    for t in range(x.shape[1]):
        state = state @ w_h.T + x[:, t] @ w_x.T
        states.append(state)
    return np.stack(states, axis=1)


def jacobian_by_hand(weights, x):
    """`dy_t = W_y Σ_u W_h^{t−u} (dW_h h_{u−1} + dW_x x_u) + dW_y h_t`, a matrix a part."""
    _, w_h, w_y = weights
    hidden, (trials, length, _), n_out = hidden_states(weights, x), x.shape, len(w_y)
    back = [w_y]
    for _ in range(length):
        back.append(back[-1] @ w_h)
    to_x, to_h, to_y = [], [], []
    for t in range(length):
        by_input = sum(_outer(back[t - u], x[:, u]) for u in range(t + 1))
        silent = 0 * _outer(w_y, hidden[:, 0])
        by_state = silent + sum(_outer(back[t - u], hidden[:, u - 1]) for u in range(1, t + 1))
        last = np.zeros((trials, n_out, n_out, w_h.shape[0]), hidden.dtype)
        for out in range(n_out):
            last[:, out, out] = hidden[:, t]
        for found, part in zip((to_x, to_h, to_y), (by_input, by_state, last), strict=True):
            found.append(part.reshape(trials, n_out, -1))
    return tuple(np.stack(part, axis=1) for part in (to_x, to_h, to_y))


def _outer(rows, vectors):
    """`rows[o, a] vectors[p, b]` for each output and trial, `(trials, out, a, b)`."""
    return rows[None, :, :, None] * vectors[:, None, None, :]


def learning(parts, frozen=()):
    """Those parts that are not frozen, side by side."""
    kept = [part for name, part in zip(PARTS, parts, strict=True) if name not in frozen]
    return np.concatenate([np.zeros_like(parts[0][..., :1]), *kept], axis=-1)


def contracted(first, second, *, every):
    """Two Jacobians `(trials, T, out, weights)` contracted over the weights, in the layout of ntk.

    `(trials, out, trials, out)` of the last step, or with the steps after the trials.
    """
    if not every:
        first, second = first[:, -1], second[:, -1]
    return np.tensordot(first, second, (-1, -1))


def kernel(weights, x1, x2, *, every=False, frozen=()):
    """The kernel by autodiff, `(P1, out, P2, out)` or `(P1, T, out, P2, T, out)`."""
    first, second = (learning(jacobian(weights, x), frozen) for x in (x1, x2))
    return contracted(first, second, every=every)


# --- the sums of the paper ------------------------------------------------------------------------


def kernel_by_sums(weights, x1, x2, *, every=False):
    """Eqs 132–134, or 160–162 with all pairs of steps, with what they need to be the kernel.

    Errata 20 and 21: sums over where the change of W_h stands, the last input in both sums.
    Returns the three blocks, in the layout of ntk.
    """
    steps = range(1, x1.shape[1] + 1)
    if not every:
        return _pair_of_steps(weights, x1, x2, steps[-1], steps[-1])
    rows = [[_pair_of_steps(weights, x1, x2, t, s) for s in steps] for t in steps]
    # (t, s, part, p, o, q, o') to a part (p, t, o, q, s, o').
    return tuple(np.array(rows).transpose(2, 3, 0, 4, 5, 1, 6))


def _pair_of_steps(weights, x1, x2, t, s):
    w_x, w_h, w_y = weights
    power = partial(np.linalg.matrix_power, w_h)
    same = np.eye(len(w_y))
    shape = len(x1), len(w_y), len(x2), len(w_y)
    to_x, to_h, to_y = (np.zeros(shape) for _ in range(3))
    for i in range(1, t + 1):
        for j in range(1, s + 1):
            x_i, x_j, lag_i, lag_j = x1[:, i - 1].T, x2[:, j - 1].T, t - i, s - j
            left = w_y @ power(lag_i) @ power(lag_j).T @ w_y.T
            to_x += _product(x_i.T @ x_j, left)
            inner = (power(lag_i) @ w_x @ x_i).T @ (power(lag_j) @ w_x @ x_j)
            to_y += _product(inner, same)
            for q in range(lag_i):
                before = power(lag_i - 1 - q) @ w_x @ x_i
                for r in range(lag_j):
                    inner = before.T @ (power(lag_j - 1 - r) @ w_x @ x_j)
                    to_h += _product(inner, w_y @ power(q) @ power(r).T @ w_y.T)
    return to_x, to_h, to_y


def _product(trials, outputs):
    return np.einsum("pq,ab->paqb", trials, outputs)


# --- measures, over explicit data -----------------------------------------------------------------


def readouts(shape, lengths, *, every):
    """Trials and steps that are read out, two lists of indices."""
    trials, length = shape[:2]
    lengths = [length] * trials if lengths is None else lengths
    pairs = [(p, t) for p, n in enumerate(lengths) for t in (range(n) if every else [n - 1])]
    return tuple(map(list, zip(*pairs, strict=True)))


def full_kernel(weights, x, lengths=None, *, every=False, frozen=()):
    """The kernel over a data set as a matrix, a row for each output of each readout."""
    rows = learning(jacobian_by_hand(weights, x), frozen)[readouts(x.shape, lengths, every=every)]
    rows = rows.reshape(-1, rows.shape[-1])
    return rows @ rows.T


def full_gram(weights, x, lengths=None, *, every=False):
    """`H Hᵀ` of the hidden states at all readouts."""
    rows = hidden_states(weights, x)[readouts(x.shape, lengths, every=every)]
    return rows @ rows.T


def cosine(first, second):
    """`⟨A, B⟩ / (‖A‖ ‖B‖)`, in the precision of the matrices."""
    sizes = (first * first).sum() * (second * second).sum()
    return (first * second).sum() / sizes**0.5


def distance(weights0, weights1, x, lengths=None, **options):
    """Eq. 135, `1 − ⟨K_0, K_1⟩ / (‖K_0‖ ‖K_1‖)`."""
    kernels = (full_kernel(weights, x, lengths, **options) for weights in (weights0, weights1))
    return 1 - cosine(*kernels)


def effective_rank(matrix):
    """Exponential of the entropy of the eigenvalues (Roy & Vetterli 2007); 0 for zero."""
    values = np.maximum(np.linalg.eigvalsh(matrix), 0)
    if not values.sum() > 0:
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))
