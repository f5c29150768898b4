"""The flow of the weights on integration tasks, stiff, to a late time."""

import diffrax
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_most, seconds

# The solver that WeightFlow chooses; its number of steps is not part of a curve.
from learndyn.methods._flow import _default_solver

_END = 1e5
# An explicit solver is bound by stability: to the end it would take minutes.
_SHORT = 1e3
_RTOL, _ATOL = 1e-8, 1e-10


def run() -> list[Row]:
    """Measure both targets."""
    return [row for target in ("sum", "mean") for row in _measure(target)]


def _measure(target: str) -> list[Row]:
    net = ld.init_unaligned(4, 4, 4, 0.1, key=jax.random.key(0))
    problem = ld.Problem(net, ld.integration_task(target))
    times = jnp.geomspace(1.0, _END, 200)

    def solve():
        jax.block_until_ready(ld.solve(problem, ld.WeightFlow(), times).final.w_h)

    jax.clear_caches()
    first = seconds(solve)
    implicit, explicit = _integrator(problem, None), _integrator(problem, diffrax.Tsit5())
    steps = {"implicit": int(implicit(_SHORT)), "explicit": int(explicit(_SHORT))}
    timed = Interleaved(
        {
            "solve": (solve, 1),
            "implicit": (lambda: implicit(_SHORT).block_until_ready(), 1),
            "explicit": (lambda: explicit(_SHORT).block_until_ready(), 1),
        },
        rounds=3,
    )
    duration = timed.median("solve")

    def row(quantity, value, unit, **rest):
        return Row("flow", f"{target}: {quantity}", value, unit, **rest)

    short = f"t = {_SHORT:g}"
    return [
        row("compile (first call − run)", first - duration, "s"),
        row("run to t = 1e5, 200 times", duration, "s", **at_most(2, duration)),
        row("solver steps to t = 1e5", int(implicit(_END)), "", note="no requested times between"),
        row(f"solver steps to {short}", steps["implicit"], ""),
        row(f"Tsit5, solver steps to {short}", steps["explicit"], ""),
        row(f"steps to {short}, Tsit5 / learndyn", steps["explicit"] / steps["implicit"], "x"),
        row(f"time to {short}, Tsit5 / learndyn", timed.ratio("explicit", "implicit"), "x"),
    ]


def _integrator(problem: ld.Problem, solver: diffrax.AbstractSolver | None):
    """Number of steps that a solver takes to a time, by diffrax on learndyn's velocity."""
    start, unflatten = ravel_pytree(problem.net)
    solver = solver or _default_solver(start.size, _RTOL, _ATOL)

    def field(t, y, args):  # noqa: ARG001
        return ravel_pytree(ld.velocity(problem, unflatten(y)))[0]

    @jax.jit
    def steps(end):
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            solver,
            0.0,
            end,
            None,
            start,
            stepsize_controller=diffrax.PIDController(rtol=_RTOL, atol=_ATOL),
            max_steps=None,
        )
        return solution.stats["num_steps"]

    return steps
