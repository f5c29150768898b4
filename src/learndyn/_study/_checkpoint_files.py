"""Networks of a training run, read from files."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from learndyn._errors import InputError
from learndyn._study._checkpoints import Checkpoints
from learndyn.sources import needs, read_archive

_MATRICES = ("w_x", "w_h", "w_y")
_EXPECTED = "checkpoints: an .npz or .safetensors file, or a folder of .safetensors files"
_NAMES = "Say which is which: --names w_x=NAME,w_h=NAME,w_y=NAME."


def read_checkpoints(
    path: str | os.PathLike, names: Mapping[str, str] | None = None
) -> Checkpoints:
    """Read the networks of a training run.

    Args:
        path: an `.npz` or `.safetensors` file with the stacks `w_x (steps, hidden, in)`,
            `w_h (steps, hidden, hidden)`, `w_y (steps, out, hidden)` and, if wanted, `steps`; or a
            folder of `.safetensors` files, each a state dict of one step, the step being the last
            number in the name of the file.
        names: names of the three matrices in the files, where they are others.

    Returns:
        The networks, by increasing step.

    Raises:
        InputError: for files that are missing, damaged or of another kind, for names that are not
            in them, and for networks with biases.
        MissingExtraError: for `.safetensors` without the package (the extra `checkpoints`).

    Example:
        >>> import numpy as np, tempfile, learndyn as ld
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/run.npz", w_x=np.ones((2, 3, 1)), w_h=np.ones((2, 3, 3)),
        ...              w_y=np.ones((2, 1, 3)), steps=[0, 100])
        ...     ld.read_checkpoints(f"{folder}/run.npz").steps.tolist()
        [0, 100]
    """
    named = _checked_names(names or {})
    where = Path(path)
    if where.is_dir():
        return _read_folder(where, named)
    if where.suffix == ".npz":
        matrices = tuple(named.values())
        arrays = read_archive(where, matrices, ("steps",), expected=_EXPECTED, cure=_NAMES)
    elif where.suffix == ".safetensors":
        arrays = _read_safetensors(where)
    else:
        raise InputError(_EXPECTED, f"{path}")
    matrices = _picked(arrays, named, where)
    steps = arrays.get("steps", np.arange(len(matrices[0]) if matrices[0].ndim else 0))
    return Checkpoints(steps, *matrices, name=str(path))


def _checked_names(names: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(names) - set(_MATRICES))
    if unknown:
        raise InputError("names for w_x, w_h and w_y", ", ".join(unknown), "w_x=NAME,w_h=…")
    return {matrix: names.get(matrix, matrix) for matrix in _MATRICES}


def _read_folder(folder: Path, named: dict[str, str]) -> Checkpoints:
    files = {}
    for file in sorted(folder.glob("*.safetensors")):
        numbers = re.findall(r"\d+", file.stem)
        if not numbers:
            raise InputError("a step as the last number in each name", f"{file.name}")
        if int(numbers[-1]) in files:
            raise InputError(
                "one file for each step", f"{files[int(numbers[-1])].name} and {file.name}"
            )
        files[int(numbers[-1])] = file
    if len(files) < 2:
        raise InputError("at least two .safetensors files, one a step", f"{len(files)} in {folder}")
    steps, stacks = sorted(files), []
    for step in steps:
        arrays = _read_safetensors(files[step])
        _refuse_biases(arrays, files[step])
        stacks.append(_picked(arrays, named, files[step]))
    shapes = {tuple(matrix.shape for matrix in matrices) for matrices in stacks}
    if len(shapes) > 1:
        raise InputError("networks of one shape in all files", f"{len(shapes)} shapes in {folder}")
    matrices = [np.stack(stack) for stack in zip(*stacks, strict=True)]
    return Checkpoints(steps, *matrices, name=str(folder))


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    with needs("safetensors", "A .safetensors file", extra="checkpoints"):
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    try:
        return load_file(path)
    except OSError as error:
        raise InputError(_EXPECTED, f"{path} ({error.strerror or error})") from error
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        # KeyError and TypeError: number formats that NumPy does not know.
        raise InputError(
            "a .safetensors file of plain numbers",
            f"{path}, damaged or of another kind ({error})",
            "Save the matrices as float32 or float64.",
        ) from error


def _picked(
    arrays: Mapping[str, np.ndarray], named: dict[str, str], path: Path
) -> list[np.ndarray]:
    missing = [name for name in named.values() if name not in arrays]
    if missing:
        raise InputError(
            f"{', '.join(missing)} in {path}",
            ", ".join(sorted(arrays)[:10]) or "nothing",
            _NAMES,
        )
    return [np.asarray(arrays[named[matrix]]) for matrix in _MATRICES]


def _refuse_biases(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    for name, array in arrays.items():
        if array.ndim == 1 and np.any(array != 0):
            raise InputError(
                "a network without biases",
                f"{name} in {path}, which is not zero",
                "Train with bias=False, or give the network a constant input.",
            )
