"""A method can be built inside jit, and refuses a rate that is not positive."""

import jax
import jax.numpy as jnp
import pytest

import learndyn as ld


def test_a_method_is_built_inside_jit():
    assert jax.jit(lambda: ld.GradientDescent(0.5).time_per_step)() == 0.5
    assert jax.jit(lambda rate: ld.GradientDescent(rate).time_per_step)(0.25) == 0.25


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_not_positive_is_refused(rate):
    with pytest.raises(ld.InputError, match="positive"):
        ld.GradientDescent(rate)
    with pytest.raises(ld.InputError, match="positive"):
        ld.GradientDescent(jnp.asarray(rate))
