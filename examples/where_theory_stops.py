"""How far a network may be from aligned before the theory of modes stops describing it.

Noise is added to an aligned start. With `assumptions="report"` the theory goes on all the same, and
the flow of the weights, which assumes nothing, says how wrong it gets.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

import learndyn as ld

jax.config.update("jax_enable_x64", True)

spectrum = ld.task_dynamics("exponential", jnp.array([1.5, 0.8]), 0.9, 5)
task = ld.structured_task(spectrum, n_in=3, n_out=3, key=jax.random.key(0))
aligned = ld.init_aligned(task, 0.2, 0.2, 0.2, n_hidden=4, key=jax.random.key(1))
noise = ld.init_unaligned(3, 4, 3, 1.0, key=jax.random.key(2))
times = jnp.linspace(0.0, 6.0, 13)


@eqx.filter_jit
def both(level):
    """Theory of modes and flow of the weights, from a start with noise of some size."""
    problem = ld.Problem(aligned + level * noise, task)
    modes = ld.solve(problem, ld.ModeFlow(), times, assumptions="report")
    return modes, ld.solve(problem, ld.WeightFlow(), times)


print("noise   misaligned   largest gap of the loss")
for level in (0.0, 0.003, 0.01, 0.03, 0.1, 0.3):
    modes, weights = both(jnp.asarray(level))
    gap = ld.compare(modes, weights).largest_gap
    print(f"{level:5.3f}   {modes.violations['aligned']:10.1%}   {gap:10.2%}")
