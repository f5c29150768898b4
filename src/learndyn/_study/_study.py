"""A study: assumptions, spectrum, prediction and training of one network on one set of trials."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from learndyn._curve import RESULTS, Comparison, LearningCurve, compare, join
from learndyn._errors import InputError
from learndyn._forms import FormShares, form_shares
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn._study._features import feature_report
from learndyn._study._plan import Plan, plan_training
from learndyn._study._theory import mode_theory
from learndyn._study._write import write_study
from learndyn.methods import GradientDescent, Linearized, WeightFlow
from learndyn.network import init_unaligned, response_modes
from learndyn.statistics import Trials

# Recorded points between two reports of progress.
_WINDOW = 10


@dataclass(frozen=True)
class Study:
    """What a linear RNN learns from trials: predicted, trained, and the two compared.

    Attributes:
        problem: the network at its start and the statistics of the trials.
        forms: share of the task that each form of the theory captures.
        plan: horizon and rate, and the flow they were read off.
        predicted: learning curve by the flow of the weights, at the times of `trained`.
        trained: learning curve of gradient descent.
        lazy: learning curve of the network linearized at its start, at the same times.
        comparison: predicted minus trained.
        configuration: all it takes to make the study again from the same trials.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> x = np.random.default_rng(0).normal(size=(200, 2, 1))
        >>> ld.study(x, x.sum(1), scale=0.5).spectrum.shape
        (1, 2)
    """

    problem: Problem
    forms: FormShares
    plan: Plan
    predicted: LearningCurve
    trained: LearningCurve
    lazy: LearningCurve
    comparison: Comparison
    configuration: dict

    @property
    def spectrum(self) -> np.ndarray:
        """Diagonal of the correlations per lag weight in the problem's bases, `(modes, T)`.

        In t order, strongest mode first; complex in eigenvectors.
        """
        bases, targets = self.trained.bases, self.problem.statistics.lag_targets
        by_lag = response_modes(targets, bases.output, bases.input)
        return np.asarray(by_lag[::-1].T)

    def summary(self) -> dict:
        """The study in numbers, ready for JSON.

        Returns:
            Nested dictionaries; losses are `½ mean ‖y − ŷ‖²`, times are of `dW/dt = −∇L`.
        """
        statistics, floors = self.problem.statistics, self.problem.statistics.readout_floors
        first, last = float(self.trained.loss[0]), float(self.trained.loss[-1])
        assert self.trained.steps is not None
        return {
            "configuration": self.configuration,
            "task": {
                "steps": statistics.length,
                "inputs": statistics.n_in,
                "outputs": statistics.n_out,
                **_named(self.spectrum),
            },
            "form": {**self.forms._asdict(), "better": self.forms.better},
            "readout_floors": floors and {k: float(v) for k, v in vars(floors).items()},
            "modes": mode_theory(self.problem, self.predicted, self.trained),
            "assumptions": {k: float(v) for k, v in self.trained.violations.items()},
            "plan": {
                "curvature": self.plan.curvature,
                "learning_rate": self.plan.learning_rate,
                "horizon": self.plan.horizon,
                "shortened": self.plan.shortened,
                "flow_ends": str(RESULTS[self.plan.flow.result]),
            },
            "loss": {
                "floor": float(statistics.floor),
                "first": first,
                "trained": last,
                "predicted": float(self.predicted.loss[-1]),
                "largest_relative_gap": float(self.comparison.largest_gap),
            },
            "feature_learning": feature_report(self.problem, self.trained, self.lazy),
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
        curves = self.predicted, self.trained, self.lazy
        write_study(folder, *curves, self.spectrum, self.summary())


def study(
    x,
    y,
    *,
    lengths=None,
    center: bool = False,
    outputs: str | None = None,
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
        outputs: `"final"` takes the last target of each trajectory, `"every"` insists on one at
            every step; None: as the trials come.
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
    trials = Trials(x, y, lengths=lengths, center=center).with_outputs(outputs)
    configuration = configure(
        trials,
        source="arrays",
        hidden=hidden,
        scale=scale,
        seed=seed,
        learning_rate=learning_rate,
        max_steps=max_steps,
    )
    return study_trials(trials, configuration)


def configure(
    trials: Trials,
    *,
    source: str,
    hidden: int | None,
    scale: float,
    seed: int,
    learning_rate: float | None,
    max_steps: int,
) -> dict:
    """Check the options of a study, and fill in what follows from the trials.

    Args:
        trials: the trials.
        source: where they come from, for the record.
        hidden: hidden units; None: as many as inputs or outputs, whichever are more.
        scale: size of the random start.
        seed: seed of the random start.
        learning_rate: rate of gradient descent, or None.
        max_steps: gradient steps that training may take.

    Returns:
        The configuration, ready for JSON.

    Raises:
        InputError: for options out of range.
    """
    if not 0 < scale < np.inf:
        raise InputError("a positive, finite scale", f"{scale}")
    if max_steps < 1:
        raise InputError("max_steps of at least 1", f"{max_steps}")
    if learning_rate is not None:
        GradientDescent(learning_rate)  # refuses a rate that is not positive
    return {
        "source": source,
        "trials": trials.count,
        "outputs": "every" if trials.every_step else "final",
        "hidden": max(trials.n_in, trials.n_out) if hidden is None else hidden,
        "scale": scale,
        "seed": seed,
        "learning_rate": learning_rate,
        "max_steps": max_steps,
    }


def study_trials(
    trials: Trials,
    configuration: dict,
    *,
    progress: Callable[[int, int, float], None] | None = None,
) -> Study:
    """As `study`, of trials and options that are checked already.

    Args:
        trials: the trials.
        configuration: what `configure` returned for them.
        progress: called with steps done, steps in all, and the loss.

    Returns:
        The study.
    """
    key = jax.random.key(configuration["seed"])
    hidden, scale = configuration["hidden"], configuration["scale"]
    net = init_unaligned(trials.n_in, hidden, trials.n_out, scale, key=key)
    problem = Problem(net, trials).without_trials()
    forms = form_shares(problem.statistics)
    if forms.better == "eigen":
        # All that is said of modes is said of complex ones then; what weights do is the same.
        problem = Problem(net, problem.statistics.in_eigenvectors())
    plan = plan_training(
        problem,
        learning_rate=configuration["learning_rate"],
        max_steps=configuration["max_steps"],
    )
    trained = _trained(problem, plan, progress)
    assert trained.times is not None
    predicted = solve(problem, WeightFlow(), trained.times)
    lazy = solve(problem, Linearized(), trained.times)
    comparison = compare(predicted, trained)
    return Study(problem, forms, plan, predicted, trained, lazy, comparison, configuration)


def _named(spectrum: np.ndarray) -> dict:
    if not np.iscomplexobj(spectrum):
        return {"temporal_singular_values": spectrum.tolist()}
    parts = {"real": spectrum.real.tolist(), "imaginary": spectrum.imag.tolist()}
    return {"temporal_eigenvalues": parts}


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
