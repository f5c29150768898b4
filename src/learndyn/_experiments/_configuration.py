"""The configuration of a sweep: read from TOML, every name and value checked."""

import difflib
import math
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learndyn._errors import InputError
from learndyn._experiments._experiment import REPEAT, Experiment, bind
from learndyn._experiments._values import checked_row, checked_value, shown

_KEYS = ("experiment", "seed", "repeats", "fixed", "grid")
_TABLES = ("fixed", "grid")
# Keys of cells are made one by one, and all of a sweep is held in memory.
_MOST_CELLS = 10_000_000
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class SweepConfiguration:
    """All it takes to make a sweep again.

    Attributes:
        experiment: what is swept.
        grid: values by name of the parameters that vary, and of `repeat`.
        fixed: the value of every other parameter, None where absent.
        seed: random key; None where the experiment is not random.
    """

    experiment: Experiment
    grid: dict[str, list]
    fixed: dict[str, Any]
    seed: int | None

    @property
    def cells(self) -> int:
        """Number of cells of the grid."""
        return math.prod(len(row) for row in self.grid.values())

    def summary(self) -> dict[str, Any]:
        """The configuration, ready for JSON.

        Returns:
            Its parts by name.
        """
        return {
            "experiment": self.experiment.name,
            "seed": self.seed,
            "fixed": self.fixed,
            "grid": self.grid,
        }


def read_configuration(
    path: str | os.PathLike, experiments: Mapping[str, Experiment]
) -> SweepConfiguration:
    """Read a configuration from a TOML file.

    Args:
        path: file name.
        experiments: what can be swept, by name.

    Returns:
        The configuration.

    Raises:
        InputError: for a file that cannot be read, and for every name, value or place of a key
            that is not as it should be.
    """
    content = _toml(Path(path))
    if "experiment" not in content:
        got = ", ".join(map(repr, content)) or "an empty file"
        raise InputError("a key experiment", got, f"One of {', '.join(experiments)}.")
    name = content["experiment"]
    if not isinstance(name, str) or name not in experiments:
        raise InputError(
            f"an experiment among {', '.join(experiments)}",
            shown(name),
            _closest(name, experiments),
        )
    experiment = experiments[name]
    _check_keys(content, experiment)
    tables = {table: content.get(table, {}) for table in _TABLES}
    for table, values in tables.items():
        _check_table(table, values, experiment)
    both = [key for key in tables["fixed"] if key in tables["grid"]]
    if both:
        raise InputError(
            "each parameter once", f"{both[0]} under [fixed] and under [grid]", "Remove one."
        )
    seed, repeats = _seed(content, experiment), _repeats(content, experiment)
    return _checked(experiment, tables, seed, repeats)


def _checked(
    experiment: Experiment, tables: dict[str, dict], seed: int | None, repeats: int | None
) -> SweepConfiguration:
    """The values, checked one by one and together."""
    parameters, given = experiment.parameters, tables["grid"]
    if not given and repeats is None:
        also = ", or repeats" if experiment.random else ""
        example = next(iter(parameters))
        raise InputError(
            f"at least one parameter under [grid]{also}", "none", f"Such as {example} = [...]."
        )
    fixed = {
        name: checked_value(f"{name} under [fixed]", parameters[name], value)
        for name, value in tables["fixed"].items()
    }
    grid = {
        name: checked_row(f"{name} under [grid]", parameters[name], row, most=_MOST_CELLS)
        for name, row in given.items()
    }
    cells = math.prod(map(len, grid.values())) * (repeats or 1)
    if cells > _MOST_CELLS:
        raise InputError(f"at most {_MOST_CELLS:,} cells", f"{cells:,}", "Divide the grid.")
    if repeats is not None:
        grid[REPEAT] = list(range(repeats))
    bound = bind(experiment, grid, fixed)
    experiment.function(bound.values)  # refuses values that do not go together
    return SweepConfiguration(experiment, grid, bound.fixed, seed)


def _toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise InputError(
            "a configuration in TOML", f"{path} ({error.strerror})", "See docs/sweeps.md."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            "text in UTF-8", f"{path} ({error.reason} at byte {error.start})"
        ) from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        cure = "Texts need quotation marks." if "Invalid value" in str(error) else ""
        raise InputError("TOML", f"{path}: {error}", cure) from None


def _check_keys(content: Mapping[str, Any], experiment: Experiment) -> None:
    for key in content:
        if key in _KEYS:
            continue
        if key in experiment.parameters:
            cure = "It is a parameter: write it under [fixed] or [grid]."
        else:
            cure = _closest(key, _KEYS)
        raise InputError(f"keys among {', '.join(_KEYS)} above the tables", repr(key), cure)
    for table in _TABLES:
        if not isinstance(content.get(table, {}), dict):
            raise InputError(
                f"a table [{table}]", f"{table} = {shown(content[table])}", "Write [fixed] alone."
            )


def _check_table(table: str, values: Mapping[str, Any], experiment: Experiment) -> None:
    for key in values:
        if key in experiment.parameters:
            continue
        if key in _KEYS:
            cure = "It belongs above the first table."
        elif key == REPEAT:
            cure = "Write repeats = 10 above the first table."
        else:
            cure = _closest(key, experiment.parameters)
        names = ", ".join(experiment.parameters)
        raise InputError(
            f"parameters of {experiment.name} under [{table}]: {names}", repr(key), cure
        )


def _seed(content: Mapping[str, Any], experiment: Experiment) -> int | None:
    if not experiment.random:
        _refuse_chance("seed", content, experiment)
        return None
    return _whole("seed", content.get("seed", 0), 0, _LARGEST_SEED)


def _repeats(content: Mapping[str, Any], experiment: Experiment) -> int | None:
    if not experiment.random:
        _refuse_chance("repeats", content, experiment)
    given = content.get("repeats")
    return None if given is None else _whole("repeats", given, 1, _MOST_CELLS)


def _refuse_chance(key: str, content: Mapping[str, Any], experiment: Experiment) -> None:
    if key in content:
        raise InputError(
            f"no {key} for {experiment.name}, in which nothing is random",
            f"{key} = {shown(content[key])}",
            "Remove it.",
        )


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"a whole {name} from {least} to {most:,}", shown(value))
    return value


def _closest(word: Any, among: Iterable[str]) -> str:
    found = difflib.get_close_matches(str(word), list(among), 1, 0.5)
    return f"Is {found[0]} meant?" if found else ""
