"""The network of eqs 1-2 and its loss, step by step and trial by trial.

Weights are the tuple `(w_x, w_h, w_y)`. Everything works for numpy arrays of any precision and,
but for `moments`, for jax arrays, whose loss autodiff can take apart.
"""

import jax
import jax.numpy as jnp
import numpy as np


def outputs(weights, x):
    """Outputs at each step, a list over time of `(trajectories, out)`."""
    w_x, w_h, w_y = weights
    hidden, out = 0.0 * (x[:, 0] @ w_x.T), []
    for t in range(x.shape[1]):
        hidden = hidden @ w_h.T + x[:, t] @ w_x.T
        out.append(hidden @ w_y.T)
    return out


def loss(weights, x, y, lengths=None):
    """Half the squared error, summed over outputs and readouts, mean over trajectories."""
    lengths = [x.shape[1]] * len(x) if lengths is None else lengths
    out, total = outputs(weights, x), 0.0
    for p, length in enumerate(lengths):
        for t in range(length) if y.ndim == 3 else [length - 1]:
            target = y[p, t] if y.ndim == 3 else y[p]
            total = total + ((target - out[t][p]) ** 2).sum()
    return 0.5 * total / len(x)


def loss_and_gradient(weights, x, y, lengths=None):
    """Loss, and its gradient by autodiff through the loops."""
    chosen = _readouts(x, y, lengths)
    data = jnp.asarray(x, float), jnp.asarray(y, float), jnp.asarray(chosen)
    return _loss_and_gradient(tuple(map(jnp.asarray, weights)), *data)


@jax.jit
def _loss_and_gradient(weights, x, y, chosen):
    def masked(weights):
        out = jnp.stack(outputs(weights, x), axis=1)
        target = y if y.ndim == 3 else y[:, None]
        return 0.5 * jnp.sum(chosen[..., None] * (target - out) ** 2) / x.shape[0]

    return jax.value_and_grad(masked)(weights)


def _readouts(x, y, lengths):
    """Which steps are read out, as a table of ones and zeros."""
    lengths = [x.shape[1]] * len(x) if lengths is None else lengths
    table = np.zeros(x.shape[:2])
    for p, length in enumerate(lengths):
        table[p, (0 if y.ndim == 3 else length - 1) : length] = 1.0
    return table


def design(x, y, lengths=None):
    """Inputs by lag `(x_t, x_{t−1}, …)`, zero before the start, and targets, a row per readout."""
    lengths = [x.shape[1]] * len(x) if lengths is None else lengths
    rows, targets = [], []
    for p, length in enumerate(lengths):
        for t in range(length) if y.ndim == 3 else [length - 1]:
            row = np.zeros(x.shape[1:])
            for lag in range(t + 1):
                row[lag] = x[p, t - lag]
            rows.append(row.ravel())
            targets.append(y[p, t] if y.ndim == 3 else y[p])
    return np.array(rows), np.array(targets, float)


def moments(x, y, lengths=None):
    """`w_k`, `C_k` and `A_kl` by definition: sums over readouts, means over trajectories."""
    lengths = [x.shape[1]] * len(x) if lengths is None else lengths
    _, length, n_in = x.shape
    seen, cross = np.zeros(length), np.zeros((length, y.shape[-1], n_in))
    inputs = np.zeros((length, length, n_in, n_in))
    for p, steps in enumerate(lengths):
        for t in range(steps) if y.ndim == 3 else [steps - 1]:
            target = y[p, t] if y.ndim == 3 else y[p]
            for k in range(t + 1):
                seen[k] += 1
                cross[k] += np.outer(target, x[p, t - k])
                for m in range(t + 1):
                    inputs[k, m] += np.outer(x[p, t - k], x[p, t - m])
    return seen / len(x), cross / len(x), inputs / len(x)
