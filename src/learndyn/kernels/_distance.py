"""How far the tangent kernel of a network has moved."""

from collections.abc import Iterable
from functools import partial

import jax

from learndyn._errors import InputError
from learndyn._problem import cast_statistics
from learndyn._types import Array, Float
from learndyn.kernels._checks import checked_data, require_finite, require_single
from learndyn.kernels._tangent import TOGETHER, kernel_over
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics


def kernel_distance(
    net0: LinearRNN,
    net1: LinearRNN,
    statistics: TaskStatistics,
    *,
    frozen: str | Iterable[str] = (),
) -> Float[Array, "*batch"]:
    """Distance of the tangent kernels of two networks over a whole data set (eq. 135).

    `D = 1 − ⟨K₀, K₁⟩ / ‖K₀‖‖K₁‖`, over all trials, outputs, and readouts with each other. It needs
    only the statistics: no kernel over trials is formed, and the time does not depend on how many
    there were. Lazy learning has D = 0; the reverse is not true, since D does not see a kernel
    that only grows (erratum 41). It is 1 where one kernel is zero, 0 where both are. A small D is
    known to about ε√D rather than ε, with ε the rounding of numbers.

    Args:
        net0: a network, the one at the start for example.
        net1: a network of the same shape; with a leading axis, such as `curve.weights`, one
            distance for each.
        statistics: statistics of the data, white or not.
        frozen: parts that do not learn, any of `"input"`, `"recurrent"`, `"output"`.

    Returns:
        Distance, between 0 and 1 up to rounding.

    Raises:
        InputError: for networks of different shapes, other channels than those of the data, or
            weights that are not finite.

    Example:
        >>> import jax, jax.numpy as jnp, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 6), 4, 4,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(4, 4, 4, 0.1, key=jax.random.key(1))
        >>> curve = ld.solve(ld.Problem(net, task), ld.WeightFlow(), jnp.array([0.0, 200.0]))
        >>> distance = ld.kernel_distance(net, curve.weights, task.statistics())
        >>> bool(distance[0] < 1e-12), bool(distance[1] > 0.5)  # rich, from a start so small
        (True, True)
    """
    require_single(net0, "the first network")
    require_finite(net1, "the second network")
    shapes = [[w.shape[-2:] for w in jax.tree.leaves(net)] for net in (net0, net1)]
    if shapes[0] != shapes[1] or net1.w_h.ndim > 3:
        raise InputError(
            "two networks of the same shape, the second with one leading axis at most",
            f"weights {_shapes(net0)} and {_shapes(net1)}",
        )
    statistics, parts = checked_data(net0, statistics, frozen)
    return _kernel_distance(net0, net1, statistics, frozen=parts)


@partial(jax.jit, static_argnames="frozen")
def _kernel_distance(net0, net1, statistics, *, frozen):
    statistics = cast_statistics(statistics, net0.w_x.dtype)
    start = kernel_over(net0, statistics, frozen)

    def distance(net):
        return start.distance(kernel_over(net, statistics, frozen))

    if net1.w_h.ndim == 2:
        return distance(net1)
    return jax.lax.map(distance, net1, batch_size=TOGETHER)


def _shapes(net: LinearRNN) -> str:
    return ", ".join(str(w.shape) for w in jax.tree.leaves(net))
