"""A learning rule of a problem moves its weights as a loop over it does, or is refused."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import learndyn as ld

TASK = ld.structured_task(
    ld.task_dynamics("constant", jnp.array([1.5, 0.5]), None, 3), 2, 2, key=jax.random.key(0)
)
NET = ld.init_aligned(TASK, 0.3, 0.2, 0.3, key=jax.random.key(1))
TIMES = np.array([0.0, 1.0, 3.0])


@dataclasses.dataclass(frozen=True)
class Normalized:
    """The gradient, shrunk where it is large: it couples all weights."""

    softness: float

    def __call__(self, problem, weights):
        moving = ld.velocity(problem, weights)
        size = jnp.sqrt(sum((w**2).sum() for w in jax.tree.leaves(moving)))
        return jax.tree.map(lambda v: v / (size + self.softness), moving)


def problem_of(rule, **options):
    return ld.Problem(NET, TASK, rule=rule, **options)


def slope(weights):
    """The gradient by automatic differentiation of a recursion."""
    target = np.asarray(TASK.statistics().target)

    def loss(w_x, w_h, w_y):
        state, total = w_x, 0.0
        for lag in range(3):
            total += ((w_y @ state - target[lag]) ** 2).sum() / 2
            state = w_h @ state
        return total

    return jax.grad(loss, argnums=(0, 1, 2))(*weights)


def steps_by_hand(softness, rate, count, frozen=()):
    weights = [np.asarray(w) for w in (NET.w_x, NET.w_h, NET.w_y)]
    for _ in range(count):
        moving = [-np.asarray(g) * (i not in frozen) for i, g in enumerate(slope(weights))]
        size = np.sqrt(sum((m**2).sum() for m in moving))
        weights = [w + rate * m / (size + softness) for w, m in zip(weights, moving, strict=True)]
    return weights


def assert_steps_of_the_rule(net, wanted):
    for found, by_hand in zip(jax.tree.leaves(net), wanted, strict=True):
        np.testing.assert_allclose(found, by_hand, rtol=1e-11, atol=1e-13)


def test_descent_takes_the_steps_of_the_rule():
    curve = ld.solve(problem_of(Normalized(0.1)), ld.GradientDescent(0.05), TIMES)
    assert_steps_of_the_rule(curve.final, steps_by_hand(0.1, 0.05, 60))


def test_the_flow_is_the_limit_of_its_steps():
    flow = ld.solve(problem_of(Normalized(1.0)), ld.WeightFlow(), TIMES)
    gaps = [
        max(
            abs(found - wanted).max()
            for found, wanted in zip(
                jax.tree.leaves(flow.final), steps_by_hand(1.0, rate, round(3 / rate)), strict=True
            )
        )
        for rate in (0.05, 0.025)
    ]
    assert 1.8 < gaps[0] / gaps[1] < 2.2


def test_a_frozen_part_does_not_follow_it():
    method = ld.GradientDescent(0.05)
    curve = ld.solve(problem_of(Normalized(0.1), frozen="recurrent"), method, TIMES)
    # Given the problem with its frozen parts, the gradient that a rule starts from has them too.
    assert_steps_of_the_rule(curve.final, steps_by_hand(0.1, 0.05, 60, frozen=(1,)))
    np.testing.assert_array_equal(curve.final.w_h, NET.w_h)
    assert abs(curve.final.w_x - NET.w_x).max() > 0.1


def test_single_precision_stays_single():
    net = jax.tree.map(lambda w: w.astype(jnp.float32), NET)
    double = ld.Problem(net, TASK, rule=lambda _, w: jax.tree.map(lambda x: -x * np.float64(1), w))
    assert ld.solve(double, ld.GradientDescent(0.05), TIMES).final.w_x.dtype == jnp.float32


def test_training_says_that_weights_are_still_and_not_that_they_are_at_a_minimum():
    def shrink(_, weights):
        return jax.tree.map(jnp.negative, weights)

    for method in (ld.GradientDescent(0.05), ld.WeightFlow()):
        curve = ld.train(problem_of(shrink), method, tolerance=1e-6, max_steps=2000)
        assert "still" in ld.RESULTS[curve.result]
        assert all(abs(w).max() < 1e-4 for w in jax.tree.leaves(curve.final))


THEORIES = {
    "ModeFlow": (ld.ModeFlow(), ()),
    "Linearized": (ld.Linearized(), ()),
    "ExactInputOutput": (ld.ExactInputOutput(), "recurrent"),
    "TaylorRecurrent": (ld.TaylorRecurrent(5, 0.5), ("input", "output")),
}


@pytest.mark.parametrize("name", THEORIES)
def test_theories_of_the_gradient_refuse_a_rule(name):
    method, frozen = THEORIES[name]
    problem = problem_of(Normalized(0.1), frozen=frozen)
    with pytest.raises(ld.InputError, match=rf"without a rule for {name}; .* Use WeightFlow"):
        ld.solve(problem, method, TIMES)


def test_training_on_data_refuses_a_rule_which_would_not_see_its_batches():
    trials = ld.Trials(*map(np.asarray, TASK.sample(8, key=jax.random.key(2))))
    problem = ld.Problem(NET, trials, rule=Normalized(0.1))
    with pytest.raises(ld.InputError, match=r"without a rule for training on data; .* statistics"):
        ld.solve(problem, ld.GradientDescent(0.1, on="data"), TIMES)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (tuple(jax.tree.leaves(NET)), "got tuple"),
        (None, "got NoneType"),
        (jax.tree.map(lambda w: 1j * w, NET), "got complex ones"),
        (ld.LinearRNN(NET.w_x[:, :1], NET.w_h, NET.w_y), r"got LinearRNN\(w_x=\(2, 1\)"),
    ],
)
def test_what_is_no_velocity_is_refused(answer, found):
    problem = problem_of(lambda *_: answer)
    with pytest.raises(ld.InputError, match=rf"a rule that returns .*{found}"):
        ld.velocity(problem, NET)


class WithArrays(eqx.Module):
    pull: jax.Array

    def __call__(self, _, weights):
        return weights


def test_what_is_no_rule_is_refused():
    with pytest.raises(ld.InputError, match="a function of problem and weights; got 'sgd'"):
        problem_of("sgd")
    with pytest.raises(ld.InputError, match="of problem and weights; got the class Normalized"):
        problem_of(Normalized)
    with pytest.raises(ld.InputError, match="a rule without arrays as fields; got a WithArrays"):
        problem_of(WithArrays(jnp.ones(2)))


def test_equal_rules_are_compiled_once():
    traced = []

    @dataclasses.dataclass(frozen=True)
    class Noted:
        strength: float

        def __call__(self, _, weights):
            traced.append(self.strength)
            return jax.tree.map(lambda w: -self.strength * w, weights)

    for _ in range(3):
        ld.solve(problem_of(Noted(1.0)), ld.GradientDescent(0.1), TIMES)
    first = len(traced)
    ld.solve(problem_of(Noted(1.0)), ld.GradientDescent(0.1), TIMES)
    assert len(traced) == first > 0
    ld.solve(problem_of(Noted(2.0)), ld.GradientDescent(0.1), TIMES)
    assert len(traced) > first
