"""Training ends where the weights are still, and says whether that is a minimum or a saddle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import learndyn as ld

LENGTH, DELTA, LAM = 4, np.array([1.0, 0.7]), np.array([0.5, 0.8])
TASK = ld.structured_task(
    ld.task_dynamics("inverse_exponential", DELTA, LAM, LENGTH), 2, 2, key=jax.random.key(0)
)
TOLERANCE, STEPS = 1e-5, 50_000
METHODS = {
    "descent": (ld.GradientDescent(0.05), STEPS),
    "weight flow": (ld.WeightFlow(), 500),
    "mode flow": (ld.ModeFlow(), 500),
}
every_method = pytest.mark.parametrize("name", METHODS)
MINIMUM = "The weights converged to a minimum."
SADDLE = "The weights converged to a saddle, which the flow has not left."


def problem_of(a=0.5, b=0.2, c=0.4):
    return ld.Problem(ld.init_aligned(TASK, a, b, c, key=jax.random.key(1)), TASK)


def train(problem, name, **options):
    method, steps = METHODS[name]
    options = {"tolerance": TOLERANCE, "max_steps": steps} | options
    return ld.train(problem, method, **options)


def sentence(curve):
    return str(ld.RESULTS[curve.result])


def slope(problem, net):
    return float(jnp.linalg.norm(ravel_pytree(ld.velocity(problem, net))[0]))


@every_method
def test_a_minimum_is_the_known_solution(name):
    problem = problem_of()
    curve = train(problem, name)
    assert sentence(curve) == MINIMUM
    limit = TOLERANCE * float(curve.excess[0])
    # Mode flow tests its modes; the weights have the same slope to rounding.
    assert slope(problem, curve.final) <= limit * (1 + 1e-9)
    # Inverse-exponential dynamics are those of one unit: no loss is left at b = λ, u = δ.
    last = int(curve.valid.sum()) - 1
    a, b, c = (np.asarray(m[last]) for m in curve.modes)
    order = np.argsort(b)
    # A slope of the tolerance leaves a distance of that over the curvature, here above 1/50.
    off = 50 * limit
    np.testing.assert_allclose(b[order], LAM[np.argsort(LAM)], rtol=0, atol=off)
    np.testing.assert_allclose((a * c)[order], DELTA[np.argsort(LAM)], rtol=0, atol=off)
    response = curve.final.impulse_response(LENGTH)
    np.testing.assert_allclose(response, problem.statistics.target, rtol=0, atol=off)
    # It stopped for being still and not before: the point before was not.
    before = jax.tree.map(lambda w: w[last - 1], curve.weights)
    assert slope(problem, before) > limit


@every_method
def test_a_smaller_tolerance_goes_further(name):
    problem = problem_of()
    loose, tight = (train(problem, name, tolerance=t) for t in (1e-2, TOLERANCE))
    assert slope(problem, loose.final) > TOLERANCE * float(loose.excess[0])
    axis = "steps" if name == "descent" else "times"
    ends = [getattr(curve, axis)[int(curve.valid.sum()) - 1] for curve in (loose, tight)]
    assert 0 < ends[0] < ends[1]


@every_method
def test_a_start_at_zero_weights_is_a_saddle(name):
    # Nothing enters or leaves, so no weight has a slope; with one unit it would curve down.
    curve = train(problem_of(0.0, 0.0, 0.0), name)
    assert sentence(curve) == SADDLE
    assert all(not np.asarray(w).any() for w in jax.tree.leaves(curve.final))
    # The least push leaves it, for the minimum.
    assert sentence(train(problem_of(1e-2, 0.0, 1e-2), name)) == MINIMUM


@every_method
def test_too_few_steps_are_not_yet(name):
    curve = train(problem_of(), name, max_steps=5)
    assert sentence(curve) == "The weights have not converged within the allowed steps."
    assert bool(curve.valid[0])
    assert np.isfinite(np.asarray(curve.excess)[np.asarray(curve.valid)]).all()
    assert curve.trimmed().excess[-1] < curve.excess[0]


def test_divergence_is_told_from_convergence():
    curve = ld.train(problem_of(), ld.GradientDescent(50.0), tolerance=TOLERANCE, max_steps=1000)
    assert "diverged" in sentence(curve)
    assert bool(curve.valid[0])
    assert not bool(curve.valid[-1])
    assert np.isinf(curve.excess[-1])
    assert all(np.isfinite(w).all() for w in jax.tree.leaves(curve.weights))
    assert bool(curve.trimmed().valid.all())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "a positive tolerance"),
        ({"tolerance": -1.0}, "a positive tolerance"),
        ({"max_steps": 0}, "max_steps of at least 1"),
    ],
)
def test_unusable_requests_are_refused(options, message):
    with pytest.raises(ld.InputError, match=message):
        train(problem_of(), "descent", **options)
