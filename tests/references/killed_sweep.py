"""A sweep for processes that are killed, forked from one that has imported all they need."""

import os
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import xarray
import zarr  # noqa: F401

import learndyn as ld
import learndyn._sweep

# What xarray imports when it is first used.
xarray.Dataset({"x": ("x", np.zeros(1))})

GRID = {"p": np.linspace(0.0, 1.0, 7), "kind": ["sin", "cos"], "q": np.arange(3)}


def function(p, kind, q, key):
    wave = {"sin": jnp.sin, "cos": jnp.cos}[kind](p)
    return {
        "wave": wave * q,  # zeros where q is 0: whole chunks of them must not be taken for missing
        "noise": jax.random.bits(key, (2,)) + 1j * p,
        "ok": p > 2,
        "result": ld.RESULTS.where(p > 0.5, ld.RESULTS.diverged, ld.RESULTS.minimum),
    }


def run(store, grid=GRID, function=function, *, seed=5, static="kind", chunk=4, progress=None):
    key = jax.random.key(seed)
    options = {"static": static, "chunk": chunk, "progress": progress}
    return ld.sweep(function, grid, key=key, store=store, **options)


# Settings by which jax keeps what it compiles in a folder.
CACHE = {
    "jax_compilation_cache_dir": None,
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}


def remember_programs(folder):
    for name, value in {**CACHE, "jax_compilation_cache_dir": folder}.items():
        jax.config.update(name, value)


def tell_threads_of_parent(told):
    """Say how many threads the process has that this one was forked from, 0 if none can tell."""
    told.send(len(list(Path(f"/proc/{os.getppid()}/task").glob("*"))))


def sweep_in_a_child(programs, folder, said):
    """Run, and tell of each block."""
    jax.config.update("jax_enable_x64", True)
    remember_programs(programs)
    said.send("begun")

    def progress(*_):
        said.send("block")
        time.sleep(0.02)  # so that the one who kills, on a busy machine, is not left behind

    try:
        run(folder, progress=progress)
    except KeyboardInterrupt:
        return
    said.send("ended")
