"""Statistics once and training on them, against training on the trials themselves."""

import jax
import jax.numpy as jnp

import learndyn as ld
from benchmarks._measure import Interleaved, Row

_STEPS, _RATE = 1000, 0.01
# Trials, and steps on them that are really run; the others are extrapolated, a step costs the same.
_SIZES = ((10**5, 100), (10**6, 8))


def run() -> list[Row]:
    """Measure all numbers of trials."""
    return [row for size in _SIZES for row in _measure(*size)]


def _measure(trials: int, data_steps: int) -> list[Row]:
    x, y = ld.integration_task("sum").sample(trials, key=jax.random.key(0))
    net = ld.init_unaligned(4, 4, 4, 0.1, key=jax.random.key(1))
    problem = ld.Problem(net, (x, y))

    def on_statistics():
        _train(ld.Problem(net, (x, y)), "statistics", _STEPS)

    def on_data(steps):
        return lambda: _train(problem, "data", steps)

    on_statistics(), on_data(1)()  # compile
    timed = Interleaved(
        {
            "statistics": (on_statistics, 1),
            "one": (on_data(1), 1),
            "more": (on_data(1 + data_steps), 1),
        },
        rounds=3,
    )
    # The trials are read and checked once, which must not be extrapolated with the steps.
    for one, more in zip(timed.times["one"], timed.times["more"], strict=True):
        total = one + (_STEPS - 1) * (more - one) / data_steps
        timed.times.setdefault("data", []).append(total)
    note = f"extrapolated from {data_steps} steps"
    name = f"P={trials:.0e}, {_STEPS} steps:"
    return [
        Row("moments", f"{name} statistics and training", timed.median("statistics"), "s"),
        Row("moments", f"{name} training on data", timed.median("data"), "s", note=note),
        Row("moments", f"{name} data / statistics", timed.ratio("data", "statistics"), "x"),
    ]


def _train(problem, on: str, steps: int) -> None:
    times = jnp.array([steps * _RATE])
    jax.block_until_ready(ld.solve(problem, ld.GradientDescent(_RATE, on=on), times).final.w_h)
