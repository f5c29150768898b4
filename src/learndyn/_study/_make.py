"""The main job: from trials to a study."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from learndyn._curve import LearningCurve
from learndyn._forms import form_shares
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn._study._checkpoints import Checkpoints, plan_of_checkpoints
from learndyn._study._options import Options, configure
from learndyn._study._plan import Plan, plan_training
from learndyn._study._run import Run
from learndyn._study._study import Study
from learndyn._study._training import train_in_windows
from learndyn._study._write import TRAINED, run_folder
from learndyn.methods import Linearized, WeightFlow
from learndyn.network import LinearRNN, init_unaligned
from learndyn.sources import Source, describe
from learndyn.statistics import TaskStatistics, Trials

Progress = Callable[[int, int, float], None]


def study(
    x,
    y,
    *,
    lengths=None,
    center: bool = False,
    whiten: str | None = None,
    outputs: str | None = None,
    hidden: int | None = None,
    scale: float = 0.1,
    seed: int = 0,
    seeds: int = 1,
    learning_rate: float | None = None,
    max_steps: int | None = None,
    checkpoints: Checkpoints | None = None,
) -> Study:
    """What a linear RNN will learn from trials, beside networks that are trained on them.

    Numbers are computed in the precision that jax is set to; `learndyn study` on the command line
    uses double precision.

    Args:
        x: inputs, `(trajectories, time, in)`.
        y: targets, `(trajectories, out)` or `(trajectories, time, out)`.
        lengths: number of steps of each trajectory.
        center: subtract the mean over trajectories per time and channel.
        whiten: `"channels"` or `"innovations"`, see `learndyn.whiten`; None: inputs as they are.
        outputs: `"final"` takes the last target of each trajectory, `"every"` insists on one at
            every step; None: as the trials come.
        hidden: hidden units; None: as many as inputs or outputs, whichever are more.
        scale: size of the random starts, see `init_unaligned`.
        seed: seed of the first random start.
        seeds: number of random starts, of seeds that follow each other.
        learning_rate: rate of gradient descent; None: from the curvature along the flows. With
            checkpoints the rate of theirs; None: the time scale that fits their loss best.
        max_steps: gradient steps that training may take; None: a million, or for a large task as
            many as take well under a minute.
        checkpoints: a network that was trained elsewhere, in place of one that is trained here;
            the prediction starts from its first weights.

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
    options = Options(
        hidden=hidden,
        scale=scale,
        seed=seed,
        seeds=seeds,
        learning_rate=learning_rate,
        max_steps=max_steps,
    )
    source = Source("arrays", Trials(x, y, lengths=lengths, center=center)).with_outputs(outputs)
    if whiten is not None:
        source = source.whitened(whiten)
    statistics = TaskStatistics.from_trials(source.trials)
    configuration = configure(
        statistics,
        source,
        options,
        asked={"center": center, "whiten": whiten},
        checkpoints=None if checkpoints is None else checkpoints.name,
    )
    return make_study(statistics, configuration, describe(source), checkpoints=checkpoints)


def make_study(
    statistics: TaskStatistics,
    configuration: dict,
    data: dict,
    *,
    checkpoints: Checkpoints | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Study:
    """As `study`, of statistics and options that are checked already.

    Args:
        statistics: statistics of the trials.
        configuration: what `configure` returned for them.
        data: what the trials are, see `learndyn.sources.describe`.
        checkpoints: a network that was trained elsewhere.
        folder: where training is kept on its way, and found where an earlier run was ended.
        progress: called with steps done, steps in all, and the loss.

    Returns:
        The study.
    """
    forms = form_shares(statistics)
    if forms.better == "eigen":
        # All that is said of modes is said of complex ones then; what weights do is the same.
        statistics = statistics.in_eigenvectors()
    if checkpoints is not None:
        problem = Problem(checkpoints.first, statistics)
        plan = plan_of_checkpoints(checkpoints, problem, configuration["learning_rate"])
        run = _run(None, problem, plan, 0, checkpoints.curve(problem, plan.times))
        return Study(data, forms, plan, (run,), configuration)
    seeds = range(configuration["seed"], configuration["seed"] + configuration["seeds"])
    problems = [Problem(_start(statistics, configuration, seed), statistics) for seed in seeds]
    plan = plan_training(
        problems,
        learning_rate=configuration["learning_rate"],
        max_steps=configuration["max_steps"],
    )
    runs = []
    for number, (seed, problem) in enumerate(zip(seeds, problems, strict=True)):
        kept = None if folder is None else run_folder(folder, number, seed) / TRAINED
        told = progress and _one_of(progress, number, len(problems))
        trained = train_in_windows(problem, plan, kept=kept, progress=told)
        runs.append(_run(seed, problem, plan, number, trained))
    return Study(data, forms, plan, tuple(runs), configuration)


def _start(statistics: TaskStatistics, configuration: dict, seed: int) -> LinearRNN:
    sizes = statistics.n_in, configuration["hidden"], statistics.n_out
    return init_unaligned(*sizes, configuration["scale"], key=jax.random.key(seed))


def _run(
    seed: int | None, problem: Problem, plan: Plan, number: int, trained: LearningCurve
) -> Run:
    times = np.asarray(trained.times)
    return Run(
        seed=seed,
        problem=problem,
        flow=plan.flows[number],
        predicted=solve(problem, WeightFlow(), times),
        trained=trained,
        lazy=solve(problem, Linearized(), times),
    )


def _one_of(progress: Progress, number: int, networks: int) -> Progress:
    """Progress of one network as that of all of them."""
    return lambda done, total, loss: progress(number * total + done, networks * total, loss)
