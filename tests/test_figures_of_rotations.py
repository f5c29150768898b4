"""What figures of rotations train: networks of real weights, against complex modes."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

from learndyn._bases import problem_bases
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn.figures import _pairs
from learndyn.methods import GradientDescent
from learndyn.network import network_modes
from learndyn.tasks import task_dynamics

TURN = task_dynamics("inverse_exponential", 1.0, 0.9 * np.exp(1j * np.pi / 6), 5)
TIMES = 0.1 * np.arange(61)


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
