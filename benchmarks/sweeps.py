"""Sweeps of trained networks: figure 5 as a whole process, a loop in PyTorch, the store."""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import numpy as np

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_least, at_most, seconds
from learndyn._experiments import FEATURE_LEARNING, bind

# One panel of figure 5.
_LENGTHS = range(1, 9)
_GRID = {
    "length": np.array(_LENGTHS),
    "scale": np.linspace(0.025, 0.5, 20),
    "repeat": np.arange(20),
}
_FIXED = {"start": "unaligned", "max_steps": 10_000}
_CHUNK = 64
_COMMAND = "import sys; from learndyn.cli import main; sys.exit(main())"
_SEEDS = (
    "import sys, jax; jax.config.update('jax_enable_x64', True);"
    "from learndyn.figures import load_figure, make_figure;"
    "make_figure('5', load_figure('5').CONFIGURATION.changed(seeds={seeds})).save(sys.argv[-1])"
)
# Whole process in seconds, by seeds at each point.
_AIMS = {5: 20, 10: 35, 20: 60}


def run() -> list[Row]:
    """Measure all of it."""
    return [*_figure_5(), *_against_torch(), *_store()]


def _figure_5() -> list[Row]:
    rows = []
    for seeds, aim in _AIMS.items():
        with TemporaryDirectory() as folder:
            out = str(Path(folder) / "figures")
            by_command = [_COMMAND, "figure", "5", "--out", out]
            arguments = {5: [*by_command, "--quick"], 10: by_command}
            command = arguments.get(seeds, [_SEEDS.format(seeds=seeds), out])
            ended = []
            duration = seconds(
                lambda c=command, e=ended: e.append(
                    subprocess.run([sys.executable, "-c", *c], capture_output=True, check=True)
                )
            )
        name = f"figure 5 with {seeds} seeds, whole process"
        rows.append(Row("sweeps", name, duration, "s", **at_most(aim, duration)))
    return rows


def _sweep(grid=_GRID, store=None):
    cell = bind(FEATURE_LEARNING, grid, _FIXED)
    return ld.sweep(cell, grid, key=jax.random.key(0), chunk=_CHUNK, store=store)


def _against_torch() -> list[Row]:
    """Cost of a cell: ours with distances and compilation, theirs of its gradient steps alone."""
    found = _sweep()
    steps = found["steps"].mean(["scale", "repeat"]).to_numpy()
    cells = found["steps"].size
    alternatives = {"learndyn": (_sweep, cells)}
    try:
        from benchmarks._torch import at_its_best, descend_on_trials, to_torch
    except ImportError:
        timed = Interleaved(alternatives, rounds=3)
        missing = Row("sweeps", "torch loop", None, "ms", note="torch is not installed")
        return [_cost("learndyn", timed), missing]
    net = ld.init_unaligned(4, 4, 4, 0.3, key=jax.random.key(1))
    weights = tuple(to_torch(w) for w in (net.w_x, net.w_h, net.w_y))
    trials = []
    for length in _LENGTHS:
        spectrum = ld.task_dynamics("constant", 1.0, None, length)
        task = ld.structured_task(spectrum, 4, 4, key=jax.random.key(2))
        # The fewest trials that have exactly white inputs.
        x, y = task.sample(4 * length, key=jax.random.key(3))
        trials.append((to_torch(x), to_torch(y)))

    def loop(share=0.1):
        """A tenth of the steps of one cell at each length."""
        for (x, y), count in zip(trials, steps, strict=True):
            descend_on_trials(weights, x, y, 0.01, round(share * count))

    alternatives["torch loop"] = (at_its_best(loop), 0.1 * len(trials))
    timed = Interleaved(alternatives, rounds=3)
    ratio = timed.ratio("torch loop", "learndyn")
    return [
        _cost("learndyn", timed),
        _cost("torch loop", timed),
        Row("sweeps", "torch loop / learndyn", ratio, "x", **at_least(500, ratio)),
        Row("sweeps", "gradient steps of a cell", float(steps.mean()), "steps"),
    ]


def _cost(name: str, timed: Interleaved) -> Row:
    return Row("sweeps", f"{name}, per cell", 1e3 * timed.median(name), "ms")


def _store() -> list[Row]:
    """What keeping every batch costs, and what a run costs that finds all of them."""
    with TemporaryDirectory() as folder:
        stores = (Path(folder) / str(i) for i in range(9))
        timed = Interleaved(
            {"alone": (_sweep, 1), "stored": (lambda: _sweep(store=next(stores)), 1)}, rounds=3
        )
        began = time.perf_counter()
        _sweep(store=Path(folder) / "0")
        again = time.perf_counter() - began
    kept = timed.ratio("stored", "alone")
    return [
        Row("sweeps", "with a store / without", kept, "x"),
        Row("sweeps", "the same again, all found", again / timed.median("alone"), "of the sweep"),
    ]
