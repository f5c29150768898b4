"""Trials read chunk by chunk, wherever they are kept."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from learndyn._errors import InputError

# Bytes of one chunk of trials, which then stays in the cache from reading to factorization.
_CHUNK_BYTES = 2**22

# Inputs, targets and lengths of some trajectories.
Chunk: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]


@runtime_checkable
class ChunkedTrials(Protocol):
    """What the statistics need of trials, in memory (`Trials`) or outside it.

    Attributes:
        means: what is subtracted from inputs and targets, or None.
    """

    means: tuple[np.ndarray, np.ndarray] | None

    @property
    def count(self) -> int:
        """Number of trajectories."""
        ...

    @property
    def length(self) -> int:
        """Number of steps of the longest trajectory."""
        ...

    @property
    def n_in(self) -> int:
        """Number of input channels."""
        ...

    @property
    def n_out(self) -> int:
        """Number of output channels."""
        ...

    @property
    def every_step(self) -> bool:
        """Whether there is a target at every step, rather than at the last one only."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Inputs, targets and lengths of some trajectories after others, as `Trials.chunks`."""
        ...


def target_shape(trials: ChunkedTrials) -> tuple[int, ...]:
    """Shape of the targets of one trajectory, `(out,)` or `(time, out)`."""
    return (trials.length, trials.n_out) if trials.every_step else (trials.n_out,)


def rows_per_chunk(numbers: int) -> int:
    """How many trajectories make a chunk, when each holds so many numbers."""
    return max(1, _CHUNK_BYTES // (8 * numbers))


def cleaned(chunk: Chunk, start: int) -> Chunk:
    """A chunk with zeros beyond each length, in place, once its numbers are known to be finite.

    Args:
        chunk: inputs, targets and lengths, in double precision.
        start: number of trajectories before it, to say where a number is not finite.

    Returns:
        The chunk.

    Raises:
        InputError: at the first number that is not finite.
    """
    x, y, lengths = chunk
    _clear_beyond(x, y, lengths)
    _check_finite(x, "x", start)
    _check_finite(y, "y", start)
    return chunk


def centred(chunks: Iterable[Chunk], means: tuple[np.ndarray, np.ndarray] | None):
    """Chunks less the means, still zero beyond each length.

    Args:
        chunks: the chunks.
        means: of inputs and targets, or None: nothing is subtracted.

    Yields:
        The chunks.
    """
    for x, y, lengths in chunks:
        if means is not None:
            x, y = x - means[0], y - means[1]
            _clear_beyond(x, y, lengths)
        yield x, y, lengths


def mean_over_trajectories(chunks: Iterable[Chunk]) -> tuple[np.ndarray, np.ndarray]:
    """Means per time and channel, over the trajectories that reach that time.

    Args:
        chunks: the trials.

    Returns:
        Means of the inputs, `(time, in)`, and of the targets.
    """
    means, counts = [np.zeros(()), np.zeros(())], [0, 0]
    for x, y, lengths in chunks:
        reached = (np.arange(x.shape[1]) < lengths[:, None])[..., None]
        for i, part in enumerate((x, y)):
            seen = reached if part.ndim == 3 else np.ones((len(part), 1), bool)
            means[i], counts[i] = _updated_mean(means[i], counts[i], part, seen)
    return means[0], means[1]


def _updated_mean(mean, count, part: np.ndarray, seen: np.ndarray):
    """Mean over trajectories after some more, and their number."""
    # Differences from a first guess are averaged. For a constant channel they end up exactly zero,
    # and so does the centred channel: no rounding error poses as a signal.
    more = seen.sum(0)
    guess = np.where(count > 0, mean, part.sum(0) / np.maximum(more, 1))
    count = count + more
    return guess + np.sum((part - guess) * seen, axis=0) / np.maximum(count, 1), count


def _clear_beyond(x: np.ndarray, y: np.ndarray, lengths: np.ndarray) -> None:
    """Set everything beyond each trajectory's length to zero, in place."""
    beyond = np.arange(x.shape[1]) >= lengths[:, None]
    if beyond.any():
        x[beyond] = 0.0
        if y.ndim == 3:
            y[beyond] = 0.0


def _check_finite(chunk: np.ndarray, name: str, start: int) -> None:
    if not np.isfinite(chunk).all():
        index = np.argwhere(~np.isfinite(chunk))[0]
        where = ", ".join(map(str, (start + index[0], *index[1:])))
        raise InputError(
            f"finite numbers in {name}",
            f"{chunk[tuple(index)]} at {name}[{where}]",
            "Drop or fill these trials first.",
        )
