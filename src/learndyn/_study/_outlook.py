"""What can be said before training of sizes of networks, and of trials of other lengths."""

import numpy as np

from learndyn import theory
from learndyn._assumptions import WHITE
from learndyn._curve import LearningCurve
from learndyn._problem import Problem
from learndyn._study._responses import best_responses
from learndyn._types import Float
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics, lags_to_stack

# Sizes are asked for that leave these shares of what can be learned.
_SHARES = (0.1, 0.01, 0.001)
# All Hankel matrices are asked up to so many operations, a few seconds; beyond, the widest alone.
_OPERATIONS = 5e7
# A mode counts as solved where the best u and b leave less than this share of its loss.
_SOLVED = 0.01


def hidden_units(statistics: TaskStatistics) -> dict:
    """How many hidden units a task needs, at least.

    Args:
        statistics: the task.

    Returns:
        `bounds`, the loss that n units leave at least; `every_matrix`, whether all Hankel matrices
        were asked or the regression of rank n alone; `needed`, units for each share of what can be
        learned; `infimum` and `attained`, the units of the best filter itself (`hankel_ranks`).

    Raises:
        InputError: for a task that is not finite.
    """
    columns = statistics.length * statistics.n_in
    every = statistics.length * columns**3 <= _OPERATIONS
    bounds = theory.loss_bounds(statistics) if every else _regression_bounds(statistics)
    floor = float(bounds[-1])
    ranks = None
    if every and np.asarray(statistics.target).any():
        ranks = theory.hankel_ranks(np.asarray(statistics.target))
    return {
        "bounds": bounds.tolist(),
        "every_matrix": every,
        "needed": [
            {"left": left, "units": int(np.argmax(bounds <= floor + left * (bounds[0] - floor)))}
            for left in _SHARES
        ],
        "exactly": ranks and {"infimum": ranks.infimum, "attained": ranks.attained},
    }


def _regression_bounds(statistics: TaskStatistics) -> Float[np.ndarray, " sizes"]:
    """Loss of the best regression of each rank: a network of n units is one of rank n."""
    residual = np.asarray(statistics.inputs.residual(-lags_to_stack(statistics.target)))
    squares = np.linalg.svd(residual, compute_uv=False) ** 2
    return float(statistics.floor) + 0.5 * np.append(np.cumsum(squares[::-1])[::-1], 0.0)


def other_lengths(problem: Problem, predicted: LearningCurve, modes: list[dict]) -> dict:
    """What becomes of the solutions at half and at twice the length of the trials.

    Args:
        problem: network and task.
        predicted: predicted curve.
        modes: theory of the modes, from `mode_theory`.

    Returns:
        `tested`, lengths; `modes`, what each leaves at the length of the trials (`left`, a share of
        its loss), and at other lengths if what counts is the number of steps since the input
        (`since_input`) or since the start (`since_start`), where that has an answer; `network`, the
        predicted network at the end of training: its spectral radius, what inputs older than the
        trials would add (`beyond`), and its relative loss at half the length where input is white.
    """
    length = problem.statistics.length
    tested = sorted({max(1, length // 2), 2 * length})
    sizes = _mode_sizes(problem, predicted)
    return {
        "tested": tested,
        "modes": [
            _of_mode(mode, size, length, tested) for mode, size in zip(modes, sizes, strict=True)
        ],
        "network": _of_network(problem, predicted.final),
    }


def _mode_sizes(problem: Problem, curve: LearningCurve) -> Float[np.ndarray, " modes"]:
    """Loss of each mode where nothing is learned, `½ Σ_k w_k |m_k|²`."""
    squares = np.abs(best_responses(problem, curve.bases)) ** 2
    return 0.5 * np.asarray(problem.statistics.weights) @ squares


def _of_mode(mode: dict, size: float, length: int, tested: list[int]) -> dict:
    best = mode["optimum"]
    left = float(best["energy"] / size) if size > 0 else 0.0
    solved = size > 0 and left <= _SOLVED and best["attained"] and not mode["prunes_mode"]
    return {
        "left": left,
        "since_input": [0.0 for _ in tested] if solved else None,
        "since_start": _since_start(best, length, tested) if solved else None,
    }


def _since_start(best: dict, length: int, tested: list[int]) -> list[float] | None:
    """Relative loss where `s_t = u b^(T−t)` holds by the number t of steps from the start."""
    u, b = (_complex(best[name]) for name in ("input_output", "recurrent"))
    if abs(b) ** max(length, *tested) < np.finfo(float).tiny ** 0.25:
        return None  # without memory, what happened at the start is lost anyway
    found = theory.extrapolation((u, b, 1.0), "exponential", u * b**length, 1 / b, np.array(tested))
    values = np.asarray(found.relative)
    return values.tolist() if np.isfinite(values).all() else None


def _complex(value: float | dict) -> complex | float:
    if isinstance(value, dict):
        return value["radius"] * np.exp(1j * value["angle"])
    return value


def _of_network(problem: Problem, net: LinearRNN) -> dict:
    statistics = problem.statistics
    length = statistics.length
    responses = _responses(net, 2 * length)
    sizes = np.sum(responses**2, axis=(1, 2))
    within = float(sizes[:length].sum())
    return {
        "radius": float(np.abs(np.linalg.eigvals(np.asarray(net.w_h))).max()),
        "beyond": float(sizes[length:].sum()) / within if within > 0 else None,
        "half": _at_half(statistics, responses),
    }


def _at_half(statistics: TaskStatistics, responses: np.ndarray) -> float | None:
    """Relative loss at half the length by the steps since the input; None for other than white."""
    length, weights = statistics.length, np.asarray(statistics.weights)
    shorter = max(1, length // 2)
    of_shorter = None
    if np.allclose(weights, 1):
        of_shorter = np.ones(shorter)
    elif np.allclose(weights, length - np.arange(length)):
        of_shorter = shorter - np.arange(shorter)
    if of_shorter is None or float(statistics.inputs.whiteness_violation()) > WHITE.tolerance:
        return None
    wanted = np.asarray(statistics.target)[:shorter]
    asked, left = (
        float(of_shorter @ np.sum(part**2, axis=(1, 2)))
        for part in (wanted, responses[:shorter] - wanted)
    )
    return left / asked if asked > 0 else None


def _responses(net: LinearRNN, lags: int) -> Float[np.ndarray, "lags out in"]:
    state, found = np.asarray(net.w_x), []
    for _ in range(lags):
        found.append(np.asarray(net.w_y) @ state)
        state = np.asarray(net.w_h) @ state
    return np.stack(found)
