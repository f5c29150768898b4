"""How far a network is from each assumption while it learns."""

from typing import TYPE_CHECKING

import equinox as eqx
import numpy as np

from learndyn._assumptions import measure
from learndyn._bases import problem_bases
from learndyn._curve import LearningCurve
from learndyn._errors import InputError
from learndyn._problem import Problem
from learndyn._types import Array, Float
from learndyn.network import LinearRNN

if TYPE_CHECKING:
    import xarray


def violations_along(problem: Problem, curve: LearningCurve) -> "xarray.Dataset":
    """How far a problem is from each assumption at every recorded time of a curve.

    At each time it is what `solve` would store for a problem that starts there, in the bases that
    it would then have. Whiteness and constant bases belong to the task and stay what they are;
    alignment and balance move.

    Args:
        problem: network and task.
        curve: a learning curve of it, by any method.

    Returns:
        Over `time` (or `step`, where the optimizer has no flow time): `white_input`,
        `constant_bases`, `aligned`, `balanced`, as in `LearningCurve.violations`. Points that were
        not reached repeat the last one that was.

    Raises:
        InputError: for a batch of curves, or networks of other channels than the problem's.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> spectrum = ld.task_dynamics("constant", jnp.array([2.0, 1.0]), None, 4)
        >>> task = ld.structured_task(spectrum, 2, 2, key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 2, 2, 0.05, key=jax.random.key(1))
        >>> problem = ld.Problem(net, task)
        >>> curve = ld.solve(problem, ld.WeightFlow(), jnp.array([0.0, 20.0]))
        >>> aligned = ld.violations_along(problem, curve).aligned.values
        >>> bool(aligned[1] < 0.1 * aligned[0])
        True
    """
    import xarray

    if curve.weights.w_h.ndim != 3:
        raise InputError(
            "one learning curve", f"a batch, {curve.excess.shape[:-1]}", "Use jax.vmap over it."
        )
    if curve.weights.w_x.shape[1:] != problem.net.w_x.shape:
        raise InputError(
            f"a curve of the problem, with w_x of shape {problem.net.w_x.shape}",
            f"w_x of shape {curve.weights.w_x.shape[1:]}",
        )
    measured = _measured(problem.without_trials(), curve.weights)
    axis, values = ("step", curve.steps) if curve.times is None else ("time", curve.times)
    units = "1" if axis == "step" else "learning time of dW/dt = -grad L"
    variables = {
        name: (axis, np.asarray(each), {"long_name": f"violation of {name}", "units": "1"})
        for name, each in measured.items()
    }
    label = {"long_name": f"learning {axis}", "units": units}
    return xarray.Dataset(variables, {axis: (axis, np.asarray(values), label)})


@eqx.filter_jit
def _measured(problem: Problem, weights: LinearRNN) -> dict[str, Float[Array, " times"]]:
    def at(net: LinearRNN):
        here = eqx.tree_at(lambda p: p.net, problem, net)
        return measure(here, problem_bases(here))

    return eqx.filter_vmap(at)(weights)
