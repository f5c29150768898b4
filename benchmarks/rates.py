"""Which largest curvature along the flow tells the usable rates: the Hessian's or the kernel's.

Two rates are measured on each small problem: the largest up to which gradient descent converges to
where the flow ends, and the largest at which its loss stays near the flow's.
"""

from collections.abc import Iterator
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import learndyn as ld
from benchmarks._measure import Interleaved, Row

# Channels, lags, hidden units and frozen part, each compiled once; some leave a residual.
_WHITE = (
    *((2, 1, 2, ()), (2, 5, 4, ()), (4, 4, 3, ()), (3, 6, 1, ()), (1, 8, 1, ())),
    *((2, 5, 4, "recurrent"), (2, 3, 4, "output"), (2, 3, 4, "input")),
)
_NOISE = (0.1, 0.3, 0.5, 1.0, 1.5, 2.0)
_KINDS = ("constant", "inverse_exponential", "exponential", "teacher", "teacher")
_SCALES, _FROZEN_SCALES = (0.1, 0.3, 0.6, 1.0), (0.6, 0.8, 1.0)
_PROBES, _LANES, _MOST_STEPS = 100, 24, 2e5
# Near: so close in loss, relative to it or to a thousandth of the first one. A residual: such a
# share of the first excess. A tie: curvatures within such a factor.
_NEAR, _RESIDUAL, _TIE = 0.01, 0.05, 1.01
# What rate × curvature is predicted to be; an over-estimate is predicted over measured rate.
_PREDICTED = {"converges": 2.0, "near the flow": 0.02}


def run() -> list[Row]:
    """Measure all problems, then the time that each curvature takes."""
    found = [(problem, _measure(problem)) for problem in _problems()]
    pairs = [(p, f) for p, f in found if f is not None]
    largest, end, measured, residual = map(np.array, zip(*(f for _, f in pairs), strict=True))
    products = measured.T[:, :, None] * largest  # (rate, problem, rule)
    frozen = np.array([bool(p.frozen) for p, _ in pairs])
    note = f"{frozen.sum()} frozen, {residual.sum()} with a residual; {len(found)} tried"
    rows = [
        _row("measured", len(pairs), "problems", note=note),
        _row("discarded", len(found) - len(pairs), "problems", note="saddle, or too many steps"),
    ]
    groups = {"all": frozen | True, "frozen": frozen, "residual": residual}
    tie = largest.max(1) < _TIE * largest.min(1)
    for times_rule, (rate, predicted) in zip(products, _PREDICTED.items(), strict=True):
        for rule, x in zip(("Hessian", "kernel"), times_rule.T, strict=True):
            name = f"{rate}, {rule}:"
            rows += [
                _row(f"{name} rate × curvature, median", np.median(x)),
                _row(f"{name} its standard deviation", np.log10(x).std(), "log10"),
                _row(f"{name} worst over-estimate", predicted / x.min(), "x"),
            ]
        # The share of "near" is a choice, so each rule may have the one that suits it.
        aim = predicted if rate == "converges" else np.median(times_rule, axis=0)
        verdict = np.where(tie, 2, np.abs(np.log(times_rule / aim)).argmin(1))
        for name, group in groups.items():
            for i, word in enumerate(("Hessian closer", "kernel closer", "tie")):
                rows.append(_row(f"{rate}, {name}: {word}", (verdict[group] == i).sum()))
    for name, extreme in (("largest", max), ("smallest", min)):
        ratio = extreme(end[:, 0] / end[:, 1])
        rows.append(_row(f"Hessian / kernel at the end, {name}", ratio, "x"))
    return rows + _times(next(p for p, _ in pairs if p.net.n_hidden == 4))


def _row(quantity, value, unit="", **rest):
    return Row("rates", quantity, float(value), unit, **rest)


def _problems() -> Iterator[ld.Problem]:
    """White tasks of every kind and shape, then sums of correlated inputs, with noise."""
    for i, (size, length, hidden, frozen) in enumerate(_WHITE):
        for j, kind in enumerate(_KINDS):
            seed, outputs = 10 * i + j, ("final", "every")[j % 2]
            key, rng = jax.random.key(seed), np.random.default_rng(seed)
            if kind == "teacher":
                teacher = ld.init_unaligned(size, size + 2, size, 0.8, key=key)
                task = ld.teacher_task(teacher, length, outputs=outputs)
            else:
                delta, lam = rng.uniform(0.5, 2.0, size), rng.uniform(0.55, 0.95, size)
                spectrum = ld.task_dynamics(kind, delta, lam if j else None, length)
                task = ld.structured_task(spectrum, size, size, outputs=outputs, key=key)
            moments = task.statistics()  # without their vectors, which only structured tasks have
            white = ld.TaskStatistics.white(moments.target, weights=moments.weights)
            scales = _FROZEN_SCALES if frozen else _SCALES
            scale = scales[(i + j) % len(scales)]
            net = ld.init_unaligned(size, hidden, size, scale, key=jax.random.key(1000 + seed))
            yield ld.Problem(net, white, frozen=frozen)
    for seed, noise in enumerate(_NOISE):
        rng = np.random.default_rng(seed)
        x = 0.4 * rng.normal(size=(200, 4, 2)).cumsum(1)
        y = x.cumsum(1) / 4 + noise * rng.normal(size=x.shape)
        scale = _SCALES[seed % len(_SCALES)]
        net = ld.init_unaligned(2, 2, 2, scale, key=jax.random.key(1000 + seed))
        yield ld.Problem(net, ld.TaskStatistics.from_data(x, y))


def _measure(problem: ld.Problem):
    """Curvatures along the flow and at its end, both rates, whether a residual is left; or None."""
    flow = ld.train(problem, ld.WeightFlow(), tolerance=1e-6, max_steps=1000)
    if flow.result != ld.RESULTS.minimum:
        return None
    excess, times = np.asarray(flow.excess[flow.valid]), np.asarray(flow.times[flow.valid])
    left, shed = excess - excess[-1], excess[0] - excess[-1]
    over, long_over = (np.argmax(left <= share * shed) for share in (1e-3, 1e-4))
    probes, early = np.linspace(0, [len(times) - 1, over], _PROBES).round().astype(int).T
    nets = jax.tree.map(lambda w: w[probes], flow.weights)
    curvatures = np.stack([ld.curvature(problem, nets), _kernel(problem, nets)])
    rates, close = np.geomspace([0.5, 0.03], [40, 6], _LANES).T / curvatures[0].max()
    if 2 * times[long_over] / rates[0] > _MOST_STEPS:
        return None
    for _ in range(2):  # the second grid lies between two rates of the first
        # Down where the flow ends, throughout the last tenth of twice its time.
        steps = 2 * times[long_over] / rates + 1000
        last = np.floor(steps[:, None] * np.linspace(0.9, 1, _PROBES))
        descent = np.asarray(_descend(problem, rates, last * rates[:, None]))
        first = np.argmin((descent <= excess[-1] + 1e-3 * shed).all(1))
        assert first > 0  # a quarter of the predicted rate
        bound, rates = rates[first - 1], np.geomspace(*rates[first - 1 : first + 1], _LANES)
    while times[over] / close[0] < _MOST_STEPS:
        descent = _descend(problem, close, np.tile(times[early], (_LANES, 1)))
        loss, wanted = flow.floor + descent, flow.floor + excess[early]
        gaps = jnp.abs(loss - wanted) / jnp.maximum(loss, 1e-3 * wanted[0])
        gap = np.asarray(jnp.where(jnp.isfinite(gaps), gaps, jnp.inf).max(1))  # until it is over
        first = np.argmax(gap > _NEAR)
        if first > 0:
            pair = slice(first - 1, first + 1)
            near = np.exp(np.interp(np.log(_NEAR), np.log(gap[pair]), np.log(close[pair])))
            residual = excess[-1] > _RESIDUAL * excess[0]
            return curvatures.max(1), curvatures[:, -1], (bound, near), residual
        close = close / 4
    return None


@eqx.filter_jit
def _kernel(problem, nets):
    """Largest eigenvalue of the tangent kernel of each network."""
    spectrum = partial(ld.kernel_spectrum, statistics=problem.statistics, frozen=problem.frozen)
    return jax.vmap(spectrum)(nets)[:, 0]


@eqx.filter_jit
def _descend(problem, rates, times):
    """Excess at times of each rate, between two steps on the straight line from one to the next."""

    def moved(net, time):
        return jax.tree.map(lambda w, v: w + time * v, net, ld.velocity(problem, net))

    def descend(rate, times):
        def record(state, time):
            done, net = state
            steps = jnp.floor(time / rate).astype(int)
            net = jax.lax.fori_loop(done, steps, lambda _, net: moved(net, rate), net)
            response = moved(net, time - steps * rate).impulse_response(problem.statistics.length)
            return (steps, net), problem.statistics.excess(response)

        return jax.lax.scan(record, (jnp.zeros((), int), problem.net), times)[1]

    return jax.vmap(descend)(rates, times)


def _times(problem: ld.Problem) -> list[Row]:
    """Time of both curvatures over as many networks as a plan probes."""
    nets = jax.tree.map(lambda w: jnp.stack([w] * _PROBES), problem.net)
    functions = {"Hessian": ld.curvature, "kernel": _kernel}
    rules = {k: (lambda f=f: np.asarray(f(problem, nets)), 1) for k, f in functions.items()}
    timed = Interleaved(rules, rounds=11)
    return [_row(f"{_PROBES} probes, {rule}", 1e3 * timed.median(rule), "ms") for rule in rules]
