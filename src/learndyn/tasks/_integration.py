"""Sensory integration: noisy evidence of two modalities, summed over time (3.6, L, P.4.3).

With a readout at every step, the target at step t is what the task of length t would report of
the inputs so far: running means, sums, and sums weighted by t or 1 / t. Only the running sum is a
filter that is the same at every step; the others have a floor above zero.

The stimuli are those of NeuroGym's multisensory integration task at its default settings, without
the fixation channel and during the stimulus period only. Of a trial, all but the noise is constant
in time. In an orthonormal basis that is the same for all trials it has the coordinates

    1,   g c / 200,   g c (2p − 1) / 200,   0

with the side g = ±1, the coherence c and the share p of the first modality, all independent. They
are uncorrelated, so every second moment of the task is known, and diagonal in that basis.
"""

from dataclasses import replace
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._types import Array, Float, ImpulseResponse, PRNGKeyArray
from learndyn.statistics import CorrelatedInputs, TaskStatistics, Trials
from learndyn.tasks._structured import Outputs, reads_every_step

Target = Literal["mean", "sum", "late", "early"]

_BASELINE = 0.5
_COHERENCES = np.array([5.0, 15.0, 50.0])
# A coherence of 200 would move the mean input by 1.
_COHERENCE_UNIT = 200.0
# Standard deviation of the noise, per channel and step: 1 / √(step of 100 ms).
_NOISE = 0.1
# One direction a column: baseline, evidence, its difference between modalities, noise alone.
# Channels: first modality for the one side and for the other, second modality likewise.
_DIRECTIONS = 0.5 * np.array([[1, 1, 1, 1], [1, -1, -1, 1], [1, 1, -1, -1], [1, -1, 1, -1]])
_CHANNELS = len(_DIRECTIONS)

_STEP_WEIGHTS = {
    "mean": lambda t: np.ones_like(t) / len(t),
    "sum": np.ones_like,
    "late": lambda t: 0.1 * t,
    "early": lambda t: 1 / t,
}


def step_weights(target: str, length: int) -> Float[np.ndarray, " T"]:
    """How much each step of the input, `t = 1 … T`, counts in the target.

    Args:
        target: `"mean"`, `"sum"`, `"late"` (0.1 t) or `"early"` (1 / t).
        length: number of steps T.

    Returns:
        Weights in t order.

    Raises:
        InputError: for an unknown target, or a length below 1.
    """
    if target not in _STEP_WEIGHTS:
        raise InputError(f"one of {', '.join(_STEP_WEIGHTS)}", f"{target!r}")
    if length < 1:
        raise InputError("a length of at least 1", f"{length}")
    return _STEP_WEIGHTS[target](np.arange(1.0, length + 1))


def readout_weights(
    target: str, length: int, outputs: str
) -> Float[np.ndarray, " T"] | Float[np.ndarray, "T T"]:
    """How much each step of the input counts in each target: `y = weights @ x` for one trial.

    Args:
        target: as in `step_weights`.
        length: number of steps T.
        outputs: `"final"`: one target, the weights of `step_weights`; `"every"`: a row for each
            step t, the weights of the task of length t.

    Returns:
        Weights of inputs in t order, `(T,)` or `(T, T)`.

    Raises:
        InputError: for an unknown word, or a length below 1.
    """
    last = step_weights(target, length)
    if not reads_every_step(outputs):
        return last
    return np.stack(
        [np.pad(step_weights(target, t), (0, length - t)) for t in range(1, length + 1)]
    )


class IntegrationTask(eqx.Module):
    """Four channels of noisy evidence, integrated channel by channel.

    The input is not white: its baseline and its evidence last through a trial. It is not centred
    either.

    Attributes:
        target: `"mean"`, `"sum"`, `"late"` or `"early"`.
        length: number of steps T.
        outputs: `"final"` or `"every"`.

    Example:
        >>> import learndyn as ld
        >>> task = ld.integration_task("late", length=3)
        >>> task.impulse_response[:, 0, 0].round(3).tolist()  # lag 0, the last input, first
        [0.3, 0.2, 0.1]
    """

    target: Target = eqx.field(static=True)
    length: int = eqx.field(static=True)
    outputs: Outputs = eqx.field(static=True, default="final")

    @property
    def vectors(self) -> tuple[Float[Array, "out modes"], Float[Array, "in modes"]]:
        """Vectors that diagonalize all correlations `C_k`, the strongest first."""
        directions = jnp.asarray(_DIRECTIONS)
        return directions, directions

    @property
    def impulse_response(self) -> ImpulseResponse:
        """Best impulse response, channel by channel, by lag: of one target its step weights."""
        if self.outputs == "every":
            return self.statistics().target
        by_lag = step_weights(self.target, self.length)[::-1]
        return jnp.asarray(by_lag[:, None, None] * np.eye(_CHANNELS))

    def statistics(self) -> TaskStatistics:
        """Exact statistics; the floor is zero for one target, and for running sums.

        Returns:
            The statistics.
        """
        if self.outputs == "every":
            exact = TaskStatistics.from_trials(self._pseudo_trials())
            return replace(exact, vectors=self.vectors)
        weights, no_weak_direction = jnp.ones(self.length), np.zeros((_CHANNELS, 0))
        return TaskStatistics(
            target=self.impulse_response,
            inputs=CorrelatedInputs(weights, _factor(self.length), no_weak_direction),
            floor=jnp.zeros(()),
            vectors=self.vectors,
        )

    def _pseudo_trials(self) -> Trials:
        """As many trials as the input has independent variables, with exactly its moments."""
        rows = _factor(self.length)
        by_lag = np.sqrt(len(rows)) * rows.reshape(len(rows), self.length, _CHANNELS)
        x = by_lag[:, ::-1]
        return Trials(x, readout_weights(self.target, self.length, self.outputs) @ x)

    def sample(
        self, n: int, *, key: PRNGKeyArray
    ) -> tuple[Float[Array, "trajectories T in"], Float[Array, "trajectories *rest"]]:
        """Independent trials, whose moments are the statistics on average.

        Args:
            n: number of trajectories.
            key: random key.

        Returns:
            Inputs and targets.

        Raises:
            InputError: if there are no trajectories.
        """
        if n < 1:
            raise InputError("at least 1 trajectory", f"{n}")
        keys = jax.random.split(key, 4)
        side = jax.random.rademacher(keys[0], (n, 1, 1), float)
        coherence = jax.random.choice(keys[1], jnp.asarray(_COHERENCES), (n,))
        share = jax.random.uniform(keys[2], (n,))
        of_modality = coherence[:, None] * jnp.stack([share, 1 - share], 1) / _COHERENCE_UNIT
        evidence = side * of_modality[:, :, None] * jnp.array([1.0, -1.0])
        noise = _NOISE * jax.random.normal(keys[3], (n, self.length, _CHANNELS))
        x = _BASELINE + evidence.reshape(n, 1, _CHANNELS) + noise
        return x, jnp.asarray(readout_weights(self.target, self.length, self.outputs)) @ x


def integration_task(
    target: Target, *, length: int = 6, outputs: Outputs = "final"
) -> IntegrationTask:
    """A sensory integration task: report a weighted sum of each input channel (P.4.3).

    | target | y, channel by channel |
    |---|---|
    | `mean` | mean of x_t over t |
    | `sum` | Σ_t x_t |
    | `late` | 0.1 Σ_t t x_t |
    | `early` | Σ_t x_t / t |

    With `outputs="every"` the target at each step is the same of the inputs so far: what the task
    of that length would report.

    A step lasts 100 ms. With side g = ±1 and modality m = 1, 2 the channels are
    `0.5 ± g c_m / 200` with Gaussian noise of standard deviation 0.1, independent between steps
    and channels; `c_1 = c p` and `c_2 = c (1 − p)` share a coherence c of 5, 15 or 50 by a uniform
    p. So there are four inputs and four outputs.

    Args:
        target: one of the names above.
        length: number of steps T, `t = 1 … T`.
        outputs: readout at the last step (`"final"`) or at every step (`"every"`).

    Returns:
        The task, with `.statistics()` and `.sample(n, key=...)`.

    Raises:
        InputError: for an unknown word, or a length below 1.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.integration_task("mean", length=5)
        >>> x, y = task.sample(30, key=jax.random.key(0))
        >>> x.shape, y.shape
        ((30, 5, 4), (30, 4))
        >>> float(task.statistics().floor)
        0.0
        >>> running = ld.integration_task("mean", length=5, outputs="every")
        >>> running.sample(30, key=jax.random.key(0))[1].shape
        (30, 5, 4)
    """
    readout_weights(target, length, outputs)
    return IntegrationTask(target, length, outputs)


def _factor(length: int) -> Float[np.ndarray, "rows columns"]:
    """F with `Fᵀ F = A`: one row for each lasting coordinate, one for each noise variable."""
    evidence = np.sqrt(np.mean(_COHERENCES**2)) / _COHERENCE_UNIT
    # Root mean squares; E[(2p − 1)²] = 1/3. The baseline is 0.5 in each of four channels.
    lasting = np.array([_BASELINE * np.sqrt(_CHANNELS), evidence, evidence / np.sqrt(3)])
    rows = lasting[:, None] * _DIRECTIONS[:, : len(lasting)].T
    return np.concatenate([np.tile(rows, length), _NOISE * np.eye(length * _CHANNELS)])
