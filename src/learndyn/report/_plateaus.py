"""Plateaus of a loss: where learning slows down, and then speeds up again."""

from typing import NamedTuple

import numpy as np

from learndyn._types import Float

# Learning waits where it is slower than this share of the speed of the drop that comes next.
_SLOW = 0.2
# A drop takes at least this share of all that the loss falls.
_DROP = 0.01


class Plateau(NamedTuple):
    """A time in which the loss hardly falls, and the drop that ends it.

    Attributes:
        start: learning time at which learning has become slow.
        end: learning time at which it has sped up again.
        until: learning time at which the drop is over: where the next plateau begins, or the curve
            ends.
        drop: share of the whole fall of the loss that the drop takes.
    """

    start: float
    end: float
    until: float
    drop: float


def plateaus(
    times: Float[np.ndarray, " times"], loss: Float[np.ndarray, " times"]
) -> list[Plateau]:
    """Find the plateaus of a loss.

    A gradient flow that only runs down to where it ends slows down all the way. One that passes a
    saddle speeds up again when it leaves. So a plateau is where the loss falls at less than a fifth
    of the greatest speed of the drop that follows it, whatever the units of time and loss, if that
    drop is at least a hundredth of all that the loss falls.

    Args:
        times: learning times, rising, `(times,)`.
        loss: loss at those times, `(times,)`.

    Returns:
        The plateaus, in order of time; none of a loss that does not fall.

    Example:
        >>> import numpy as np
        >>> from learndyn.report import plateaus
        >>> times = np.linspace(0, 40, 401)
        >>> steps = 1 / (1 + np.exp(times - 10)) + 1 / (1 + np.exp(times - 30))
        >>> [round(p.end) for p in plateaus(times, steps)]
        [7, 27]
        >>> plateaus(times, np.exp(-times / 5))
        []
    """
    times, loss = np.asarray(times, float), np.asarray(loss, float)
    fall = loss[0] - loss.min() if len(loss) > 1 else 0.0
    if not fall > 0:
        return []
    speed = np.maximum(-np.diff(loss) / np.diff(times), 0) / fall
    found: list[Plateau] = []
    # From the last to the first, since a drop reaches to the plateau after it.
    limit = len(speed)
    for valley, peak in reversed(_rises(speed)):
        slow = speed <= _SLOW * speed[peak]
        first = _run_back(slow, valley)
        last = _run_back(slow[::-1], len(slow) - 1 - valley)
        start, end = first, len(slow) - last
        drop = float((loss[end] - loss[limit]) / fall)
        if drop >= _DROP:
            found.append(Plateau(float(times[start]), float(times[end]), float(times[limit]), drop))
            limit = start
    return found[::-1]


def _run_back(true: np.ndarray, last: int) -> int:
    """First index of the run of true values that ends at `last`."""
    return last - int(np.argmin(np.append(true[: last + 1][::-1], False))) + 1


def _rises(speed: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of a valley of the speed and the peak after it, at least as many times as high."""
    pairs, valley, peak = [], 0, None
    for i, value in enumerate(speed):
        if peak is None:
            if value < speed[valley]:
                valley = i
            elif value > 0 and speed[valley] <= _SLOW * value:
                peak = i
        elif value > speed[peak]:
            peak = i
        elif value <= _SLOW * speed[peak]:
            pairs.append((valley, peak))
            valley, peak = i, None
    return pairs if peak is None else [*pairs, (valley, peak)]
