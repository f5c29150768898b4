"""Worker threads for chunks of cells: compiled code lets go of Python's lock."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import jax

# Small products keep little more than one core busy, so two chunks run at a time.
WORKERS = min(2, os.cpu_count() or 1)


@contextmanager
def workers(count: int = WORKERS) -> Iterator[ThreadPoolExecutor]:
    """Worker threads that are let go at once when something fails.

    Args:
        count: how many. One for code with matrix factorizations: inside loops they wait for
            XLA's own threads, and two that run at a time can wait for each other for ever.

    Yields:
        The pool.
    """
    x64 = jax.config.jax_enable_x64  # pyright: ignore[reportAttributeAccessIssue]
    pool = ThreadPoolExecutor(count, "learndyn", initializer=_set_precision, initargs=(x64,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _set_precision(x64: bool) -> None:
    """Give a worker the caller's precision, which may be a setting of the caller's thread."""
    # Older versions of jax have it among the experiments.
    home: Any = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    home.enable_x64(x64).__enter__()
