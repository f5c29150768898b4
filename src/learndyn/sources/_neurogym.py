"""Trials whose stimuli NeuroGym makes: the paper's task, and any other by its name."""

import difflib
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from learndyn._errors import InputError
from learndyn.sources._extras import needs
from learndyn.sources._source import Source
from learndyn.statistics import Trials
from learndyn.tasks._integration import Target, readout_weights
from learndyn.tasks._structured import Outputs

# NeuroGym counts time in milliseconds.
_STEP = 100


def neurogym_integration(
    n: int,
    *,
    seed: int,
    target: Target = "mean",
    length: int = 6,
    outputs: Outputs = "final",
) -> Trials:
    """Trials whose stimuli NeuroGym makes; `integration_task` is our own generator of the same.

    The task is NeuroGym's multisensory integration at its default settings, in steps of 100 ms:
    the four stimulus channels during the stimulus period. Equal seeds give equal trials.

    Args:
        n: number of trajectories.
        seed: seed of the stimuli, from 0 to 2³² − 1.
        target: what to report of each channel, as in `integration_task`.
        length: number of steps T.
        outputs: targets at the last step (`"final"`) or at every step (`"every"`), as there.

    Returns:
        The trials.

    Raises:
        InputError: for an unknown word, or fewer than 1 trajectory or step.
        MissingExtraError: without NeuroGym (the extra `neurogym`).

    Example:
        >>> import learndyn.sources
        >>> learndyn.sources.neurogym_integration(20, seed=0).x.shape  # doctest: +SKIP
        (20, 6, 4)
    """
    weights = readout_weights(target, length, outputs)
    _require_trajectories(n)
    with _quiet():
        from neurogym.envs.native.multisensory import MultiSensoryIntegration  # pyright: ignore[reportMissingImports]
    task = MultiSensoryIntegration(dt=_STEP, timing={"stimulus": length * _STEP})
    # Its `reset(seed=...)` and data sets leave this generator unseeded.
    task.seed(seed)
    x = np.empty((n, length, 4))
    for trial in x:
        task.new_trial()
        trial[:] = task.view_ob("stimulus")[:, 1:]  # channel 0 asks to fixate
    return Trials(x, weights @ x)


def neurogym_task(name: str, n: int, *, seed: int) -> Source:
    """Trials of any NeuroGym task at its default settings: stimuli, and right answers at each step.

    Choices become one target for each choice, 1 for the right one; continuous answers stay as they
    are. Trials of different lengths stay so. Equal seeds give equal trials.

    Args:
        name: name of the task, such as `"PerceptualDecisionMaking-v0"`.
        n: number of trajectories.
        seed: seed of the stimuli, from 0 to 2³² − 1.

    Returns:
        The trials, channels named as in the task.

    Raises:
        InputError: for an unknown task, for one whose stimuli or right answers depend on what is
            done in the trial or are not numbers, and for fewer than 1 trajectory.
        MissingExtraError: without NeuroGym (the extra `neurogym`).

    Example:
        >>> from learndyn.sources import neurogym_task
        >>> source = neurogym_task("GoNogo-v0", 20, seed=0)  # doctest: +SKIP
        >>> source.trials.x.shape, source.targets  # doctest: +SKIP
        ((20, 15, 3), ('fixation', 'go'))
    """
    _require_trajectories(n)
    with _quiet():
        task = _make(name)
        task.seed(seed)
        drawn = [_trial(task, name) for _ in range(n)]
    lengths = np.array([len(x) for x, _ in drawn])
    x, y = (_stacked(part, int(lengths.max())) for part in zip(*drawn, strict=True))
    return Source(
        f"neurogym:{name}",
        Trials(x, y, lengths=lengths if (lengths < lengths.max()).any() else None),
        _names(task.observation_space, x.shape[2], "x"),
        _names(task.action_space, y.shape[2], "y"),
    )


def _require_trajectories(n: int) -> None:
    if n < 1:
        raise InputError("at least 1 trajectory", f"{n}")


@contextmanager
def _quiet() -> Iterator[None]:
    """Import and use NeuroGym, which changes font settings of matplotlib; they are put back."""
    with (
        warnings.catch_warnings(),
        needs("neurogym", "A stimulus of NeuroGym", extra="neurogym"),
    ):
        # The matplotlib that it pins uses names which pyparsing has renamed since.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="matplotlib")
        # Its tasks lack entries of metadata that only drawing needs.
        warnings.filterwarnings("ignore", category=UserWarning, module="gymnasium")
        import matplotlib

        with matplotlib.rc_context():
            yield


def _make(name: str) -> Any:
    # Importing the registry imports all tasks, so it waits until one is asked for.
    from neurogym.envs.registration import all_envs, make  # pyright: ignore[reportMissingImports]

    known = all_envs(collections=True)
    if name not in known:
        lowered = {each.lower(): each for each in known}
        near = difflib.get_close_matches(name.lower(), lowered, cutoff=0.3)
        nearest = ", ".join(lowered[each] for each in near) or ", ".join(known[:3])
        raise InputError("a task of NeuroGym", f"{name!r}", f"The nearest are {nearest}.")
    return make(name).unwrapped


def _trial(task: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Stimuli and right answers of a new trial, `(time, in)` and `(time, out)`."""
    try:
        task.new_trial()
        x, answer = np.asarray(task.ob), np.asarray(task.gt)
    except Exception as error:  # whatever a task does that has none of them before it is acted in
        raise _unfit(name, "some that depend on actions") from error
    choices = getattr(task.action_space, "n", None)
    if choices is not None:
        answer = answer[:, None] == np.arange(choices)
    shapes = f"stimuli of shape {x.shape[1:]} and answers of shape {answer.shape[1:]} at a step"
    if x.ndim != 2 or answer.ndim != 2 or len(x) != len(answer) or not x.size or not answer.size:
        raise _unfit(name, shapes)
    return x, answer.astype(np.float64)


def _unfit(name: str, found: str) -> InputError:
    return InputError(
        f"a task with a row of stimuli and of right answers at each step, from {name}", found
    )


def _stacked(parts: tuple[np.ndarray, ...], length: int) -> np.ndarray:
    stacked = np.zeros((len(parts), length, parts[0].shape[1]))
    for row, part in zip(stacked, parts, strict=True):
        row[: len(part)] = part
    return stacked


def _names(space: Any, number: int, letter: str) -> tuple[str, ...]:
    """What a task calls the channels of a space; numbered where it does not say."""
    names = [f"{letter}{i}" for i in range(1, number + 1)]
    given = getattr(space, "name", None)
    for word, places in (given if isinstance(given, Mapping) else {}).items():
        where = np.atleast_1d(places).astype(int)
        for i, place in enumerate(where, start=1):
            if 0 <= place < number:
                names[place] = f"{word} {i}" if len(where) > 1 else str(word)
    return tuple(names)
