"""Training, the flow of the weights, the flow of the modes and the printed equations are one."""

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import learndyn as ld
from references import mode_steps

EPS = np.finfo(float).eps
LENGTH, N_IN, N_OUT, MODES = 4, 3, 2, 2


def random_task(rng, modes=MODES):
    spectrum = rng.uniform(0.3, 1.5, size=(modes, LENGTH))
    return ld.structured_task(spectrum, N_IN, N_OUT, key=jax.random.key(rng.integers(2**31)))


def aligned_case(seed, frozen=()):
    """An aligned problem of real modes of either sign of b, with a ≠ c."""
    rng = np.random.default_rng(seed)
    task = random_task(rng)
    a, c = rng.uniform(0.2, 0.9, size=(2, MODES))
    b = rng.uniform(-0.4, 0.6, size=MODES)
    net = ld.init_aligned(task, a, b, c, key=jax.random.key(seed))
    return ld.Problem(net, task, frozen=frozen), np.array([a, b, c])


def spectra(problem, curve):
    """Temporal singular values in the bases of a curve's modes, in t order."""
    output, inputs = np.asarray(curve.bases.output), np.asarray(curve.bases.input)
    lags = np.asarray(problem.statistics.lag_targets)
    return np.einsum("om,koi,im->mk", output, lags, inputs)[:, ::-1]


def stacked(modes):
    return np.stack(modes, axis=-1)  # (times, modes, 3)


# --- steps on the statistics are steps on the trials ---------------------------------------------

KINDS = {
    "white, final": (True, False, False),
    "not white, final": (False, False, False),
    "not white, every step": (False, True, False),
    "not white, ragged": (False, False, True),
    "not white, every step, ragged": (False, True, True),
}


def trials_of(white, every_step, ragged):
    rng = np.random.default_rng(1)
    if white:
        x, y = random_task(rng).sample(LENGTH * N_IN, key=jax.random.key(0))
        return ld.Trials(np.asarray(x), np.asarray(y))
    # Steps that remember the one before, as recorded input does.
    x = rng.normal(size=(20, LENGTH, N_IN))
    x[:, 1:] += 0.6 * x[:, :-1]
    y = np.stack([x[:, : t + 1].mean(1) @ rng.normal(size=(N_IN, N_OUT)) for t in range(LENGTH)], 1)
    y += 0.2 * rng.normal(size=y.shape)
    lengths = rng.integers(1, LENGTH + 1, size=len(x)) if ragged else None
    return ld.Trials(x, y if every_step else y[:, -1], lengths=lengths)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_steps_on_statistics_are_a_thousand_on_the_data(kind):
    trials = trials_of(*KINDS[kind])
    net = ld.init_unaligned(N_IN, 3, N_OUT, 0.4, key=jax.random.key(2))
    problem, times = ld.Problem(net, trials), 0.02 * np.array([0, 1, 10, 100, 1000])
    on_statistics, on_data = (
        ld.solve(problem, ld.GradientDescent(0.02, on=on), times) for on in ("statistics", "data")
    )
    assert on_data.steps[-1] == 1000
    assert on_data.excess[-1] < 0.5 * on_data.excess[0]
    gap = np.asarray(ld.compare(on_statistics, on_data).weights_gap)
    size = np.linalg.norm([np.linalg.norm(w[-1]) for w in jax.tree.leaves(on_data.weights)])
    # A step rounds both to a few ε, and a thousand steps add that up.
    assert (gap <= 1e-10 * size).all()
    np.testing.assert_allclose(on_statistics.loss, on_data.loss, rtol=1e-10)


# --- small steps are the flow ---------------------------------------------------------------------


def test_the_gap_to_the_flow_is_of_first_order_in_the_rate():
    net = ld.init_unaligned(N_IN, 3, N_OUT, 0.6, key=jax.random.key(4))
    problem, until = ld.Problem(net, trials_of(False, True, False)), np.array([2.0])
    flow = ld.solve(problem, ld.WeightFlow(), until)
    rates = 2.0 / np.array([100, 200, 400, 800, 1600])
    gaps = []
    for rate in rates:
        trained = ld.solve(problem, ld.GradientDescent(rate), until)
        gaps.append(float(ld.compare(trained, flow).weights_gap[0]))
    slope = np.polyfit(np.log(rates), np.log(gaps), 1)[0]
    assert gaps[0] > 1e-3  # far above what the solver leaves, 1e-8
    np.testing.assert_allclose(slope, 1, atol=0.1)


FROZEN = [(), ("recurrent",), ("input", "output")]
FIELDS = {"input": "w_x", "recurrent": "w_h", "output": "w_y"}
# The solvers keep 1e-8 a step, of some hundred steps.
SOLVER = 1e-6


@pytest.mark.parametrize("frozen", FROZEN)
def test_where_aligned_the_flow_of_modes_is_that_of_weights(frozen):
    times = np.array([0.5, 2.0, 5.0, 20.0])
    for seed in range(2):
        problem, start = aligned_case(seed, frozen)
        by_modes = ld.solve(problem, ld.ModeFlow(), times)
        by_weights = ld.solve(problem, ld.WeightFlow(), times)
        gap = ld.compare(by_modes, by_weights)
        np.testing.assert_allclose(gap.weights_gap, 0, atol=SOLVER)
        np.testing.assert_allclose(np.stack(gap.modes_gap), 0, atol=SOLVER)
        # Implicit steps move what is frozen by rounding; the curve does not.
        for part in frozen:
            kept = np.asarray(getattr(by_weights.weights, FIELDS[part]))
            given = np.asarray(getattr(problem.net, FIELDS[part]))
            np.testing.assert_array_equal(kept, np.broadcast_to(given, kept.shape))
        # Something was learned, and not of balanced modes.
        assert max(np.ptp(w, axis=0).max() for w in jax.tree.leaves(by_modes.weights)) > 0.1
        assert abs(start[0] - start[2]).min() > 0.01


# --- the printed equations ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_descent_on_aligned_weights_is_descent_on_modes_at_any_rate(seed):
    problem, _ = aligned_case(seed)
    # A rate far from the flow, but where steps contract: where they expand, so does rounding.
    rate, steps = 0.04, 100
    curve = ld.solve(problem, ld.GradientDescent(rate), rate * np.arange(steps + 1.0))
    found = stacked(curve.modes)
    for mode, spectrum in enumerate(spectra(problem, curve)):
        path = mode_steps.descend(*found[0, mode], spectrum, rate, steps)
        # Rounding of products of three matrices, over a hundred contracting steps.
        np.testing.assert_allclose(found[:, mode], path, rtol=0, atol=steps * 10 * EPS)
        half = mode_steps.descend(*found[0, mode], spectrum, rate / 2, 2 * steps)[::2]
        assert abs(half - path).max() > 1e-5  # the rate matters, far above rounding


@pytest.mark.parametrize("seed", range(3))
def test_mode_flow_solves_the_printed_equations(seed):
    problem, _ = aligned_case(seed)
    times = np.array([0.5, 2.0, 5.0, 20.0])
    curve = ld.solve(problem, ld.ModeFlow(), np.concatenate([[0.0], times]))
    found = stacked(curve.modes)
    for mode, spectrum in enumerate(spectra(problem, curve)):
        solution = solve_ivp(
            lambda _, modes, spectrum=spectrum: mode_steps.rates(*modes, spectrum),
            (0, times[-1]),
            found[0, mode],
            method="LSODA",
            t_eval=times,
            rtol=1e-11,
            atol=1e-13,
        )
        np.testing.assert_allclose(found[1:, mode], solution.y.T, rtol=0, atol=SOLVER)


# --- what the flow keeps --------------------------------------------------------------------------


def test_the_flow_of_weights_keeps_the_conserved_matrix():
    net = ld.init_unaligned(N_IN, 3, N_OUT, 0.8, key=jax.random.key(5))
    problem = ld.Problem(net, trials_of(False, True, True))
    times = np.array([0.0, 0.5, 2.0, 5.0, 20.0])
    kept = [np.asarray(jax.vmap(ld.conserved_matrix)(run.weights)) for run in runs(problem, times)]
    drift = [np.linalg.norm(matrix - matrix[0], axis=(1, 2)).max() for matrix in kept]
    assert np.linalg.norm(kept[0][0]) > 0.1
    assert drift[0] < SOLVER
    # Descent of finite rate does not keep it, so it is the flow that does.
    assert drift[1] > 100 * SOLVER


def runs(problem, times):
    flow = ld.solve(problem, ld.WeightFlow(), times)
    assert np.linalg.norm(flow.weights.w_h[-1] - flow.weights.w_h[0]) > 0.1
    return flow, ld.solve(problem, ld.GradientDescent(0.05), times)


@pytest.mark.parametrize("method", [ld.ModeFlow(), ld.WeightFlow()], ids=["modes", "weights"])
def test_each_mode_keeps_the_difference_of_its_squares(method):
    problem, start = aligned_case(1)
    curve = ld.solve(problem, method, np.array([0.0, 0.5, 2.0, 5.0, 20.0]))
    a, _, c = map(np.asarray, curve.modes)
    difference = a**2 - c**2
    np.testing.assert_allclose(difference - difference[0], 0, atol=SOLVER)
    np.testing.assert_allclose(np.sort(difference[0]), np.sort(start[0] ** 2 - start[2] ** 2))
    assert abs(difference[0]).min() > 0.01
    assert (abs(a[-1] * c[-1] - a[0] * c[0]) > 0.1).all()
