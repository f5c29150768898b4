"""The tangent kernel and its distance, against automatic differentiation and kernels over trials.

All alternatives must give the same numbers before they are timed.
"""

import jax
import jax.numpy as jnp
import numpy as np

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_least, at_most, seconds

_SIZE, _LENGTH = 4, 6
_TRIALS, _EVERY_TRIALS = 1000, 100
_MANY, _PIECE = 1_000_000, 50_000
_CALLS = 200  # of a distance, which is too short to time alone
_WIDTH, _WIDE_TRIALS = 300, 100
_TIMES = 200


def run() -> list[Row]:
    """Measure kernels, distances, wide networks and curves."""
    return [
        *_kernel("final", _TRIALS, aim=1.3),
        *_kernel("every", _EVERY_TRIALS, aim=None),
        *_distance(),
        *[row for length in (6, 20) for row in _wide(length)],
        *_curves(),
    ]


def _row(quantity, value, unit, **rest):
    return Row("kernels", quantity, value, unit, **rest)


def _kernel(outputs: str, trials: int, *, aim: float | None) -> list[Row]:
    """The kernel of some trials with themselves; writing it alone is the least it can take."""
    net, x = _net(1), _inputs(trials)
    every = outputs == "every"

    def ours():
        return ld.ntk(net, x, x, outputs=outputs).block_until_ready()

    compiled = jax.jit(lambda net, x: _autodiff(net, x, every=every))

    def jaxs():
        return compiled(net, x).block_until_ready()

    first = seconds(ours)
    expected = ours()
    _close(jaxs(), expected)
    write = jax.jit(lambda value: jnp.full(expected.shape, value))
    alternatives = {
        "learndyn": (ours, 1),
        "jax.jacrev": (jaxs, 1),
        "writing the result": (lambda: write(1.0).block_until_ready(), 1),
    }
    restore = _add_torch(alternatives, net, x, np.asarray(expected), every=every)
    write(1.0)
    timed = Interleaved(alternatives, rounds=9)
    restore()
    name = f"ntk, {outputs}, P = {trials:,}, T = {_LENGTH}, N = {_SIZE}"
    once = timed.median("learndyn")
    rows = [
        _row(name, 1e3 * once, "ms"),
        _row(f"{name}, compile (first call − run)", first - once, "s"),
    ]
    ratio = timed.ratio("learndyn", "writing the result")
    bound = at_most(aim, ratio) if aim else {}
    rows.append(_row(f"{name}, learndyn / writing the result", ratio, "x", **bound))
    for peer in ("jax.jacrev", "torch.func.jacrev"):
        if peer not in timed.times:
            rows.append(_row(f"{name}, {peer} / learndyn", None, "x", note="torch is missing"))
            continue
        ratio = timed.ratio(peer, "learndyn")
        rows.append(_row(f"{name}, {peer} / learndyn", ratio, "x", **at_least(1, ratio)))
    return rows


def _distance() -> list[Row]:
    """The distance from statistics, against both kernels over the trials."""
    net0, net1, x = _net(1), _net(2), _inputs(_TRIALS)
    statistics = ld.TaskStatistics.from_data(np.asarray(x), _targets(np.asarray(x)))
    many = ld.TaskStatistics.from_chunks(_pieces())

    def ours(statistics):
        for _ in range(_CALLS):
            ld.kernel_distance(net0, net1, statistics).block_until_ready()

    def kernels():
        return _compared(ld.ntk(net0, x, x), ld.ntk(net1, x, x)).block_until_ready()

    compiled = jax.jit(lambda net, x: _autodiff(net, x, every=False))

    def jaxs():
        return _compared(compiled(net0, x), compiled(net1, x)).block_until_ready()

    batch = jax.tree.map(lambda w: jnp.stack([w] * _CALLS), net1)

    def together():
        ld.kernel_distance(net0, batch, statistics).block_until_ready()

    expected = ld.kernel_distance(net0, net1, statistics)
    for theirs in (kernels(), jaxs()):
        np.testing.assert_allclose(theirs, expected, rtol=1e-8)
    together(), ours(many)
    timed = Interleaved(
        {
            "learndyn": (lambda: ours(statistics), _CALLS),
            "many": (lambda: ours(many), _CALLS),
            "together": (together, _CALLS),
            "kernels": (kernels, 1),
            "jax.jacrev": (jaxs, 1),
        },
        rounds=7,
    )
    ratio, growth = timed.ratio("kernels", "learndyn"), timed.ratio("many", "learndyn")
    batched, autodiff = timed.ratio("kernels", "together"), timed.ratio("jax.jacrev", "learndyn")
    name = f"kernel distance, N = {_SIZE}, T = {_LENGTH}"
    return [
        _row(f"{name}, one call", 1e6 * timed.median("learndyn"), "µs"),
        _row(f"{name}, {_CALLS} networks in one call, each", 1e6 * timed.median("together"), "µs"),
        _row(
            f"{name}, both ntk of P = {_TRIALS:,} / one call", ratio, "x", **at_least(1000, ratio)
        ),
        _row(f"{name}, both ntk of P = {_TRIALS:,} / each of {_CALLS} in one call", batched, "x"),
        _row(f"{name}, both by jax.jacrev / one call", autodiff, "x"),
        _row(f"{name}, P = {_MANY:,} / P = {_TRIALS:,}", growth, "x", **at_most(1.5, growth)),
    ]


def _wide(length: int) -> list[Row]:
    """Temporary memory that the compiler reserves for a wide network, and time."""
    net0, net1 = (_net(seed, _WIDTH) for seed in (1, 2))
    x = _inputs(_WIDE_TRIALS, length)
    statistics = ld.TaskStatistics.from_data(
        np.asarray(_inputs(_TRIALS, length)), np.ones((_TRIALS, _SIZE))
    )
    entries = length * _SIZE * _SIZE  # of the impulse response
    kernel_bytes = entries**2 * 8
    jacobian_bytes = entries * sum(w.size for w in jax.tree.leaves(net0)) * 8
    distance_bytes = _temporary(ld.kernel_distance, net0, net1, statistics)
    ntk_bytes = _temporary(ld.ntk, net0, x, x)

    def distance():
        ld.kernel_distance(net0, net1, statistics).block_until_ready()

    distance()
    once = Interleaved({"distance": (distance, 1)}, rounds=21).median("distance")
    name, per = f"N = {_WIDTH}, T = {length}", "/ kernel of the impulse response"
    rows = [_row(f"{name}, kernel distance", 1e3 * once, "ms")]
    for what, size in (("distance", distance_bytes), ("ntk", ntk_bytes)):
        ratio = size / kernel_bytes
        beside = f"P = {_WIDE_TRIALS}, beside the result, which is scratch too"
        note = beside if what == "ntk" else ""
        quantity = f"{name}, temporary memory of {what} {per}"
        rows.append(_row(quantity, ratio, "x", note=note, **at_most(10, ratio)))
    note = "computed from shapes; what automatic differentiation would take"
    quantity = f"{name}, Jacobian over all weights {per}"
    return [*rows, _row(quantity, jacobian_bytes / kernel_bytes, "x", note=note)]


def _curves() -> list[Row]:
    """The curve of the linearized network beside that of the network, and measures along it."""
    spectrum = ld.task_dynamics("constant", 1.0, None, _LENGTH)
    task = ld.structured_task(spectrum, _SIZE, _SIZE, key=jax.random.key(0))
    problem = ld.Problem(_net(1), task)
    times = jnp.concatenate([jnp.zeros(1), jnp.geomspace(0.1, 1000.0, _TIMES - 1)])

    def solve(method):
        return jax.block_until_ready(ld.solve(problem, method, times))

    lazy, rich = solve(ld.Linearized()), solve(ld.WeightFlow())
    # Both start from the same network.
    np.testing.assert_allclose(lazy.excess[0], rich.excess[0], rtol=1e-10)

    def measure():
        jax.block_until_ready(ld.feature_learning(rich, task.statistics()))

    first = seconds(measure)
    timed = Interleaved(
        {
            "lazy": (lambda: solve(ld.Linearized()), 1),
            "rich": (lambda: solve(ld.WeightFlow()), 1),
            "measures": (measure, 1),
        },
        rounds=5,
    )
    name, measures = f"{_TIMES} times, N = {_SIZE}, T = {_LENGTH}", timed.median("measures")
    return [
        _row(
            f"Linearized, {name}",
            1e3 * timed.median("lazy"),
            "ms",
            note="a small SVD, whose threads wait for each other where cores are busy",
        ),
        _row(f"WeightFlow / Linearized, {name}", timed.ratio("rich", "lazy"), "x"),
        _row(f"feature_learning, {name}", measures, "s"),
        _row("feature_learning, compile (first call − run)", first - measures, "s"),
    ]


def _autodiff(net: ld.LinearRNN, x, *, every: bool):
    """The kernel as one would write it down: the Jacobian of each trial, and one product."""

    def outputs(net, trial):
        hidden, seen = jnp.zeros(net.w_h.shape[0]), []
        for step in trial:
            hidden = net.w_h @ hidden + net.w_x @ step
            seen.append(hidden)
        return jnp.stack(seen) @ net.w_y.T if every else net.w_y @ hidden

    jacobian = jax.vmap(jax.jacrev(outputs), (None, 0))(net, x)
    leading = x.shape[:2] if every else x.shape[:1]
    leading = (*leading, net.w_y.shape[0])
    rows = int(np.prod(leading))
    flat = jnp.concatenate([w.reshape(rows, -1) for w in jax.tree.leaves(jacobian)], 1)
    return (flat @ flat.T).reshape(*leading, *leading)


def _add_torch(alternatives, net, x, expected, *, every: bool):
    """Add the torch peer, after a check; returns what puts its number of threads back."""
    try:
        import torch

        from benchmarks._torch import at_its_best, tangent_kernel, to_torch
    except ImportError:
        return lambda: None
    weights = tuple(to_torch(w) for w in (net.w_x, net.w_h, net.w_y))
    inputs, threads = to_torch(x), torch.get_num_threads()

    def theirs():
        return tangent_kernel(weights, inputs, every=every)

    _close(theirs().numpy(), expected)
    alternatives["torch.func.jacrev"] = (at_its_best(theirs), 1)
    return lambda: torch.set_num_threads(threads)


@jax.jit
def _compared(first, second):
    """Eq. 135 as it stands."""
    sizes = jnp.sqrt(jnp.sum(first**2)) * jnp.sqrt(jnp.sum(second**2))
    return 1 - jnp.sum(first * second) / sizes


def _temporary(function, *arguments) -> int:
    compiled = jax.jit(function).lower(*arguments).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def _net(seed: int, width: int = _SIZE) -> ld.LinearRNN:
    return ld.init_unaligned(_SIZE, width, _SIZE, 0.5, key=jax.random.key(seed))


def _inputs(trials: int, length: int = _LENGTH):
    return jax.random.normal(jax.random.key(3), (trials, length, _SIZE))


def _targets(x):
    return x.sum(1)


def _pieces():
    """Trials that are let go as soon as their moments are taken."""
    rng = np.random.default_rng(0)
    for _ in range(_MANY // _PIECE):
        x = rng.normal(size=(_PIECE, _LENGTH, _SIZE))
        yield x, _targets(x)


def _close(theirs, ours) -> None:
    scale = float(np.abs(np.asarray(ours)).max())
    np.testing.assert_allclose(np.asarray(theirs), np.asarray(ours), rtol=0, atol=1e-10 * scale)
