"""What a swept function returns: checked while tracing, labelled afterwards."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._curve_file import RESULT_NAMES, UNITS, package_versions
from learndyn._errors import InputError
from learndyn._path import RESULTS
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


def check_same(outputs: Mapping[str, Any], first: Mapping[str, Any]) -> None:
    """Refuse outputs whose names or shapes are not those of the first combination.

    Args:
        outputs: what tells the shapes for one static combination.
        first: the same for the first combination.

    Raises:
        InputError: if they differ.
    """
    if set(outputs) != set(first):
        raise InputError(f"outputs {sorted(first)} in every cell", f"{sorted(outputs)}")
    for name, value in outputs.items():
        if value.shape != first[name].shape:
            raise InputError(
                f"output {name!r} of shape {first[name].shape[1:]} in every cell",
                f"shape {value.shape[1:]}",
                "Pad it to one shape for all static values, or return a summary.",
            )


def empty_dataset(
    grid: Grid, shapes: Mapping[str, Any], results: frozenset[str], attributes: dict[str, str]
) -> "xarray.Dataset":
    """A labelled data set to be filled.

    Args:
        grid: the grid.
        shapes: what tells the shapes of a batch of outputs.
        results: names of outputs that are `RESULTS`.
        attributes: how it is made.

    Returns:
        The data set; real and complex numbers are NaN.
    """
    import xarray

    dims, sizes = tuple(grid.labels), tuple(map(len, grid.labels.values()))
    variables = {}
    for name, value in shapes.items():
        # By way of NumPy, which does not mind that a result of jax may be weakly typed.
        one = labelled({name: np.zeros(value.shape, value.dtype)}, results)
        for label, array in one.items():
            whole = np.full((*sizes, *array.shape[1:]), nothing(array.dtype), array.dtype)
            axes = dims + _axes(name, array.ndim - 1)
            variables[label] = (axes, whole, _attributes(label, results))
    return xarray.Dataset(variables, coords=grid.labels, attrs=attributes)


def labelled(values: Mapping[str, np.ndarray], results: frozenset[str]) -> dict[str, np.ndarray]:
    """Variables of the data set, from a batch of outputs.

    Args:
        values: outputs by name.
        results: names of outputs that are `RESULTS`.

    Returns:
        The outputs, results as small numbers with their flags beside them.
    """
    found = {}
    for name, value in values.items():
        if name not in results:
            found[name] = value
            continue
        codes = {k: int(jax.tree.leaves(getattr(RESULTS, k))[0]) for k in RESULT_NAMES}
        found[name] = value.astype(np.int8)
        for flag, meanings in zip(_flag_names(name), _FLAGS.values(), strict=True):
            found[flag] = np.isin(value, [codes[k] for k in meanings])
    return found


def attributes(
    grid: Grid, function: Callable, key: PRNGKeyArray | None, chunk: tuple[int, ...], programs: str
) -> dict[str, str]:
    """How a data set is made.

    Args:
        grid: the grid.
        function: the swept function.
        key: the key.
        chunk: cells that are computed together, along each coordinate.
        programs: what tells the programs of all static combinations from others.

    Returns:
        Attributes by name.
    """
    found = {
        "format": _FORMAT,
        "function": _qualified_name(function),
        "static": json.dumps(list(grid.static)),
        "grid": _digest(repr(sorted((k, v.dtype.str, v.tolist()) for k, v in grid.labels.items()))),
        "chunk": json.dumps(dict(zip(grid.labels, chunk, strict=True))),
        **surroundings(),
        "program": _digest(programs),
    }
    return found if key is None else found | {"key": json.dumps(_key_data(key))}


def surroundings() -> dict[str, str]:
    """What numbers depend on beside the program.

    Returns:
        Versions of packages, and the device on which arrays are made.
    """
    (device,) = jnp.zeros(()).devices()
    return {
        "versions": json.dumps(package_versions()),
        "device": f"{device.platform} {device.device_kind}",
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _attributes(name: str, results: frozenset[str]) -> dict[str, Any]:
    if name not in results:
        return {"units": _UNITS[name]} if name in _UNITS else {}
    codes = [int(jax.tree.leaves(getattr(RESULTS, k))[0]) for k in RESULT_NAMES]
    return {"flag_values": np.asarray(codes, np.int8), "flag_meanings": " ".join(RESULT_NAMES)}


def nothing(dtype: np.dtype) -> Any:
    """What stands where nothing has been computed.

    Args:
        dtype: kind of number.

    Returns:
        NaN, where there is one; else zero, or false.
    """
    return dtype.type(np.nan if dtype.kind in "fc" else 0)


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
