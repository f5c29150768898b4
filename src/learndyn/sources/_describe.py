"""What trials are, in numbers and plain sentences, before anything is learned from them."""

from dataclasses import dataclass, field

import numpy as np

from learndyn.sources._notes import notes
from learndyn.sources._source import Source
from learndyn.statistics._chunks import ChunkedTrials
from learndyn.statistics._moments import triangular_factor

# A channel is a combination of others if less than this share of it is left without them.
_NOTHING = 1e-10


def describe(source: Source) -> dict:
    """What the trials of a source are, in one pass over them.

    Numbers are those that are learned from: centred or whitened where that was asked for.

    Args:
        source: the source.

    Returns:
        Ready for JSON: `trials`; `steps`, their least, median and largest number; `padding`, the
        share of steps that only fill up shorter trials; `outputs`, final or every; `centered`;
        `inputs` and `targets`, for each channel its name, mean, standard deviation, extremes and
        whether it is constant; `rank`, the number of directions in which inputs differ from zero
        at one step; `combinations`, channels that follow from others before them; `classes`, how
        often each target is the one that is 1, or None where targets are not one-hot; `duplicates`,
        the number of trials that repeat others; `notes`, sentences on what needs care.

    Raises:
        InputError: at the first number that is not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> from learndyn.sources import Source, describe
        >>> x = np.random.default_rng(0).normal(size=(100, 5, 2))
        >>> x[:, :, 1] = 1
        >>> describe(Source("noise and one", ld.Trials(x, x.sum(1))))["notes"][0]
        'Channel x2 is constant, 1: it can only serve as a bias.'
    """
    found = _Pass(source.trials)
    for x, y, lengths in source.trials.chunks():
        found.add(x, y, lengths)
    described = {
        "source": source.name,
        "trials": source.trials.count,
        "steps": found.steps(),
        "padding": 1 - float(np.mean(np.concatenate(found.lengths))) / source.trials.length,
        "outputs": "every" if source.trials.every_step else "final",
        "centered": source.trials.means is not None,
        "inputs": found.inputs.described(source.inputs),
        "targets": found.targets.described(source.targets),
        **_combinations(found.inputs.factor, source.inputs),
        "classes": found.classes(source.targets),
        "duplicates": found.duplicates(),
    }
    traits = {"same_targets": found.same_targets, "whole_targets": found.whole_targets}
    return {**described, "notes": notes(described, **traits)}


class _Channels:
    """Mean, spread and extremes of channels, by pieces."""

    def __init__(self, number: int):
        self.count = 0
        # Of rows (1, channels): the first row is the mean, what is below it the spread.
        self._factor = np.zeros((0, 1 + number))
        self.least, self.largest = np.full(number, np.inf), np.full(number, -np.inf)

    def add(self, rows: np.ndarray) -> None:
        """Take in rows, `(rows, channels)`."""
        self.count += len(rows)
        ones = np.ones((len(rows), 1))
        more = np.concatenate([ones, rows], axis=1)
        self._factor = triangular_factor(np.concatenate([self._factor, more]))
        self.least = np.minimum(self.least, rows.min(0))
        self.largest = np.maximum(self.largest, rows.max(0))

    @property
    def mean(self) -> np.ndarray:
        """Mean of each channel."""
        return self._factor[0, 1:] / self._factor[0, 0]

    @property
    def factor(self) -> np.ndarray:
        """Factor of the second moments of the channels."""
        return self._factor[:, 1:]

    def described(self, names: tuple[str, ...]) -> list[dict]:
        """A dictionary for each channel."""
        spread = np.linalg.norm(self.factor[1:], axis=0) / np.sqrt(self.count)
        spread[self.least == self.largest] = 0
        return [
            {
                "name": name,
                "mean": float(self.mean[i]),
                "std": float(spread[i]),
                "min": float(self.least[i]),
                "max": float(self.largest[i]),
                "constant": bool(self.least[i] == self.largest[i]),
            }
            for i, name in enumerate(names)
        ]


@dataclass
class _Pass:
    """All that one pass over the trials gathers."""

    trials: ChunkedTrials
    lengths: list[np.ndarray] = field(default_factory=list)
    prints: list[np.ndarray] = field(default_factory=list)
    one_hot: bool = True
    same_targets: bool = True
    whole_targets: bool = True

    def __post_init__(self):
        self.inputs, self.targets = _Channels(self.trials.n_in), _Channels(self.trials.n_out)
        self.same_targets = self.trials.every_step

    def add(self, x: np.ndarray, y: np.ndarray, lengths: np.ndarray) -> None:
        """Take in a chunk."""
        seen = np.arange(x.shape[1]) < lengths[:, None]
        rows, read = x[seen], y[seen] if y.ndim == 3 else y
        self.lengths.append(lengths)
        self.inputs.add(rows)
        self.targets.add(read)
        self.one_hot &= bool(((read == 0) | (read == 1)).all() and (read.sum(1) == 1).all())
        self.whole_targets &= bool((read == np.round(read)).all())
        if y.ndim == 3:
            self.same_targets &= bool((y == y[:, :1])[seen].all())
        # Python's hash of bytes, 64 bits of it, tells trials apart.
        trials = zip(lengths, x, y, strict=True)
        prints = [hash((int(n), a.tobytes(), b.tobytes())) for n, a, b in trials]
        self.prints.append(np.array(prints))

    def steps(self) -> dict:
        """Least, median and largest number of steps."""
        lengths = np.concatenate(self.lengths)
        middle = {"min": lengths.min(), "median": np.median(lengths), "max": lengths.max()}
        return {name: float(value) for name, value in middle.items()}

    def duplicates(self) -> int:
        """How many trials repeat others."""
        prints = np.concatenate(self.prints)
        return len(prints) - len(np.unique(prints))

    def classes(self, names: tuple[str, ...]) -> dict[str, int] | None:
        """How often each target is 1, where one of several always is."""
        if not self.one_hot or len(names) < 2:
            return None
        counts = np.rint(self.targets.mean * self.targets.count)
        return {name: int(count) for name, count in zip(names, counts, strict=True)}


def _combinations(factor: np.ndarray, names: tuple[str, ...]) -> dict:
    """Channels that are linear combinations of those before them, and the number of the others."""
    sizes = np.linalg.norm(factor, axis=0)
    columns = factor / np.where(sizes > 0, sizes, 1)
    kept: list[int] = []
    found: dict[str, list[str]] = {}
    for i, name in enumerate(names):
        if sizes[i] == 0:
            continue
        if kept:
            shares = np.linalg.lstsq(columns[:, kept], columns[:, i], rcond=None)[0]
            left = columns[:, i] - columns[:, kept] @ shares
            if np.linalg.norm(left) < _NOTHING:
                parts = zip(kept, shares, strict=True)
                found[name] = [names[k] for k, share in parts if abs(share) > _NOTHING**0.5]
                continue
        kept.append(i)
    return {"rank": len(kept), "combinations": found}
