"""What a way to a learning curve must provide."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from learndyn._assumptions import Assumption
from learndyn._errors import InputError
from learndyn._path import Path, State
from learndyn._problem import Problem
from learndyn._types import Array, Float, Scalar
from learndyn.network import Bases, response_modes
from learndyn.theory._spectrum import Target


class Method(eqx.Module):
    """A way to the learning curve of a problem.

    `solve` and `train` measure assumptions, compile, and make the curve; a method moves weights.

    Attributes:
        assumptions: what it takes for granted of a problem.
        linearized: whether its loss is that of a linearized network: without saddles, and not the
            loss of networks of its weights.

    Example:
        >>> import learndyn as ld
        >>> [assumption.name for assumption in ld.ModeFlow.assumptions]
        ['white_input', 'constant_bases', 'aligned']
    """

    assumptions: ClassVar[tuple[Assumption, ...]] = ()
    linearized: ClassVar[bool] = False

    def check(self, problem: Problem) -> None:
        """Refuse a problem that the method cannot run at all.

        Args:
            problem: the problem.
        """

    def data(self, problem: Problem) -> Any:  # noqa: ARG002
        """What the method needs of a problem beyond its statistics, read once before compiling.

        Args:
            problem: the problem, with its trials.

        Returns:
            Arrays, or None.
        """
        return None

    @abc.abstractmethod
    def run(
        self,
        problem: Problem,
        bases: Bases,
        data: Any,
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """Move the weights, recording them at the given times.

        Args:
            problem: the problem, without trials.
            bases: its bases.
            data: what `data` returned.
            times: when to record, increasing.
            state: where an earlier run stopped; None: the problem's start.

        Returns:
            The weights along learning.
        """

    @abc.abstractmethod
    def converge(
        self, problem: Problem, bases: Bases, data: Any, slope: Scalar, max_steps: int
    ) -> Path:
        """Move the weights until they are still, recording on the way.

        Args:
            problem: the problem, without trials.
            bases: its bases.
            data: what `data` returned.
            slope: largest norm of the velocity at which the weights count as still.
            max_steps: steps of the method after which it gives up.

        Returns:
            The weights along learning; the result tells converged (`minimum`) from `not_yet`.
        """

    @abc.abstractmethod
    def describe(self, problem: Problem) -> str:
        """Name and configuration, without the numbers that may be traced.

        Args:
            problem: the problem, which may decide a solver.

        Returns:
            One line.
        """

    def settings(self) -> dict[str, Array]:
        """The method's numbers.

        Returns:
            Numbers by name.
        """
        return {}


def require_frozen(method: Method, problem: Problem, parts: tuple[str, ...]) -> None:
    """Refuse a problem whose frozen parts are others than those of a frozen theory.

    Args:
        method: the method.
        problem: the problem.
        parts: what must be frozen, and nothing else, sorted.

    Raises:
        InputError: if other parts are frozen, or the problem has a rule of its own.
    """
    require_no_rule(method, problem)
    if problem.frozen != parts:
        wanted = ", ".join(map(repr, parts))
        raise InputError(
            f"a problem with frozen=({wanted},) for {type(method).__name__}",
            f"frozen={problem.frozen}",
            "Freeze these parts, or use ModeFlow.",
        )


def require_no_rule(method: Method, problem: Problem) -> None:
    """Refuse a problem whose weights move by a rule of its own.

    Args:
        method: the method.
        problem: the problem.

    Raises:
        InputError: if it has one.
    """
    if problem.rule is not None:
        raise InputError(
            f"a problem without a rule for {type(method).__name__}",
            "one with its own",
            "Use WeightFlow, which follows any rule.",
        )


def mode_target(problem: Problem, bases: Bases) -> Target:
    """Spectrum and lag weights of a problem's modes.

    Args:
        problem: the problem.
        bases: its bases.

    Returns:
        The best response of each mode by lag, and the weights.
    """
    by_lag = response_modes(problem.statistics.lag_targets, bases.output, bases.input)
    return Target(by_lag.T, jnp.asarray(problem.statistics.weights))


def speed(velocity: Any) -> Scalar:
    """Norm of a velocity over all weights.

    Args:
        velocity: any collection of arrays.

    Returns:
        The Euclidean norm.

    Example:
        >>> import jax.numpy as jnp
        >>> from learndyn.methods import speed
        >>> float(speed((jnp.array([3.0]), jnp.array([[4.0]]))))
        5.0
    """
    return jnp.linalg.norm(ravel_pytree(velocity)[0])
