"""Rows of trials and steps, in any order, put in the order of trials and times."""

from typing import NamedTuple

import numpy as np

from learndyn._errors import InputError
from learndyn.statistics import Trials

# Times are even if no step differs from the smallest by more than this share of it.
_UNEVEN = 0.01


class LongForm(NamedTuple):
    """One row for each trial and step; NaN stands for what is missing.

    Attributes:
        trial: number of the trial, `(rows,)`, from 0 without gaps.
        labels: what each trial is called.
        time: time of the step, `(rows,)`.
        x: inputs, `(rows, in)`.
        y: targets, `(rows, out)`.
    """

    trial: np.ndarray
    labels: list
    time: np.ndarray
    x: np.ndarray
    y: np.ndarray


def to_trials(
    rows: LongForm, time: str, inputs: tuple[str, ...], targets: tuple[str, ...]
) -> Trials:
    """Trials of the rows, sorted by trial and time.

    Args:
        rows: the rows.
        time: name of the column of times, for errors.
        inputs: names of the inputs.
        targets: names of the targets.

    Returns:
        The trials; with one target each where all but the last of each trial are missing.

    Raises:
        InputError: for rows that are repeated, missing or incomplete, naming the first.
    """
    order = np.lexsort((rows.time, rows.trial))
    trial = rows.trial[order]
    lengths = np.bincount(trial)
    step = np.arange(len(trial)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    _require_even_times(rows, order, time)
    _require_inputs(rows.x, inputs)
    last = step == lengths[trial] - 1
    shape = len(lengths), lengths.max()
    x = np.zeros((*shape, rows.x.shape[1]))
    x[trial, step] = rows.x[order]
    if _only_last(rows.y[order], last, order, targets):
        y = rows.y[order][last]
    else:
        y = np.zeros((*shape, rows.y.shape[1]))
        y[trial, step] = rows.y[order]
    return Trials(x, y, lengths=None if (lengths == shape[1]).all() else lengths)


def _require_even_times(rows: LongForm, order: np.ndarray, name: str) -> None:
    trial, times = rows.trial[order], rows.time[order]
    same = trial[1:] == trial[:-1]
    steps = np.where(same, np.diff(times), np.inf)
    label = rows.labels[trial[int(steps.argmin()) + 1]] if len(steps) else ""
    if len(steps) and steps.min() == 0:
        at = int(steps.argmin())
        first, second = sorted((order[at] + 1, order[at + 1] + 1))
        raise InputError(
            "one row for each trial and time",
            f"rows {first} and {second}, both of trial {label} at {name} {times[at]:g}",
            "Drop one of them, or give each trial a label of its own.",
        )
    step = steps.min(initial=np.inf)
    uneven = same & (steps > step * (1 + _UNEVEN))
    if uneven.any():
        at = int(uneven.argmax())
        raise InputError(
            f"times in even steps of {step:g}, column {name}",
            f"a step from {times[at]:g} to {times[at + 1]:g} in trial {rows.labels[trial[at]]}, "
            f"row {order[at + 1] + 1}",
            "Fill in the rows that are missing, or name a column that counts steps with "
            "--time-column.",
        )


def _require_inputs(x: np.ndarray, names: tuple[str, ...]) -> None:
    missing = np.isnan(x)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise InputError(
            f"a number in each row of column {names[column]}",
            f"an empty cell in row {row + 1}",
            "Fill it in, or drop its trial.",
        )


def _only_last(y: np.ndarray, last: np.ndarray, order: np.ndarray, names: tuple[str, ...]) -> bool:
    """Whether targets are given at last steps only; if not, they must be given in all rows."""
    missing = np.isnan(y)
    # A cell before the last step that is empty decides how the table is meant.
    final = bool(missing[~last].any())
    wrong = missing != ~last[:, None] if final else missing
    if wrong.any():
        row, column = min(np.argwhere(wrong), key=lambda at: order[at[0]])
        found = "an empty cell" if missing[row, column] else "a number before the last step"
        raise InputError(
            "a target in every row, or in the last row of each trial only",
            f"{found} in row {order[row] + 1}, column {names[column]}",
        )
    return final
