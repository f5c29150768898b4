"""The best linear filter of a task, from a triangular factor of its moments."""

from typing import NamedTuple

import numpy as np

from learndyn._types import Float

# Streamed factorizations leave about 10 rounding errors of a column where the data have nothing,
# growing like a random walk with the number of columns.
_ROUNDINGS = 100
# Directions of input weaker than this share of the strongest are not divided by: a filter that is
# best along them may be so large that a difference from it has no digits left.
_WEAK = 1e-4


class BestFilter(NamedTuple):
    """Least squares solution, with the loss around it.

    Attributes:
        target: best filter of the strong directions of input, `(columns, out)`.
        factor: factor of the input moments, `(rows, columns)`, the weak directions last.
        remainder: correlation of the outputs with the weak directions, `(out, weak)`.
        floor: loss of the best filter of all directions.
    """

    target: Float[np.ndarray, "columns out"]
    factor: Float[np.ndarray, "rows columns"]
    remainder: Float[np.ndarray, "out weak"]
    floor: Float[np.ndarray, ""]


def rounding_error(columns: int) -> float:
    """Size of what a streamed factorization leaves where data of unit size have nothing."""
    return _ROUNDINGS * np.finfo(np.float64).eps * np.sqrt(columns)


def best_filter(
    triangular: Float[np.ndarray, "numbers all"], sizes: Float[np.ndarray, " columns"]
) -> BestFilter:
    """Solve for the best filter, without the directions in which the inputs do not vary.

    Columns are measured in their own size, so that neither units of the channels nor a constant
    offset decide what counts as a direction.

    Args:
        triangular: triangular factor of the moments of `(inputs, targets)`.
        sizes: root mean square of the inputs, offset included: the size of rounding errors.

    Returns:
        The solution; its excess is exactly zero at the target where no direction is weak.
    """
    columns = len(sizes)
    per_size = np.divide(1.0, sizes, where=sizes > 0, out=np.zeros(columns))
    inputs, cross = triangular[:columns, :columns] * per_size, triangular[:columns, columns:]
    left, scale, right = np.linalg.svd(inputs, full_matrices=False)
    rounding = rounding_error(columns)
    weak = max(rounding, _WEAK * scale.max(initial=0.0))
    rank, strong = np.sum(scale > rounding), np.sum(scale > weak)
    left, scale, right = left[:, :rank], scale[:rank, None], right[:rank]
    seen = left.T @ cross
    unseen = np.sum((cross - left @ seen) ** 2) + np.sum(triangular[columns:, columns:] ** 2)
    return BestFilter(
        target=(right[:strong].T @ (seen[:strong] / scale[:strong])) * per_size[:, None],
        factor=scale * right * sizes,
        remainder=seen[strong:].T,
        floor=np.asarray(0.5 * unseen),
    )
