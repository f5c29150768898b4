"""A folder larger than memory is read without its pages staying in memory."""

import subprocess
import sys

import numpy as np
import pytest

SHAPE = (200_000, 20, 8)
FILE_BYTES = 4 * SHAPE[0] * SHAPE[1] * SHAPE[2]
# Largest memory of a process, mapped pages of files included, which grew while it read trials.
READ = """
import re, sys
import numpy as np
import learndyn as ld
from learndyn.sources import open_source
folder, how = sys.argv[1:]
if how == "open_source":
    trials = open_source(folder).trials
else:
    trials = ld.Trials(*(np.load(f"{folder}/{name}.npy", mmap_mode="r") for name in "xy"))
def peak():
    # Not by getrusage: that of a process which began as a copy of a larger one is the larger one's.
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
peaks = []
for x, y, lengths in trials.chunks():
    peaks.append(peak())
print(1024 * (peaks[-1] - peaks[2]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    # Written as holes: zeros that are read like any others.
    np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.float32, shape=SHAPE)
    np.lib.format.open_memmap(folder / "y.npy", mode="w+", dtype=np.float32, shape=(SHAPE[0], 1))
    return folder


def growth(folder, how):
    command = [sys.executable, "-c", READ, str(folder), how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units elsewhere")
def test_memory_does_not_grow_with_what_was_read(folder):
    assert growth(folder, "open_source") < FILE_BYTES / 8


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units elsewhere")
def test_the_measure_would_see_pages_that_stay(folder):
    assert growth(folder, "one map of the file") > FILE_BYTES / 2
