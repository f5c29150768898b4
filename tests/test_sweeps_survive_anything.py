"""A sweep with a store ends with the same bytes, whatever happened to it on the way."""

import contextlib
import errno
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import time
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import learndyn as ld
from references.files import content
from references.killed_sweep import (
    CACHE,
    GRID,
    function,
    remember_programs,
    run,
    sweep_in_a_child,
    tell_threads_of_parent,
)

BLOCKS = 2 * 7  # one for each of p and kind, all of q


def finished_blocks(folder):
    """Of the blocks whose chunks are all there: which files those are, as written when."""
    found = {}
    arrays = ["wave", "noise", "ok", "result", "diverged", "unconverged", "saddle"]
    for p, kind in itertools.product(range(7), range(2)):
        ends = {"noise": "0"}
        paths = [Path(folder, a, "c", str(p), str(kind), "0", ends.get(a, "")) for a in arrays]
        if all(path.exists() for path in paths):
            stats = [path.stat() for path in paths]
            found[p, kind] = [(each.st_ino, each.st_mtime_ns) for each in stats]
    return found


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    """Programs are compiled by the first run, and read from files by all others."""
    before = {name: getattr(jax.config, name) for name in CACHE}
    folder = str(tmp_path_factory.mktemp("programs"))
    remember_programs(folder)
    yield folder
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps") / "never-killed"
    return run(folder), content(folder)


def how_to_begin(monkeypatch):
    """How processes begin, and how many there is time for.

    They are forked from one that has imported everything and run nothing. Where an import has
    started threads, as that of old versions of diffrax does, a forked process may wait for them for
    ever, and each has to import everything anew.
    """
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["references.killed_sweep"])
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=tell_threads_of_parent, args=(there,))
    child.start()
    child.join()
    return (context, 50) if here.recv() == 1 else (multiprocessing.get_context("spawn"), 10)


def killed(context, programs, folder, after, seconds, how):
    """Start a run and kill it, so many messages and seconds after it began."""
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=sweep_in_a_child, args=(programs, folder, there))
    child.start()
    there.close()
    for _ in range(after + 1):
        assert here.poll(60), "a run that is not killed goes on"
        if here.recv() == "ended":
            break
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        os.kill(child.pid, how)
    child.join(20)
    if child.is_alive():  # an interrupt may come where Python cannot hear it, such as a finalizer
        child.kill()
        child.join()
    here.close()


def test_fifty_kills_leave_fifty_equal_results(compiled_once, never_killed, tmp_path, monkeypatch):
    context, kills = how_to_begin(monkeypatch)
    draw, halfway = np.random.default_rng(0), 0
    data, bytes_of_it = never_killed
    for kill in range(kills):
        folder = tmp_path / str(kill)
        how = signal.SIGINT if kill % 5 == 4 else signal.SIGKILL
        after = 0 if kill % 10 == 0 else int(draw.integers(1, BLOCKS))
        killed(
            context, compiled_once, folder, after, draw.uniform(0, 0.3 if after == 0 else 0.02), how
        )
        kept = finished_blocks(folder)
        halfway += 0 < len(kept) < BLOCKS
        said = []
        resumed = run(folder, progress=lambda *x, said=said: said.append(x))
        xarray.testing.assert_identical(resumed, data)
        assert content(folder) == bytes_of_it
        # Nothing that was there was computed again, and everything else was.
        assert {where: finished_blocks(folder)[where] for where in kept} == kept
        assert len(said) == BLOCKS - len(kept) + bool(kept)
        assert not list(tmp_path.glob(".*"))
        shutil.rmtree(folder)
    assert halfway >= kills / 2


def test_what_is_read_from_the_store_is_what_is_returned(never_killed, tmp_path):
    run(tmp_path / "store")
    with xarray.open_zarr(tmp_path / "store") as stored:
        xarray.testing.assert_identical(stored.load(), never_killed[0])
    alone = run(None)
    xarray.testing.assert_identical(alone, never_killed[0])


def flip_a_bit(path, draw):
    held = bytearray(path.read_bytes())
    held[draw.integers(len(held))] ^= 1 << int(draw.integers(8))
    path.write_bytes(held)


def shorten(path, draw):
    os.truncate(path, draw.integers(path.stat().st_size))


def lengthen(path, _):
    path.write_bytes(path.read_bytes() + b"\0")


def remove(path, _):
    path.unlink()


def leave_half_written(path, _):
    path.replace(path.with_suffix(".0f.partial"))


DAMAGES = [flip_a_bit, shorten, lengthen, remove, leave_half_written]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_chunks_are_found_and_computed_again(damage, never_killed, tmp_path):
    draw, folder = np.random.default_rng(1), tmp_path / "store"
    run(folder)
    for _ in range(5):
        chunks = [path for path in sorted(folder.rglob("c/**/*")) if path.is_file()]
        hit = chunks[draw.integers(len(chunks))]
        computed = hit.relative_to(folder).parts[0] not in GRID  # and is not known
        before = finished_blocks(folder)
        damage(hit, draw)
        said = []
        resumed = run(folder, progress=lambda *x, said=said: said.append(x))
        xarray.testing.assert_identical(resumed, never_killed[0])
        assert content(folder) == never_killed[1]
        after = finished_blocks(folder)
        assert sum(before[where] != after[where] for where in before) == computed
        assert [said[0][:2], said[-1][:2]] == [(39 if computed else 42, 42), (42, 42)]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", GRID)
def test_damaged_coordinates_are_written_again(name, damage, never_killed, tmp_path):
    folder = tmp_path / "store"
    run(folder)
    before = finished_blocks(folder)
    damage(folder / name / "c" / "0", np.random.default_rng(3))
    xarray.testing.assert_identical(run(folder), never_killed[0])
    assert content(folder) == never_killed[1]
    assert finished_blocks(folder) == before


@pytest.mark.parametrize("other", [{"p": np.linspace(0.0, 1.5, 7)}, {"p": np.float32(GRID["p"])}])
def test_a_damaged_coordinate_does_not_let_another_grid_in(other, tmp_path):
    run(tmp_path / "store")
    shorten(tmp_path / "store/p/c/0", np.random.default_rng(3))
    before = content(tmp_path / "store")
    with pytest.raises(ld.InputError, match=r"a store of these coordinates; got .* of others"):
        run(tmp_path / "store", GRID | other)
    assert content(tmp_path / "store") == before


def test_zero_alone_is_a_coordinate_like_others(tmp_path):
    grid = {"p": [0], "kind": ["sin"], "q": [0]}
    found = run(tmp_path / "store", grid)
    assert (tmp_path / "store/q/c/0").exists()
    xarray.testing.assert_identical(run(tmp_path / "store", grid), found)


def test_a_disk_that_fills_up_loses_nothing(never_killed, tmp_path, monkeypatch):
    from zarr.storage import _local

    folder, write, room = tmp_path / "store", _local._put, iter(range(70))

    def put(path, value, exclusive=False):
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, value, exclusive)

    monkeypatch.setattr(_local, "_put", put)
    with pytest.raises(OSError, match="No space left"):
        run(folder)
    kept = finished_blocks(folder)
    assert 0 < len(kept) < BLOCKS
    monkeypatch.undo()
    xarray.testing.assert_identical(run(folder), never_killed[0])
    assert content(folder) == never_killed[1]
    assert {where: finished_blocks(folder)[where] for where in kept} == kept


def test_a_store_that_cannot_be_made_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        run(tmp_path / "file" / "store")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_in_place_of_the_store_is_refused_and_left_alone(tmp_path):
    (tmp_path / "store").write_text("mine")
    with pytest.raises(ld.InputError, match=r"a folder as store; got the file .*store\."):
        run(tmp_path / "store")
    assert content(tmp_path) == {"store": b"mine"}


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_a_store_that_is_not_begun_leaves_no_beginnings(failure, tmp_path, monkeypatch):
    import zarr

    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(zarr, "consolidate_metadata", fail)
    with pytest.raises(type(failure)):
        run(tmp_path / "store")
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_may_be_reached_by_a_link(never_killed, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "elsewhere")
    run(tmp_path / "store")
    assert content(tmp_path / "elsewhere") == never_killed[1]


def another(p, kind, q, key):
    return function(p * 1.5, kind, q, key)


another.__qualname__, another.__module__ = function.__qualname__, function.__module__


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"grid": GRID | {"p": np.linspace(0.0, 1.5, 7)}}, r"a store of p = \[.*1.5\s*\]; got"),
        ({"grid": GRID | {"q": np.arange(2)}}, "a store of q = "),
        ({"grid": GRID | {"kind": ["cos", "sin"]}}, r"a store of kind = \['cos' 'sin'\]"),
        ({"grid": {k: GRID[k] for k in ("q", "kind", "p")}}, 'a store of chunk {"q": 1'),
        ({"seed": 6}, r"a store of key \[0, 6\]; got .* of key \[0, 5\]"),
        ({"chunk": 2}, 'a store of chunk {"p": 1, "kind": 1, "q": 2}; got'),
        ({"function": another}, "this function, in this version of its code; got .*another"),
        ({"static": ["kind", "q"]}, "a store of static"),
    ],
)
def test_a_store_of_something_else_is_refused_by_name(changed, sentence, tmp_path):
    run(tmp_path / "store")
    before = content(tmp_path / "store")
    with pytest.raises(ld.InputError, match=sentence):
        run(tmp_path / "store", **changed)
    assert content(tmp_path / "store") == before


@pytest.mark.parametrize("package", ["learndyn", "jax", "jaxlib", "equinox", "diffrax", "numpy"])
def test_a_store_of_another_version_is_refused_by_name(package, tmp_path):
    run(tmp_path / "store")
    path = tmp_path / "store" / "zarr.json"
    held = json.loads(path.read_text())
    versions = json.loads(held["attributes"]["versions"]) | {package: "0.0.9"}
    held["attributes"]["versions"] = json.dumps(versions)
    path.write_text(json.dumps(held))
    here = version(package)
    with pytest.raises(ld.InputError, match=rf"{package} {here}; got .*of {package} 0.0.9. Choose"):
        run(tmp_path / "store")


def test_a_store_of_another_device_is_refused_by_name(tmp_path):
    run(tmp_path / "store")
    path = tmp_path / "store" / "zarr.json"
    (device,) = jnp.zeros(()).devices()
    here = f"{device.platform} {device.device_kind}"
    path.write_text(path.read_text().replace(f'"{here}"', '"abacus of wood"'))
    with pytest.raises(ld.InputError, match=f"of device {here}; got .*of device abacus of wood"):
        run(tmp_path / "store")


@pytest.mark.parametrize("damage", [shorten, remove])
@pytest.mark.parametrize("array", ["wave", "ok", "q"])
def test_a_store_whose_description_is_damaged_is_refused(array, damage, tmp_path):
    run(tmp_path / "store")
    damage(tmp_path / "store" / array / "zarr.json", np.random.default_rng(2))
    with pytest.raises(ld.InputError, match=rf"described; got .*{array}, which is damaged"):
        run(tmp_path / "store")


@pytest.mark.parametrize("name", ["notes.txt", "zarr.json"])
def test_a_folder_of_other_files_is_refused_and_left_alone(name, tmp_path):
    (tmp_path / name).write_text("{}")
    with pytest.raises(ld.InputError, match="a new or empty folder as store; got"):
        run(tmp_path)
    assert content(tmp_path) == {name: b"{}"}


def test_a_cell_has_its_own_numbers_in_whichever_grid(tmp_path, never_killed):
    part = {"q": [2], "p": GRID["p"][3:5], "kind": ["cos"]}
    found = run(tmp_path / "part", part)
    whole = never_killed[0].sel(part)
    for name in whole:
        np.testing.assert_array_equal(found[name].transpose(*whole[name].dims), whole[name])
