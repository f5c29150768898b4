"""Settings of every test and doctest: double precision, one thread each, no chance."""

import os

# Before jax or a linear algebra library starts: the test processes share the cores, so none of
# them starts threads of its own. What the environment already says is kept.
for variable, value in {
    "JAX_PLATFORMS": "cpu",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}.items():
    os.environ.setdefault(variable, value)

import hypothesis  # noqa: E402
import jax  # noqa: E402

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
