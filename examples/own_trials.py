"""Trials as arrays: what a network would learn from them, and what a trained one does learn.

The trials are an autocorrelated signal whose running mean is to be reported, with noise. No
assumption of the theory of modes holds, so the flow of the weights is integrated instead.
"""

import jax
import jax.numpy as jnp
import numpy as np

import learndyn as ld

jax.config.update("jax_enable_x64", True)

rng = np.random.default_rng(0)
x = 0.5 * rng.normal(size=(300, 6, 3)).cumsum(axis=1)  # (trajectories, time, in)
running_mean = x.cumsum(axis=1) / np.arange(1, 7)[:, None]
y = running_mean[..., :2] + 0.1 * rng.normal(size=(300, 6, 2))  # (trajectories, time, out)

net = ld.init_unaligned(3, 5, 2, 0.3, key=jax.random.key(0))
problem = ld.Problem(net, (x, y))

times = jnp.linspace(0.0, 2.0, 9)
flow = ld.solve(problem, ld.WeightFlow(), times)
print("How far the trials and the start are from what the theory of modes assumes:")
for name, violation in flow.violations.items():
    print(f"  {name:15s} {violation:.2f}")

# The curvature is small at the start and large later, so the rate is chosen along the whole flow.
rate = 0.05 / ld.curvature(problem, flow.weights).max()
trained = ld.solve(problem, ld.GradientDescent(rate, on="data"), times)
predicted = ld.solve(problem, ld.WeightFlow(), trained.times)
print(f"\nTraining by back-propagation through time, rate {rate:.2g}, {trained.steps[-1]} steps:")
print(" time   predicted   trained   (loss above the floor)")
for time, one, other in zip(trained.times, predicted.excess, trained.excess, strict=True):
    print(f"{time:5.2f}   {one:9.5f}   {other:7.5f}")
print(f"floor, which no linear network can avoid: {problem.statistics.floor:.5f}")
print(f"largest gap: {ld.compare(predicted, trained).largest_gap:.2%}")
