"""Whitening of trials, by maps that never let an earlier step see a later input.

Both ways are one: a trial is cut into windows, of one step each or of all its steps, and what is
new in each step of a window is divided by the root of its moments. Non-causal whitening, such as
the symmetric root over all steps, is left out on purpose: it would give the network inputs from
the future, and so another task.
"""

import equinox as eqx
import numpy as np

from learndyn._errors import InputError
from learndyn._types import ArrayLike, Float, Shaped
from learndyn.statistics._best_filter import rounding_error
from learndyn.statistics._trials import Trials

_WAYS = ("channels", "innovations")


class Whitened(eqx.Module):
    """Whitened trials, and the map between their inputs e and the given ones, `x − mean = L e`.

    Attributes:
        trials: the trials, with the inputs e and the targets they had.
        factor: L, lower triangular by blocks, those on its diagonal symmetric and positive. Over
            channels `Σ^½`, `(in, in)`, the same at each step; of innovations a block for each pair
            of steps in order of time, `(T · in, T · in)`.
        mean: what was subtracted from the inputs, `(T, in)`; zero unless the trials are centred.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> x = np.random.default_rng(0).normal(size=(100, 3, 2)).cumsum(1)
        >>> whitened = ld.whiten(ld.Trials(x, x.sum(1)), "channels")
        >>> bool(np.allclose(whitened.trials.x @ whitened.factor, x))
        True
    """

    trials: Trials
    factor: Float[np.ndarray, "numbers numbers"]
    mean: Float[np.ndarray, "T in"]

    def apply(self, x, *, lengths=None) -> np.ndarray:
        """Whiten other trials by the same map, such as those kept for a test.

        Args:
            x: inputs as they came, `(trajectories, time, in)`.
            lengths: number of steps of each trajectory, as in `Trials`; None: all steps count.

        Returns:
            Whitened inputs, of the same shape; white as far as the moments are the same. Steps
            beyond a trajectory's length are zero.

        Raises:
            InputError: for inputs of other steps or channels, or that `Trials` refuses.

        Example:
            >>> import numpy as np, learndyn as ld
            >>> x = np.random.default_rng(0).normal(size=(100, 3, 2)).cumsum(1)
            >>> whitened = ld.whiten(ld.Trials(x, x.sum(1)), "innovations")
            >>> np.allclose(whitened.apply(x), whitened.trials.x)
            True
        """
        trials = Trials(x, x, lengths=lengths)  # checked as trials are
        self._require_inputs("inputs", trials.x.shape[1:], trials.x.shape)
        x, _, lengths = trials.arrays()
        windows = (x - self.mean).reshape(-1, len(self.factor))
        for block in _blocks(self.factor, self.trials.n_in):
            now, before = self.factor[block, block], self.factor[block, : block.start]
            new = windows[:, block] - windows[:, : block.start] @ before.T
            windows[:, block] = np.linalg.solve(now, new.T).T
        there = np.arange(trials.length) < lengths[:, None]
        return np.where(there[..., None], windows.reshape(x.shape), 0.0)

    def to_whitened(self, response: Shaped[ArrayLike, "lag out in"]) -> np.ndarray:
        """Impulse response from e that gives the outputs of one from x.

        Args:
            response: `G_k` of the given inputs, less their mean, `(lag, out, in)`.

        Returns:
            Of the whitened inputs: over channels `G_k Σ^½`; of innovations `[G_{T−1} … G_0] L`,
            for the readout at the last step.

        Raises:
            InputError: for a response that is complex, or of other lags or channels; and for
                innovations with a readout at every step, where no filter stays the same.

        Example:
            >>> import numpy as np, learndyn as ld
            >>> x = np.random.default_rng(0).normal(size=(100, 3, 2)).cumsum(1)
            >>> whitened = ld.whiten(ld.Trials(x, x.sum(1)), "innovations")
            >>> sums = np.stack([np.eye(2)] * 3)
            >>> best = ld.TaskStatistics.from_trials(whitened.trials).target
            >>> np.allclose(whitened.to_whitened(sums), best)
            True
        """
        return self._carried(response, lambda rows: rows @ self.factor)

    def to_inputs(self, response: Shaped[ArrayLike, "lag out in"]) -> np.ndarray:
        """Impulse response from x that gives the outputs of one from e: `to_whitened` undone.

        Args:
            response: `G_k` of the whitened inputs, `(lag, out, in)`.

        Returns:
            Of the given inputs, less their mean.

        Raises:
            InputError: as `to_whitened`.
        """
        return self._carried(response, lambda rows: np.linalg.solve(self.factor.T, rows.T).T)

    def _carried(self, response, carry) -> np.ndarray:
        if np.iscomplexobj(response):
            raise InputError("a real impulse response, as inputs are real", "a complex one")
        response = np.asarray(response, np.float64)
        without_outputs = response.shape[:1] + response.shape[2:]
        self._require_inputs("a response to inputs", without_outputs, response.shape)
        if self.trials.every_step and len(self.factor) > self.trials.n_in:
            raise InputError(
                "one readout for a response to be carried between inputs and innovations",
                "a readout at every step, and a map that changes with the step",
                'Whiten `trials.with_outputs("final")`, or whiten over channels.',
            )
        in_time = response[::-1].swapaxes(0, 1)  # (out, time, in)
        carried = carry(in_time.reshape(-1, len(self.factor)))
        return carried.reshape(in_time.shape).swapaxes(0, 1)[::-1]

    def _require_inputs(self, what: str, found: tuple[int, ...], shape: tuple[int, ...]) -> None:
        if found != self.mean.shape:
            length, channels = self.mean.shape
            raise InputError(
                f"{what} of {length} steps and {channels} channels, as the whitened trials",
                f"shape {shape}",
            )


def whiten(trials: Trials, how: str) -> Whitened:
    """Whiten the inputs of trials, exactly for these trials (Assumption 1, Section 2).

    White means `E[e eᵀ] = I` as a mean over trials; moments are about zero, or about the mean if
    the trials are centred. Either way is causal, so that no network learns of inputs to come:

    - `"channels"`: `e_t = Σ^{−½} x_t` with Σ the mean over steps of `E[x_t x_tᵀ]`. It remembers
      nothing, so the task is what it was: filters are `G_k Σ^½`, all floors and the losses that
      networks can reach are the same. Correlations between steps stay.
    - `"innovations"`: what is new at each step, `e_t = S_t^{−½} (x_t − x̂_t)`, where x̂ is the best
      linear prediction from the steps before, and S the moments of its error. This is the block
      Cholesky factor of all moments, `x = L e`, and the innovations form of the Kalman filter. The
      input is white over steps and channels. The map changes with the step, so the task becomes
      another: with a readout at the last step the floor stays, but the temporal singular values
      become those of `C L^{−T}`; with readouts at every step a filter that is the same at every
      step is one no more, and the floor itself moves.

    docs/whitening.md shows what each does to a task, and why non-causal whitening is not offered.

    Args:
        trials: the trials; they are read into memory.
        how: `"channels"` or `"innovations"`.

    Returns:
        The whitened trials and the map.

    Raises:
        InputError: for another word; if the inputs do not vary in all directions; and for
            innovations of trials of different lengths.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> x = np.random.default_rng(0).normal(size=(100, 3, 2)).cumsum(1)
        >>> whitened = ld.whiten(ld.Trials(x, x.sum(1)), "innovations")
        >>> statistics = ld.TaskStatistics.from_trials(whitened.trials)
        >>> bool(statistics.inputs.whiteness_violation() < 1e-12)
        True
    """
    if how not in _WAYS:
        raise InputError(f"one of {', '.join(_WAYS)}", f"{how!r}")
    x, _, lengths = trials.arrays()
    steps = 1 if how == "channels" else trials.length
    if lengths.min() < steps:
        raise InputError(
            "trials of one length for innovations",
            f"{lengths.min()} to {trials.length} steps",
            "Cut them to one length, whiten those of each length alone, or whiten over channels.",
        )
    windows = x.reshape(len(x), -1, steps * trials.n_in)
    seen = (np.arange(trials.length) < lengths[:, None])[:, ::steps]
    white, factor = _block_cholesky(windows[seen], trials.n_in)
    windows[seen] = white
    centred = trials.means is not None
    mean = np.zeros(x.shape[1:]) if trials.means is None else trials.means[0]
    return Whitened(Trials(x, trials.y, lengths=trials.lengths, center=centred), factor, mean)


def _block_cholesky(
    rows: Float[np.ndarray, "rows numbers"], n_in: int
) -> tuple[Float[np.ndarray, "rows numbers"], Float[np.ndarray, "numbers numbers"]]:
    """White rows e, and L of the moments `L Lᵀ` of all rows, `x = L e`."""
    # Rows from an orthogonal factorization are white to the last digit, however nearly dependent
    # the inputs are; the triangular factor is transposed that of Cholesky, up to signs.
    white, upper = np.linalg.qr(rows)
    _require_full_rank(upper, len(rows))
    white, lower = np.sqrt(len(rows)) * white, upper.T / np.sqrt(len(rows))
    # Turned within each step so that the blocks on the diagonal are symmetric and positive: then
    # neither signs nor the order of the channels have a say.
    blocks = _blocks(lower, n_in)
    left, _, right = np.linalg.svd(np.stack([lower[block, block] for block in blocks]))
    for block, turn in zip(blocks, (left @ right).swapaxes(1, 2), strict=True):
        white[:, block], lower[:, block] = white[:, block] @ turn, lower[:, block] @ turn
    return white, lower


def _blocks(factor: Float[np.ndarray, "numbers numbers"], n_in: int) -> list[slice]:
    """Rows or columns of each step."""
    return [slice(start, start + n_in) for start in range(0, len(factor), n_in)]


def _require_full_rank(upper: Float[np.ndarray, "fewer numbers"], count: int) -> None:
    numbers = upper.shape[1]
    # Each input is measured in its own size, so that units do not decide what counts as silent.
    sizes = np.linalg.norm(upper, axis=0)
    per_size = np.divide(1.0, sizes, where=sizes > 0, out=np.zeros(numbers))
    scale = np.linalg.svd(upper * per_size, compute_uv=False)
    missing = numbers - np.sum(scale > rounding_error(numbers))
    if missing:
        raise InputError(
            f"inputs that vary in all of their {numbers} directions",
            f"{missing} in which they do not",
            "Bring more trials, at least one for each direction."
            if count < numbers
            else "Drop inputs that are silent, constant, or fixed by others or by earlier steps.",
        )
