"""The learning curve: the one answer of every method, on one time axis."""

import os
from typing import TYPE_CHECKING, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._path import RESULTS, Path, State
from learndyn._types import Array, Bool, Float, Int, Scalar, Tracer
from learndyn.network import Bases, LinearRNN, Modes, network_modes
from learndyn.statistics import TaskStatistics

if TYPE_CHECKING:
    import xarray


class SingularValues(NamedTuple):
    """Singular values of each weight matrix, `(times, rank)`, largest first."""

    w_x: Float[Array, "*times rank_x"]
    w_h: Float[Array, "*times rank_h"]
    w_y: Float[Array, "*times rank_y"]


class LearningCurve(eqx.Module):
    """How a network learns, whatever the method that says so.

    Every array has the shape of the request; points that were not reached have `valid=False`,
    infinite excess and the last finite weights.

    Attributes:
        times: learning times, `(times,)`, in units of the flow `dW/dt = −∇L`; None where the
            optimizer has no flow time.
        steps: gradient steps, `(times,)`; None for flows.
        excess: loss above the floor, `(times,)`, at least zero; that of the method, which for
            `Linearized` is not that of a network with these weights.
        floor: loss of the best impulse response.
        valid: whether each point was reached.
        result: how the curve ended, a sentence of `RESULTS`.
        violations: how far the problem is from each assumption of the aligned theory.
        weights: the networks along the curve, with a leading time axis.
        modes: connectivity modes (a, b, c) in the problem's bases, each `(times, modes)`.
        singular_values: singular values of each weight matrix, `(times, rank)`.
        bases: the bases of the modes.
        state: what `solve(..., resume=curve)` continues from.
        method: name and configuration of the method.
        settings: the method's numbers, by name.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 1, 1,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.ModeFlow(), jnp.array([0.0, 100.0]))
        >>> curve.weights.w_h.shape, round(float(curve.modes.b[-1, 0]), 3)
        ((2, 1, 1), 1.0)
        >>> ld.RESULTS[curve.result]
        'The curve reached the last requested time.'
    """

    times: Float[Array, " times"] | None
    steps: Int[Array, " times"] | None
    excess: Float[Array, " times"]
    floor: Scalar
    valid: Bool[Array, " times"]
    result: RESULTS
    violations: dict[str, Scalar]
    weights: LinearRNN
    modes: Modes
    singular_values: SingularValues
    bases: Bases
    state: State
    method: str = eqx.field(static=True)
    settings: dict[str, Array]

    @property
    def loss(self) -> Float[Array, " times"]:
        """Loss, floor plus excess, `(times,)`."""
        return self.floor + self.excess

    @property
    def final(self) -> LinearRNN:
        """The last network that was reached."""
        last = jnp.maximum(jnp.sum(self.valid) - 1, 0)
        return jax.tree.map(lambda w: w[last], self.weights)

    def trimmed(self) -> "LearningCurve":
        """The part of the curve that was reached.

        Returns:
            A curve whose points are all valid.
        """
        count = int(np.asarray(self.valid).sum())
        cut = jax.tree.map(lambda x: x[:count], _along_time(self))
        return eqx.tree_at(_along_time, self, cut, is_leaf=lambda x: x is None)

    def to_xarray(self) -> "xarray.Dataset":
        """The curve as a labelled data set.

        Returns:
            Variables over `time` with their units, the network's matrices, modes and bases, and
            how the curve was made as attributes.
        """
        from learndyn._curve_file import to_dataset

        return to_dataset(self)

    def save(self, path: str | os.PathLike) -> None:
        """Write the curve to a netCDF file, whole or not at all.

        Args:
            path: file name.
        """
        from learndyn._curve_file import save_curve

        save_curve(self, path)


def make_curve(
    path: Path,
    statistics: TaskStatistics,
    bases: Bases,
    violations: dict[str, Scalar],
    method: str,
    settings: dict[str, Array],
) -> LearningCurve:
    """Everything that follows from the weights along learning.

    Args:
        path: the weights.
        statistics: statistics of the task.
        bases: bases of the problem.
        violations: of each assumption.
        method: name and configuration of the method.
        settings: its numbers.

    Returns:
        The curve.
    """

    def excess(net: LinearRNN) -> Scalar:
        return statistics.excess(net.impulse_response(statistics.length))

    values = jax.vmap(excess)(path.weights) if path.excess is None else path.excess
    return LearningCurve(
        times=path.times,
        steps=path.steps,
        excess=jnp.where(path.valid, values, jnp.inf),
        floor=statistics.floor,
        valid=path.valid,
        result=path.result,
        violations=violations,
        weights=path.weights,
        modes=network_modes(path.weights, bases),
        singular_values=SingularValues(
            *(
                jnp.linalg.svd(w, compute_uv=False)
                for w in (path.weights.w_x, path.weights.w_h, path.weights.w_y)
            )
        ),
        bases=bases,
        state=path.state,
        method=method,
        settings=settings,
    )


def join(*parts: LearningCurve) -> LearningCurve:
    """A curve and its continuations as one.

    Args:
        *parts: a curve, then the same solved on, each with `resume` of the one before it.

    Returns:
        One curve with the points of all, ending as the last does.
    """
    # By NumPy: with JAX every length of a curve would be compiled anew.
    joined = jax.tree.map(lambda *x: jnp.asarray(np.concatenate(x)), *map(_along_time, parts))
    return eqx.tree_at(_along_time, parts[-1], joined, is_leaf=lambda x: x is None)


def _along_time(curve: LearningCurve):
    """All parts of a curve whose leading axis is time."""
    return (
        curve.times,
        curve.steps,
        curve.excess,
        curve.valid,
        curve.weights,
        curve.modes,
        curve.singular_values,
    )


class Comparison(eqx.Module):
    """One curve minus another, at the same points.

    Attributes:
        times: learning times, `(times,)`, or None.
        loss_gap: loss of the first minus loss of the second.
        relative_gap: `|loss_gap|` over the second's loss, or over a thousandth of its first loss
            where that is larger; infinite where either curve was not reached.
        modes_gap: differences of the connectivity modes; None where the curves have other modes.
        weights_gap: distance of the weights, `(times,)`.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 1, 1,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.ModeFlow(), jnp.array([0.0, 1.0]))
        >>> ld.compare(curve, curve).loss_gap.tolist()
        [0.0, 0.0]
    """

    times: Float[Array, " times"] | None
    loss_gap: Float[Array, " times"]
    relative_gap: Float[Array, " times"]
    modes_gap: Modes | None
    weights_gap: Float[Array, " times"]

    @property
    def largest_gap(self) -> Scalar:
        """Largest relative gap of the loss."""
        return self.relative_gap.max()


def compare(curve: LearningCurve, other: LearningCurve) -> Comparison:
    """Subtract one learning curve from another.

    Args:
        curve: the first, a prediction for example.
        other: the second, to which relative gaps refer, a trained network for example.

    Returns:
        The differences.

    Raises:
        InputError: if the curves were not taken at the same times.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> problem, times = ld.Problem(net, task), jnp.linspace(0.0, 2.0, 5)
        >>> trained = ld.solve(problem, ld.GradientDescent(0.001), times)
        >>> predicted = ld.solve(problem, ld.WeightFlow(), trained.times)
        >>> bool(ld.compare(predicted, trained).largest_gap < 0.01)
        True
    """
    axes = [c.steps if c.times is None else c.times for c in (curve, other)]
    if axes[0] is None or axes[1] is None or axes[0].shape != axes[1].shape:
        raise InputError("two curves at the same times", "curves of different shapes", _SAME)
    if not isinstance(axes[0], Tracer) and not isinstance(axes[1], Tracer):
        tolerance = 1e-5 if axes[0].dtype == np.float32 else 1e-9
        if not np.allclose(axes[0], axes[1], rtol=tolerance, atol=tolerance):
            raise InputError("two curves at the same times", "different times", _SAME)
    gap = jnp.where(curve.valid & other.valid, curve.loss - other.loss, jnp.inf)
    scale = jnp.maximum(other.loss, 1e-3 * other.loss[0])
    both = zip(jax.tree.leaves(curve.weights), jax.tree.leaves(other.weights), strict=True)
    squares = sum(jnp.sum((w - v) ** 2, axis=(1, 2)) for w, v in both)
    same_modes = curve.modes.a.shape == other.modes.a.shape
    return Comparison(
        times=other.times,
        loss_gap=gap,
        relative_gap=jnp.where(jnp.isfinite(gap), abs(gap) / scale, jnp.inf),
        modes_gap=jax.tree.map(jnp.subtract, curve.modes, other.modes) if same_modes else None,
        weights_gap=jnp.sqrt(squares),
    )


_SAME = "Solve one method at the times of the other: solve(problem, method, curve.times)."
