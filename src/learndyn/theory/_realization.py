"""How many hidden units an impulse response needs, and the network that has it.

A network of n units has block Hankel matrices, with blocks `G_{i+j} = (W_y W_h^i)(W_h^j W_x)`, of
rank n at most. With T lags there are those of p block rows and `T + 1 − p` block columns.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.linalg

from learndyn._errors import InputError
from learndyn._types import ArrayLike, Float, Int, Shaped
from learndyn.network import LinearRNN

# Rounding errors that count as nothing in singular values, for some hundred units and lags.
_ROUNDINGS = 1000

Response = Float[np.ndarray, "lag out in"]
Matrix = Float[np.ndarray, "rows columns"]


class HankelRanks(NamedTuple):
    """Hidden units that an impulse response needs.

    Attributes:
        infimum: the largest rank of its Hankel matrices. Fewer units stay away from it.
        attained: order of its minimal partial realization, the fewest units that have it exactly.
            Fewer ones, but not fewer than the infimum, may come as near as one likes, with weights
            that grow without bound.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> delay = np.eye(3)[2][:, None, None]
        >>> ranks = ld.theory.hankel_ranks(delay)
        >>> ranks.infimum, ranks.attained
        (1, 3)
    """

    infimum: int
    attained: int


def hankel_ranks(
    response: Shaped[ArrayLike, "*lag_out_in"], *, tolerance: float | None = None
) -> HankelRanks:
    """Hidden units that an impulse response needs, to be approached and to be attained.

    With `H_pq` the Hankel matrix of p block rows and q block columns, the order of the minimal
    partial realization is `Σ_p rank H_{p,T+1−p} − Σ_p rank H_{p,T−p}`: the rows of each block row
    that, in the columns where they are known, do not depend on the rows above (Kalman 1971; Tether
    1970). The two numbers agree where the response is that of a network of at most T / 2 units, in
    general position.

    Args:
        response: impulse response, `(lag, out, in)`, lag 0 first.
        tolerance: singular values that count as zero, relative to the largest one of all the
            matrices; None: 1,000 rounding errors of the response's type.

    Returns:
        The numbers of units.

    Raises:
        InputError: for a response that is empty, not finite, or has other axes, or for a tolerance
            outside (0, 1).

    Example:
        >>> import numpy as np, learndyn as ld
        >>> ld.theory.hankel_ranks(0.5 ** np.arange(6.0)[:, None, None])
        HankelRanks(infimum=1, attained=1)
        >>> ld.theory.hankel_ranks(np.eye(6)[5][:, None, None])  # a delay: remember every step
        HankelRanks(infimum=1, attained=6)
    """
    structure = _structure(as_response(response), as_tolerance(tolerance, response))
    return HankelRanks(structure.infimum, int(structure.new_rows.sum()))


def realize(
    response: Shaped[ArrayLike, "*lag_out_in"],
    hidden: int | None = None,
    *,
    tolerance: float | None = None,
) -> LinearRNN:
    """The network of an impulse response, by the algorithm of Ho and Kalman.

    Where the lags are too few to fix it, they are first extended: rows of the Hankel matrix that
    depend on rows above do so at later lags too, with the smallest coefficients. The units are
    balanced, most important first, so that a network of fewer units is the first of them: an
    approximation, which is not the best of its size.

    Args:
        response: impulse response, `(lag, out, in)`, lag 0 first.
        hidden: number of units; None: as many as `hankel_ranks` says to attain the response (but
            one, if it is zero). Units beyond those are silent.
        tolerance: as in `hankel_ranks`.

    Returns:
        The network, in the precision of the response, or in JAX's default one where it holds
        integers or truth values.

    Raises:
        InputError: for what `hankel_ranks` refuses, or less than one unit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> delay = np.eye(6)[5][:, None, None]
        >>> net = ld.theory.realize(delay)
        >>> net.n_hidden, bool(abs(net.impulse_response(6) - delay).max() < 1e-12)
        (6, True)
    """
    if hidden is not None and hidden < 1:
        raise InputError("at least one hidden unit, or None for as many as needed", f"{hidden}")
    values, share = as_response(response), as_tolerance(tolerance, response)
    structure = _structure(values, share)
    form = _canonical(values, structure)
    weights = _balanced(form, values, structure)
    if hidden is None or hidden >= len(form.w_h):
        errors = [abs(w.response(len(values)) - values).max() for w in (weights, form)]
        weights = form if errors[0] > max(errors[1], structure.threshold) else weights
    chosen = weights.first(max(1, len(form.w_h)) if hidden is None else hidden)
    dtype = jnp.result_type(float, jnp.asarray(response))  # counts and truth values become floats
    return LinearRNN(*(jnp.asarray(part, dtype) for part in chosen))


def as_response(response: Shaped[ArrayLike, "*lag_out_in"]) -> Response:
    """An impulse response that can be used.

    Args:
        response: what was given.

    Returns:
        The response, in double precision.

    Raises:
        InputError: if it is empty, not finite, not real, or has other axes.
    """
    values = np.asarray(response)
    if values.ndim != 3 or values.size == 0:
        raise InputError("an impulse response (lag, out, in), none of them 0", f"{values.shape}")
    if np.iscomplexobj(values):
        raise InputError("a real impulse response, as weights are real", f"{values.dtype}")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError("a finite impulse response", f"{values[~np.isfinite(values)][0]}")
    return values


def as_tolerance(tolerance: float | None, response: Shaped[ArrayLike, "*lag_out_in"]) -> float:
    """The relative size of singular values that count as zero.

    Args:
        tolerance: what was given, or None.
        response: what it is for.

    Returns:
        The tolerance.

    Raises:
        InputError: unless it is between 0 and 1.
    """
    if tolerance is None:
        dtype = np.asarray(response).dtype
        kind = dtype if np.issubdtype(dtype, np.floating) else np.dtype(np.float64)
        return _ROUNDINGS * float(np.finfo(kind).eps)
    if not 0 < tolerance < 1:
        raise InputError("a tolerance between 0 and 1", f"{tolerance}")
    return float(tolerance)


def block_hankel(
    response: Response, rows: Int[np.ndarray, " p"], columns: Int[np.ndarray, " q"]
) -> Matrix:
    """The matrix with block `G_{i+j}` in block row i and block column j.

    Args:
        response: impulse response.
        rows: the i of each block row.
        columns: the j of each block column.

    Returns:
        The matrix, `(p · out, q · in)`.
    """
    blocks = response[rows[:, None] + columns]
    return blocks.transpose(0, 2, 1, 3).reshape(
        len(rows) * response.shape[1], len(columns) * response.shape[2]
    )


class _Structure(NamedTuple):
    """What depends on what in the Hankel matrices.

    Attributes:
        infimum: the largest rank.
        new_rows: rows of each block row that do not depend on those above, `(lag,)`. They never
            become more: what follows from rows above does so in the next block row too.
        new_columns: the same of block columns, and those to their left.
        threshold: singular values up to this one count as zero.
    """

    infimum: int
    new_rows: Int[np.ndarray, " lag"]
    new_columns: Int[np.ndarray, " lag"]
    threshold: float

    @property
    def depth(self) -> int:
        """Block rows on which all others depend."""
        return max(1, int(np.sum(self.new_rows > 0)))

    @property
    def width(self) -> int:
        """Block columns on which all others depend."""
        return max(1, int(np.sum(self.new_columns > 0)))


def _structure(response: Response, tolerance: float) -> _Structure:
    length = len(response)
    every = _singular_values(response, length + 1)
    threshold = tolerance * max(values[0] for values in every)
    whole, inner = (
        np.array([np.sum(values > threshold) for values in matrices], int)
        for matrices in (every, _singular_values(response, length))
    )
    new_rows = whole - np.append(0, inner)
    new_columns = whole[::-1] - np.append(0, inner[::-1])
    return _Structure(
        int(whole.max()),
        np.minimum.accumulate(new_rows),
        np.minimum.accumulate(new_columns),
        threshold,
    )


def _singular_values(response: Response, blocks: int) -> list[Float[np.ndarray, " values"]]:
    """Those of all Hankel matrices with so many block rows and columns together."""
    return [
        np.linalg.svd(block_hankel(response, np.arange(p), np.arange(blocks - p)), compute_uv=False)
        for p in range(1, blocks)
    ]


class _Weights(NamedTuple):
    """Weights of a network in double precision."""

    w_x: Matrix
    w_h: Matrix
    w_y: Matrix

    def response(self, length: int) -> Response:
        """Impulse response."""
        states = [self.w_x]
        for _ in range(length - 1):
            states.append(self.w_h @ states[-1])
        return self.w_y @ np.stack(states)

    def first(self, size: int) -> "_Weights":
        """The first so many units, silent ones behind the last."""
        more = max(0, size - len(self.w_h))
        return _Weights(
            np.pad(self.w_x, ((0, more), (0, 0)))[:size],
            np.pad(self.w_h, (0, more))[:size, :size],
            np.pad(self.w_y, ((0, 0), (0, more)))[:, :size],
        )


def _canonical(response: Response, structure: _Structure) -> _Weights:
    """A minimal network with unit entries, of rows or of columns, whichever reach further.

    Rounding errors grow from the first lag at which nothing new is independent.

    Returns:
        The weights.
    """
    if structure.depth >= structure.width:
        return _observable_form(response, structure)
    turned = structure._replace(new_rows=structure.new_columns, new_columns=structure.new_rows)
    w_x, w_h, w_y = _observable_form(response.transpose(0, 2, 1), turned)
    return _Weights(w_y.T, w_h.T, w_x.T)


def _observable_form(response: Response, structure: _Structure) -> _Weights:
    """A minimal network whose units say what the outputs will be, so many lags later.

    A unit is a row of the Hankel matrix. One lag later it is the row below: another unit, or what
    depends on units. A row below the last lag is not known at all, and is zero.

    Returns:
        The weights.
    """
    blocks, outputs = _independent_rows(response, structure)

    def row_of(block, output):
        here = (blocks == block) & (outputs == output)
        if here.any() or block == len(response):
            return here.astype(float)
        known, above = len(response) - block, blocks <= block
        basis = _rows(response, blocks[above], outputs[above], known)
        row = _rows(response, np.array([block]), np.array([output]), known)
        weights = np.zeros(len(blocks))
        weights[above] = _combination(basis, row, structure.threshold)[0]
        return weights

    order = len(blocks)
    later = [row_of(block + 1, output) for block, output in zip(blocks, outputs, strict=True)]
    now = [row_of(0, output) for output in range(response.shape[1])]
    w_x = response[blocks, outputs].reshape(order, response.shape[2])
    return _Weights(w_x, np.array(later).reshape(order, order), np.array(now))


def _independent_rows(
    response: Response, structure: _Structure
) -> tuple[Int[np.ndarray, " order"], Int[np.ndarray, " order"]]:
    """Block row and output of rows on which all others depend, where they are known.

    Once an output's row depends on rows above, so do its later ones: those are not looked at.

    Returns:
        Block row and output of each.
    """
    blocks, outputs = np.zeros(0, int), np.zeros(0, int)
    active = np.arange(response.shape[1])
    for block in np.flatnonzero(structure.new_rows):
        known = len(response) - block
        basis = _rows(response, blocks, outputs, known)
        rows = _rows(response, np.full_like(active, block), active, known)
        rest = rows - _combination(basis, rows, structure.threshold) @ basis
        pivots = np.asarray(scipy.linalg.qr(rest.T, mode="r", pivoting=True)[-1])
        active = active[np.sort(pivots[: structure.new_rows[block]])]
        blocks = np.append(blocks, np.full_like(active, block))
        outputs = np.append(outputs, active)
    return blocks, outputs


def _rows(response, blocks, outputs, known) -> Matrix:
    """Rows of the Hankel matrix, in its first block columns."""
    picked = response[blocks[:, None] + np.arange(known), outputs[:, None]]
    return picked.reshape(len(blocks), known * response.shape[2])


def _combination(
    basis: Matrix, rows: Float[np.ndarray, "more columns"], threshold: float
) -> Float[np.ndarray, "more rows"]:
    """The smallest coefficients that combine rows from a basis, as far as they do."""
    left, values, right = np.linalg.svd(basis, full_matrices=False)
    kept = values > threshold
    return (rows @ right[kept].T / values[kept]) @ left[:, kept].T


def _balanced(form: _Weights, response: Response, structure: _Structure) -> _Weights:
    """The same in balanced units, from a Hankel matrix and the one a lag later (Ho, Kalman)."""
    order, length = len(form.w_h), max(len(response), structure.depth + structure.width)
    extended = np.concatenate([response, form.response(length)[len(response) :]])
    p = min(max(length // 2, structure.depth), length - structure.width)
    rows, columns = np.arange(p), np.arange(length - p)
    left, values, right = np.linalg.svd(block_hankel(extended, rows, columns))
    root = np.sqrt(values[:order])
    observing, reaching = left[:, :order], right[:order]
    later = block_hankel(extended, rows + 1, columns)
    w_h = (observing / root).T @ later @ (reaching.T / root)
    n_in, n_out = response.shape[2], response.shape[1]
    return _Weights(root[:, None] * reaching[:, :n_in], w_h, observing[:n_out] * root)
