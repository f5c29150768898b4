"""Settings of libraries that must be made before they are loaded, for a process of our own."""

import os

# The XLA that was tried, by the version of jaxlib: an unknown flag ends the process.
_TRIED = (0, 10)


def prepare_process() -> None:
    """Choose how libraries run in this process; what the environment already says is kept."""
    # Many small factorizations: threads of a linear algebra library would wait for each other,
    # for minutes where other programs keep the cores busy.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from jaxlib.version import __version__

    # Most of a study is compilation, and its loops are small: they run as fast without fused
    # emitters and costly passes, and are compiled in half the time and less memory.
    if tuple(map(int, __version__.split(".")[:2])) == _TRIED:
        flags = "--xla_cpu_use_fusion_emitters=false --xla_llvm_disable_expensive_passes=true"
        os.environ.setdefault("XLA_FLAGS", flags)
