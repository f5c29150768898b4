"""Sweeps of trained networks: whole processes, compilations, a loop in PyTorch, the store."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import numpy as np

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_least, at_most, seconds
from learndyn._experiments import FEATURE_LEARNING, sweep_experiment
from learndyn.figures import load_figure

# One panel of figure 5.
_LENGTHS = range(1, 9)
_GRID = {
    "length": np.array(_LENGTHS),
    "scale": np.linspace(0.025, 0.5, 20),
    "repeat": np.arange(20),
}
_FIXED = {"start": "unaligned", "max_steps": 10_000}
_COMMAND = "import sys; from learndyn.cli import main; sys.exit(main())"
_SEEDS = (
    "import sys, jax; jax.config.update('jax_enable_x64', True);"
    "from learndyn.figures import load_figure, make_figure;"
    "make_figure('5', load_figure('5').CONFIGURATION.changed(seeds={seeds})).save(sys.argv[-1])"
)
# Whole process: figure, seeds at each point, what is run, and seconds to meet.
_PROCESSES = (
    ("5", 5, (_COMMAND, "figure", "5", "--quick", "--out"), 20),
    ("5", 10, (_COMMAND, "figure", "5", "--out"), 35),
    ("5", 20, (_SEEDS.format(seeds=20),), 60),
    ("A5", 3, (_COMMAND, "figure", "A5", "--out"), 360),
)
# What jax calls the time that a call of the compiler takes.
_COMPILED = "/jax/core/compile/backend_compile_duration"
_MAPS = ("5", "A4", "A5", "A6", "A7", "M5")
# Numbers on which it does not depend how often is compiled.
_FEW = {"seeds": 1, "max_steps": 1}


def run() -> list[Row]:
    """Measure all of it."""
    return [*_processes(), *map(_compilations, _MAPS), *_against_torch(), *_store()]


def _processes() -> list[Row]:
    rows = []
    for figure, seeds, command, aim in _PROCESSES:
        with TemporaryDirectory() as folder:
            whole = [sys.executable, "-c", *command, str(Path(folder) / "figures")]
            run_whole = partial(subprocess.run, whole, capture_output=True, check=True)
            duration = seconds(run_whole)
        name = f"figure {figure} with {seeds} seeds, whole process"
        rows.append(Row("sweeps", name, duration, "s", **at_most(aim, duration)))
    return rows


def _compilations(figure: str) -> Row:
    """How often the compiler is called for the networks of a figure."""
    module, compiled = load_figure(figure), []

    def listen(event: str, _: float, **about: object) -> None:
        if event == _COMPILED and "swept_cell" in str(about.get("fun_name")):
            compiled.append(about)

    jax.monitoring.register_event_duration_secs_listener(listen)
    data = module.data(module.CONFIGURATION.changed(**_FEW))
    jax.monitoring.unregister_event_duration_listener(listen)
    count, panels = len(compiled), data["distance"].shape[0]
    if not count:
        note = "this version of jax does not name what it compiles"
        return Row("sweeps", f"compilations of figure {figure}", None, "", note=note)
    name = f"compilations of figure {figure}, per panel"
    note = f"{count} for {panels} panels"
    return Row("sweeps", name, count / panels, "", **at_most(1, count / panels), note=note)


def _sweep(grid=_GRID, store=None):
    return sweep_experiment(FEATURE_LEARNING, grid, _FIXED, store=store)


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
