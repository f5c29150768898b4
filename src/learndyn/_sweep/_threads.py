"""Worker threads for chunks of cells: compiled code lets go of Python's lock."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
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
    x64 = double_precision()
    pool = ThreadPoolExecutor(count, "learndyn", initializer=lambda: precision(x64).__enter__())
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def double_precision() -> bool:
    """Whether numbers are of double precision, which may be a setting of this thread.

    Returns:
        The setting.
    """
    return jax.config.jax_enable_x64  # pyright: ignore[reportAttributeAccessIssue]


def precision(x64: bool) -> AbstractContextManager:
    """Give this thread a precision.

    Args:
        x64: whether it is double.

    Returns:
        A context in which it is.
    """
    # Older versions of jax have it among the experiments.
    home: Any = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    return home.enable_x64(x64)
