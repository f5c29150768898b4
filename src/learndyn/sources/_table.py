"""Trials from a table in long form, CSV or parquet: one row for each trial and step."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from learndyn._errors import InputError
from learndyn.sources._extras import needs
from learndyn.sources._long_form import LongForm, to_trials
from learndyn.sources._source import Source

# How the cells of a text file are parted; parquet is not text.
DELIMITERS = {".csv": ",", ".tsv": "\t"}
TABLES = (*DELIMITERS, ".parquet")


class Columns(NamedTuple):
    """Which columns of a table are what.

    Attributes:
        inputs: names of the input columns; None: x, or x and a number, such as x1, x2.
        targets: names of the target columns; None: y, or y and a number.
        trial: name of the column that tells trials apart.
        time: name of the column that orders the rows of a trial.

    Example:
        >>> from learndyn.sources import Columns
        >>> Columns(inputs=("left", "right"), targets=("choice",)).trial
        'trial'
    """

    inputs: tuple[str, ...] | None = None
    targets: tuple[str, ...] | None = None
    trial: str = "trial"
    time: str = "time"


def read_table(path: str | os.PathLike, columns: Columns | None = None) -> Source:
    """Trials from a table with one row for each trial and step, in any order.

    Trials come in the order of their labels, and steps in that of their times, which must be
    evenly spaced. Trials may have different lengths. Targets that are empty but in the last row of
    each trial are targets at the last step.

    Args:
        path: a file ending in `.csv`, `.tsv` or `.parquet`.
        columns: which columns are what; None: trial, time, x1, x2, …, y1, y2, …

    Returns:
        The trials, channels named as the columns.

    Raises:
        InputError: if there is no such file, if it is damaged or of another kind; for a missing
            column, and for rows that are missing, repeated, or without a number, naming the row
            (the first below the header is row 1).
        MissingExtraError: without pyarrow (the extra `tables`).

    Example:
        >>> import os, pathlib, tempfile
        >>> from learndyn.sources import read_table
        >>> rows = ["trial,time,x,y", "a,0,1.5,", "a,1,2.5,4", "b,0,3.5,", "b,1,4.5,8"]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "trials.csv")
        ...     with path.open("w") as file:
        ...         print(*rows, sep=os.linesep, file=file)
        ...     source = read_table(path)
        >>> source.trials.x[:, :, 0].tolist(), source.trials.y.tolist()
        ([[1.5, 2.5], [3.5, 4.5]], [[4.0], [8.0]])
    """
    path, columns = Path(path), columns or Columns()
    with needs("pyarrow", "A table of trials", extra="tables"):
        table, names = _read(path)
    inputs = columns.inputs or _by_letter(names, "x", "inputs")
    targets = columns.targets or _by_letter(names, "y", "targets")
    for name in dict.fromkeys([columns.trial, columns.time, *inputs, *targets]):
        _require_column(names, name)
    _require_once(inputs, "inputs")
    _require_once(targets, "targets")
    if table.num_rows == 0:
        raise InputError(f"at least one row in {path}", "a header only")

    def numbers(name: str) -> np.ndarray:
        return _numbers(table.column(names.index(name)), name)

    trial, labels = _labels(table.column(names.index(columns.trial)), columns.trial)
    rows = LongForm(
        trial,
        labels,
        _times(table.column(names.index(columns.time)), columns.time),
        np.stack([numbers(name) for name in inputs], axis=1),
        np.stack([numbers(name) for name in targets], axis=1),
    )
    trials = to_trials(rows, columns.time, inputs, targets)
    return Source(str(path), trials, tuple(inputs), tuple(targets))


def _read(path: Path) -> tuple[Any, list[str]]:
    """The table, whatever its columns, and their names."""
    import pyarrow.csv
    import pyarrow.parquet

    try:
        with open(path, "rb") as file:
            if path.suffix == ".parquet":
                table = pyarrow.parquet.read_table(file)
            else:
                parse = pyarrow.csv.ParseOptions(delimiter=DELIMITERS[path.suffix])
                # An empty cell is a missing value, in a column of text too.
                convert = pyarrow.csv.ConvertOptions(strings_can_be_null=True)
                table = pyarrow.csv.read_csv(file, parse_options=parse, convert_options=convert)
            return table, [name.strip() for name in table.column_names]
    except OSError as error:
        if error.strerror:  # of the system, not of the reader
            raise InputError("a table of trials", f"{path} ({error.strerror})") from error
        raise _damaged(path, error) from error
    except Exception as error:  # whatever the reader makes of strange bytes
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    words = " ".join(str(error).split())[:200]
    return InputError(
        f"a table in {path.suffix[1:]} format",
        f"{path}, damaged or of another kind ({words.rstrip('.')})",
        "Save one row for each trial and step, below a row with the names of the columns.",
    )


def _by_letter(names: list[str], letter: str, what: str) -> tuple[str, ...]:
    found = tuple(name for name in names if re.fullmatch(rf"{letter}\d*", name))
    if not found:
        raise InputError(
            f"columns named as {what}, or {letter}1, {letter}2, …",
            f"the columns {_listed(names)}",
            f"Name them with --{what}, parted by commas.",
        )
    return found


def _require_column(names: list[str], name: str) -> None:
    if names.count(name) != 1:
        several = "several of that name among " if name in names else ""
        cures = {"trial": "--trial-column", "time": "--time-column"}
        cure = f"Name another with {cures[name]}." if name in cures else ""
        raise InputError(f"one column {name!r}", f"{several}the columns {_listed(names)}", cure)


def _require_once(chosen: tuple[str, ...], what: str) -> None:
    if len(set(chosen)) < len(chosen):
        raise InputError(f"{what} that are named once", _listed(list(chosen)))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(name or "(no name)" for name in names[:20]) + more


def _numbers(column: Any, name: str) -> np.ndarray:
    """A column in double precision, missing values as NaN; all else must be a finite number."""
    import pyarrow

    kind = pyarrow.types
    if kind.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind.is_null(column.type):
        return np.full(len(column), np.nan)
    if kind.is_boolean(column.type) or kind.is_decimal(column.type):
        column = column.cast(pyarrow.float64())
    if not (kind.is_integer(column.type) or kind.is_floating(column.type)):
        raise _no_number(column, name)
    values = column.to_numpy().astype(np.float64)
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise InputError(f"finite numbers in column {name}", f"{values[row]} in row {row + 1}")
    return values


def _no_number(column: Any, name: str) -> InputError:
    """The first cell of a column that holds none."""
    for row, value in enumerate(column.to_pylist(), start=1):
        if value is not None and not _is_number(value):
            return InputError(
                f"numbers in column {name}",
                f"{str(value)[:40]!r} in row {row}",
                "Classes need one column each, 1 for the class and 0 for the others.",
            )
    return InputError(f"numbers in column {name}", f"text ({column.type})", "Save it as numbers.")


def _is_number(value: object) -> bool:
    try:
        float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        return False
    return True


def _labels(column: Any, name: str) -> tuple[np.ndarray, list]:
    """Number of the trial of each row, in the order of the sorted labels, and the labels."""
    import pyarrow

    missing = np.asarray(column.is_null(nan_is_null=True))
    if missing.any():
        row = int(missing.argmax()) + 1
        raise InputError(f"a trial in each row, column {name}", f"an empty cell in row {row}")
    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        encoded = column.combine_chunks().dictionary_encode()
    except pyarrow.ArrowException as error:
        raise InputError(f"numbers or text in column {name}", f"{column.type}") from error
    labels = encoded.dictionary.to_pylist()
    order = sorted(range(len(labels)), key=labels.__getitem__)
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    return rank[encoded.indices.to_numpy()], [labels[i] for i in order]


def _times(column: Any, name: str) -> np.ndarray:
    import pyarrow

    if pyarrow.types.is_temporal(column.type):
        # Counted from the first, since a date in fine units has more digits than a double.
        width = pyarrow.int32() if column.type.bit_width == 32 else pyarrow.int64()
        counts = column.cast(width).fill_null(0).to_numpy()
        times = (counts - counts.min()).astype(np.float64)
        times[np.asarray(column.is_null())] = np.nan
    else:
        times = _numbers(column, name)
    if np.isnan(times).any():
        row = int(np.isnan(times).argmax()) + 1
        raise InputError(f"a time in each row, column {name}", f"an empty cell in row {row}")
    return times
