"""What networks along a curve do to the modes of a task."""

import jax.numpy as jnp
import numpy as np

from learndyn._problem import Problem
from learndyn._types import Float, Inexact
from learndyn.network import Bases, LinearRNN, response_modes
from learndyn.statistics import InputMoments


def mode_responses(
    net: LinearRNN, bases: Bases, lags: int
) -> Inexact[np.ndarray, "lags *times modes"]:
    """Diagonal of the impulse response in the bases of a task.

    In NumPy, which needs no compiler: networks of a study have shapes of their own.

    Args:
        net: a network, or networks with a leading axis.
        bases: bases of the task.
        lags: number of lags, lag 0 first.

    Returns:
        `u_α† W_y W_h^k W_x v_α`.
    """
    recurrent = np.asarray(net.w_h)
    state = np.asarray(net.w_x) @ np.asarray(bases.input)
    leaving = np.conj(np.asarray(bases.output)).T @ np.asarray(net.w_y)
    found = []
    for _ in range(lags):
        found.append(np.einsum("...mh,...hm->...m", leaving, state))
        state = recurrent @ state
    return np.stack(found)


def best_responses(problem: Problem, bases: Bases) -> Inexact[np.ndarray, "T modes"]:
    """Diagonal of the best filter in the bases of a task, lag 0 first.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        `u_α† G*_k v_α`.
    """
    return np.asarray(response_modes(problem.statistics.target, bases.output, bases.input))


def mode_energies(
    problem: Problem, weights: LinearRNN, bases: Bases
) -> Float[np.ndarray, "times modes"]:
    """Loss of each mode of networks, `½⟨d v, A (d v)⟩` with `d_k = u_α† (G_k − G*_k) v_α`.

    With white input that is `½ Σ_k w_k |d_k|²`, and the modes of a task that has constant bases add
    up to the excess. With other input it is what the deviation along one mode costs alone.

    Args:
        problem: the problem.
        weights: networks, with a leading axis.
        bases: bases of the task.

    Returns:
        Energies, in units of the loss.
    """
    inputs, directions = problem.statistics.inputs, np.asarray(bases.input)
    best = best_responses(problem, bases)
    deviation = mode_responses(weights, bases, len(best)) - best[:, None]
    energies = []
    for mode in range(directions.shape[1]):
        # A filter that is one along the mode at one lag, for each lag.
        unit = np.kron(np.eye(len(best)), np.conj(directions[:, mode]))
        outputs = _project(inputs, unit)
        energies.append(0.5 * np.sum(np.abs(deviation[..., mode].T @ outputs) ** 2, axis=1))
    return np.stack(energies, axis=1)


def _project(inputs: InputMoments, filters: np.ndarray) -> np.ndarray:
    """Outputs of filters, which may be complex, in orthonormal directions of the data."""
    outputs = np.asarray(inputs.project(jnp.asarray(filters.real)))
    if not np.iscomplexobj(filters):
        return outputs
    return outputs + 1j * np.asarray(inputs.project(jnp.asarray(filters.imag)))
