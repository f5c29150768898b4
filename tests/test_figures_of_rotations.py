"""Figures of rotations: networks of real weights against complex modes, claims as recorded."""

import functools
import importlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray
from scipy.integrate import solve_ivp

from learndyn._bases import problem_bases
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn.figures import FIGURES, FigureResult, _pairs
from learndyn.methods import GradientDescent
from learndyn.network import network_modes
from learndyn.tasks import task_dynamics

# Numbers small enough for a test; the figures themselves use more.
REDUCED = {
    "A9": {"rate": 0.001, "points": 701, "scales": [0.3, 0.1, 0.001], "test_lengths": [4, 18]},
    "A10": {"points": 701, "angles": [1 / 4, 3 / 4, 3], "scales": [0.1, 0.01, 0.001]},
    "A11": {"points": 701, "test_length": 50},
}
TURN = task_dynamics("inverse_exponential", 1.0, 0.9 * np.exp(1j * np.pi / 6), 5)
TIMES = 0.1 * np.arange(61)


def module(name):
    return importlib.import_module(f"learndyn.figures._figure_{name.lower()}")


@functools.cache
def make(name):
    """Data of a figure at its reduced configuration, made once in a process."""
    return module(name).data(module(name).CONFIGURATION.changed(**REDUCED[name]))


@pytest.fixture(scope="module", params=REDUCED)
def name(request):
    """Each figure; of this scope, so that tests of one figure run one after another."""
    return request.param


def test_every_claim_ends_as_recorded(name):
    claims = module(name).claims(make(name))
    assert not [c for c in claims if not c.as_expected]
    assert len({c.id for c in claims}) == len(claims)
    assert all(c.id.startswith(name) for c in claims)
    assert all(c.expected or c.note for c in claims)


def test_data_are_real_and_labelled(name):
    for variable in make(name).data_vars.values():
        assert variable.dtype.kind == "f"
        assert {"units", "long_name"} <= set(variable.attrs)


def test_files_hold_data_drawing_and_claims(name, tmp_path, monkeypatch):
    monkeypatch.setitem(FIGURES, name, module(name).__name__)
    configuration = module(name).CONFIGURATION.changed(**REDUCED[name])
    done = FigureResult(
        name, module(name).TITLE, configuration, make(name), module(name).claims(make(name))
    )
    done.save(tmp_path)
    with xarray.open_dataset(tmp_path / f"{name}.nc", engine="h5netcdf") as read:
        xarray.testing.assert_identical(read.load(), make(name))
    assert json.loads((tmp_path / f"{name}.json").read_text())["as_expected"]
    assert "<image" not in (tmp_path / f"{name}.svg").read_text()


def test_drawings_show_theory_over_every_trained_curve(name):
    rows = np.reshape(module(name).draw(make(name)).axes, (3, -1))
    for axes in rows[1:, :-1].ravel():
        curves = [line for line in axes.lines if np.size(line.get_xdata()) > 100]
        assert [line.get_linestyle() for line in curves] == ["-", "-", "--", "--"]
        for trained, predicted in zip(curves[:2], curves[2:], strict=True):
            np.testing.assert_allclose(trained.get_ydata(), predicted.get_ydata(), atol=0.03)


def test_descent_on_trials_through_time_is_descent_on_statistics():
    start, rate = (0.1, 0.1, 0.1), 0.02
    pairs = _pairs.descend(TURN[None], start, rate, TIMES)
    problem = _pairs.pair_problem(TURN, start, jax.random.key(5))
    task = _pairs.pair_task(TURN, jax.random.split(jax.random.key(5))[0])
    trials = task.sample(20, key=jax.random.key(6))
    method = GradientDescent(rate, on="data")
    curve = solve(Problem(problem.net, trials), method, jnp.asarray(TIMES))
    modes = network_modes(curve.weights, problem_bases(problem))
    np.testing.assert_allclose(modes.b[:, 0], pairs.b[0], atol=1e-10)
    np.testing.assert_allclose((modes.a * modes.c)[:, 0], pairs.u[0], atol=1e-10)
    assert not np.iscomplexobj(curve.weights.w_h)


def test_modes_of_real_networks_approach_the_complex_flow_with_the_rate():
    lags = np.arange(TURN.size)
    target = np.asarray(TURN)[::-1]

    def flow(_, state):
        a, b, c = state
        error = target - a * c * b**lags
        s = (error * b.conj() ** lags).sum()
        r = (lags[1:] * error[1:] * b.conj() ** lags[:-1]).sum()
        return np.array([c.conj() * s, (a * c).conj() * r, a.conj() * s])

    start = np.full(3, 0.1 + 0j)
    exact = solve_ivp(flow, (0, 6), start, t_eval=TIMES, rtol=1e-10, atol=1e-12).y
    rates = 0.02, 0.01, 0.005
    pairs = [_pairs.descend(TURN[None], (0.1, 0.1, 0.1), rate, TIMES) for rate in rates]
    for trained, of_flow in (("b", exact[1]), ("u", exact[0] * exact[2])):
        gaps = [abs(getattr(each, trained)[0] - of_flow).max() for each in pairs]
        np.testing.assert_allclose(np.diff(np.log2(gaps)), -1, atol=0.15)


def test_a_pulse_answers_with_powers_of_the_modes():
    pairs = _pairs.descend(TURN[None], (0.3, 0.2, 0.3), 0.02, TIMES)
    output, hidden = pairs.response(6)
    b, u = pairs.b[0, -1], pairs.u[0, -1]
    np.testing.assert_allclose(output[0], u * b ** np.arange(6), rtol=1e-10)
    np.testing.assert_allclose(hidden[0, 1:] / hidden[0, :-1], b, rtol=1e-10)
