"""Exact arithmetic on floating point numbers: 50 digits, and the floats taken at their word."""

import mpmath
import numpy as np

mpmath.mp.dps = 50
exact = np.vectorize(mpmath.mpf, otypes=[object])


def impulse_response(weights, length):
    """`W_y W_h^k W_x` for lags `0 … length−1`, `(lag, out, in)`."""
    w_x, w_h, w_y = (exact(np.asarray(w)) for w in weights)
    responses, state = [], w_x
    for _ in range(length):
        responses.append(w_y @ state)
        state = w_h @ state
    return np.array(responses)


def weighted_excess(response, target, weights):
    """`½ Σ_k w_k ‖G_k − G*_k‖²`."""
    square = (exact(np.asarray(response)) - exact(np.asarray(target))) ** 2
    return (exact(np.asarray(weights)) * square.sum((1, 2))).sum() / 2


def factored_excess(response, target, factor, remainder=None):
    """`½ ‖F (G − G*) − remainder‖²`, the remainder in the last rows of F.

    All lags of a response are written side by side.
    """
    difference = exact(np.asarray(response)) - exact(np.asarray(target))
    columns = np.moveaxis(difference, 0, 1).reshape(difference.shape[1], -1)
    along = columns @ exact(np.asarray(factor)).T
    if remainder is not None and remainder.size:
        along[:, -remainder.shape[1] :] -= exact(np.asarray(remainder))
    return (along**2).sum() / 2
