"""The landscape of one mode by brute force: no theory of ours, only sums and searches."""

from collections.abc import Callable

import numpy as np


def family(kind: str, x: np.ndarray, length: int, kappa: float) -> np.ndarray:
    """Spectra of eqs 10 and 11.

    Args:
        kind: of the dynamics.
        x: δ of constant and Dirac-delta dynamics, else λ with δ = 1.
        length: number of steps.
        kappa: value at the last step.

    Returns:
        Spectra, `(*x, T)`.
    """
    x, step = np.asarray(x, float)[..., None], np.arange(1, length + 1)
    if kind == "constant":
        spectrum = x * np.ones(length)
    elif kind == "dirac_delta":
        spectrum = np.where(step == 1, x, 0.0)
    else:
        spectrum = x ** (step if kind == "exponential" else length - step)
    return np.where(step == length, kappa, spectrum)


def best_of_grid(
    spectra: np.ndarray, b: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best b of a grid, with the best u for it.

    Args:
        spectra: temporal singular values in t order, `(*cells, T)`.
        b: values to try.
        weights: weight of each lag, `(T,)`, lag 0 first.

    Returns:
        b, u and energy, each `(*cells,)`; of equal energies the first b.
    """
    cross, norm = _sums(spectra, b, weights)
    best = np.argmax(cross**2 / norm, axis=-1)
    u = np.take_along_axis(cross / norm, best[..., None], -1)[..., 0]
    energy = 0.5 * ((weights[::-1] * spectra**2).sum(-1) - u**2 * norm[best])
    return b[best], u, energy


def _sums(spectra: np.ndarray, b: np.ndarray, weights: np.ndarray) -> tuple:
    """`Σ_k w_k m_k b^k`, `(*cells, b)`, and `Σ_k w_k b^{2k}`, `(b,)`."""
    powers = b[:, None] ** np.arange(weights.size)
    return spectra[..., ::-1] @ (weights * powers).T, (weights * powers**2).sum(1)


def minima_of_grid(spectra: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Number of minima over a grid of b, with the best u for each.

    Args:
        spectra: temporal singular values in t order, `(*cells, T)`.
        b: increasing values, from 0.
        weights: weight of each lag, `(T,)`, lag 0 first.

    Returns:
        Numbers, `(*cells,)`; the ends of the grid count only at b = 0, if the energy rises there.
    """
    cross, norm = _sums(spectra, b, weights)
    gain = cross**2 / norm
    inner = (gain[..., 1:-1] > gain[..., :-2]) & (gain[..., 1:-1] >= gain[..., 2:])
    return inner.sum(-1) + (gain[..., 0] >= gain[..., 1])


def jump_of_optimum(
    family: Callable[[np.ndarray], np.ndarray], x: np.ndarray, b: np.ndarray, weights: np.ndarray
) -> tuple[float, float]:
    """Where the best b changes most along a family of spectra, and by how much at that very point.

    Args:
        family: spectra of an array of parameters.
        x: increasing parameters to begin with.
        b: values of b to try.
        weights: weight of each lag, `(T,)`, lag 0 first.

    Returns:
        The parameter, and the change of b that is left over an interval of 1e-9 of a step: zero,
        but for the grid, where b is continuous.
    """
    low, high, parts, change = x[0], x[-1], x, 0.0
    for _ in range(8):
        found = best_of_grid(family(parts), b, weights)[0]
        steepest = int(np.argmax(np.abs(np.diff(found))))
        low, high = parts[steepest], parts[steepest + 1]
        change = float(np.abs(found[steepest + 1] - found[steepest]))
        parts = np.linspace(low, high, 17)
    return float(low + high) / 2, change


def rise(x: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Where a curve first passes 10 % and 90 % of its largest value.

    Args:
        x: increasing parameters.
        values: the curve, from near 0.

    Returns:
        The two parameters.
    """
    top = values.max()
    return float(x[np.argmax(values >= 0.1 * top)]), float(x[np.argmax(values >= 0.9 * top)])
