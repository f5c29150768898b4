"""Timing of alternatives beside each other, and a description of where they ran."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median

_PACKAGES = ("learndyn", "jax", "jaxlib", "equinox", "diffrax", "optimistix", "numpy", "torch")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        subject: name of the benchmark.
        quantity: what was measured.
        value: the number, None where it could not be measured.
        unit: its unit; "x" for a ratio.
        aim: the bound to meet, as a sentence such as "≤ 2".
        met: whether it was, None without an aim or a number.
        note: how it was measured, or why not.
    """

    subject: str
    quantity: str
    value: float | None
    unit: str
    aim: str = ""
    met: bool | None = None
    note: str = ""


def at_least(bound: float, value: float) -> dict:
    """Aim of a row whose value should be this large."""
    return {"aim": f"≥ {bound:g}", "met": value >= bound}


def at_most(bound: float, value: float) -> dict:
    """Aim of a row whose value should be this small."""
    return {"aim": f"≤ {bound:g}", "met": value <= bound}


def seconds(function: Callable[[], object]) -> float:
    """Wall-clock time of one call; the function must wait for its own results."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


class Interleaved:
    """Alternatives timed in turns, A B A B, so that a busy machine slows all of them alike.

    Args:
        functions: for each name a function of no arguments and the units of work in one call.
        rounds: number of turns.
    """

    def __init__(
        self, functions: dict[str, tuple[Callable[[], object], float]], *, rounds: int = 5
    ):
        self.times: dict[str, list[float]] = {name: [] for name in functions}
        for _ in range(rounds):
            for name, (function, units) in functions.items():
                self.times[name].append(seconds(function) / units)

    def median(self, name: str) -> float:
        """Median time of one unit of work, in seconds."""
        return median(self.times[name])

    def ratio(self, slow: str, fast: str) -> float:
        """Median over rounds of the ratio of two alternatives."""
        pairs = zip(self.times[slow], self.times[fast], strict=True)
        return median(a / b for a, b in pairs)


def environment() -> dict[str, object]:
    """Versions and hardware, with nothing that names a machine or a place on it."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": cores,
        # Numbers from a machine that is busy with other work are to be read with care.
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }
