"""Several figures in a folder, side by side: one that fails loses no other."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

import jax

from learndyn._errors import sentence_of
from learndyn.figures._configuration import Configuration
from learndyn.figures._report import report_of, write_report, write_times
from learndyn.figures._run import make_figure

# More would wait for the longest figure, each with memory of its own.
_MOST = 4
# Begun first, so that none of them is alone at the end.
_LONG = ("R", "A5", "A6", "A8")


@dataclass(frozen=True)
class Outcome:
    """How the making of a figure ended.

    Attributes:
        name: the figure.
        elapsed: seconds that it took.
        processor: seconds of one processor.
        failure: why it was not made, in a sentence; empty where it was.
    """

    name: str
    elapsed: float = 0.0
    processor: float = 0.0
    failure: str = ""


class _Task(NamedTuple):
    name: str
    configuration: Configuration
    folder: Path


def make_group(
    configurations: Mapping[str, Configuration], folder: Path, asked: list[str]
) -> Iterator[Outcome]:
    """Make figures, several at once, and keep the page of their folder up to date.

    Args:
        configurations: the numbers of the figures to make, by name.
        folder: where they are written, each when it is finished.
        asked: figures that the page is to show, also those that are there already.

    Yields:
        How each ended, as it ends.
    """
    tasks = [_Task(name, numbers, folder) for name, numbers in configurations.items()]
    processes = min(len(tasks), available_processors(), _MOST)
    failures: dict[str, str] = {}
    for outcome in _side_by_side(tasks, processes) if processes > 1 else map(_attempt, tasks):
        if outcome.failure:
            failures[outcome.name] = outcome.failure
        else:
            seconds = {"elapsed": outcome.elapsed, "processor": outcome.processor}
            write_times(folder, {outcome.name: seconds})
        write_report(folder, report_of(folder, asked, failures))
        yield outcome
    if not tasks:
        write_report(folder, report_of(folder, asked, failures))


def available_processors() -> int:
    """How many processors this process may use.

    Returns:
        Their number.
    """
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _attempt(task: _Task) -> Outcome:
    began, used = time.perf_counter(), time.process_time()
    failure = ""
    try:
        make_figure(task.name, task.configuration).save(task.folder)
    except Exception as error:
        failure = sentence_of(error)
    return Outcome(task.name, time.perf_counter() - began, time.process_time() - used, failure)


def _side_by_side(tasks: list[_Task], processes: int) -> Iterator[Outcome]:
    waiting = deque(sorted(tasks, key=lambda task: task.name not in _LONG))
    busy = [_Worker(waiting.popleft()) for _ in range(processes)]
    try:
        while busy:
            ready = wait([worker.connection for worker in busy])
            for worker in [one for one in busy if one.connection in ready]:
                outcome = worker.outcome()
                if waiting:
                    worker.begin(waiting.popleft())
                else:
                    busy.remove(worker)
                    worker.stop()
                yield outcome
    finally:
        for worker in busy:
            worker.stop()


class _Worker:
    """A process that makes one figure after another: what it compiled for one serves the next.

    A pool of the standard library would lose all figures with a process that is killed, and could
    not be stopped before they are done.
    """

    def __init__(self, task: _Task):
        self._start()
        self.begin(task)

    def _start(self) -> None:
        # Not by a fork: the threads of the compiler would not be there in the copy.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, task: _Task) -> None:
        if not self._process.is_alive():
            self._start()
        self._name = task.name
        self.connection.send(task)

    def outcome(self) -> Outcome:
        """How the figure that was begun ended; to be asked when the connection is ready."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            why = f"its process ended with code {self._process.exitcode}, as where memory is short"
            return Outcome(self._name, failure=f"Expected a figure; got none: {why}.")

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()
        self.connection.close()


def _serve(connection: Connection) -> None:
    """Make the figures that are asked for, until nobody is left to ask."""
    # An interruption from the keyboard reaches every process; the first one ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jax.config.update("jax_enable_x64", True)
    with contextlib.suppress(EOFError):
        while True:
            connection.send(_attempt(connection.recv()))
