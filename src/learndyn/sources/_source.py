"""Trials with their names."""

from dataclasses import dataclass, replace

from learndyn.sources._stream import StreamedTrials
from learndyn.statistics import Trials, Whitened, whiten


@dataclass(frozen=True)
class Source:
    """Trials, where they came from, and what their channels are called.

    Args:
        name: the name, with its options where it has any.
        trials: the trials, in memory or outside it.
        inputs: names of the input channels; left empty: x1, x2, …
        targets: names of the output channels; left empty: y1, y2, …
        map: how the inputs were whitened, or None.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> from learndyn.sources import Source
        >>> x = np.random.default_rng(0).normal(size=(100, 5, 2))
        >>> Source("noise", ld.Trials(x, x.sum(1))).inputs
        ('x1', 'x2')
    """

    name: str
    trials: Trials | StreamedTrials
    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    map: Whitened | None = None

    def __post_init__(self):
        for field, letter, number in (
            ("inputs", "x", self.trials.n_in),
            ("targets", "y", self.trials.n_out),
        ):
            if not getattr(self, field):
                names = tuple(f"{letter}{i}" for i in range(1, number + 1))
                object.__setattr__(self, field, names)

    def with_outputs(self, outputs: str | None) -> "Source":
        """The source with as many targets as asked for; see `Trials.with_outputs`.

        Args:
            outputs: `"final"`, `"every"` or None.

        Returns:
            The source.
        """
        return replace(self, trials=self.trials.with_outputs(outputs))

    def centred(self) -> "Source":
        """The source less its mean over trials, per step and channel.

        Returns:
            The source.

        Example:
            >>> import numpy as np, learndyn as ld
            >>> from learndyn.sources import Source
            >>> ones = Source("ones", ld.Trials(np.ones((9, 5, 2)), np.ones((9, 1))))
            >>> float(ones.centred().trials.arrays()[0].max())
            0.0
        """
        trials = self.trials
        if isinstance(trials, StreamedTrials):
            trials = trials.centred()
        else:
            trials = Trials(trials.x, trials.y, lengths=trials.lengths, center=True)
        return replace(self, name=f"{self.name}, centred", trials=trials)

    def whitened(self, how: str) -> "Source":
        """The source with white inputs; see `whiten`.

        Args:
            how: `"channels"` or `"innovations"`.

        Returns:
            The source, with the map.

        Raises:
            InputError: for another word, where the inputs do not vary in all directions, for
                innovations of trials of different lengths, and for trials larger than memory.
        """
        trials = self.trials
        done = whiten(trials.in_memory() if isinstance(trials, StreamedTrials) else trials, how)
        return replace(self, name=f"{self.name}, white {how}", trials=done.trials, map=done)
