"""The grid of a sweep: checked coordinates, cells, and the key of each cell."""

import hashlib
import inspect
import itertools
import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from learndyn._errors import InputError


class Grid(NamedTuple):
    """Coordinates of a sweep, in the order given.

    Attributes:
        labels: what the result calls each value, by name of the coordinate.
        static: values of the coordinates that are looped in Python, as given.
        batched: values of the coordinates that are batched.
    """

    labels: dict[str, np.ndarray]
    static: dict[str, list]
    batched: dict[str, np.ndarray]

    @property
    def cells(self) -> int:
        """Number of cells for one combination of static values."""
        return math.prod(len(values) for values in self.batched.values())

    def combinations(self) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Static combinations, the last name fastest.

        Yields:
            The values, and their texts by which keys are folded.
        """
        texts = [[_text(label) for label in self.labels[name]] for name in self.static]
        pairs = [
            list(zip(values, text, strict=True))
            for values, text in zip(self.static.values(), texts, strict=True)
        ]
        for chosen in itertools.product(*pairs):
            named = dict(zip(self.static, chosen, strict=True))
            yield (
                {k: value for k, (value, _) in named.items()},
                {k: text for k, (_, text) in named.items()},
            )

    def named(self, values: Mapping[str, Any]) -> str:
        """Cells in words.

        Args:
            values: coordinates, not necessarily of all names.

        Returns:
            Names and values, in the order of the grid.
        """
        shown = {k: getattr(v, "item", lambda v=v: v)() for k, v in values.items()}
        texts = {k: f"{k}={getattr(v, '__name__', v)}" for k, v in shown.items()}
        return ", ".join(texts[name] for name in self.labels if name in texts)

    def flattened(self) -> dict[str, np.ndarray]:
        """Values of the batched coordinates in each cell, the last name fastest.

        Returns:
            Arrays `(cells,)` by name.
        """
        spread = np.meshgrid(*self.batched.values(), indexing="ij")
        return {k: values.ravel() for k, values in zip(self.batched, spread, strict=True)}

    def key_words(self, static: Mapping[str, str]) -> np.ndarray:
        """Two numbers for each cell that depend on nothing but its own coordinates.

        Args:
            static: texts of the static values.

        Returns:
            What to fold into a key, `(cells, 2)`.
        """
        texts = {name: [_text(v) for v in values] for name, values in self.batched.items()}
        names = sorted(self.labels)
        words = np.empty((self.cells, 2), np.uint32)
        for i, chosen in enumerate(itertools.product(*texts.values())):
            coordinates = dict(zip(texts, chosen, strict=True)) | dict(static)
            line = "\n".join(f"{name!r}={coordinates[name]}" for name in names)
            words[i] = np.frombuffer(hashlib.sha256(line.encode()).digest()[:8], "<u4")
        return words


def checked_grid(grid: Mapping[str, Any], static: str | Sequence[str]) -> Grid:
    """Check the coordinates of a sweep.

    Args:
        grid: values by name.
        static: names that are looped.

    Returns:
        The grid.

    Raises:
        InputError: for a grid that is empty or holds anything but distinct values in one row.
    """
    static = (static,) if isinstance(static, str) else tuple(static)
    if not isinstance(grid, Mapping) or not grid:
        raise InputError(
            "a grid of at least one coordinate", f"{grid!r}", 'Such as {"rate": [0.1, 0.2]}.'
        )
    unknown = [name for name in static if name not in grid]
    if unknown:
        names = ", ".join(map(repr, grid))
        raise InputError(f"static names among {names}", ", ".join(map(repr, unknown)))
    rows = {name: _row(name, values) for name, values in grid.items()}
    labels = {n: _labels(n, row) if n in static else _numbers(n, row) for n, row in rows.items()}
    for name, values in labels.items():
        if len(np.unique(values)) < len(values):
            raise InputError(
                f"distinct values of {name}",
                f"{values}",
                "To repeat a cell with other keys, add a coordinate such as seed=range(10).",
            )
    return Grid(
        labels,
        {n: [_plain(v) for v in rows[n]] for n in rows if n in static},
        {n: values for n, values in labels.items() if n not in static},
    )


def check_signature(function: Callable, names: Sequence[str]) -> None:
    """Refuse a function that cannot be called with the names of a grid.

    Args:
        function: the function.
        names: names of all its arguments.

    Raises:
        InputError: if it cannot.
    """
    if not callable(function):
        raise InputError("a function", f"{type(function).__name__}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some compiled functions do not tell
        return
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        raise InputError(
            f"a function of {', '.join(names)}",
            f"one of {signature}: {error}",
            "Names of the grid (and key, where one is given) are passed as keywords.",
        ) from None


def _row(name: str, values: Any) -> list | np.ndarray:
    if not isinstance(name, str) or not name.isidentifier():
        raise InputError("coordinates named as arguments are", f"{name!r}")
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise InputError(f"values of {name} in one row", f"{values!r}", f"Write [{values!r}].")
    shape = np.shape(values) if hasattr(values, "dtype") else (len(values),)
    if len(shape) != 1 or shape[0] == 0:
        raise InputError(f"one row of at least one value of {name}", f"shape {shape}")
    return np.asarray(values) if hasattr(values, "dtype") else list(values)


def _numbers(name: str, row: list | np.ndarray) -> np.ndarray:
    try:
        array = np.asarray(row)
    except ValueError:  # rows of unequal lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"real numbers as values of {name}",
            f"{array.dtype}" if array.size else "a ragged list",
            f'Other values can be looped, static=("{name}",); a complex number is swept by its '
            "real and its imaginary part.",
        )
    if array.ndim != 1:
        raise InputError(f"one row of values of {name}", f"shape {array.shape}")
    if np.isnan(array).any():
        raise InputError(f"numbers as values of {name}", "NaN")
    return array


def _labels(name: str, row: list | np.ndarray) -> np.ndarray:
    if all(isinstance(v, numbers.Real | np.bool_) for v in row):
        return _numbers(name, row)
    texts = [str(getattr(v, "__name__", v)) for v in row]
    if any(" at 0x" in text for text in texts):
        raise InputError(
            f"values of {name} whose text names them",
            next(text for text in texts if " at 0x" in text),
            "Sweep a name, and look the object up inside the function.",
        )
    return np.asarray(texts)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> str:
    """A number by its value, whatever its type: other values of a grid may change that."""
    if isinstance(value, str):
        return repr(str(value))
    if int(value) == value if math.isfinite(value) else False:
        return str(int(value))
    return float(value).hex()
