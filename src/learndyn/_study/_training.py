"""Training in windows, so that it can tell of itself, be interrupted, and go on later."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from learndyn._curve import LearningCurve, join
from learndyn._curve_file import load_curve
from learndyn._errors import InputError
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn._study._plan import Plan
from learndyn.methods import GradientDescent

# Recorded points between two reports of progress.
_WINDOW = 10
# Seconds of training that may be lost by a sudden end.
_KEEP_EVERY = 10.0


def train_in_windows(
    problem: Problem,
    plan: Plan,
    *,
    kept: Path | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> LearningCurve:
    """Gradient descent in windows; equal to one run, bitwise.

    Args:
        problem: network and task.
        plan: when to record, and the learning rate.
        kept: a file that holds the curve as far as it is known, where an earlier run was ended,
            and is written now and then, and at the end of this one, however it comes.
        progress: called with steps done, steps in all, and the loss.

    Returns:
        The trained curve.
    """
    method = GradientDescent(plan.learning_rate)
    total = round(float(plan.times[-1]) / plan.learning_rate)
    found = None if kept is None else _found(kept, plan)
    windows = [] if found is None else [found]
    saved = time.monotonic()
    try:
        for start in range(0 if found is None else len(found.valid), len(plan.times), _WINDOW):
            times = plan.times[start : start + _WINDOW]
            last = solve(problem, method, times, resume=windows[-1] if windows else None)
            windows.append(last)
            if progress is not None:
                assert last.steps is not None
                progress(int(last.steps[-1]), total, float(last.loss[-1]))
            if kept is not None and time.monotonic() - saved > _KEEP_EVERY:
                join(*windows).save(kept)
                saved = time.monotonic()
    finally:
        # Also what is finished: networks of other seeds are still to come.
        if kept is not None and windows:
            join(*windows).save(kept)
    return join(*windows)


def _found(kept: Path, plan: Plan) -> LearningCurve | None:
    """What an earlier run left of this plan; a file that cannot be read counts as none."""
    try:
        curve = load_curve(kept)
    except (InputError, KeyError):
        return None
    known = len(curve.valid)
    same = known <= len(plan.times) and np.array_equal(np.asarray(curve.times), plan.times[:known])
    return curve if same else None
