"""A sweep on disk: a zarr group that a killed run can be resumed from."""

import json
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from learndyn._errors import InputError
from learndyn._sweep._outputs import nothing
from learndyn._sweep._plan import Block

if TYPE_CHECKING:
    import xarray

_CURE = "Choose another folder, or remove this one if its cells are no longer wanted."


class Store:
    """A data set on disk, written block by block.

    The files are their own record of what is finished: each chunk is moved to its place when it is
    complete, and ends with a checksum. Nothing else is kept, so nothing can disagree.

    Args:
        folder: where; made if missing.
        data: the data set, whose coordinates and attributes tell how it is made.
        chunk: cells of a block along each coordinate.

    Raises:
        InputError: if there is a file, the folder holds anything but an unfinished or finished run
            of the same, or what describes its arrays is damaged.
    """

    def __init__(self, folder: str | os.PathLike, data: "xarray.Dataset", chunk: tuple[int, ...]):
        import zarr

        self._folder, self._data = Path(folder), data
        if os.path.lexists(self._folder) and not self._folder.is_dir():
            raise InputError("a folder as store", f"the file {folder}", "Choose another name.")
        # Chunks of zeros are written like others: a chunk that is not there is not finished.
        with zarr.config.set({"array.write_empty_chunks": True}):
            if self._folder.is_dir() and any(self._folder.iterdir()):
                _check_same(self._folder, data)
            else:
                _create(self._folder, data, chunk)
            # What was being written when a run was killed.
            for unfinished in self._folder.rglob("*.partial"):
                unfinished.unlink()
            self._arrays: dict[str, Any] = {
                str(name): _open(self._folder / str(name)) for name in data.data_vars
            }

    def load(self, block: Block) -> bool:
        """Read a block into the data set.

        Args:
            block: the block.

        Returns:
            Whether it is there, undamaged. If not, the data set is as it was.
        """
        found = {}
        for name, array in self._arrays.items():
            found[name] = _read(array, self._folder / name, block.place)
            if found[name] is None:
                return False
        for name, values in found.items():
            self._data[name].values[block.place] = values
        return True

    def save(self, block: Block) -> None:
        """Write a block of the data set.

        Args:
            block: the block.
        """
        for name, array in self._arrays.items():
            array[block.place] = self._data[name].values[block.place]


def _read(array: Any, folder: Path, place: tuple[slice, ...]) -> np.ndarray | None:
    """One chunk of an array, unless it is missing or damaged."""
    chunk = [part.start // step for part, step in zip(place, array.chunks, strict=False)]
    rest = [0] * (array.ndim - len(chunk))
    try:
        found = np.asarray(array[place])
    except Exception:  # whatever the codecs make of damaged bytes
        return None
    # Where a chunk is missing, zarr makes one up.
    there = folder.joinpath("c", *map(str, chunk + rest)).exists()
    return found if there or not found.size else None


def _create(folder: Path, data: "xarray.Dataset", chunk: tuple[int, ...]) -> None:
    """Make a store beside its place, and move it there, all or nothing."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _describe(beside, data, chunk)
        beside.replace(folder.resolve())
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _describe(folder: Path, data: "xarray.Dataset", chunk: tuple[int, ...]) -> None:
    """Make the group and its arrays, and write the coordinates."""
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    group = zarr.create_group(folder, attributes=data.attrs)
    for name, variable in data.variables.items():
        shape, is_text = variable.shape, variable.dtype.kind == "U"
        cells = shape if name in data.coords else (*chunk, *shape[len(chunk) :])
        array = group.create_array(
            str(name),
            shape=shape,
            chunks=tuple(max(1, n) for n in cells),
            dtype="str" if is_text else variable.dtype,
            fill_value=None if is_text else nothing(variable.dtype),
            compressors=[ZstdCodec(), Crc32cCodec()],
            dimension_names=[str(d) for d in variable.dims],
            attributes={k: _plain(v) for k, v in variable.attrs.items()},
        )
        if name in data.coords:
            array[...] = variable.values
    with warnings.catch_warnings():
        # That this is no part of the format yet. xarray, which reads it, warns where it is missing.
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(folder)


def _open(folder: Path) -> Any:
    import zarr

    try:
        return zarr.open_array(folder, mode="r+")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "a store whose arrays are described", f"{folder}, which is damaged", _CURE
        ) from error


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _check_same(folder: Path, data: "xarray.Dataset") -> None:
    """Refuse a folder that is not a store of the same sweep, and say what differs."""
    try:
        attributes = json.loads((folder / "zarr.json").read_text())["attributes"]
    except (OSError, ValueError, KeyError):
        attributes = {}
    if attributes.get("format") != data.attrs["format"]:
        raise InputError("a new or empty folder as store", f"{folder}, which holds others", _CURE)
    # What a user can change first, and what follows from it last.
    _check_attributes(folder, attributes, data, ("versions", "device", "function", "static", "key"))
    lost = []
    for name, values in data.coords.items():
        kept = _coordinate(folder / str(name))
        if kept is None:
            lost.append(name)
        elif not np.array_equal(kept, values.values):
            raise InputError(
                f"a store of {name} = {values.values}", f"{folder}, with {kept}", _CURE
            )
    _check_attributes(folder, attributes, data, ("grid", "chunk", "program"))
    # It is the same grid, which is known.
    for name in lost:
        _open(folder / str(name))[...] = data[name].values


def _coordinate(folder: Path) -> Any:
    """Values of a coordinate; None if they are damaged or lost, a word if it has none."""
    if not folder.is_dir():
        return "none"
    array = _open(folder)
    return _read(array, folder, (slice(0, array.shape[0]),))


def _check_attributes(folder, kept: dict[str, Any], data: "xarray.Dataset", names) -> None:
    for name in names:
        wanted = data.attrs.get(name)
        if kept.get(name) != wanted:
            expected, got = _difference(name, wanted, kept.get(name))
            raise InputError(f"a store of {expected}", f"{folder}, of {got}", _CURE)


def _difference(name: str, wanted: Any, kept: Any) -> tuple[str, str]:
    if name == "versions":
        wanted, kept = json.loads(wanted), json.loads(kept or "{}")
        package = next(p for p in wanted if wanted[p] != kept.get(p))
        return f"{package} {wanted[package]}", f"{package} {kept.get(package)}"
    if name == "grid":
        return "these coordinates", "others"
    if name == "program":
        return "this function, in this version of its code", "another, of the same name"
    return f"{name} {wanted}", f"{name} {kept}"
