"""Tasks that the theory does not assume: inputs that are not white, vectors that turn."""

import jax.numpy as jnp
import numpy as np
from scipy.linalg import expm

from learndyn._problem import Problem
from learndyn._reach._cell import Cell
from learndyn._reach._setting import (
    LENGTH,
    MODES,
    orthogonal,
    random_bases,
    spectrum,
    start_modes,
    statistics,
    statistics_of,
)
from learndyn.network import network_from_modes


def correlation(size: float, rng: np.random.Generator) -> Cell:
    """Inputs of an AR(1) process of variance 1, `E[x_t x_sᵀ] = ρ^|t−s| I`."""
    lags = np.arange(LENGTH)
    over_time = size ** np.abs(lags[:, None] - lags).astype(float)
    return _of_covariance(np.kron(over_time, np.eye(MODES)), rng)


def anisotropy(size: float, rng: np.random.Generator) -> Cell:
    """Inputs of variances from `e^{−s}` to `e^{s}` along random axes."""
    axes = orthogonal(rng)
    covariance = (axes * np.exp(size * np.linspace(-1, 1, MODES))) @ axes.T
    return _of_covariance(np.kron(np.eye(LENGTH), covariance), rng)


def _of_covariance(covariance: np.ndarray, rng: np.random.Generator) -> Cell:
    bases = random_bases(rng)
    net = network_from_modes(start_modes(rng), bases)
    return Cell(Problem(net, statistics(bases, covariance)))


def turning_bases(size: float, rng: np.random.Generator) -> Cell:
    """Left vectors that turn by this angle per lag, in a random plane; the start has the first."""
    bases, plane = random_bases(rng), orthogonal(rng)[:, :2]
    generator = plane @ np.array([[0.0, -1.0], [1.0, 0.0]]) @ plane.T
    turned = np.stack([expm(size * lag * generator) @ bases.output for lag in range(LENGTH)])
    target = jnp.einsum("kom,mk,im->koi", turned, spectrum()[:, ::-1], bases.input)
    net = network_from_modes(start_modes(rng), bases)
    return Cell(Problem(net, statistics_of(target, None)))
