"""A study: assumptions, spectrum, prediction and training of one network on one set of trials."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._curve import RESULTS, Comparison, LearningCurve, compare, join
from learndyn._errors import InputError
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn._study._plan import Plan, plan_training
from learndyn._study._write import write_study
from learndyn.methods import GradientDescent, WeightFlow
from learndyn.network import init_unaligned
from learndyn.statistics import Trials

# Recorded points between two reports of progress.
_WINDOW = 10


@dataclass(frozen=True)
class Study:
    """What a linear RNN learns from trials: predicted, trained, and the two compared.

    Attributes:
        problem: the network at its start and the statistics of the trials.
        plan: horizon and rate, and the flow they were read off.
        predicted: learning curve by the flow of the weights, at the times of `trained`.
        trained: learning curve of gradient descent.
        comparison: predicted minus trained.
        configuration: all it takes to make the study again from the same trials.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> x = np.random.default_rng(0).normal(size=(200, 2, 1))
        >>> ld.study(x, x.sum(1), scale=0.5).temporal_singular_values.shape
        (1, 2)
    """

    problem: Problem
    plan: Plan
    predicted: LearningCurve
    trained: LearningCurve
    comparison: Comparison
    configuration: dict

    @property
    def temporal_singular_values(self) -> np.ndarray:
        """Diagonal of the correlations per lag weight in the problem's bases, `(modes, T)`.

        In t order, strongest mode first.
        """
        bases = self.trained.bases
        targets = self.problem.statistics.lag_targets
        by_lag = jnp.einsum("om,koi,im->mk", bases.output, targets, bases.input)
        return np.asarray(by_lag[:, ::-1])

    def summary(self) -> dict:
        """The study in numbers, ready for JSON.

        Returns:
            Nested dictionaries; losses are `½ mean ‖y − ŷ‖²`, times are of `dW/dt = −∇L`.
        """
        statistics = self.problem.statistics
        first, last = float(self.trained.loss[0]), float(self.trained.loss[-1])
        assert self.trained.steps is not None
        return {
            "configuration": self.configuration,
            "task": {
                "steps": statistics.length,
                "inputs": statistics.n_in,
                "outputs": statistics.n_out,
                "temporal_singular_values": self.temporal_singular_values.tolist(),
            },
            "assumptions": {k: float(v) for k, v in self.trained.violations.items()},
            "plan": {
                "curvature": self.plan.curvature,
                "learning_rate": self.plan.learning_rate,
                "horizon": self.plan.horizon,
                "shortened": self.plan.shortened,
                "flow_ends": str(RESULTS[self.plan.ends.result]),
            },
            "loss": {
                "floor": float(statistics.floor),
                "first": first,
                "trained": last,
                "predicted": float(self.predicted.loss[-1]),
                "largest_relative_gap": float(self.comparison.largest_gap),
            },
            "training": {
                "steps": int(self.trained.steps[-1]),
                "result": str(RESULTS[self.trained.result]),
                "method": self.trained.method,
            },
            "prediction": {"method": self.predicted.method},
            "recurrent_singular_values": {
                "trained": np.asarray(self.trained.singular_values.w_h[-1]).tolist(),
                "predicted": np.asarray(self.predicted.singular_values.w_h[-1]).tolist(),
            },
        }

    def save(self, folder: str | os.PathLike) -> None:
        """Write curves (netCDF), figure (SVG) and `summary.json`, the summary last.

        Args:
            folder: where; made if missing.
        """
        spectrum = self.temporal_singular_values
        write_study(folder, self.predicted, self.trained, spectrum, self.summary())


def study(
    x,
    y,
    *,
    lengths=None,
    center: bool = False,
    hidden: int | None = None,
    scale: float = 0.1,
    seed: int = 0,
    learning_rate: float | None = None,
    max_steps: int = 2_000_000,
) -> Study:
    """What a linear RNN will learn from trials, beside one that is trained on them.

    Numbers are computed in the precision that jax is set to; `learndyn study` on the command line
    uses double precision.

    Args:
        x: inputs, `(trajectories, time, in)`.
        y: targets, `(trajectories, out)` or `(trajectories, time, out)`.
        lengths: number of steps of each trajectory.
        center: subtract the mean over trajectories per time and channel.
        hidden: hidden units; None: as many as inputs or outputs, whichever are more.
        scale: size of the random start, see `init_unaligned`.
        seed: seed of the random start.
        learning_rate: rate of gradient descent; None: from the curvature along the flow.
        max_steps: gradient steps that training may take.

    Returns:
        The study.

    Raises:
        InputError: for trials that `Trials` refuses, or options out of range.
        SolveError: if training diverges.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> x = np.random.default_rng(0).normal(size=(200, 3, 2))
        >>> done = ld.study(x, x.sum(1), scale=0.5)
        >>> bool(done.comparison.largest_gap < 0.05)
        True
    """
    trials = Trials(x, y, lengths=lengths, center=center)
    return study_trials(
        trials,
        hidden=hidden,
        scale=scale,
        seed=seed,
        learning_rate=learning_rate,
        max_steps=max_steps,
    )


def study_trials(
    trials: Trials,
    *,
    hidden: int | None = None,
    scale: float = 0.1,
    seed: int = 0,
    learning_rate: float | None = None,
    max_steps: int = 2_000_000,
    source: str = "arrays",
    progress: Callable[[int, int, float], None] | None = None,
) -> Study:
    """As `study`, of trials that are checked already.

    Args:
        trials: the trials.
        hidden: hidden units.
        scale: size of the random start.
        seed: seed of the random start.
        learning_rate: rate of gradient descent.
        max_steps: gradient steps that training may take.
        source: where the trials come from, for the record.
        progress: called with steps done, steps in all, and the loss.

    Returns:
        The study.

    Raises:
        InputError: for options out of range.
    """
    if not scale > 0:
        raise InputError("a positive scale", f"{scale}")
    if max_steps < 1:
        raise InputError("max_steps of at least 1", f"{max_steps}")
    hidden = max(trials.n_in, trials.n_out) if hidden is None else hidden
    net = init_unaligned(trials.n_in, hidden, trials.n_out, scale, key=jax.random.key(seed))
    problem = Problem(net, trials).without_trials()
    plan = plan_training(problem, learning_rate=learning_rate, max_steps=max_steps)
    trained = _trained(problem, plan, progress)
    assert trained.times is not None
    predicted = solve(problem, WeightFlow(), trained.times)
    configuration = {
        "source": source,
        "trials": trials.count,
        "hidden": hidden,
        "scale": scale,
        "seed": seed,
        "learning_rate": learning_rate,
        "max_steps": max_steps,
    }
    comparison = compare(predicted, trained)
    return Study(problem, plan, predicted, trained, comparison, configuration)


def _trained(problem: Problem, plan: Plan, progress) -> LearningCurve:
    """Gradient descent in windows, so that progress can be told; equal to one run, bitwise."""
    method = GradientDescent(plan.learning_rate)
    curve = None
    for start in range(0, len(plan.times), _WINDOW):
        window = solve(problem, method, plan.times[start : start + _WINDOW], resume=curve)
        curve = window if curve is None else join(curve, window)
        if progress is not None:
            assert curve.steps is not None
            total = round(float(plan.times[-1]) / plan.learning_rate)
            progress(int(curve.steps[-1]), total, float(curve.loss[-1]))
    assert curve is not None
    return curve
