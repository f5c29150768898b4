"""A mode that learns: a network of one unit, trained or followed along its gradient flow."""

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._experiments._experiment import Experiment, Parameter
from learndyn._experiments._one_mode import TASK, check_task, one_mode, padded_dynamics
from learndyn._solve import solve
from learndyn._types import Array
from learndyn.methods import GradientDescent, ModeFlow

_PARAMETERS = TASK | {
    "a": Parameter(0.1, "input mode at the start"),
    "b": Parameter(0.1, "recurrent mode at the start"),
    "c": Parameter(0.1, "output mode at the start"),
    "rate": Parameter(None, "learning rate of gradient descent; without one, gradient flow"),
    "horizon": Parameter(100.0, "learning time at the end, in units of dW/dt = -grad L"),
    "records": Parameter(
        501, "points of the learning curve, between which times are read off", static=True
    ),
}


def _mode(values: Mapping[str, np.ndarray]) -> Callable[..., dict[str, Any]]:
    longest = check_task(values)
    for name in ("rate", "horizon"):
        if values[name].size and values[name].min() <= 0:
            raise InputError(f"{name} above 0", f"{values[name].min()}")
    if values["records"].min() < 2:
        raise InputError("records of at least 2", f"{values['records'].min()}")

    def cell(*, dynamics, delta, lam, kappa, length, outputs, a, b, c, rate, horizon, records):
        spectrum = padded_dynamics(dynamics, delta, lam, kappa, length, longest)
        problem = one_mode(spectrum, a, b, c, length=length, outputs=outputs)
        method = ModeFlow() if rate is None else GradientDescent(rate)
        times = jnp.linspace(0.0, 1.0, int(records)) * horizon
        curve = solve(problem, method, times, throw=False)
        assert curve.times is not None
        end = {name: mode[-1, 0] for name, mode in curve.modes._asdict().items()}
        return {
            "half_time": _half_time(curve.excess, curve.times),
            **{f"end_{name}": value for name, value in end.items()},
            "end_loss": curve.excess[-1],
            "result": curve.result,
        }

    return cell


def _half_time(excess: Array, times: Array) -> Array:
    """When the loss is first half of what it was; infinite if never, 0 if there was none."""
    below = excess <= 0.5 * excess[0]
    at = jnp.maximum(jnp.argmax(below), 1)
    share = (excess[at - 1] - 0.5 * excess[0]) / (excess[at - 1] - excess[at])
    time = times[at - 1] + share * (times[at] - times[at - 1])
    return jnp.where(below.any(), jnp.where(below[0], 0, time), jnp.inf)


MODE = Experiment(
    "mode",
    "how a mode learns: when its loss has halved, and where it is at the end",
    _PARAMETERS,
    _mode,
    random=False,
)
