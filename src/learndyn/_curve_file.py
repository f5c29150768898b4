"""Learning curves as labelled data sets and netCDF files."""

import json
import os
from importlib.metadata import version
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._curve import LearningCurve, SingularValues
from learndyn._errors import InputError
from learndyn._io import write_whole
from learndyn._path import RESULTS, State
from learndyn.network import Bases, LinearRNN, Modes

if TYPE_CHECKING:
    import xarray

_FORMAT = "learndyn learning curve 1"
# What the names of the two parts of complex numbers end in.
_REAL, _IMAGINARY = "_real", "_imaginary"
UNITS = {
    "times": "learning time of dW/dt = -grad L",
    "steps": "gradient steps",
    "excess": "loss above the floor",
    "loss": "half the mean squared error, summed over outputs and readouts",
}
# Dimensions of every array of a curve, by the path of its name.
_DIMENSIONS = {
    "times": ("time",),
    "steps": ("time",),
    "excess": ("time",),
    "loss": ("time",),
    "valid": ("time",),
    "floor": (),
    "w_x": ("time", "hidden", "in"),
    "w_h": ("time", "hidden", "hidden_from"),
    "w_y": ("time", "out", "hidden"),
    "mode_a": ("time", "mode"),
    "mode_b": ("time", "mode"),
    "mode_c": ("time", "mode"),
    "singular_values_w_x": ("time", "rank_x"),
    "singular_values_w_h": ("time", "rank_h"),
    "singular_values_w_y": ("time", "rank_y"),
    "basis_output": ("out", "mode"),
    "basis_input": ("in", "mode"),
    "basis_hidden": ("hidden", "mode"),
}


def package_versions() -> dict[str, str]:
    """Versions of what a result depends on.

    Returns:
        Version by name of the package.
    """
    packages = ("learndyn", "jax", "jaxlib", "equinox", "diffrax", "numpy")
    return {name: version(name) for name in packages}


def to_dataset(curve: LearningCurve) -> "xarray.Dataset":
    """A curve as a labelled data set.

    Args:
        curve: the curve.

    Returns:
        The data set; `load_curve` reads it back from a file.
    """
    import xarray

    arrays = {
        "times": curve.times,
        "steps": curve.steps,
        "excess": curve.excess,
        "loss": curve.loss,
        "valid": curve.valid,
        "floor": curve.floor,
        **{name: getattr(curve.weights, name) for name in ("w_x", "w_h", "w_y")},
        **{f"mode_{name}": value for name, value in curve.modes._asdict().items()},
        **{f"singular_values_{k}": v for k, v in curve.singular_values._asdict().items()},
        **{f"basis_{k}": getattr(curve.bases, k) for k in ("output", "input", "hidden")},
    }
    variables: dict[str, tuple] = {}
    for name, value in arrays.items():
        if value is not None:
            for part, numbers in _parts(name, np.asarray(value)):
                variables[part] = (_DIMENSIONS[name], numbers, {"units": UNITS.get(name, "1")})
    for group, values in (("violation", curve.violations), ("setting", curve.settings)):
        for name, value in values.items():
            # Numbers have no dimension, but a random key is several.
            value = np.asarray(value)
            dimensions = tuple(f"{group}_{name}_{d}" for d in range(value.ndim))
            variables[f"{group}_{name}"] = (dimensions, value)
    for name, value in (("time", curve.state.time), ("step", curve.state.step)):
        variables[f"state_{name}"] = ((), np.asarray(value))
    for i, leaf in enumerate(map(np.asarray, curve.state.leaves)):
        dimensions = tuple(f"state_{i}_{d}" for d in range(leaf.ndim))
        for part, numbers in _parts(f"state_leaf_{i}", leaf):
            variables[part] = (dimensions, numbers)
    axis = "times" if curve.times is not None else "steps"
    attributes = {
        "format": _FORMAT,
        "result": _name(curve.result),
        "sentence": str(RESULTS[curve.result]),
        "method": curve.method,
        "state_leaves": len(curve.state.leaves),
        "versions": json.dumps(package_versions()),
    }
    dataset = xarray.Dataset(variables, attrs=attributes)
    return dataset.assign_coords(time=("time", np.asarray(arrays[axis]), {"units": UNITS[axis]}))


def _parts(name: str, value: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """An array under its name; a complex one, which netCDF does not know, as two real ones."""
    if not np.iscomplexobj(value):
        return [(name, value)]
    return [(f"{name}{_REAL}", value.real), (f"{name}{_IMAGINARY}", value.imag)]


def save_curve(curve: LearningCurve, path: str | os.PathLike) -> None:
    """Write a curve to a netCDF file, whole or not at all.

    Args:
        curve: the curve, of one problem.
        path: file name.

    Raises:
        InputError: if the curve has batch axes.
    """
    if jnp.ndim(curve.excess) != 1:
        raise InputError(
            "one learning curve",
            f"a batch of them, {curve.excess.shape[:-1]}",
            "Save each, or the data set that a sweep returns.",
        )
    dataset = to_dataset(curve)
    write_whole(path, lambda to: dataset.to_netcdf(to, engine="h5netcdf"))


def load_curve(path: str | os.PathLike) -> LearningCurve:
    """Read a curve that `LearningCurve.save` wrote.

    Args:
        path: file name.

    Returns:
        The curve, equal to the saved one; `solve(..., resume=curve)` continues it.

    Raises:
        InputError: if there is no such file, or it is not a learning curve.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld, tempfile, pathlib
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_aligned(task, 0.3, 0.2, 0.3, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.GradientDescent(0.1), jnp.arange(3.0))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     curve.save(pathlib.Path(folder) / "curve.nc")
        ...     loaded = ld.load_curve(pathlib.Path(folder) / "curve.nc")
        >>> bool((loaded.excess == curve.excess).all())
        True
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine="h5netcdf") as opened:
            dataset = opened.load()
    except FileNotFoundError:
        raise InputError("the file of a learning curve", f"no file {path}") from None
    except (OSError, ValueError) as error:
        raise InputError("the file of a learning curve", f"{path}, unreadable: {error}") from None
    if dataset.attrs.get("format") != _FORMAT:
        raise InputError(f"a file of format {_FORMAT!r}", f"{dataset.attrs.get('format')!r}")
    return _from_dataset(dataset)


def _from_dataset(dataset: "xarray.Dataset") -> LearningCurve:
    def array(name: str):
        if name in dataset:
            return jnp.asarray(dataset[name].to_numpy())
        return jax.lax.complex(array(name + _REAL), array(name + _IMAGINARY))

    def optional(name: str):
        return array(name) if name in dataset else None

    def group(prefix: str):
        names = [str(n) for n in dataset.data_vars if str(n).startswith(prefix)]
        return {name.removeprefix(prefix): array(name) for name in names}

    return LearningCurve(
        times=optional("times"),
        steps=optional("steps"),
        excess=array("excess"),
        floor=array("floor"),
        valid=array("valid"),
        result=_result(dataset.attrs["result"]),
        violations=group("violation_"),
        weights=LinearRNN(array("w_x"), array("w_h"), array("w_y")),
        modes=Modes(*(array(f"mode_{name}") for name in "abc")),
        singular_values=SingularValues(
            *(array(f"singular_values_{w}") for w in ("w_x", "w_h", "w_y"))
        ),
        bases=Bases(*(array(f"basis_{name}") for name in ("output", "input", "hidden"))),
        state=State(
            array("state_time"),
            array("state_step"),
            tuple(array(f"state_leaf_{i}") for i in range(int(dataset.attrs["state_leaves"]))),
        ),
        method=str(dataset.attrs["method"]),
        settings=group("setting_"),
    )


RESULT_NAMES = (
    "reached",
    "diverged",
    "exhausted",
    "failed",
    "minimum",
    "saddle",
    "stationary",
    "not_yet",
)


def _name(result: RESULTS) -> str:
    return next(name for name in RESULT_NAMES if bool(result == getattr(RESULTS, name)))


def _result(name: str) -> RESULTS:
    if name not in RESULT_NAMES:
        raise InputError(f"a result among {', '.join(RESULT_NAMES)}", repr(name))
    item = getattr(RESULTS, name)
    # Through jit, so that a loaded result is an array as a computed one is.
    return jax.jit(lambda: RESULTS.where(True, item, item))()
