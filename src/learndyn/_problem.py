"""A problem: a network at its start, and the statistics of a task."""

from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics, Trials

PARTS = {"input": "w_x", "recurrent": "w_h", "output": "w_y"}


class Problem(eqx.Module):
    """A network at its start together with the statistics of a task.

    Args:
        net: the network at its start; its dtype is that of everything computed from the problem.
        task: a task, its `TaskStatistics`, `Trials`, or a pair `(x, y)` of arrays.
        frozen: parts that do not learn, any of `"input"`, `"recurrent"`, `"output"`.
        rule: how the weights want to move, a function of the problem and the weights like
            `velocity`, which of the problem that it is given is the gradient flow's; static, so
            what it holds is no array. None: down the gradient of the loss.

    Attributes:
        net: the network at its start.
        statistics: the sufficient statistic of the task.
        trials: the trials, where the problem was built from some.
        frozen: parts that do not learn, sorted.
        rule: the learning rule, or None.

    Raises:
        InputError: if network and task have other numbers of channels, for an unknown part, a task
            that has no statistics, or a rule that is no function or holds arrays.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 4), 2, 2,
        ...                           key=jax.random.key(0))
        >>> net = ld.init_unaligned(2, 3, 2, 0.1, key=jax.random.key(1))
        >>> ld.Problem(net, task, frozen=["recurrent"]).frozen
        ('recurrent',)
    """

    net: LinearRNN
    statistics: TaskStatistics
    trials: Trials | None
    frozen: tuple[str, ...] = eqx.field(static=True)
    rule: Callable[["Problem", LinearRNN], LinearRNN] | None = eqx.field(static=True)

    def __init__(self, net: LinearRNN, task: Any, *, frozen: str | Iterable[str] = (), rule=None):
        self.trials = _as_trials(task)
        if self.trials is not None:
            statistics = TaskStatistics.from_trials(self.trials)
        elif isinstance(task, TaskStatistics):
            statistics = task
        elif hasattr(task, "statistics"):
            statistics = task.statistics()
        else:
            statistics = task
        if not isinstance(statistics, TaskStatistics):
            raise InputError(
                "a task with `.statistics()`, TaskStatistics, Trials or a pair (x, y)",
                f"{type(statistics).__name__}",
            )
        require_channels(net, statistics)
        self.net = net
        self.statistics = cast_statistics(statistics, net.w_x.dtype)
        self.frozen = checked_parts(frozen)
        self.rule = _checked_rule(rule)

    def without_trials(self) -> "Problem":
        """The same problem for methods that need the statistics only.

        Returns:
            The problem with `trials=None`.
        """
        return eqx.tree_at(lambda p: p.trials, self, None, is_leaf=lambda x: x is None)


def _checked_rule(rule: Any) -> Any:
    if isinstance(rule, type) or not (rule is None or callable(rule)):
        found = f"the class {rule.__name__}" if isinstance(rule, type) else f"{rule!r}"
        raise InputError("a rule that is a function of problem and weights", found)
    if any(eqx.is_array(leaf) for leaf in jax.tree.leaves(rule)):
        raise InputError(
            "a rule without arrays as fields",
            f"a {type(rule).__name__} that has some",
            "Give it numbers of Python, or make the arrays outside it.",
        )
    return rule


def _as_trials(task) -> Trials | None:
    if isinstance(task, Trials):
        return task
    return Trials(*task) if isinstance(task, tuple) and len(task) == 2 else None


def checked_parts(frozen: str | Iterable[str]) -> tuple[str, ...]:
    """Names of frozen parts, sorted.

    Args:
        frozen: one name or several.

    Returns:
        The names.

    Raises:
        InputError: for a name that is none of `PARTS`.
    """
    frozen = (frozen,) if isinstance(frozen, str) else tuple(frozen)
    unknown = sorted(set(frozen) - set(PARTS))
    if unknown:
        raise InputError(f"frozen parts among {', '.join(PARTS)}", ", ".join(map(repr, unknown)))
    return tuple(sorted(set(frozen)))


def require_channels(net: LinearRNN, statistics: TaskStatistics) -> None:
    """Refuse a network that does not fit a task.

    Args:
        net: the network.
        statistics: statistics of the task.

    Raises:
        InputError: if inputs or outputs differ in number.
    """
    channels = (net.n_in, net.n_out), (statistics.n_in, statistics.n_out)
    if channels[0] != channels[1]:
        raise InputError(
            f"a network of {channels[1][0]} inputs and {channels[1][1]} outputs, as the task",
            f"{channels[0][0]} inputs and {channels[0][1]} outputs",
        )


def cast_statistics(statistics: TaskStatistics, dtype: Any) -> TaskStatistics:
    """Statistics in the precision of a network.

    Args:
        statistics: the statistics.
        dtype: real number type.

    Returns:
        The same, complex leaves in the complex type of that precision.
    """

    def cast(leaf):
        wanted = jnp.result_type(dtype, 1j) if jnp.iscomplexobj(leaf) else dtype
        return jnp.asarray(leaf, wanted)

    return jax.tree.map(cast, statistics)
