"""Moments of trials in one streaming pass, as a triangular factor.

A trial is read from its end: `x̃_j` is the input j steps before the last one. Zero beyond the
start, trials of different lengths then need no mask. All second moments of a trial are kept as a
triangular factor of the stacked rows `(1, x̃, ỹ)`, updated by QR. Its rows are pseudo-trials
with exactly the moments of the data, so readouts at every step are taken from at most as many
pseudo-trials as a trial has numbers, however many trials there were. Squares are never formed, so
large means cost no more digits than they cost in the data.
"""

import numpy as np

from learndyn._errors import InputError

# The factor may take this many bytes; beyond it the statistics are the wrong tool.
_FACTOR_BYTES = 4 * 2**30
# Rows gathered before a factorization, at least; many small ones would waste time.
_ROWS = 4096


class MomentAccumulator:
    """Triangular factor of the moments of trials seen so far; memory does not grow with them."""

    def __init__(self, length: int, n_in: int, target_shape: tuple[int, ...]):
        self.length, self.n_in, self.target_shape = length, n_in, target_shape
        self.count = 0
        self._reached = np.zeros(length)
        self._columns = 1 + length * n_in + int(np.prod(target_shape))
        self._factor = np.zeros((0, self._columns))
        self._waiting: list[np.ndarray] = []

    @property
    def every_step(self) -> bool:
        """Whether there is a target at every step."""
        return len(self.target_shape) == 2

    def add(self, x: np.ndarray, y: np.ndarray, lengths: np.ndarray) -> None:
        """Take in some trials, zero beyond their lengths.

        Args:
            x: inputs, `(trajectories, time, in)`.
            y: targets, `(trajectories, out)` or `(trajectories, time, out)`.
            lengths: number of steps of each trajectory.
        """
        self.count += len(x)
        self._reached += (np.arange(self.length) < lengths[:, None]).sum(0)
        parts = [np.ones((len(x), 1)), _from_the_end(x, lengths)]
        parts.append(_from_the_end(y, lengths) if self.every_step else y)
        self._waiting.append(np.concatenate([p.reshape(len(x), -1) for p in parts], axis=1))
        if sum(map(len, self._waiting)) >= max(_ROWS, 2 * self._columns):
            self._compress()

    def _compress(self) -> None:
        rows = np.concatenate([self._factor, *self._waiting])
        self._waiting = []
        if min(rows.shape) * self._columns * 8 > _FACTOR_BYTES:
            raise InputError(
                "trials whose moments fit into memory",
                f"{self._columns - 1} numbers per trial, so {self._columns**2 * 8 / 2**30:.1f} GiB",
                "Take fewer steps or channels, or train on the data themselves.",
            )
        self._factor = triangular_factor(rows)

    def lag_weights(self) -> np.ndarray:
        """Mean number of readouts per trial that see each lag."""
        reached = self._reached / self.count
        return np.cumsum(reached[::-1])[::-1] if self.every_step else reached

    def readout_factor(self, *, center: bool) -> np.ndarray:
        """Triangular factor of the rows `(x_t, x_{t−1}, …, y_t)` over readouts, as means.

        Args:
            center: project the means out first (trials of one length only).

        Returns:
            Factor with `length · in + out` columns.
        """
        self._compress()
        # The first column is constant, so what is orthogonal to it has no mean.
        pseudo = (self._factor[1:] if center else self._factor)[:, 1:] / np.sqrt(self.count)
        if not self.every_step:
            return pseudo if center else triangular_factor(pseudo)
        columns = self.length * self.n_in
        x = pseudo[:, :columns].reshape(-1, self.length, self.n_in)
        y = pseudo[:, columns:].reshape(-1, *self.target_shape)
        factor = np.zeros((0, columns + y.shape[2]))
        for shift in range(self.length):
            seen = np.zeros_like(x)
            seen[:, : self.length - shift] = x[:, shift:]
            rows = np.concatenate([seen.reshape(len(x), -1), y[:, shift]], axis=1)
            factor = triangular_factor(np.concatenate([factor, rows]))
        return factor


def triangular_factor(rows: np.ndarray) -> np.ndarray:
    """Upper triangular R with `Rᵀ R = rowsᵀ rows`."""
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _from_the_end(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Reorder time as steps before the last one, zero beyond the start."""
    index = lengths[:, None] - 1 - np.arange(values.shape[1])
    reordered = np.take_along_axis(values, np.maximum(index, 0)[:, :, None], axis=1)
    reordered[index < 0] = 0.0
    return reordered
