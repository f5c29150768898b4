"""Statistics of any number of trajectories take the memory of a few of them."""

import tracemalloc

import numpy as np
import pytest

import learndyn as ld

TRIALS, LENGTH, N_IN, N_OUT = 2_000, 6, 4, 3
CHUNK_BYTES = 8 * TRIALS * LENGTH * (N_IN + N_OUT)


def chunks(number):
    rng = np.random.default_rng(0)
    for _ in range(number):
        x = rng.normal(size=(TRIALS, LENGTH, N_IN))
        yield x, np.cumsum(x, axis=1)[..., :N_OUT]


def peak_bytes(function):
    """Largest memory of numpy arrays alive at once, which Python's tracer sees."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def compiled():
    """Everything imported, compiled and cached before memory is counted."""
    ld.TaskStatistics.from_chunks(chunks(2))


@pytest.mark.parametrize("center", [False, True])
def test_peak_does_not_grow_with_the_number_of_chunks(center):
    few, many = (
        peak_bytes(lambda n=n: ld.TaskStatistics.from_chunks(chunks(n), center=center))
        for n in (6, 60)
    )
    # Growth by even one chunk in fifty more would be `CHUNK_BYTES`.
    assert many - few < CHUNK_BYTES / 2


def test_the_tracer_would_see_chunks_that_are_kept():
    few, many = (peak_bytes(lambda n=n: list(chunks(n))) for n in (6, 60))
    assert many - few > 53 * CHUNK_BYTES


def test_a_memory_mapped_array_is_never_in_memory_whole(tmp_path):
    shape = (100_000, LENGTH, N_IN)
    x = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=shape)
    rng = np.random.default_rng(0)
    for start in range(0, shape[0], TRIALS):
        x[start : start + TRIALS] = rng.normal(size=(TRIALS, LENGTH, N_IN))
    x.flush()
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    y = np.zeros((shape[0], 1))
    peaks = [
        peak_bytes(lambda n=n: ld.TaskStatistics.from_data(x[:n], y[:n], center=True))
        for n in (shape[0] // 2, shape[0])
    ]
    # In double precision the array would take 19 MB; a chunk and its factorization do not.
    assert peaks[1] - peaks[0] < 8 * x.size / 100
