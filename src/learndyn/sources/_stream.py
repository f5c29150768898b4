"""Trials that stay where they are, read anew at each pass."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from learndyn._errors import InputError
from learndyn.statistics import Trials
from learndyn.statistics._chunks import Chunk, centred, cleaned, mean_over_trajectories

# Inputs, targets and lengths (None: all steps count) of some trajectories, as they are stored.
RawChunk: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray | None]

# Bytes of trials that are read into memory where only that will do.
_MEMORY_BYTES = 2**30


@dataclass(frozen=True)
class Layout:
    """How many trials of which shape there are, known before they are read for their numbers.

    Args:
        count: number of trajectories.
        length: number of steps of the longest.
        n_in: number of input channels.
        n_out: number of output channels.
        every_step: whether there is a target at every step.

    Example:
        >>> from learndyn.sources import Layout
        >>> Layout(1000, 20, n_in=8, n_out=2, every_step=False).count
        1000
    """

    count: int
    length: int
    n_in: int
    n_out: int
    every_step: bool


class StreamedTrials:
    """Trials larger than memory: chunk by chunk, read anew at each pass, never kept.

    Statistics take them like `Trials` (see `ChunkedTrials`).

    Args:
        read: called at each pass, gives the same chunks each time, as they are stored; those of
            fewer steps than the longest are padded.
        layout: what is known of all trials.
        final: take the last target of each trajectory, where there is one at every step.
        center: subtract the mean over trajectories per time and channel, found in one pass.

    Attributes:
        means: what is subtracted from inputs and targets, or None.

    Raises:
        InputError: with `center`, at the first number that is not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> from learndyn.sources import Layout, StreamedTrials
        >>> def read():
        ...     for i in range(4):
        ...         yield np.full((5, 3, 2), i), np.full((5, 1), i), None
        >>> trials = StreamedTrials(read, Layout(20, 3, 2, 1, every_step=False))
        >>> ld.TaskStatistics.from_trials(trials).target.shape
        (3, 1, 2)
    """

    means: tuple[np.ndarray, np.ndarray] | None

    def __init__(
        self,
        read: Callable[[], Iterable[RawChunk]],
        layout: Layout,
        *,
        final: bool = False,
        center: bool = False,
    ):
        self._read, self._layout, self._final = read, layout, final
        self.means = mean_over_trajectories(self._raw_chunks()) if center else None

    @property
    def count(self) -> int:
        """Number of trajectories."""
        return self._layout.count

    @property
    def length(self) -> int:
        """Number of steps of the longest trajectory."""
        return self._layout.length

    @property
    def n_in(self) -> int:
        """Number of input channels."""
        return self._layout.n_in

    @property
    def n_out(self) -> int:
        """Number of output channels."""
        return self._layout.n_out

    @property
    def every_step(self) -> bool:
        """Whether there is a target at every step, rather than at the last one only."""
        return self._layout.every_step and not self._final

    def with_outputs(self, outputs: str | None) -> "StreamedTrials":
        """The same trials, with as many targets as asked for; see `Trials.with_outputs`.

        Args:
            outputs: `"final"`, `"every"` or None.

        Returns:
            The trials.
        """
        # The rules are those of trials in memory, so one of them is asked.
        like = np.zeros((1, self.length, self.n_out)) if self.every_step else np.zeros((1, 1))
        asked = Trials(np.zeros((1, self.length, 1)), like).with_outputs(outputs)
        if asked.every_step == self.every_step:
            return self
        return StreamedTrials(self._read, self._layout, final=True, center=self.means is not None)

    def centred(self) -> "StreamedTrials":
        """The same trials, less their mean per time and channel, found in one pass.

        Returns:
            The trials.
        """
        return StreamedTrials(self._read, self._layout, final=self._final, center=True)

    def chunks(self) -> Iterator[Chunk]:
        """Read the trials piece by piece, as `Trials.chunks`.

        Yields:
            Inputs, targets and lengths of some trajectories: double precision, centred if asked,
            zero beyond each trajectory's length.
        """
        yield from centred(self._raw_chunks(), self.means)

    def in_memory(self) -> Trials:
        """All trials at once.

        Returns:
            The trials.

        Raises:
            InputError: if they would take more than a gigabyte.
        """
        outputs = self.n_out * (self.length if self.every_step else 1)
        size = 8 * self.count * (self.length * self.n_in + outputs)
        if size > _MEMORY_BYTES:
            raise InputError(
                "trials that fit into 1 GiB of memory, for whitening",
                f"{self.count:,} trials, {size / 2**30:.1f} GiB",
                "Whiten some of them, in a file of their own, or study them as they are.",
            )
        x, y, lengths = (np.concatenate(p) for p in zip(*self._raw_chunks(), strict=True))
        return Trials(x, y, lengths=lengths, center=self.means is not None)

    def _raw_chunks(self) -> Iterator[Chunk]:
        start = 0
        for x, y, lengths in self._read():
            lengths = np.full(len(x), x.shape[1]) if lengths is None else np.asarray(lengths)
            if self._final:
                y = y[np.arange(len(y)), lengths - 1]
            x = _padded(x, self.length)
            y = _padded(y, self.length) if self.every_step else np.array(y, np.float64)
            yield cleaned((x, y, lengths), start)
            start += len(x)


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """A copy in double precision, with zeros up to the length."""
    padded = np.zeros((len(values), length, values.shape[2]))
    padded[:, : values.shape[1]] = values
    return padded
