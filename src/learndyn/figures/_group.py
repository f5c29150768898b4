"""Several figures in a folder, side by side: one that fails loses no other."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import NamedTuple

import jax

from learndyn._errors import sentence_of
from learndyn.figures._configuration import Configuration
from learndyn.figures._report import report_of, write_report, write_times
from learndyn.figures._run import make_figure

# More would wait for the longest figure, each with memory of its own.
_MOST = 4


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
    """A process for each figure, so that one which is killed takes its own figure only."""
    waiting, running = tasks[::-1], {}
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                task = waiting.pop()
                running[task.name] = _begin(task)
            ready = wait([connection for _, connection in running.values()])
            for name, (process, connection) in list(running.items()):
                if connection in ready:
                    outcome = _end(name, process, connection)
                    del running[name]
                    yield outcome
    finally:
        for process, _ in running.values():
            process.terminate()


def _begin(task: _Task) -> tuple[SpawnProcess, Connection]:
    # Not by a fork: the threads of a compiler would not be there in the copy.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_attempt_apart, args=(task, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _attempt_apart(task: _Task, connection: Connection) -> None:
    # An interruption from the keyboard reaches every process; the first one ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jax.config.update("jax_enable_x64", True)
    connection.send(_attempt(task))


def _end(name: str, process: SpawnProcess, connection: Connection) -> Outcome:
    try:
        return connection.recv()
    except EOFError:
        process.join()
        why = f"its process ended with code {process.exitcode}, as where memory is short"
        return Outcome(name, failure=f"Expected a figure; got none: {why}.")
    finally:
        connection.close()
