"""How much loss a number of hidden units leaves at least, and how many units a loss needs.

A network of n units has Hankel matrices of rank n at most, so each matrix of the target that is
farther than that from all matrices of rank n keeps the loss up.
"""

from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._types import Float, Int, ScalarLike
from learndyn.network import LinearRNN
from learndyn.statistics import CorrelatedInputs, TaskStatistics, lags_to_stack
from learndyn.theory._hankel import Matrix, Response, as_response, block_hankel
from learndyn.theory._realization import realize

Blocks = tuple[Int[np.ndarray, " p"], Int[np.ndarray, " q"]]
Metric = tuple[Float[np.ndarray, " p"], Matrix]

_EPS = float(np.finfo(np.float64).eps)
# Fits of output and input weights in turn; most is gained by the first two.
_ROUNDS = 4


class LeastHidden(eqx.Module):
    """How many hidden units a loss needs.

    Attributes:
        needed: no network of fewer units has the loss.
        enough: size of a network that has it.
        network: that network.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> two = ld.TaskStatistics.white(np.array([1.0, 0.0, 0.5, 0.0])[:, None, None])
        >>> ld.theory.least_hidden(two, 0.01).network.n_hidden
        2
    """

    needed: int
    enough: int
    network: LinearRNN


def loss_bounds(statistics: TaskStatistics) -> Float[np.ndarray, " sizes"]:
    """Loss that no network of n hidden units gets below, for every n.

    With block rows i and block columns j, any nonnegative α and β with `Σ_{i+j=k} α_i β_j ≤ w_k`
    make, for white input,

        L ≥ floor + ½ Σ_{l>n} σ_l(diag(√α) H diag(√β))²,   H_ij = M_{i+j}

    since the sum over lags is at least that over the blocks, and the nearest matrix of rank n is
    that of the largest singular values. The bound is the best over all Hankel matrices, and over
    those in which each lag stands once, the row and the column of all lags among them.

    Of correlated input A, β becomes a matrix P over lags and channels, the mean moments of the
    block columns, and the condition `Σ_i α_i S_i P S_iᵀ ≤ A` with shifts S_i; it is met by a factor
    that is small where the inputs hardly vary in some direction. The row of all lags needs none: it
    is the loss of the best regression of rank n. Where inputs have directions that are too weak to
    be divided by (`CorrelatedInputs`), that is all there is.

    The cost is that of a singular value decomposition, or for correlated input of the eigenvalues
    of A, three times per lag.

    Args:
        statistics: the task.

    Returns:
        Bounds in units of the loss, which fall to the floor, `(sizes,)`, no units first.

    Raises:
        InputError: for a target that is empty or not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> delay = ld.TaskStatistics.white(np.eye(6)[5][:, None, None])
        >>> ld.theory.loss_bounds(delay).round(9).tolist()
        [0.5, 0.0]
        >>> two = ld.TaskStatistics.white(np.array([1.0, 0.0, 0.5, 0.0])[:, None, None])
        >>> ld.theory.loss_bounds(two).round(3).tolist()
        [0.625, 0.062, 0.0]
    """
    response = as_response(statistics.target)
    matrices = list(_weighted_matrices(statistics, response))
    excess = np.zeros(1 + max(min(matrix.shape) for matrix in matrices))
    for matrix in matrices:
        left_over = _left_over(matrix)
        excess[: len(left_over)] = np.maximum(excess[: len(left_over)], left_over)
    last = int(np.flatnonzero(excess).max(initial=-1)) + 1
    return float(statistics.floor) + excess[: last + 1]


def least_hidden(statistics: TaskStatistics, loss: ScalarLike) -> LeastHidden:
    """How many hidden units a loss needs, and a network that has it.

    The truth lies between two numbers: `loss_bounds` says how many units are needed, and a network
    that some are enough: `realize` with that many, whose input and output weights are then fitted
    to the task in turn, by least squares. At the loss of the target itself the second is exact
    where all lags are seen (`hankel_ranks`), though fewer units may come as near as one likes.

    Args:
        statistics: the task.
        loss: the loss to be reached, at least that of the target.

    Returns:
        Both numbers, and the network.

    Raises:
        InputError: for a loss that is not finite, or below that of the target.

    Example:
        >>> import jax, numpy as np, learndyn as ld
        >>> two = ld.TaskStatistics.white(np.array([1.0, 0.0, 0.5, 0.0])[:, None, None])
        >>> found = [ld.theory.least_hidden(two, loss) for loss in (0.2, 0.01)]
        >>> [(least.needed, least.enough) for least in found]
        [(1, 1), (2, 2)]
    """
    lowest = float(statistics.loss(statistics.target))
    if not (np.isfinite(loss) and loss >= lowest):
        raise InputError(f"a finite loss, at least that of the target, {lowest:.6g}", f"{loss}")
    needed = int(np.argmax(loss_bounds(statistics) <= loss))
    target = np.asarray(statistics.target)[: _seen(statistics)]
    network = realize(target)
    for size in range(1, network.n_hidden):
        fewer = _fitted(statistics, realize(target, size))
        if statistics.loss(fewer.impulse_response(statistics.length)) <= loss:
            return LeastHidden(needed, size, fewer)
    return LeastHidden(needed, network.n_hidden, network)


def _fitted(statistics: TaskStatistics, net: LinearRNN) -> LinearRNN:
    """Best output weights, then best input weights, and again: the loss is quadratic in either."""
    wanted = -np.asarray(statistics.inputs.residual(-lags_to_stack(statistics.target)))

    def outputs(net):
        return statistics.inputs.project(lags_to_stack(net.impulse_response(statistics.length)))

    one = jnp.eye(net.n_hidden, dtype=net.w_x.dtype)
    each = jnp.eye(net.w_x.size, dtype=net.w_x.dtype).reshape(-1, *net.w_x.shape)
    for _ in range(_ROUNDS):
        states = np.asarray(outputs(LinearRNN(net.w_x, net.w_h, one)))
        w_y = np.linalg.lstsq(states.T, wanted.T, rcond=None)[0].T
        net = LinearRNN(net.w_x, net.w_h, jnp.asarray(w_y))
        parts = jax.vmap(lambda w_x, net=net: outputs(LinearRNN(w_x, net.w_h, net.w_y)))(each)
        parts = np.asarray(parts).reshape(len(each), -1)
        w_x = np.linalg.lstsq(parts.T, wanted.ravel(), rcond=None)[0].reshape(net.w_x.shape)
        net = LinearRNN(jnp.asarray(w_x), net.w_h, net.w_y)
    return net


def _seen(statistics: TaskStatistics) -> int:
    """Lags up to the last one that a readout sees."""
    return 1 + int(np.flatnonzero(np.asarray(statistics.weights)).max(initial=0))


def _left_over(matrix: Matrix) -> Float[np.ndarray, " sizes"]:
    """Half the squared distance from the matrices of rank n = 0, 1, …, less what rounding adds."""
    values = np.linalg.svd(matrix, compute_uv=False)
    rounding = sum(matrix.shape) * _EPS * values[0]
    squares = np.maximum(values - rounding, 0) ** 2
    return 0.5 * np.append(np.cumsum(squares[::-1])[::-1], 0)


def _weighted_matrices(statistics: TaskStatistics, response: Response) -> Iterator[Matrix]:
    """Matrices of the target whose distance from a rank bounds the loss."""
    inputs, length = statistics.inputs, _seen(statistics)
    yield np.asarray(inputs.residual(-lags_to_stack(statistics.target)), float)
    if isinstance(inputs, CorrelatedInputs):
        metrics = _correlated(inputs, length, response.shape[2])
    else:
        metrics = _white(np.asarray(inputs.weights, float), length, response.shape[2])
    for (rows, columns), (alpha, right) in metrics:
        hankel = block_hankel(response, rows, columns)
        yield np.sqrt(np.repeat(alpha, response.shape[1]))[:, None] * hankel @ right


def _blocks(length: int) -> Iterator[Blocks]:
    """Block rows and block columns whose sums are lags."""
    for size in range(1, length + 1):
        once = np.arange(0, length - size + 1, size)
        yield np.arange(size), once
        yield once, np.arange(size)
        yield np.arange(size), np.arange(length + 1 - size)


def _white(
    weights: Float[np.ndarray, " lag"], length: int, n_in: int
) -> Iterator[tuple[Blocks, Metric]]:
    """α, and the root of β, with products as large as the weights of their lags allow."""
    for rows, columns in _blocks(length):
        lags = rows[:, None] + columns
        alpha = weights[lags].mean(1)
        if not alpha.all():
            continue
        beta = (weights[lags] / alpha[:, None]).min(0)
        total = np.zeros(length)
        np.add.at(total, lags, np.outer(alpha, beta))
        allowed = np.min(weights[:length][total > 0] / total[total > 0], initial=1.0)
        yield (rows, columns), (alpha, np.diag(np.repeat(np.sqrt(allowed * beta), n_in)))


def _correlated(
    inputs: CorrelatedInputs, length: int, n_in: int
) -> Iterator[tuple[Blocks, Metric]]:
    """α, and a root of P, which is scaled by what the inputs have at least."""
    factor = np.asarray(inputs.factor, float)[:, : length * n_in]
    _, scale, right = np.linalg.svd(factor, full_matrices=False)
    condition = (scale[0] / scale[-1]) ** 2 if scale[-1] > 0 else np.inf
    rounding = length * n_in * condition * _EPS
    if inputs.remainder.size or len(scale) < length * n_in or not rounding < 1:
        return
    moments, whitening = factor.T @ factor, right.T / scale
    for rows, columns in _blocks(length):
        seen = [((i + columns)[:, None] * n_in + np.arange(n_in)).ravel() for i in rows]
        blocks = np.stack([moments[np.ix_(one, one)] for one in seen])
        alpha = np.trace(blocks, axis1=1, axis2=2) / blocks.shape[1]
        mean = np.mean(blocks / alpha[:, None, None], 0)
        total = np.zeros_like(moments)
        for one, share in zip(seen, alpha, strict=True):
            total[np.ix_(one, one)] += share * mean
        most = np.linalg.eigvalsh(whitening.T @ total @ whitening)[-1]
        root = np.linalg.cholesky(mean * ((1 - rounding) / most))
        yield (rows, columns), (alpha, root)
