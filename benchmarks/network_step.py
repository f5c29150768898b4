"""Time of one gradient step of one network, when a thousand tiny networks are trained.

All alternatives descend the same loss from the same weights, which is checked before timing.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_least, at_most

_NETWORKS, _CHUNK = 1000, 250  # a chunk of networks stays in the cache
_TRIALS = 1000
_RATE = 0.01
_SIZES = ((4, 6), (8, 6), (4, 16))


def run() -> list[Row]:
    """Measure all sizes."""
    return [row for size in _SIZES for row in _measure(*size)]


def _measure(size: int, length: int) -> list[Row]:
    spectrum = ld.task_dynamics("constant", 1.0, None, length)
    task = ld.structured_task(spectrum, size, size, key=jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), _NETWORKS)
    nets = jax.vmap(lambda key: ld.init_unaligned(size, size, size, 0.3, key=key))(keys)
    ours, compile_time = _solver(task.statistics(), 300, nets)
    grad = jax.jit(jax.vmap(_autodiff(task.impulse_response, 100)))
    alternatives = {
        "learndyn": (lambda: _in_chunks(ours, nets), _NETWORKS * 300),
        "vmapped jax.grad": (lambda: _in_chunks(grad, nets), _NETWORKS * 100),
    }
    check, _ = _solver(task.statistics(), 10, nets)
    expected = _in_chunks(check, nets)
    _same(_in_chunks(jax.jit(jax.vmap(_autodiff(task.impulse_response, 10))), nets), expected)
    torch_missing = _add_torch(alternatives, task, nets, expected)
    _in_chunks(grad, nets), _in_chunks(ours, nets)
    timed = Interleaved(alternatives)

    def row(quantity, value, unit, **rest):
        return Row("network_step", f"N={size} T={length}: {quantity}", value, unit, **rest)

    rows = [
        row(f"{name}, per network-step", 1e6 * timed.median(name), "µs") for name in timed.times
    ]
    aims = {"torch loop": 500, "torch.bmm": 3, "vmapped jax.grad": 3}
    for name, aim in aims.items():
        if name in timed.times:
            ratio = timed.ratio(name, "learndyn")
            rows.append(row(f"{name} / learndyn", ratio, "x", **at_least(aim, ratio)))
    if torch_missing:
        rows.append(row("torch peers", None, "µs", note="torch is not installed"))
    return [*rows, row("learndyn, compile", compile_time, "s", **at_most(2, compile_time))]


def _solver(statistics, steps: int, nets):
    """Training by `solve`, compiled for one chunk, and how long tracing and compiling took."""
    method, times = ld.GradientDescent(_RATE), jnp.array([steps * _RATE])

    def train(net):
        return ld.solve(ld.Problem(net, statistics), method, times).final

    chunk = jax.tree.map(lambda w: w[:_CHUNK], nets)
    start = time.perf_counter()
    compiled = jax.jit(jax.vmap(train)).lower(chunk).compile()
    return compiled, time.perf_counter() - start


def _autodiff(target, steps: int):
    """Training by `jax.grad` of the loss as one would write it down."""

    def loss(net):
        hidden, total = net.w_x, 0.0
        for lag in range(len(target)):
            total += 0.5 * jnp.sum((net.w_y @ hidden - target[lag]) ** 2)
            hidden = net.w_h @ hidden
        return total

    def step(_, net):
        return jax.tree.map(lambda w, slope: w - _RATE * slope, net, jax.grad(loss)(net))

    return lambda net: jax.lax.fori_loop(0, steps, step, net)


def _in_chunks(function, nets):
    starts = range(0, _NETWORKS, _CHUNK)
    chunks = [jax.tree.map(lambda w, i=i: w[i : i + _CHUNK], nets) for i in starts]
    return jax.block_until_ready([function(chunk) for chunk in chunks])


def _add_torch(alternatives, task, nets, expected) -> bool:
    """Add the torch peers, after a check; returns whether torch is missing."""
    try:
        from benchmarks._torch import (
            at_its_best,
            descend_on_statistics,
            descend_on_trials,
            to_torch,
        )
    except ImportError:
        return True
    batch = tuple(to_torch(w) for w in (nets.w_x, nets.w_h, nets.w_y))
    target = to_torch(task.impulse_response)
    x, y = (to_torch(v) for v in task.sample(_TRIALS, key=jax.random.key(2)))
    chunks = list(zip(*(w.split(_CHUNK) for w in batch), strict=True))

    def batched(steps):
        return [descend_on_statistics(chunk, target, _RATE, steps) for chunk in chunks]

    def loop(networks, steps):
        one_by_one = zip(*(w[:networks] for w in batch), strict=True)
        return [descend_on_trials(net, x, y, _RATE, steps) for net in one_by_one]

    for ours, theirs in zip(expected, batched(10), strict=True):
        _close(ours, theirs)
    _close(jax.tree.map(lambda w: w[0], expected[0]), loop(1, 10)[0])
    alternatives["torch.bmm"] = (at_its_best(lambda: batched(10)), _NETWORKS * 10)
    alternatives["torch loop"] = (at_its_best(lambda: loop(2, 50)), 2 * 50)
    return False


def _same(theirs, ours) -> None:
    for a, b in zip(theirs, ours, strict=True):
        _close(a, (b.w_x, b.w_h, b.w_y))


def _close(net, weights) -> None:
    for a, b in zip((net.w_x, net.w_h, net.w_y), weights, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-9, atol=1e-11)
