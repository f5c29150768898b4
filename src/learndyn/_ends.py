"""Where networks ended that were trained from several starts, told apart by what they compute."""

from collections.abc import Sequence
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._bases import problem_bases
from learndyn._dynamics import hessian
from learndyn._errors import InputError
from learndyn._path import RESULTS
from learndyn._problem import Problem
from learndyn._sweep import TrainedNetworks
from learndyn._train import bends_down
from learndyn._types import Array, Bool, Complex, Float, Int, is_traced
from learndyn.network import LinearRNN, response_from_modes, response_modes
from learndyn.statistics import TaskStatistics, lags_to_stack

# A mode of which more than this share is left has not been learned at all.
_WAITS = 0.9


class Ends(eqx.Module):
    """The different places where training ended, minima first, the lowest loss first.

    Networks are at one end if they ended in the same way and compute the same; weights that
    differ by a rotation of the hidden units, or in units that reach no output, are not told apart.
    All that is said of an end is said of its network with the lowest loss.

    Attributes:
        of: the end of each network, `(networks,)`; −1 for one that diverged.
        count: networks at each end, `(ends,)`.
        net: a network at each end, with a leading axis.
        excess: its loss above the floor, `(ends,)`.
        result: `minimum`, `saddle`, `not_yet` or `failed`, of `RESULTS`, with a leading axis.
        index: directions in which the loss bends down there, `(ends,)`: 0 at a minimum.
        eigenvalues: of `W_h`, the largest first, `(ends, hidden)`.
        left: share of each mode of the task that is not learned, in units of the loss,
            `(ends, modes)`: 1 for a mode that waits at the saddle from which all learning begins.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> keys = jax.random.split(jax.random.key(1), 8)
        >>> nets = jax.vmap(lambda key: ld.init_unaligned(2, 2, 2, 0.1, key=key))(keys)
        >>> problems = ld.Problem(nets, task)
        >>> trained = ld.train_many(problems, ld.GradientDescent(0.1), tolerance=1e-5,
        ...                         max_steps=10_000)
        >>> ld.ends(problems, trained).of.tolist().count(0)  # networks at the best end
        7
    """

    of: Int[np.ndarray, " networks"]
    count: Int[np.ndarray, " ends"]
    net: LinearRNN
    excess: Float[Array, " ends"]
    result: RESULTS
    index: Int[np.ndarray, " ends"]
    eigenvalues: Complex[np.ndarray, "ends hidden"]
    left: Float[np.ndarray, "ends modes"]

    @property
    def diverged(self) -> int:
        """Number of networks that diverged."""
        return int(np.sum(self.of < 0))

    @property
    def stable(self) -> Bool[np.ndarray, " ends"]:
        """Whether activity does not grow along a trajectory: no eigenvalue is beyond 1."""
        # Solutions of one are reached to the tolerance of the training.
        return np.abs(self.eigenvalues).max(-1) <= 1 + 1e-3

    @property
    def waiting(self) -> Bool[np.ndarray, "ends modes"]:
        """Which modes have not been learned at all, more than nine tenths of them left."""
        return self.left > _WAITS

    def losses(self, others: Sequence[TaskStatistics]) -> Float[Array, "others ends"]:
        """Loss of each end on other tasks, such as the same one at other lengths.

        Args:
            others: statistics of tasks with the same channels.

        Returns:
            Loss, `½ mean ‖y − ŷ‖²`, summed over outputs and readouts.

        Raises:
            InputError: if there is no task, or one has other channels.
        """
        if not others:
            raise InputError("at least one task", "none")
        for task in others:
            channels, mine = (task.n_in, task.n_out), (self.net.n_in, self.net.n_out)
            if channels != mine:
                raise InputError(
                    f"tasks of {mine[0]} inputs and {mine[1]} outputs",
                    f"one of {channels[0]} and {channels[1]}",
                )
        return jnp.stack(
            [
                jax.vmap(lambda net, s=s: s.loss(net.impulse_response(s.length)))(self.net)
                for s in others
            ]
        )


def ends(problems: Problem, trained: TrainedNetworks, *, apart: float = 1e-3) -> Ends:
    """Tell apart where networks ended that were trained on one task from several starts.

    Without alignment a task has no formula for its solution, and from some starts training ends
    elsewhere: at a saddle, in another minimum, or on the way. In the example one of eight networks
    is still at a saddle, with one direction downhill. This says which ends there are, what
    remains to be learned there, and, by the eigenvalues of `W_h`, which of them are stable.

    Args:
        problems: the problems that were trained, as given to `train_many`, of one task.
        trained: what `train_many` returned.
        apart: loss of the difference of two networks, as a share of that of a network that is
            silent, from which on they count as different. Training to a larger tolerance needs a
            larger one, lest every network be an end of its own.

    Returns:
        The ends.

    Raises:
        InputError: if networks have tasks of their own, if all have diverged, if the numbers of
            problems and trained networks differ, or for a share that is not positive.

    Example:
        >>> import jax, learndyn as ld
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> keys = jax.random.split(jax.random.key(1), 8)
        >>> nets = jax.vmap(lambda key: ld.init_unaligned(2, 2, 2, 0.1, key=key))(keys)
        >>> problems = ld.Problem(nets, task)
        >>> trained = ld.train_many(problems, ld.GradientDescent(0.1), tolerance=1e-5,
        ...                         max_steps=10_000)
        >>> found = ld.ends(problems, trained)
        >>> found.count.tolist(), found.index.tolist(), found.stable.tolist()
        ([7, 1], [0, 1], [True, True])
    """
    _check(problems, trained, apart)
    codes = np.asarray(jax.tree.leaves(trained.result)[0])
    outputs = np.asarray(_outputs(problems.statistics, trained.final))
    alive = np.asarray(trained.result != RESULTS.diverged) & np.isfinite(outputs).all((1, 2))
    silent = float(np.sum(np.asarray(_silent(problems.statistics)) ** 2))
    # The lowest loss first, so that each end is known by its best network.
    order = [i for i in np.argsort(np.asarray(trained.excess), kind="stable") if alive[i]]
    if not order:
        raise InputError("a network that did not diverge", f"{alive.size} that did")
    leaders: list[int] = []
    of = np.full(len(codes), -1)
    for i in order:
        near = [
            end
            for end, j in enumerate(leaders)
            if codes[i] == codes[j] and np.sum((outputs[i] - outputs[j]) ** 2) <= apart * silent
        ]
        if not near:
            leaders.append(i)
        of[i] = near[0] if near else len(leaders) - 1
    return _described(problems, trained, of, np.asarray(leaders))


def _check(problems: Problem, trained: TrainedNetworks, apart: float) -> None:
    if is_traced((problems, trained)):
        raise InputError("networks that are known", "traced ones", "Call ends outside jit.")
    if problems.statistics.target.ndim != 3:
        raise InputError("one task", "a task for each network", "Ask for each task by itself.")
    if problems.net.w_h.shape != trained.final.w_h.shape or problems.net.w_h.ndim != 3:
        raise InputError(
            "the problems that were trained, a leading axis on both",
            f"recurrent weights {problems.net.w_h.shape} and {trained.final.w_h.shape}",
        )
    if not apart > 0:
        raise InputError("a positive share", f"apart={apart}")


def _described(problems: Problem, trained: TrainedNetworks, of, leaders) -> Ends:
    """What is to be said of each end, minima first."""
    minimum = np.asarray(trained.result == RESULTS.minimum)[leaders]
    rank = np.argsort(~minimum, kind="stable")
    leaders, place = leaders[rank], np.append(np.argsort(rank), -1)
    of = place[of]
    net, result = jax.tree.map(lambda leaf: leaf[leaders], (trained.final, trained.result))
    slope = np.asarray(trained.slope)[leaders]
    shared = eqx.tree_at(
        lambda p: p.net, problems.without_trials(), jax.tree.map(lambda w: w[0], problems.net)
    )
    curvatures = np.linalg.eigvalsh(np.asarray(_hessians(shared, net)))
    highest = curvatures.max(-1, keepdims=True, initial=0.0)
    index = np.sum(bends_down(curvatures, highest, slope[:, None]), -1)
    eigenvalues = np.linalg.eigvals(np.asarray(net.w_h)).astype(complex)
    by_size = np.argsort(-np.abs(eigenvalues), axis=-1, kind="stable")
    return Ends(
        of=of,
        count=np.bincount(of[of >= 0], minlength=len(leaders)),
        net=net,
        excess=trained.excess[leaders],
        result=result,
        index=index,
        eigenvalues=np.take_along_axis(eigenvalues, by_size, -1),
        left=np.asarray(_left(shared, net)),
    )


@eqx.filter_jit
def _outputs(statistics: TaskStatistics, nets: LinearRNN):
    def one(net):
        return statistics.inputs.project(lags_to_stack(net.impulse_response(statistics.length)))

    return jax.vmap(one)(nets)


def _silent(statistics: TaskStatistics):
    """What a network without output leaves; half its square is the excess."""
    return statistics.inputs.residual(-lags_to_stack(statistics.target))


@eqx.filter_jit
def _hessians(problem: Problem, nets: LinearRNN):
    return jax.lax.map(partial(hessian, problem), nets)


@eqx.filter_jit
def _left(problem: Problem, nets: LinearRNN) -> Float[Array, "ends modes"]:
    """Loss of what each mode still lacks over the loss of all of it."""
    statistics = problem.statistics

    def one(net):
        bases = problem_bases(eqx.tree_at(lambda p: p.net, problem, net))

        def loss(modes):
            """By mode, each as if the others were learned."""
            alone = jnp.swapaxes(modes[:, None] * jnp.eye(modes.shape[1], dtype=modes.dtype), 0, 1)
            parts = jax.vmap(lambda m: response_from_modes(m, bases.output, bases.input))(alone)
            project = statistics.inputs.project
            return jax.vmap(lambda p: jnp.sum(project(lags_to_stack(p)) ** 2))(parts)

        target = response_modes(statistics.target, bases.output, bases.input)
        reached = response_modes(net.impulse_response(statistics.length), bases.output, bases.input)
        whole = loss(target)
        return jnp.where(whole > 0, loss(target - reached) / jnp.where(whole > 0, whole, 1), 0)

    return jax.lax.map(one, nets)
