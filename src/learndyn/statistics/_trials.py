"""Trials as a user brings them: checked once, read in chunks, never copied whole."""

from collections.abc import Iterator

import equinox as eqx
import numpy as np

from learndyn._errors import InputError
from learndyn.statistics._chunks import (
    Chunk,
    centred,
    cleaned,
    mean_over_trajectories,
    rows_per_chunk,
)


class Trials(eqx.Module):
    """Input trajectories with their targets.

    Args:
        x: inputs, `(trajectories, time, in)`; memory-mapped arrays are read in chunks.
        y: targets, `(trajectories, out)` for one readout at the last step, or
            `(trajectories, time, out)` for a readout at every step.
        lengths: number of steps of each trajectory, `(trajectories,)`; steps beyond it are
            ignored. None: all steps count.
        center: subtract the mean over trajectories per time and channel, from inputs and targets.

    Attributes:
        x: inputs as given.
        y: targets as given.
        lengths: number of steps of each trajectory, or None.
        means: what is subtracted from inputs and targets, or None.

    Raises:
        InputError: for arrays that are empty, of another rank, of objects or complex numbers, or
            whose shapes disagree; for lengths outside `1 … time`. Numbers that are not finite are
            found, and located, when the trials are read.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> trials = ld.Trials(np.ones((10, 5, 3)), np.ones((10, 2)))
        >>> trials.length, trials.n_in, trials.n_out, trials.every_step
        (5, 3, 2, False)
    """

    x: np.ndarray
    y: np.ndarray
    lengths: np.ndarray | None
    means: tuple[np.ndarray, np.ndarray] | None

    def __init__(self, x, y, *, lengths=None, center: bool = False):
        self.x, self.y = _checked(x, "x"), _checked(y, "y")
        _check_shapes(self.x, self.y)
        self.lengths = None if lengths is None else _checked_lengths(lengths, self.x.shape)
        self.means = None
        if center:
            self.means = mean_over_trajectories(self._raw_chunks())

    @property
    def count(self) -> int:
        """Number of trajectories."""
        return self.x.shape[0]

    @property
    def length(self) -> int:
        """Number of steps of the longest trajectory allowed by the array."""
        return self.x.shape[1]

    @property
    def n_in(self) -> int:
        """Number of input channels."""
        return self.x.shape[2]

    @property
    def n_out(self) -> int:
        """Number of output channels."""
        return self.y.shape[-1]

    @property
    def every_step(self) -> bool:
        """Whether there is a target at every step, rather than at the last one only."""
        return self.y.ndim == 3

    def with_outputs(self, outputs: str | None) -> "Trials":
        """The same trials, with as many targets as asked for.

        Args:
            outputs: `"final"`: the last target of each trajectory, at its own length; `"every"`: a
                target at every step, which must be there; None: as they are.

        Returns:
            The trials; centred ones stay centred, by the mean over the targets that are left.

        Raises:
            InputError: for another word, or for `"every"` where there is one target only.

        Example:
            >>> import numpy as np, learndyn as ld
            >>> trials = ld.Trials(np.ones((10, 5, 3)), np.ones((10, 5, 2)))
            >>> trials.with_outputs("final").y.shape
            (10, 2)
        """
        if outputs not in (None, "final", "every"):
            raise InputError('outputs "final" or "every"', f"{outputs!r}")
        if outputs == "every" and not self.every_step:
            raise InputError(
                "a target at every step, y of shape (trajectories, time, out)",
                f"one target for each trajectory, shape {self.y.shape}",
                'Ask for outputs "final", or bring targets for the other steps.',
            )
        if outputs != "final" or not self.every_step:
            return self
        last = self.length - 1 if self.lengths is None else self.lengths - 1
        y = self.y[np.arange(self.count), last]
        return Trials(self.x, y, lengths=self.lengths, center=self.means is not None)

    def chunks(self) -> Iterator[Chunk]:
        """Read the trials piece by piece.

        Yields:
            Inputs, targets and lengths of some trajectories: double precision, centred if asked,
            zero beyond each trajectory's length.

        Raises:
            InputError: at the first number that is not finite, saying where it is.
        """
        yield from centred(self._raw_chunks(), self.means)

    def arrays(self) -> Chunk:
        """All trials at once, for training on the data themselves.

        Returns:
            What `chunks` yields, joined.
        """
        parts = tuple(zip(*self.chunks(), strict=True))
        return np.concatenate(parts[0]), np.concatenate(parts[1]), np.concatenate(parts[2])

    def _raw_chunks(self) -> Iterator[Chunk]:
        size = rows_per_chunk(self.length * self.n_in + int(np.prod(self.y.shape[1:])))
        for start in range(0, self.count, size):
            rows = slice(start, start + size)
            x = np.array(self.x[rows], dtype=np.float64)
            y = np.array(self.y[rows], dtype=np.float64)
            lengths = np.full(len(x), self.length) if self.lengths is None else self.lengths[rows]
            yield cleaned((x, y, lengths), start)


def _checked(array, name: str) -> np.ndarray:
    try:
        array = np.asanyarray(array)
    except ValueError:
        raise InputError(
            f"an array as {name}",
            "pieces of different shapes",
            "Pad trials to one length and give `lengths`.",
        ) from None
    if isinstance(array, np.ma.MaskedArray):
        raise InputError(
            f"an array without a mask as {name}",
            "a masked array",
            "Drop or fill the masked values; for trials of different lengths give `lengths`.",
        )
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"real numbers in {name}",
            f"an array of type {array.dtype}",
            "Convert it to floating point, one number per entry.",
        )
    if array.size == 0:
        raise InputError(f"at least one number in {name}", f"an empty array of shape {array.shape}")
    return array


def _check_shapes(x: np.ndarray, y: np.ndarray) -> None:
    if x.ndim != 3:
        raise InputError(
            "x of shape (trajectories, time, in)",
            f"shape {x.shape}",
            "If its columns are the steps of one channel, give x[:, :, None]; "
            "if they are channels at one step, x[:, None, :]."
            if x.ndim == 2
            else "",
        )
    if y.ndim not in (2, 3):
        raise InputError(
            "y of shape (trajectories, out), or (trajectories, time, out)",
            f"shape {y.shape}",
            "For one number per trial give y[:, None]; for classes a column of 0 and 1 for each, "
            "as (y[:, None] == numpy.unique(y)).astype(float)."
            if y.ndim == 1
            else "",
        )
    if y.shape[0] != x.shape[0]:
        raise InputError(
            f"as many targets as inputs, {x.shape[0]} trajectories", f"y of shape {y.shape}"
        )
    if y.ndim == 3 and y.shape[1] != x.shape[1]:
        raise InputError(
            f"targets at each of the {x.shape[1]} steps",
            f"y of shape {y.shape}",
            "For one readout at the last step give y of shape (trajectories, out).",
        )


def _checked_lengths(lengths, shape: tuple[int, ...]) -> np.ndarray:
    lengths = np.asarray(lengths)
    if lengths.shape != shape[:1]:
        raise InputError(f"lengths of shape {shape[:1]}", f"shape {lengths.shape}")
    if lengths.dtype.kind not in "iu":
        raise InputError("whole numbers as lengths", f"an array of type {lengths.dtype}")
    if lengths.min() < 1 or lengths.max() > shape[1]:
        raise InputError(f"lengths between 1 and {shape[1]}", f"{lengths.min()} to {lengths.max()}")
    return lengths
