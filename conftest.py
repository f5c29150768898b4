"""Settings of every test, doctest and page: double precision, one thread each, no chance."""

import doctest
import gc
import os
import pathlib
import shlex
import tempfile

# Before jax or a linear algebra library starts: the test processes share the cores, so none of
# them starts threads of its own. Tests compile much and compute little, so nothing is optimized.
# Two thirds of what they compile another test has compiled before, in this process or another: it
# is kept in a folder, for one run; jaxlib 0.10.0 logs that each was made for another machine, which
# it was not. What the environment already says is kept.
for variable, value in {
    "JAX_PLATFORMS": "cpu",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false --xla_cpu_use_fusion_emitters=false "
    "--xla_llvm_disable_expensive_passes=true --xla_backend_optimization_level=0",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}.items():
    os.environ.setdefault(variable, value)
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    _compiled = tempfile.TemporaryDirectory(prefix="learndyn-tests-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _compiled.name

import hypothesis  # noqa: E402
import jax  # noqa: E402
import pytest  # noqa: E402
from sybil import Example, Sybil  # noqa: E402
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser  # noqa: E402

jax.config.update("jax_enable_x64", True)

# The same examples in every run, and as long as a first compilation takes.
hypothesis.settings.register_profile(
    "learndyn",
    deadline=None,
    derandomize=True,
    max_examples=30,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("learndyn")


@pytest.fixture(scope="session", autouse=True)
def _first_example():
    """Hypothesis makes its generator with the first example, and asks what refers to it.

    Objects that are frozen are asked no more, so there is one example before any test.
    """
    hypothesis.given(hypothesis.strategies.none())(lambda _: None)()


@pytest.fixture(scope="module", autouse=True)
def _room_for_compiled_code():
    """Let go of compiled code where there is much of it.

    Each compiled function maps memory, a process on Linux may hold 65,530 maps, and the compiler
    crashes where it gets no more. What is kept is no garbage, and need not be searched for any.
    """
    yield
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > _MANY_MAPS:
        gc.unfreeze()
        jax.clear_caches()
        gc.collect()
    gc.freeze()


_MANY_MAPS = 20_000


def _check_shell(example: Example) -> None:
    """Every `learndyn` in a block of shell is a command with options that it has."""
    import typer

    from learndyn.cli._main import app

    for line in example.parsed.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if "learndyn" in words:
            name, *options = words[words.index("learndyn") + 1 :]
            typer.main.get_command(app).commands[name].make_context(name, options)


def _check_toml(example: Example) -> None:
    """Every block of TOML is the file of a sweep."""
    from learndyn._experiments import EXPERIMENTS, read_configuration

    pathlib.Path("run.toml").write_text(example.parsed)
    read_configuration("run.toml", EXPERIMENTS)


def _enter_an_empty_folder(namespace: dict) -> None:
    namespace["_folder"] = folder = tempfile.TemporaryDirectory()
    namespace["_left"] = os.getcwd()
    os.chdir(folder.name)


def _leave_it(namespace: dict) -> None:
    os.chdir(namespace["_left"])
    namespace["_folder"].cleanup()


# What pages show in Python runs, block after block, in a folder that is empty at first.
pytest_collect_file = Sybil(
    parsers=[
        SkipParser(),
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE),
        CodeBlockParser("bash", _check_shell),
        CodeBlockParser("toml", _check_toml),
    ],
    patterns=["README.md", "docs/*.md", "docs/reference/*.md"],
    setup=_enter_an_empty_folder,
    teardown=_leave_it,
).pytest()
