"""Moments of trials in one streaming pass, as a triangular factor.

A trial is read from its end: `x̃_j` is the input j steps before the last one. Zero beyond the
start, trials of different lengths then need no mask. All second moments of a trial are kept as a
triangular factor of the stacked rows `(1, x̃, ỹ)`, updated by QR. Its rows are pseudo-trials
with exactly the moments of the data, so readouts at every step are taken from at most as many
pseudo-trials as a trial has numbers, however many trials there were. Squares are never formed, so
large means cost no more digits than they cost in the data.
"""

from typing import Any

import numpy as np

from learndyn._errors import InputError
from learndyn._types import Float, Int

# A factorization may take this many bytes; beyond it the statistics are the wrong tool.
_FACTOR_BYTES = 4 * 2**30
# Rows gathered before a factorization, at least; many small ones would waste time.
_ROWS = 4096
# Columns that are eliminated together when rows are added.
_PANEL = 16


class MomentAccumulator:
    """Triangular factor of the moments of trials seen so far; memory does not grow with them."""

    def __init__(self, length: int, n_in: int, target_shape: tuple[int, ...]):
        self.length, self.n_in, self.target_shape = length, n_in, target_shape
        self.count = 0
        self._reached = np.zeros(length)
        self._trials = _StreamedFactor(1 + length * n_in + int(np.prod(target_shape)))

    @property
    def every_step(self) -> bool:
        """Whether there is a target at every step."""
        return len(self.target_shape) == 2

    def add(
        self,
        x: Float[np.ndarray, "trajectories T in"],
        y: Float[np.ndarray, "trajectories *rest"],
        lengths: Int[np.ndarray, " trajectories"],
    ) -> None:
        """Take in some trials, zero beyond their lengths.

        Args:
            x: inputs.
            y: targets, at the last step or at every step.
            lengths: number of steps of each trajectory.
        """
        self.count += len(x)
        self._reached += (np.arange(self.length) < lengths[:, None]).sum(0)
        parts = [np.ones((len(x), 1)), _from_the_end(x, lengths)]
        parts.append(_from_the_end(y, lengths) if self.every_step else y)
        self._trials.add(np.concatenate([p.reshape(len(x), -1) for p in parts], axis=1))

    def lag_weights(self) -> Float[np.ndarray, " lag"]:
        """Mean number of readouts per trial that see each lag."""
        return self._over_readouts(self._reached) / self.count

    def input_sizes(self) -> Float[np.ndarray, " columns"]:
        """Root mean square of each input over readouts, lag by lag, mean included."""
        x = self._pseudo_trials()[:, 1 : 1 + self.length * self.n_in]
        squares = np.sum(x**2, axis=0).reshape(self.length, self.n_in)
        return np.sqrt(self._over_readouts(squares)).ravel()

    def in_order_of_time(
        self, *, center: bool
    ) -> tuple[
        Float[np.ndarray, "numbers T in"],
        Float[np.ndarray, "numbers T out"],
        Float[np.ndarray, "T in"],
    ]:
        """Pseudo-trials with a target at every step: sums over them are means over the trials.

        Args:
            center: project the means out first (trials of one length only).

        Returns:
            Inputs, targets, and the root mean square of each input, mean included.
        """
        x, y = np.split(self._pseudo_trials()[:, 1:], [self.length * self.n_in], axis=1)
        x = x.reshape(-1, self.length, self.n_in)[:, ::-1]
        y = y.reshape(-1, *self.target_shape)[:, ::-1]
        sizes = np.sqrt(np.sum(x**2, axis=0))
        return x[int(center) :], y[int(center) :], sizes

    def readout_factor(self, *, center: bool) -> Float[np.ndarray, "numbers all"]:
        """Triangular factor of the rows `(x_t, x_{t−1}, …, y_t)` over readouts, as means.

        Args:
            center: project the means out first (trials of one length only).

        Returns:
            Factor with `length · in + out` columns.
        """
        # The first column is constant, so what is orthogonal to it has no mean.
        pseudo = self._pseudo_trials()[int(center) :, 1:]
        columns = self.length * self.n_in
        x, y = np.split(pseudo, [columns], axis=1)
        if not self.every_step:
            return pseudo if center else triangular_factor(pseudo)
        y = y.reshape(-1, *self.target_shape)
        # The rows below the triangle of the inputs hold none, whatever the shift.
        last = columns + 1 - int(center)
        factor = _StreamedFactor(columns + y.shape[2])
        for shift in range(self.length):
            row = np.zeros((len(x[:last]), columns + y.shape[2]))
            row[:, : columns - shift * self.n_in] = x[:last, shift * self.n_in :]
            row[:, columns:] = y[:last, shift]
            factor.add(row)
        rest = y[last:].reshape(-1, y.shape[2])
        factor.add(np.pad(triangular_factor(rest), ((0, 0), (columns, 0))))
        return factor.triangle()

    def _pseudo_trials(self) -> Float[np.ndarray, "numbers all"]:
        return self._trials.triangle() / np.sqrt(self.count)

    def _over_readouts(
        self, values: Float[np.ndarray, "T *rest"]
    ) -> Float[np.ndarray, "lag *rest"]:
        """Sums by lag of what is given by steps from the end: each readout is an end."""
        return np.cumsum(values[::-1], axis=0)[::-1] if self.every_step else values


class _StreamedFactor:
    """Triangular R with `RᵀR` the moments of all rows so far; at most a square of them is kept."""

    def __init__(self, columns: int):
        self._factor = np.zeros((0, columns))
        self._waiting: list[np.ndarray] = []
        self._enough = max(_ROWS, columns)

    def add(self, rows: Float[np.ndarray, "numbers all"]) -> None:
        for start in range(0, len(rows), self._enough):
            self._waiting.append(rows[start : start + self._enough])
            if sum(map(len, self._waiting)) >= self._enough:
                self.triangle()

    def triangle(self) -> Float[np.ndarray, "numbers all"]:
        if self._waiting and len(self._factor) == self._factor.shape[1]:
            self._factor = _updated(self._factor, np.concatenate(self._waiting))
            self._waiting = []
        elif self._waiting:
            rows = np.concatenate([self._factor, *self._waiting])
            if min(rows.shape) * rows.shape[1] * 8 > _FACTOR_BYTES:
                size = rows.shape[1] ** 2 * 8 / 2**30
                raise InputError(
                    "trials whose moments fit into memory",
                    f"{rows.shape[1]} numbers per trial, so {size:.1f} GiB",
                    "Take fewer steps or channels, or train on the data themselves.",
                )
            self._waiting = []
            self._factor = triangular_factor(rows)
        return self._factor


def triangular_factor(rows: Float[np.ndarray, "numbers all"]) -> Float[np.ndarray, "fewer all"]:
    """Upper triangular R with `Rᵀ R = rowsᵀ rows`."""
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _updated(
    factor: Float[np.ndarray, "all all"], rows: Float[np.ndarray, "numbers all"]
) -> Float[np.ndarray, "all all"]:
    """Triangular factor after more rows; zeros below the old one are not worked on again."""
    # Imported here, since loading SciPy's linear algebra takes a moment.
    from scipy.linalg import lapack

    routines: Any = lapack  # which has no types
    return routines.dtpqrt(0, min(_PANEL, len(factor)), factor, rows)[0]


def _from_the_end(
    values: Float[np.ndarray, "trajectories T channels"], lengths: Int[np.ndarray, " trajectories"]
) -> Float[np.ndarray, "trajectories T channels"]:
    """Reorder time as steps before the last one, zero beyond the start."""
    if (lengths == values.shape[1]).all():
        return values[:, ::-1]
    index = lengths[:, None] - 1 - np.arange(values.shape[1])
    reordered = np.take_along_axis(values, np.maximum(index, 0)[:, :, None], axis=1)
    reordered[index < 0] = 0.0
    return reordered
