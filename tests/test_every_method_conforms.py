"""Every method keeps the same promises: dtype, jit, vmap, frozen parts, resuming, files, ending."""

import logging
from functools import cache

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import learndyn as ld
from learndyn._assumptions import ALIGNED
from references.methods import public_methods

LENGTH, MODES = 3, 2
# Multiples of every time per step below, so that gradient descent records where it is asked to.
TIMES = np.array([0.0, 1.0, 2.0, 4.0])
# One object each: another momentum or Adam would be another function to jit.
MOMENTUM, ADAM = optax.trace(0.9), optax.scale_by_adam()


def batches(rate, seed=0):
    key = jax.random.key(seed)
    return ld.GradientDescent(rate, on="data", batch_size=4, key=key)


# A method by learning rate; flows have none.
METHODS = {
    "statistics": ld.GradientDescent,
    "data": lambda rate: ld.GradientDescent(rate, on="data"),
    "momentum": lambda rate: ld.GradientDescent(rate / 10, optimizer=MOMENTUM, time_scale=10),
    "adam": lambda rate: ld.GradientDescent(rate, optimizer=ADAM, time_scale=None),
    "minibatch": batches,
    # One flow by explicit steps and one by the default, implicit ones.
    "weight flow": lambda rate: ld.WeightFlow(solver=diffrax.Tsit5()),  # noqa: ARG005
    "mode flow": lambda rate: ld.ModeFlow(),  # noqa: ARG005
    "linearized": lambda rate: ld.Linearized(),  # noqa: ARG005
    "exact": lambda rate: ld.ExactInputOutput(),  # noqa: ARG005
    "taylor": lambda rate: ld.TaylorRecurrent(9, 0.25),  # noqa: ARG005
}
RATE = 0.05
# A method that is named nowhere here is taken as it is made without arguments.
NAMED = {type(method(RATE)) for method in METHODS.values()}
METHODS |= {
    name: lambda rate, method=method: method()  # noqa: ARG005
    for name, method in public_methods().items()
    if method not in NAMED
}
# What a frozen theory needs frozen.
FROZEN = {"exact": ("recurrent",), "taylor": ("input", "output")}
ON_MODES = [name for name, method in METHODS.items() if ALIGNED in method(RATE).assumptions]
DESCENTS = [name for name in METHODS if isinstance(METHODS[name](RATE), ld.GradientDescent)]
every_method = pytest.mark.parametrize("name", METHODS)


def is_flow(name):
    return name not in DESCENTS


@cache
def task_and_trials(seed=0):
    spectrum = [[0.5, 1.0, 2.0], [0.6, 0.4, 1.0]]
    task = ld.structured_task(np.array(spectrum), MODES, MODES, key=jax.random.key(seed))
    x, y = task.sample(8, key=jax.random.key(seed + 1))
    return task, ld.Trials(np.asarray(x), np.asarray(y))


def start(seed=0, a=0.5):
    # One key, so that all starts share their hidden basis and a difference is one of numbers.
    task, _ = task_and_trials(seed)
    return ld.init_aligned(task, np.array([a, 0.4]), 0.2, 0.6, key=jax.random.key(7))


def problem_of(name, seed=0, a=0.5, dtype=jnp.float64, frozen=()):
    frozen = FROZEN.get(name, frozen)
    net = jax.tree.map(lambda w: w.astype(dtype), start(seed, a))
    return ld.Problem(net, task_and_trials(seed)[1], frozen=frozen)


@cache
def straight(name):
    return ld.solve(problem_of(name), METHODS[name](RATE), TIMES)


def arrays(curve):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(curve)]


def assert_bitwise(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for x, y in zip(arrays(one), arrays(other), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


def assert_same_weights(name, one, other):
    """Equal bits for descent; for flows, a hundredfold of the solver's tolerance of 1e-8."""
    for x, y in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        if is_flow(name):
            np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-6)
        else:
            np.testing.assert_array_equal(x, y)


@every_method
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_networks_dtype_is_that_of_the_whole_curve(name, dtype):
    problem = problem_of(name, dtype=dtype, frozen=frozen_part(dtype))
    curve = ld.solve(problem, METHODS[name](RATE), TIMES)
    parts = {
        "excess": curve.excess,
        "loss": curve.loss,
        "floor": curve.floor,
        "times": curve.times,
        "violations": curve.violations,
        "weights": curve.weights,
        "modes": curve.modes,
        "singular values": curve.singular_values,
        "bases": curve.bases,
    }
    found = {k: {np.dtype(x.dtype) for x in jax.tree.leaves(v)} for k, v in parts.items()}
    if name == "adam":
        assert not found.pop("times")
    assert found == {part: {np.dtype(dtype)} for part in found}
    for leaf in curve.state.leaves:
        assert leaf.dtype in (dtype, np.int32, np.int64)
    # A learning curve in single precision is the same curve.
    if dtype == np.float32:
        reference = ld.solve(
            problem_of(name, frozen=frozen_part(dtype)), METHODS[name](RATE), TIMES
        )
        np.testing.assert_allclose(curve.excess, reference.excess, rtol=1e-3)


def frozen_part(dtype):
    # Another part in each precision saves a compilation for a test of its own.
    return "recurrent" if dtype == np.float32 else ()


@every_method
def test_frozen_parts_keep_every_bit(name):
    problem = problem_of(name, frozen="recurrent")
    curve = ld.solve(problem, METHODS[name](RATE), TIMES)
    for part, field in (("input", "w_x"), ("recurrent", "w_h"), ("output", "w_y")):
        path, given = np.asarray(getattr(curve.weights, field)), getattr(problem.net, field)
        if part in problem.frozen:
            np.testing.assert_array_equal(path, np.broadcast_to(path[0], path.shape))
            # Modes are read off the network and written to it again: the start, to rounding.
            atol = 1e-15 if name in ON_MODES else 0
            np.testing.assert_allclose(path[0], given, rtol=0, atol=atol)
        else:
            assert abs(path[-1] - path[0]).max() > 1e-3


class Compilations(logging.Handler):
    def __init__(self):
        super().__init__()
        self.names = []

    def emit(self, record):
        message = record.getMessage()
        if "Finished XLA compilation" in message:
            self.names.append(message)


def compilations(function):
    """What XLA compiles during a call."""
    handler, logger = Compilations(), logging.getLogger("jax")
    logger.addHandler(handler)
    propagates, logger.propagate = logger.propagate, False
    try:
        with jax.log_compiles():
            function()
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates
    return handler.names


@every_method
def test_other_numbers_of_the_same_shapes_compile_nothing(name):
    straight(name)
    other = METHODS[name](0.04)
    if name == "minibatch":
        other = batches(0.04, seed=5)
    problem, times = problem_of(name, seed=3, a=0.3), TIMES * 0.8
    fresh = []
    assert not compilations(lambda: fresh.append(ld.solve(problem, other, times)))
    assert abs(fresh[0].excess - straight(name).excess).max() > 1e-3
    # The count can see one: a start alone has another shape. And it is exactly the start.
    alone = []
    assert any(
        "_solve" in text
        for text in compilations(lambda: alone.append(ld.solve(problem, other, TIMES[:1])))
    )
    assert_starts_at(name, alone[0], problem)


def assert_starts_at(name, curve, problem):
    for found, given in zip(
        jax.tree.leaves(curve.weights), jax.tree.leaves(problem.net), strict=True
    ):
        # Modes are read off the network and written to it again: the start, to rounding.
        atol = 2e-15 if name in ON_MODES else 0
        np.testing.assert_allclose(found[0], given, rtol=0, atol=atol)
    response = problem.net.impulse_response(LENGTH)
    np.testing.assert_allclose(curve.excess[0], problem.statistics.excess(response), rtol=1e-13)


@every_method
def test_a_curve_starts_at_the_given_network(name):
    curve = straight(name)
    assert_starts_at(name, curve, problem_of(name))
    axis = curve.steps * RATE if curve.times is None else curve.times
    np.testing.assert_allclose(axis, TIMES, rtol=1e-12)
    assert bool(curve.valid.all())
    assert ld.RESULTS[curve.result] == "The curve reached the last requested time."
    assert curve.excess[-1] < 0.8 * curve.excess[0]


@every_method
def test_vmap_over_start_networks_is_a_loop(name):
    problems = [problem_of(name, a=a) for a in (0.5, 0.3, 0.7)]
    nets = jax.tree.map(lambda *w: jnp.stack(w), *(p.net for p in problems))

    def solve(net):
        problem = eqx.tree_at(lambda p: p.net, problems[0], net)
        return ld.solve(problem, METHODS[name](RATE), TIMES)

    together = eqx.filter_vmap(solve)(nets)
    # Descent differs by the order of sums, flows by the steps that all lanes take together.
    tolerance = 1e-6 if is_flow(name) else 1e-12
    for i, problem in enumerate(problems):
        one = ld.solve(problem, METHODS[name](RATE), TIMES)
        for x, y in zip(arrays(together.weights), arrays(one.weights), strict=True):
            np.testing.assert_allclose(x[i], y, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(together.excess[i], one.excess, rtol=10 * tolerance)
        np.testing.assert_array_equal(together.valid[i], one.valid)


@every_method
def test_stopped_saved_loaded_and_resumed_is_the_straight_run(name, tmp_path):
    method, problem = METHODS[name](RATE), problem_of(name)
    first = ld.solve(problem, method, TIMES[:2])
    first.save(tmp_path / "first.nc")
    loaded = ld.load_curve(tmp_path / "first.nc")
    assert_bitwise(loaded, first)
    assert ld.RESULTS[loaded.result] == ld.RESULTS[first.result]

    second = ld.solve(problem, method, TIMES[2:], resume=first)
    assert_bitwise(ld.solve(problem, method, TIMES[2:], resume=loaded), second)
    whole = straight(name)
    rest = jax.tree.map(lambda w: w[2:], whole.weights)
    assert_same_weights(name, second.weights, rest)
    # The memory of an optimizer and the count of steps are where the straight run has them.
    assert_same_weights(name, second.state, whole.state)
    # From the start again would be another curve.
    moved = jax.tree.map(lambda x, y: abs(x[0] - y[0]).max(), second.weights, whole.weights)
    assert max(jax.tree.leaves(moved)) > 1e-3


def test_a_curve_is_not_resumed_by_another_method_nor_with_other_numbers():
    with pytest.raises(ld.InputError, match="a curve of WeightFlow to resume; got one of Gradient"):
        ld.solve(problem_of("data"), ld.WeightFlow(), TIMES + 4, resume=straight("statistics"))
    for name, other, word in (
        ("statistics", ld.GradientDescent(RATE / 2), "learning_rate 0.025"),
        ("minibatch", batches(RATE, seed=5), "key"),
        ("taylor", ld.TaylorRecurrent(9, 0.125), "window 0.125"),
    ):
        with pytest.raises(ld.InputError, match=f"a curve with {word}.* to resume; got one with"):
            ld.solve(problem_of(name), other, TIMES + 4, resume=straight(name))


@every_method
def test_training_ends_where_the_weights_are_still_or_says_that_they_are_not(name):
    problem, tolerance = problem_of(name), 1e-3
    curve = ld.train(problem, METHODS[name](RATE), tolerance=tolerance, max_steps=4000)
    reached = int(curve.valid.sum())
    np.testing.assert_array_equal(curve.valid, np.arange(len(curve.valid)) < reached)
    assert_starts_at(name, curve, problem)
    assert np.isfinite(curve.excess[:reached]).all()
    assert curve.excess[reached - 1] < 0.8 * curve.excess[0]  # frozen parts keep the rest
    # The noise of batches, and steps of a size of their own, need never be still; and a theory of
    # fewer numbers may be where the weights are not.
    if name not in ("minibatch", "adam") and type(METHODS[name](RATE)) in NAMED:
        assert "converged to a minimum" in ld.RESULTS[curve.result]
        if name != "linearized":
            moving = ld.velocity(problem, curve.final)
            assert ld.methods.speed(moving) <= tolerance * curve.excess[0]
    # Where it stands at the start of such a short run is still on the way.
    early = ld.train(problem, METHODS[name](RATE), tolerance=1e-9, max_steps=2)
    assert "not converged" in ld.RESULTS[early.result]


@pytest.mark.parametrize("name", DESCENTS)
def test_divergence_is_reported_and_nothing_is_nan(name):
    # Adam's steps are of the size of the rate, so the loss overflows only after steps of this size.
    rate = 1e60 if name == "adam" else 3.0 * (10 if name == "momentum" else 1)
    method = METHODS[name](rate)
    times = rate * np.array([0.0, 1.0, 200.0, 400.0])
    curve = ld.solve(problem_of(name), method, times, throw=False)
    valid = np.asarray(curve.valid)
    reached = valid.sum()
    assert 1 <= reached < len(times)
    np.testing.assert_array_equal(valid, np.arange(len(times)) < reached)
    np.testing.assert_array_equal(np.isinf(curve.excess), ~valid)
    for leaf in arrays(curve):
        if leaf.dtype.kind == "f":
            assert not np.isnan(leaf).any()
    for weights in jax.tree.leaves(curve.weights):
        assert np.isfinite(weights).all()
        last = np.asarray(weights[reached - 1])
        np.testing.assert_array_equal(weights[reached:], np.stack([last] * (len(times) - reached)))
    np.testing.assert_array_equal(curve.final.w_h, curve.weights.w_h[reached - 1])
    trimmed = curve.trimmed()
    assert trimmed.valid.tolist() == [True] * int(reached)
    assert np.isfinite(trimmed.excess).all()
    assert trimmed.weights.w_h.shape[0] == trimmed.modes.b.shape[0] == reached
    assert "diverged" in ld.RESULTS[curve.result]
    with pytest.raises(ld.SolveError, match=r"diverged.*throw=False"):
        ld.solve(problem_of(name), method, times)
    with pytest.raises(ld.InputError, match="a curve to resume that did not diverge"):
        ld.solve(problem_of(name), method, times[-1:] + rate, resume=curve)


def test_a_flow_stopped_by_its_solver_says_so():
    # A tolerance that rounding cannot meet.
    flow = ld.WeightFlow(solver=diffrax.Tsit5(), rtol=1e-30, atol=1e-30)
    curve = ld.solve(problem_of(None), flow, TIMES, throw=False)
    assert curve.valid.tolist() == [True, False, False, False]
    assert np.isinf(curve.excess[1:]).all()
    assert all(np.isfinite(w).all() for w in jax.tree.leaves(curve.weights))
    assert "solver" in ld.RESULTS[curve.result]


@every_method
def test_methods_on_modes_assume_alignment_and_no_other_does(name):
    _, trials = task_and_trials()
    net = ld.init_unaligned(MODES, MODES, MODES, 0.5, key=jax.random.key(3))
    problem = ld.Problem(net, trials, frozen=FROZEN.get(name, ()))
    method = METHODS[name](RATE)
    if name not in ON_MODES:
        curve = ld.solve(problem, method, TIMES)
        assert curve.violations["aligned"] > 0.1
        return
    with pytest.raises(ld.AssumptionError) as refusal:
        ld.solve(problem, method, TIMES)
    curve = ld.solve(problem, method, TIMES, assumptions="report")
    violation = float(curve.violations["aligned"])
    assert violation > 0.1
    for part in (
        type(method).__name__,
        "aligned",
        f"{violation:.3g}",
        "1e-06",
        "init_aligned",
        "WeightFlow",
    ):
        assert part in str(refusal.value)
    assert bool(curve.valid.all())
    # What goes on is the theory: its curve is that of the network's own modes.
    np.testing.assert_allclose(curve.violations["white_input"], 0, atol=1e-12)
    assert curve.excess[-1] < curve.excess[0]
