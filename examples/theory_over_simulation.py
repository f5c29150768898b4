"""Two modes of a task, learned by theory and by training: the strong one first, then the weak one.

Prints the input-output modes u = ac and the recurrent modes b of both, and how far apart they are.
"""

import jax
import jax.numpy as jnp

import learndyn as ld

jax.config.update("jax_enable_x64", True)

spectrum = ld.task_dynamics("inverse_exponential", jnp.array([2.0, 0.7]), jnp.array([0.6, 0.9]), 6)
task = ld.structured_task(spectrum, n_in=4, n_out=3, key=jax.random.key(0))
net = ld.init_aligned(task, 0.1, 0.2, 0.1, key=jax.random.key(1))
problem = ld.Problem(net, task)

# Training stands at multiples of its rate; the theory is asked for the same times.
trained = ld.solve(problem, ld.GradientDescent(0.001), jnp.linspace(0.0, 6.0, 13))
predicted = ld.solve(problem, ld.ModeFlow(), trained.times)

print("              trained                  predicted")
print(" time    u_1  u_2  b_1  b_2      u_1  u_2  b_1  b_2")
for i, time in enumerate(trained.times):
    columns = [
        " ".join(f"{value:4.2f}" for value in (*(modes.a * modes.c)[i], *modes.b[i]))
        for modes in (trained.modes, predicted.modes)
    ]
    print(f"{time:5.1f}   {columns[0]}     {columns[1]}")

gap = ld.compare(predicted, trained).largest_gap
print(f"\nLargest gap of the loss: {gap:.2%}. Half the learning rate halves it:")
finer = ld.solve(problem, ld.GradientDescent(0.0005), trained.times)
print(f"{ld.compare(predicted, finer).largest_gap:.2%}.")
