"""How far the aligned theory reaches: gaps grow as theory demands, and equal a plain loop's."""

import re

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray
from scipy.integrate import solve_ivp

import learndyn as ld
from learndyn._reach import VIOLATIONS
from learndyn._reach._optimizers import Adam, Momentum
from learndyn._reach._reach import _check_whole
from learndyn._sweep._threads import precision
from references import reach_table

RNG = np.random.default_rng(0)
# Two sizes a factor 2 apart, small enough that the next power of the size is a few per cent of it.
SMALL = {
    "correlation": [1e-4, 2e-4],
    "anisotropy": [1e-4, 2e-4],
    "turning_bases": [2e-3, 4e-3],
    "misalignment": [5e-3, 1e-2],
    "learning_rate": [0.02, 0.04],
    "momentum": [0.004, 0.008],
}


@pytest.fixture(scope="module")
def measured():
    return {name: ld.reach(name, sizes, seeds=4) for name, sizes in SMALL.items()}


@pytest.mark.parametrize("name", SMALL)
def test_gaps_grow_with_the_power_that_theory_demands(name, measured):
    # First order where the velocity changes in proportion; second where signs forbid the first.
    demanded = 2.0 if name in ("turning_bases", "misalignment") else 1.0
    assert VIOLATIONS[name].exponent == demanded
    exponents = ld.reach_exponent(measured[name])
    np.testing.assert_allclose(exponents, demanded, atol=0.12)


def test_the_lag_of_momentum_is_that_of_its_growth_rate(measured):
    # A mode that grows as e^{λt} grows at λ − (1 + μ)/(1 − μ) hλ²/2 with momentum, in time h a
    # step, and starts late by hμ/(1 − μ): 19 and 9 against 1 and 0 at μ = 0.9. After λt
    # e-foldings the lags stand as (19 λt/2 + 9) to λt/2, so as 19 + 18/λt, with λt above 1.
    per_size = {k: (measured[k].gap / measured[k].size).median() for k in SMALL}
    ratio = float(per_size["momentum"] / per_size["learning_rate"])
    assert 19 * 0.8 < ratio < 37


def test_imbalance_makes_no_gap():
    found = ld.reach("imbalance", [0.5, 4.0], seeds=4)
    assert float(found.gap.max()) < 1e-6  # tolerances of the solvers are 1e-8
    assert (found.balanced[1] > 0.5).all()


def test_violations_that_are_measured_are_those_that_grow(measured):
    meant = {
        "correlation": "white_input",
        "anisotropy": "white_input",
        "turning_bases": "constant_bases",
        "misalignment": "aligned",
    }
    for name, assumption in meant.items():
        values = measured[name][assumption]
        np.testing.assert_allclose(values[1] / values[0], 2, rtol=0.01)
    # Σ_{k≠l} ρ^{2|k−l|} over T: white noise of variance 1 in T = 5 steps, 4 neighbours each way.
    first = measured["correlation"].white_input[0]
    np.testing.assert_allclose(first, 1e-4 * np.sqrt(2 * 4 / 5), rtol=1e-3)
    # Hidden directions take up what is a mere rotation of them.
    assert (measured["misalignment"].aligned[0] <= 5e-3).all()


def slopes(weights, target):
    """Gradients of ½ Σ ‖W_y W_h^k W_x − M_k‖² by the double sum of the product rule."""
    w_x, w_h, w_y = weights
    powers = [np.linalg.matrix_power(w_h, k) for k in range(len(target))]
    out = [np.zeros_like(w) for w in weights]
    for k, m in enumerate(target):
        error = w_y @ powers[k] @ w_x - m
        out[0] += powers[k].T @ w_y.T @ error
        out[2] += error @ (powers[k] @ w_x).T
        for j in range(k):
            out[1] += (w_y @ powers[j]).T @ error @ (powers[k - 1 - j] @ w_x).T
    return out


def loss(weights, target):
    w_x, w_h, w_y = weights
    each = [w_y @ np.linalg.matrix_power(w_h, k) @ w_x - m for k, m in enumerate(target)]
    return 0.5 * np.sum(np.square(each))


def test_a_gap_is_that_of_a_plain_loop_and_of_modes_integrated_by_scipy():
    size = 0.3
    found = ld.reach("learning_rate", [size], seeds=1)
    cell = VIOLATIONS["learning_rate"].cell(size, np.random.default_rng(0))
    net, target = cell.problem.net, np.asarray(cell.problem.statistics.target)
    weights = [np.asarray(w) for w in (net.w_x, net.w_h, net.w_y)]
    rate = float(cell.method.learning_rate)
    steps = np.round(np.linspace(0, float(cell.until), 41) / rate).astype(int)
    trained, now = [], weights
    for k in range(steps[-1] + 1):
        if k in steps:
            trained.append(loss(now, target))
        now = [w - rate * g for w, g in zip(now, slopes(now, target), strict=True)]
    # Bases and modes by the singular vectors of one lag, in place of what the library does.
    left, strengths, right = np.linalg.svd(target[0])
    a = np.linalg.norm(weights[0] @ right.T, axis=0)
    hidden = weights[0] @ right.T / a
    b, c = np.diag(hidden.T @ weights[1] @ hidden), np.diag(left.T @ weights[2] @ hidden)
    best = np.stack([np.diag(left.T @ m @ right.T) for m in target])
    np.testing.assert_allclose(best[0], strengths)
    lag = np.arange(len(target))[:, None]

    def flow(_, y):
        a, b, c = y.reshape(3, -1)
        error = best - a * c * b**lag
        along = (error * b**lag).sum(0)
        turn = (error * lag * b ** np.maximum(lag - 1, 0)).sum(0)
        return np.concatenate([c * along, a * c * turn, a * along])

    times = steps * rate
    solution = solve_ivp(
        flow, (0, times[-1]), np.concatenate([a, b, c]), t_eval=times, rtol=1e-10, atol=1e-12
    )
    modes = solution.y.reshape(3, -1, len(times))
    predicted = [0.5 * np.sum((best - a * c * b**lag) ** 2) for a, b, c in modes.transpose(2, 0, 1)]
    trained = np.array(trained)
    gap = np.abs(predicted - trained) / np.maximum(trained, 1e-3 * trained[0])
    np.testing.assert_allclose(found.gap.values.ravel(), gap.max(), rtol=1e-5)


def test_a_seed_is_the_same_network_however_many_there_are(measured):
    again = ld.reach("misalignment", SMALL["misalignment"], seeds=4)
    xarray.testing.assert_identical(again, measured["misalignment"])
    fewer = ld.reach("misalignment", SMALL["misalignment"][1:], seeds=2)
    np.testing.assert_allclose(fewer.gap[0], again.gap[1, :2], rtol=1e-4)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Momentum(jnp.asarray(0.9)), optax.trace(0.9)),
        (Adam(jnp.asarray(0.02), momentum=0.0), optax.scale_by_adam(b1=0.0, eps=0.02)),
        (VIOLATIONS["usual_adam"].cell(0.01, RNG).method.optimizer, optax.scale_by_adam()),
    ],
)
def test_optimizers_are_those_of_optax(ours, theirs):
    net = ld.init_unaligned(2, 3, 2, 1.0, key=jax.random.key(0))
    memories = ours.init(net), theirs.init(net)
    for i in range(4):
        slope = ld.init_unaligned(2, 3, 2, 0.3, key=jax.random.key(i))
        pairs = [o.update(slope, m, net) for o, m in zip((ours, theirs), memories, strict=True)]
        memories = [memory for _, memory in pairs]
        for one, other in zip(*(jax.tree.leaves(step) for step, _ in pairs), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)


def power_law(sizes, power, factor):
    gap = factor[None, :] * np.asarray(sizes)[:, None] ** power
    coords = {"size": sizes, "seed": np.arange(len(factor))}
    return xarray.Dataset({"gap": (("size", "seed"), gap)}, coords, {"violation": "none"})


def test_exponents_and_thresholds_of_a_power_law_are_exact():
    sizes, factor = np.geomspace(1e-3, 1.0, 7), np.array([0.5, 1.0, 40.0])
    found = power_law(sizes, 1.5, factor)
    np.testing.assert_allclose(ld.reach_exponent(found), 1.5)
    np.testing.assert_allclose(ld.reach_exponent(found, 0.1), 1.5)
    np.testing.assert_allclose(
        ld.reach_threshold(found, 0.1), (0.1 / factor) ** (1 / 1.5), rtol=1e-9
    )
    # Below the first size, never, and where the next size diverges.
    assert ld.reach_threshold(found, 1e-6).values.tolist() == [0, 0, 0]
    assert ld.reach_threshold(found, 1.0).values[0] == np.inf
    found["gap"][4:] = np.inf
    assert ld.reach_threshold(found, 0.2).values[0] == sizes[4]
    with pytest.raises(ld.InputError, match="finite gaps"):
        ld.reach_exponent(found)
    with pytest.raises(ld.InputError, match="two sizes"):
        ld.reach_exponent(found, 1e-3)
    with pytest.raises(ld.InputError, match="positive, finite level"):
        ld.reach_threshold(found, 0.0)


@pytest.mark.parametrize(
    ("violation", "sizes", "seeds", "words"),
    [
        ("friction", [0.1], 2, "a violation among correlation"),
        ("misalignment", [-0.1, 0.1], 2, "positive, finite"),
        ("misalignment", [0.0, 0.1], 2, "positive, finite"),
        ("misalignment", [0.1, np.nan], 2, "positive, finite"),
        ("misalignment", [0.1, np.inf], 2, "positive, finite"),
        ("misalignment", [0.2, 0.1], 2, "increasing"),
        ("misalignment", [], 2, "in a row"),
        ("correlation", [0.5, 1.0], 2, r"in \[0, 1\)"),
        ("misalignment", [0.1], 0, "at least 1 seed"),
        ("narrowness", [0.5, 0.9], 2, r"3 over a whole number; got 0\.9\. Near it are 3/4 and 3/3"),
        ("minibatch", [0.3], 2, r"1 over a whole number; got 0\.3\. Near it are 1/4 and 1/3"),
        ("minibatch", [1 / 5000], 2, "in \\[0.000244141, 1\\)"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(violation, sizes, seeds, words):
    with pytest.raises(ld.InputError, match=words):
        ld.reach(violation, sizes, seeds=seeds)


def test_every_size_that_is_accepted_is_the_one_that_is_measured():
    for units in range(3, 25):
        net = VIOLATIONS["narrowness"].cell(3 / units, np.random.default_rng(0)).problem.net
        assert np.sum(np.any(np.asarray(net.w_x) != 0, axis=1)) == units
        _check_whole(3, np.array([3 / units]))
    for trials in (1, 3, 7, 49, 256, 1000, 4096):
        assert VIOLATIONS["minibatch"].cell(1 / trials, RNG).method.batch_size == trials
        _check_whole(1, np.array([1 / trials]))


def test_gaps_are_of_double_precision_whatever_that_of_jax():
    with precision(False):
        single = ld.reach("misalignment", [5e-3, 1e-2], seeds=2)
    xarray.testing.assert_identical(single, ld.reach("misalignment", [5e-3, 1e-2], seeds=2))
    assert single.gap.dtype == np.float64


def test_adam_as_it_is_used_is_far_from_the_flow_however_small_its_rate():
    gaps = ld.reach("usual_adam", [0.003, 0.01, 0.03], seeds=4).gap
    assert float(gaps.min()) > 0.1
    assert float(gaps[0].median() / gaps[1].median()) > 0.5  # 0.3 were it of the first order


def test_violations_along_a_curve_are_those_of_problems_that_start_there():
    task = ld.structured_task(
        ld.task_dynamics("constant", jnp.array([2.0, 1.0]), None, 4), 3, 2, key=jax.random.key(0)
    )
    net = ld.init_unaligned(3, 3, 2, 0.1, key=jax.random.key(1))
    problem = ld.Problem(net, task)
    flow = ld.WeightFlow(solver=diffrax.Tsit5())
    times = jnp.array([0.0, 1.0, 20.0])
    curve = ld.solve(problem, flow, times)
    found = ld.violations_along(problem, curve)
    for i in range(3):
        here = ld.Problem(jax.tree.map(lambda w, i=i: w[i], curve.weights), task)
        there = ld.solve(here, flow, times).violations
        for name, value in there.items():
            np.testing.assert_allclose(found[name][i], value, rtol=1e-9, atol=1e-12)
    assert found.aligned[-1] < 0.1 * found.aligned[0]
    # The conserved matrix stays; only the weights that it is measured against grow.
    size = sum(jnp.sum(w**2, (1, 2)) for w in jax.tree.leaves(curve.weights))
    np.testing.assert_allclose(found.balanced * size, found.balanced[0] * size[0], rtol=1e-5)
    with pytest.raises(ld.InputError, match="one learning curve"):
        ld.violations_along(problem, jax.tree.map(lambda w: w[None], curve))
    other = ld.Problem(ld.init_unaligned(3, 2, 2, 0.1, key=jax.random.key(1)), task)
    with pytest.raises(ld.InputError, match="a curve of the problem"):
        ld.violations_along(other, curve)


@pytest.mark.parametrize("name", ["turning_bases", "misalignment"])
def test_the_table_says_what_is_measured(name):
    # The last digit may depend on the machine.
    number = r"\d+(?:\.\d+)?"
    said, found = reach_table.rows(reach_table.PAGE.read_text())[name], reach_table.row(name)
    assert re.sub(number, "n", said) == re.sub(number, "n", found)
    both = [[float(n) for n in re.findall(number, row)] for row in (said, found)]
    np.testing.assert_allclose(*both, rtol=0.02)


def test_the_table_has_a_row_for_each_violation():
    assert list(reach_table.rows(reach_table.PAGE.read_text())) == list(VIOLATIONS)
