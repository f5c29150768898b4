"""Chunks on worker threads: compiled code releases Python's lock."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

# One chunk of small products keeps little more than one core busy; two chunks keep two.
WORKERS = min(2, os.cpu_count() or 1)
# Cells in one call: enough that calls cost nothing, few enough for the cache.
CHUNK = 256


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """Worker threads that are let go at once when something fails.

    Yields:
        The pool.
    """
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="learndyn")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
