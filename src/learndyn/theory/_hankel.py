"""Hankel matrices of an impulse response, and how many hidden units their ranks ask for.

A network of n units has block Hankel matrices, with blocks `G_{i+j} = (W_y W_h^i)(W_h^j W_x)`, of
rank n at most. With T lags there are those of p block rows and `T + 1 − p` block columns.
"""

from typing import NamedTuple

import numpy as np

from learndyn._errors import InputError
from learndyn._types import ArrayLike, Float, Int, Shaped

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
    structure = structure_of(as_response(response), as_tolerance(tolerance, response))
    return HankelRanks(structure.infimum, int(structure.new_rows.sum()))


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


class Structure(NamedTuple):
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


def structure_of(response: Response, tolerance: float) -> Structure:
    """What depends on what in the Hankel matrices of a response.

    Args:
        response: impulse response.
        tolerance: singular values that count as zero, relative to the largest one.

    Returns:
        The structure.
    """
    length = len(response)
    every = _singular_values(response, length + 1)
    threshold = tolerance * max(values[0] for values in every)
    whole, inner = (
        np.array([np.sum(values > threshold) for values in matrices], int)
        for matrices in (every, _singular_values(response, length))
    )
    new_rows = whole - np.append(0, inner)
    new_columns = whole[::-1] - np.append(0, inner[::-1])
    return Structure(
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
