"""The sufficient statistic of a task for a linear recurrent network."""

from collections.abc import Iterable
from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._types import (
    Array,
    Float,
    ImpulseResponse,
    Inexact,
    LagWeights,
    Scalar,
    ScalarLike,
)
from learndyn.statistics._best_filter import best_filter
from learndyn.statistics._chunks import ChunkedTrials, target_shape
from learndyn.statistics._eigenbasis import eigenbasis
from learndyn.statistics._inputs import CorrelatedInputs, InputMoments, WhiteInputs
from learndyn.statistics._later_inputs import ReadoutFloors, readout_floors
from learndyn.statistics._moments import MomentAccumulator
from learndyn.statistics._trials import Trials


class TaskStatistics(eqx.Module):
    """All that the squared loss knows of a task, in lag order.

    A linear network enters the loss only through its impulse response `G_k = W_y W_h^k W_x`, so
    for any data

        L(G) = ½ mean over trajectories of Σ ‖y − ŷ‖²
             = floor + ½⟨G − G*, A (G − G*)⟩

    summed over outputs and readout times. The floor and the excess over it are kept apart, and
    neither is ever a difference of large numbers: near convergence the excess stays right.

    Attributes:
        target: G*, the best impulse response, `(lag, out, in)`, lag 0 first; zero along
            directions in which the inputs hardly vary (see `CorrelatedInputs`).
        inputs: second moments A of the inputs, by lag, with the lag weights `w_k`.
        floor: loss of the best impulse response, at least zero.
        vectors: left and right vectors, `(out, modes)` and `(in, modes)`, in which the target is
            diagonal at every lag, where the task has them by construction, else None: real
            singular vectors, or unit eigenvectors, conjugates in pairs, twice the same.
        readout_floors: floors of filters that vary with time, or see later inputs too; None for a
            readout at the last step only, and for exact statistics without trials.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 1, 1,
        ...                           key=jax.random.key(0))
        >>> float(task.statistics().loss(0 * task.statistics().target))
        2.0
    """

    target: ImpulseResponse = eqx.field(converter=jnp.asarray)
    inputs: InputMoments
    floor: Scalar = eqx.field(converter=jnp.asarray)
    vectors: tuple[Inexact[Array, "out modes"], Inexact[Array, "in modes"]] | None = None
    readout_floors: ReadoutFloors | None = None

    @classmethod
    def from_data(cls, x, y, *, lengths=None, center: bool = False) -> "TaskStatistics":
        """Moments of trials, in one streaming pass (two with `center`).

        Args:
            x: inputs, `(trajectories, time, in)`, possibly memory-mapped.
            y: targets, `(trajectories, out)` or `(trajectories, time, out)`.
            lengths: number of steps of each trajectory.
            center: subtract the mean over trajectories per time and channel.

        Returns:
            The statistics, exact for these trials.

        Raises:
            InputError: for arrays that `Trials` refuses.

        Example:
            >>> import numpy as np, learndyn as ld
            >>> x = np.random.default_rng(0).normal(size=(100, 3, 2))
            >>> statistics = ld.TaskStatistics.from_data(x, x.sum(1))
            >>> bool(statistics.floor < 1e-12)
            True
        """
        return cls.from_trials(Trials(x, y, lengths=lengths, center=center))

    @classmethod
    def from_trials(cls, trials: ChunkedTrials) -> "TaskStatistics":
        """Moments of trials that are checked already, in one pass over their chunks.

        Args:
            trials: the trials, in memory or outside it.

        Returns:
            The statistics, exact for these trials.
        """
        moments = MomentAccumulator(trials.length, trials.n_in, target_shape(trials))
        for x, y, lengths in trials.chunks():
            moments.add(x, y, lengths)
        return cls._from_moments(moments, center=False)

    @classmethod
    def from_chunks(cls, iterable_of_pairs: Iterable, *, center: bool = False) -> "TaskStatistics":
        """Moments of trials that arrive in pairs `(x, y)`, read once and let go.

        Args:
            iterable_of_pairs: pairs of arrays, each as in `from_data` and of the same lengths.
            center: subtract the mean over all trajectories per time and channel.

        Returns:
            The statistics, exact for all the trials together.

        Raises:
            InputError: if there is no chunk, if one is unusable, or if their shapes differ.

        Example:
            >>> import numpy as np, learndyn as ld
            >>> pairs = ((np.full((5, 3, 2), i), np.full((5, 1), i)) for i in range(4))
            >>> ld.TaskStatistics.from_chunks(pairs).target.shape
            (3, 1, 2)
        """
        moments = None
        for number, (x, y) in enumerate(iterable_of_pairs):
            trials = Trials(x, y)
            if moments is None:
                moments = MomentAccumulator(trials.length, trials.n_in, trials.y.shape[1:])
            elif (trials.length, trials.n_in, trials.y.shape[1:]) != (
                moments.length,
                moments.n_in,
                moments.target_shape,
            ):
                raise InputError(
                    "chunks of one shape",
                    f"x of shape {trials.x.shape} and y of shape {trials.y.shape} in chunk "
                    f"{number}, after {moments.length} steps of {moments.n_in} channels and "
                    f"targets {moments.target_shape}",
                )
            for part in trials.chunks():
                moments.add(*part)
        if moments is None:
            raise InputError("at least one chunk of trials", "none")
        return cls._from_moments(moments, center=center)

    @classmethod
    def _from_moments(cls, moments: MomentAccumulator, *, center: bool) -> "TaskStatistics":
        best = best_filter(moments.readout_factor(center=center), moments.input_sizes())
        target = best.target.reshape(moments.length, moments.n_in, -1).transpose(0, 2, 1)
        inputs = CorrelatedInputs(moments.lag_weights(), best.factor, best.remainder)
        floors = None
        if moments.every_step:
            floors = readout_floors(*moments.in_order_of_time(center=center), best.floor)
        return cls(target=target, inputs=inputs, floor=best.floor, readout_floors=floors)

    @classmethod
    def white(
        cls,
        target: ImpulseResponse,
        *,
        weights: LagWeights | None = None,
        floor: ScalarLike = 0.0,
        vectors: tuple[Inexact[Array, "out modes"], Inexact[Array, "in modes"]] | None = None,
    ) -> "TaskStatistics":
        """Statistics of a task with exactly white input, such as a teacher's.

        Args:
            target: the best impulse response `M_k = C_k / w_k`, `(lag, out, in)`.
            weights: lag weights; None: ones, a readout at the last step.
            floor: loss that no network can avoid.
            vectors: vectors that diagonalize the target at every lag, if it has them.

        Returns:
            The statistics.

        Raises:
            InputError: for a target or weights of another shape.

        Example:
            >>> import jax.numpy as jnp, learndyn as ld
            >>> float(ld.TaskStatistics.white(jnp.ones((5, 2, 2))).floor)
            0.0
        """
        target = jnp.asarray(target)
        if target.ndim != 3:
            raise InputError("a target of shape (lag, out, in)", f"{target.shape}")
        weights = jnp.ones(target.shape[0], target.dtype) if weights is None else weights
        if jnp.shape(weights) != target.shape[:1]:
            raise InputError(f"{target.shape[0]} weights, one a lag", f"shape {jnp.shape(weights)}")
        # Lags that no readout sees have no target, whatever was given.
        seen = (jnp.asarray(weights) > 0)[:, None, None]
        return cls(
            target=jnp.where(seen, target, 0),
            inputs=WhiteInputs(jnp.asarray(weights, target.dtype)),
            floor=jnp.asarray(floor, target.dtype),
            vectors=vectors,
        )

    def in_eigenvectors(self) -> "TaskStatistics":
        """The same statistics, with the eigenvectors that best diagonalize their correlations.

        The theory of a problem with these statistics is that of appendix N: complex modes, which
        turn as well as grow. `vectors` are (P, P) with P from `eigenbasis`, whatever they were.

        Returns:
            The statistics.

        Raises:
            InputError: if inputs and outputs differ in number.

        Example:
            >>> import jax.numpy as jnp, learndyn as ld
            >>> turn = jnp.array([[0.0, -1.0], [1.0, 0.0]])
            >>> statistics = ld.TaskStatistics.white(jnp.stack([jnp.eye(2), turn]))
            >>> bool(jnp.iscomplexobj(statistics.in_eigenvectors().vectors[0]))
            True
        """
        if self.n_in != self.n_out:
            raise InputError(
                "as many outputs as inputs, for correlations to have eigenvectors",
                f"{self.n_in} inputs and {self.n_out} outputs",
                "Stay with singular vectors, or add silent channels to the smaller side.",
            )
        basis = eigenbasis(np.asarray(self.cross_moments))
        vectors = jnp.asarray(basis, jnp.result_type(self.target.dtype, 1j))
        return replace(self, vectors=(vectors, vectors))

    @property
    def length(self) -> int:
        """Number of lags, the length T of a trajectory."""
        return self.target.shape[0]

    @property
    def n_in(self) -> int:
        """Number of input channels."""
        return self.target.shape[2]

    @property
    def n_out(self) -> int:
        """Number of output channels."""
        return self.target.shape[1]

    @property
    def weights(self) -> LagWeights:
        """Lag weights `w_k`: how many readouts see lag k, on average."""
        return self.inputs.weights

    @property
    def cross_moments(self) -> ImpulseResponse:
        """Correlations `C_k = Σ E[y_t x_{t−k}ᵀ]` over readout times, `(lag, out, in)`."""
        return -stack_to_lags(self.inputs.slope(-lags_to_stack(self.target)), self.length)

    @property
    def lag_targets(self) -> ImpulseResponse:
        """Targets of the white theory, `M_k = C_k / w_k`, zero where no readout sees lag k."""
        weights = self.weights[:, None, None]
        return jnp.where(weights > 0, self.cross_moments / jnp.where(weights > 0, weights, 1), 0)

    def excess(self, response: ImpulseResponse) -> Scalar:
        """Loss above the floor, `½⟨G − G*, A (G − G*)⟩ ≥ 0`.

        Args:
            response: impulse response of a network, `(lag, out, in)`.

        Returns:
            Loss above the floor.
        """
        return self.inputs.excess(lags_to_stack(response - self.target))

    def loss(self, response: ImpulseResponse) -> Scalar:
        """Loss `½ mean ‖y − ŷ‖²`, summed over outputs and readout times.

        Args:
            response: impulse response of a network, `(lag, out, in)`.

        Returns:
            Loss.
        """
        return self.floor + self.excess(response)


def lags_to_stack(response: ImpulseResponse) -> Float[Array, "out columns"]:
    """All lags side by side, `(out, lag · in)`."""
    return jnp.moveaxis(jnp.asarray(response), 0, 1).reshape(response.shape[1], -1)


def stack_to_lags(stack: Float[Array, "out columns"], length: int) -> ImpulseResponse:
    """Inverse of `lags_to_stack`."""
    return jnp.moveaxis(stack.reshape(stack.shape[0], length, -1), 1, 0)
