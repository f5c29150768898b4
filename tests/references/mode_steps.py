"""The connectivity modes by the printed sums, one mode and one lag at a time (eqs 5–7)."""

import numpy as np


def rates(a, b, c, spectrum):
    """Velocity of one mode; the spectrum is in t order, `s_1 … s_T`."""
    length = len(spectrum)
    rate_a = rate_b = rate_c = 0.0
    for i in range(1, length + 1):
        lag = length - i
        error = spectrum[i - 1] - c * b**lag * a
        rate_a += c * b**lag * error
        rate_c += a * b**lag * error
        if lag:
            rate_b += lag * c * a * b ** (lag - 1) * error
    return np.array([rate_a, rate_b, rate_c])


def descend(a, b, c, spectrum, rate, steps):
    """Plain gradient steps on one mode, `(steps + 1, 3)`."""
    path = [np.array([a, b, c], float)]
    for _ in range(steps):
        path.append(path[-1] + rate * rates(*path[-1], spectrum))
    return np.array(path)
