"""How the cost of a gradient step grows with the length of a trajectory, for white input."""

import jax
import numpy as np

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_most

_LENGTHS = (10, 30, 100, 300, 1000, 3000, 10_000)
_RATE = 1e-4


def run() -> list[Row]:
    """Measure all lengths, and the slope of the line through them."""
    timed = Interleaved({str(length): _steps(length) for length in _LENGTHS})
    costs = [timed.median(str(length)) for length in _LENGTHS]
    slope = float(np.polyfit(np.log(_LENGTHS), np.log(costs), 1)[0])
    long = float(np.polyfit(np.log(_LENGTHS[2:]), np.log(costs[2:]), 1)[0])
    rows = [
        Row("length", f"T={length}: one step, N=4", 1e6 * cost, "µs")
        for length, cost in zip(_LENGTHS, costs, strict=True)
    ]
    return [
        *rows,
        Row("length", "log-log slope", slope, "", **at_most(1.1, slope)),
        Row("length", "log-log slope from T=100", long, "", **at_most(1.1, long)),
    ]


def _steps(length: int):
    """A compiled run of steps that takes long enough to be timed, and their number."""
    steps = max(20, 200_000 // length)
    teacher = ld.init_unaligned(4, 4, 4, 0.5, key=jax.random.key(0))
    net = ld.init_unaligned(4, 4, 4, 0.3, key=jax.random.key(1))
    problem = ld.Problem(net, ld.teacher_task(teacher, length))

    @jax.jit
    def descend(net):
        return jax.lax.fori_loop(
            0, steps, lambda _, now: now + _RATE * ld.velocity(problem, now), net
        )

    def call():
        jax.block_until_ready(descend(net).w_h)

    call()  # compile
    return call, steps
