"""What a swept function returns: checked while tracing, labelled afterwards."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._curve import RESULTS
from learndyn._curve_file import RESULT_NAMES, UNITS, package_versions
from learndyn._errors import InputError
from learndyn._sweep._grid import Grid
from learndyn._types import Array, PRNGKeyArray

if TYPE_CHECKING:
    import xarray

_FORMAT = "learndyn sweep 1"
_UNITS = UNITS | dict.fromkeys(("a", "b", "c"), "1")
# Saddles are counted apart; weights that are still, of undecided kind, have converged.
_FLAGS = {
    "diverged": ("diverged",),
    "unconverged": ("not_yet", "exhausted", "failed"),
    "saddle": ("saddle",),
}


def as_arrays(returned: Any) -> tuple[dict[str, Array], frozenset[str]]:
    """Outputs of one cell as arrays.

    Args:
        returned: what the function returned.

    Returns:
        Arrays by name, and the names of those that are `RESULTS`.

    Raises:
        InputError: if it is not a dictionary of arrays.
    """
    if not isinstance(returned, Mapping) or not returned:
        raise InputError(
            "a function that returns a dictionary of arrays",
            f"{type(returned).__name__}",
            'Such as {"loss": curve.loss}.',
        )
    results = frozenset(k for k, value in returned.items() if isinstance(value, RESULTS))
    arrays = {k: _array(k, v, is_result=k in results) for k, v in returned.items()}
    return arrays, results


def _array(name: Any, value: Any, *, is_result: bool) -> Array:
    if not isinstance(name, str):
        raise InputError("outputs with a text for a name", f"{name!r}")
    if is_result:
        (value,) = jax.tree.leaves(value)
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError):
        array = None
    if array is None or not (
        jnp.issubdtype(array.dtype, jnp.number) or jnp.issubdtype(array.dtype, jnp.bool_)
    ):
        raise InputError(f"an array as output {name!r}", f"{type(value).__name__}")
    return array


def check_names(outputs: Mapping[str, Any], results: frozenset[str], grid: Grid) -> None:
    """Refuse outputs whose names are taken.

    Args:
        outputs: arrays with a leading axis of cells, or what tells their shapes.
        results: names of outputs that are `RESULTS`.
        grid: the grid.

    Raises:
        InputError: if one is named like a coordinate, or like a flag of a result.
    """
    flags = {flag for name in results for flag in _flag_names(name)}
    axes = {axis for k, v in outputs.items() for axis in _axes(k, len(v.shape) - 1)}
    for taken, what in ((set(outputs) | flags | axes, "coordinates"), (set(outputs), "flags")):
        both = sorted(taken & (set(grid.labels) if what == "coordinates" else flags))
        if both:
            raise InputError(
                f"outputs not named like {what}", ", ".join(map(repr, both)), "Rename them."
            )


def check_same(outputs: Mapping[str, Any], first: Mapping[str, Any], static: dict) -> None:
    """Refuse outputs whose names or shapes depend on a static coordinate.

    Args:
        outputs: what tells the shapes for one static combination.
        first: the same for the first combination.
        static: the combination.

    Raises:
        InputError: if they differ.
    """
    where = ", ".join(f"{k}={v!r}" for k, v in static.items())
    if set(outputs) != set(first):
        raise InputError(f"outputs {sorted(first)} in every cell", f"{sorted(outputs)} at {where}")
    for name, value in outputs.items():
        if value.shape != first[name].shape:
            raise InputError(
                f"output {name!r} of shape {first[name].shape[1:]} in every cell",
                f"shape {value.shape[1:]} at {where}",
                "Pad it to one shape for all static values, or return a summary.",
            )


def dataset(
    grid: Grid,
    outputs: Mapping[str, np.ndarray],
    results: frozenset[str],
    function: Callable,
    key: PRNGKeyArray | None,
) -> "xarray.Dataset":
    """Label the outputs.

    Args:
        grid: the grid.
        outputs: arrays with one leading axis for each coordinate, in the order of the grid.
        results: names of outputs that are `RESULTS`.
        function: the function, for the record.
        key: the key, for the record.

    Returns:
        The data set.
    """
    import xarray

    dims, variables = tuple(grid.labels), {}
    for name, value in outputs.items():
        axes = dims + _axes(name, value.ndim - len(dims))
        if name in results:
            variables |= _flagged(name, axes, value)
        else:
            attributes = {"units": _UNITS[name]} if name in _UNITS else {}
            variables[name] = (axes, value, attributes)
    attributes = {
        "format": _FORMAT,
        "function": _qualified_name(function),
        "static": json.dumps(list(grid.static)),
        "versions": json.dumps(package_versions()),
    }
    if key is not None:
        attributes["key"] = json.dumps(_key_data(key))
    return xarray.Dataset(variables, coords=grid.labels, attrs=attributes)


def _flagged(name: str, axes: tuple[str, ...], value: np.ndarray) -> dict[str, tuple]:
    values = {k: int(jax.tree.leaves(getattr(RESULTS, k))[0]) for k in RESULT_NAMES}
    attributes = {
        "flag_values": np.asarray(list(values.values()), np.int8),
        "flag_meanings": " ".join(values),
    }
    flags = {
        flag: (axes, np.isin(value, [values[k] for k in meanings]))
        for flag, meanings in zip(_flag_names(name), _FLAGS.values(), strict=True)
    }
    return {name: (axes, value.astype(np.int8), attributes)} | flags


def _flag_names(name: str) -> list[str]:
    return [flag if name == "result" else f"{name}_{flag}" for flag in _FLAGS]


def _axes(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{i}" for i in range(count))


def _qualified_name(function: Callable) -> str:
    # A partial function, or one that is wrapped, is known by the name of what it calls.
    inner = getattr(function, "func", function)
    name = getattr(inner, "__qualname__", type(inner).__qualname__)
    return f"{getattr(inner, '__module__', '')}.{name}"


def _key_data(key: PRNGKeyArray) -> list:
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(key) if typed else key).tolist()
