"""Values of parameters in a configuration: words, whole numbers, numbers, and rows of them."""

import difflib
import math
from typing import Any

import numpy as np

from learndyn._errors import InputError
from learndyn._experiments._experiment import Parameter

_RANGE = ("from", "to", "count", "spacing")
_SPACINGS = ("linear", "log")
# Whole numbers that floating point numbers tell apart.
_LARGEST = 2**53
_WIDE = 60


def shown(value: Any) -> str:
    """A value for the sentence of an error.

    Args:
        value: whatever TOML holds.

    Returns:
        Its text, in one line, cut where it is long.
    """
    try:
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits
        text = f"a very long {type(value).__name__}"
    return text if len(text) <= _WIDE else f"{text[:_WIDE]}…"


def checked_value(name: str, parameter: Parameter, value: Any) -> float | int | str:
    """One value of a parameter.

    Args:
        name: the parameter and where it is, for the sentence of an error.
        parameter: the parameter.
        value: what is given.

    Returns:
        The value, of the type of the parameter.

    Raises:
        InputError: if it is another word, no number, or not finite.
    """
    if isinstance(value, list | dict):
        raise InputError(f"one value as {name}", shown(value), "Rows of values go under [grid].")
    if parameter.choices:
        return _word(name, parameter.choices, value)
    kind = "a whole number" if isinstance(parameter.default, int) else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{kind} as {name}", shown(value))
    if isinstance(parameter.default, int):
        if not isinstance(value, int) or abs(value) > _LARGEST:
            raise InputError(f"{kind} as {name}", shown(value))
        return value
    if (isinstance(value, int) and abs(value) > _LARGEST) or not math.isfinite(value):
        raise InputError(f"a finite number as {name}", shown(value))
    return float(value)


def checked_row(name: str, parameter: Parameter, given: Any, *, most: int) -> list:
    """Values of a parameter on the grid: a list, or a table from, to, count and spacing.

    Args:
        name: the parameter and where it is, for the sentence of an error.
        parameter: the parameter.
        given: what is given.
        most: how many values there may be.

    Returns:
        The values.

    Raises:
        InputError: for no values, repeated ones, or one that is not as it should be.
    """
    if isinstance(given, dict):
        row = _range(name, parameter, given, most)
    elif isinstance(given, list):
        row = [checked_value(name, parameter, value) for value in given]
    else:
        raise InputError(f"a list of values as {name}", shown(given), "Or move it to [fixed].")
    if not row:
        raise InputError(f"at least one value as {name}", "an empty list")
    seen = set()
    for value in row:
        if value in seen:
            raise InputError(
                f"distinct values as {name}",
                f"{shown(value)} twice",
                "Cells are repeated by repeats, above the first table, where they are random.",
            )
        seen.add(value)
    return row


def _word(name: str, choices: tuple[str, ...], value: Any) -> str:
    if isinstance(value, str) and value in choices:
        return value
    close = difflib.get_close_matches(str(value), choices, 1, 0.5)
    cure = f"Is {close[0]} meant?" if close else ""
    raise InputError(f"{', '.join(choices[:-1])} or {choices[-1]} as {name}", shown(value), cure)


def _range(name: str, parameter: Parameter, given: dict, most: int) -> list:
    if parameter.choices:
        raise InputError(f"a list of words as {name}", shown(given))
    unknown = [key for key in given if key not in _RANGE]
    missing = [key for key in _RANGE[:3] if key not in given]
    if unknown or missing:
        got = f"{unknown[0]!r}" if unknown else f"no {missing[0]}"
        example = 'Such as { from = 1, to = 8, count = 4, spacing = "log" }.'
        raise InputError(f"from, to, count and perhaps spacing as {name}", got, example)
    ends = [checked_value(f"{key} of {name}", parameter, given[key]) for key in ("from", "to")]
    first, last = map(float, ends)
    count, spacing = given["count"], given.get("spacing", "linear")
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= most:
        raise InputError(f"a whole count from 2 to {most:,} of {name}", shown(count))
    _word(f"spacing of {name}", _SPACINGS, spacing)
    if spacing == "log" and min(first, last) <= 0:
        raise InputError(f"from and to above 0 for log spacing of {name}", f"{min(first, last)}")
    with np.errstate(all="ignore"):
        values = (np.geomspace if spacing == "log" else np.linspace)(first, last, count)
    if not np.isfinite(values).all():
        raise InputError(f"from and to less far apart for {name}", f"{first} and {last}")
    if not isinstance(parameter.default, int):
        return values.tolist()
    whole = np.rint(values)
    off = abs(values - whole) > 1e-9 * np.maximum(abs(values), 1)
    if off.any():
        raise InputError(
            f"whole numbers as {name}",
            f"{values[off][0]:.6g}, of {count} from {ends[0]} to {ends[1]}",
            "Choose another count, or write a list.",
        )
    return whole.astype(int).tolist()
