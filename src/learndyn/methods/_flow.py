"""Integration of gradient flows, which are stiff: plateaus, then cliffs."""

import abc
from collections.abc import Callable
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jax.flatten_util import ravel_pytree

from learndyn._errors import InputError
from learndyn._numerics import as_reals, pair_norm
from learndyn._path import RESULTS, Path, State
from learndyn._problem import PARTS, Problem
from learndyn._types import Array, Float, Scalar
from learndyn.methods._method import Method, speed
from learndyn.network import Bases, LinearRNN

# Up to this many unknowns an implicit step with a dense Jacobian pays.
DENSE = 2000
# Solver steps between two requests for a curve, however far apart; a stiff flow needs hundreds.
_MAX_STEPS = 100_000


class Flow(Method):
    """A method that integrates a flow of some numbers, each set of which stands for a network.

    A subclass says what they are and how they move, in `flow`, and how many, in `unknowns`.

    Args:
        solver: a diffrax solver; None: Kvaerno5, implicit, up to 2,000 unknowns, Tsit5 above.
        rtol: relative tolerance; None: 1e-8 in float64, 1e-5 in float32.
        atol: absolute tolerance; None: 1e-10 in float64, 1e-7 in float32.

    Example:
        >>> import learndyn as ld
        >>> ld.WeightFlow(rtol=1e-6).rtol  # one of them
        1e-06
    """

    solver: diffrax.AbstractSolver | None = None
    rtol: float | None = eqx.field(static=True, default=None)
    atol: float | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        for name, value in (("rtol", self.rtol), ("atol", self.atol)):
            if value is not None and not value > 0:
                raise InputError(f"a positive {name}", f"{value}")

    @abc.abstractmethod
    def flow(
        self, problem: Problem, bases: Bases
    ) -> tuple[Callable[[Any], Any], Any, Callable[[Any], LinearRNN]]:
        """The flow of a problem.

        Args:
            problem: the problem, without trials.
            bases: its bases.

        Returns:
            The velocity of a collection of arrays, such a collection at the start, and the network
            that one stands for.
        """

    @abc.abstractmethod
    def unknowns(self, problem: Problem) -> int:
        """Number of unknowns of the flow of a problem.

        Args:
            problem: the problem.

        Returns:
            Length of the state that the solver sees.
        """

    def describe(self, problem: Problem) -> str:
        """See `Method`."""
        rtol, atol = self._tolerances(problem.net.w_x.dtype)
        solver = self.solver or _default_solver(self.unknowns(problem), rtol, atol)
        return f"{type(self).__name__}(solver={type(solver).__name__}, rtol={rtol}, atol={atol})"

    def run(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """See `Method`."""
        return self._integrate(*self.flow(problem, bases), times, state)

    def converge(
        self,
        problem: Problem,
        bases: Bases,
        data: None,  # noqa: ARG002
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """See `Method`."""
        return self._settle(*self.flow(problem, bases), slope, max_steps)

    def _tolerances(self, dtype: Any) -> tuple[float, float]:
        double = dtype == jnp.float64
        return self.rtol or (1e-8 if double else 1e-5), self.atol or (1e-10 if double else 1e-7)

    def _integrate(
        self,
        field: Callable[[Any], Any],
        start: Any,
        to_net: Callable[[Any], LinearRNN],
        times: Float[Array, " times"],
        state: State | None,
    ) -> Path:
        """Integrate `dy/dt = field(y)`, recording at the given times."""
        flat, unflatten = _ravel(start)
        since = jnp.zeros((), times.dtype)
        if state is not None:
            (flat,), since = state.leaves, state.time.astype(times.dtype)
        solution = self._diffeqsolve(
            field,
            flat,
            unflatten,
            since,
            times[-1],
            saveat=diffrax.SaveAt(ts=times),
            # Interpolation between steps is of third order only, the steps are of fifth.
            stops=times,
            max_steps=_MAX_STEPS,
        )
        ys, valid = _hold_last(flat, solution.ys, jnp.isfinite(solution.ts))
        result = RESULTS.where(
            solution.result == diffrax.RESULTS.successful,
            RESULTS.reached,
            RESULTS.where(
                solution.result == diffrax.RESULTS.max_steps_reached,
                RESULTS.exhausted,
                RESULTS.failed,
            ),
        )
        reached = jnp.where(valid.any(), times[jnp.maximum(valid.sum() - 1, 0)], since)
        state = State(reached, jnp.zeros((), int), (ys[-1],))
        weights = jax.vmap(lambda y: to_net(unflatten(y)))(ys)
        return Path(times, None, weights, valid, result, state)

    def _settle(
        self,
        field: Callable[[Any], Any],
        start: Any,
        to_net: Callable[[Any], LinearRNN],
        slope: Scalar,
        max_steps: int,
    ) -> Path:
        """Integrate until the field is smaller than `slope`, recording every step."""
        flat, unflatten = _ravel(start)

        def still(t, y, args, **kwargs):  # noqa: ARG001
            return speed(field(unflatten(y))) <= slope

        never = jnp.asarray(jnp.finfo(flat.dtype).max / 4, flat.dtype)
        solution = self._diffeqsolve(
            field,
            flat,
            unflatten,
            jnp.zeros((), flat.dtype),
            never,
            saveat=diffrax.SaveAt(t0=True, steps=True),
            max_steps=max_steps,
            event=diffrax.Event(still),
        )
        ys, valid = _hold_last(flat, solution.ys, jnp.isfinite(solution.ts))
        count = valid.sum()
        last = ys[-1]
        steps_taken = solution.result == diffrax.RESULTS.max_steps_reached
        moving = RESULTS.where(steps_taken, RESULTS.not_yet, RESULTS.failed)
        result = RESULTS.where(still(None, last, None), RESULTS.minimum, moving)
        times = jnp.where(valid, solution.ts, solution.ts[jnp.maximum(count - 1, 0)])
        state = State(times[-1], jnp.zeros((), int), (last,))
        weights = jax.vmap(lambda y: to_net(unflatten(y)))(ys)
        return Path(times, None, weights, valid, result, state)

    def _diffeqsolve(
        self, field, flat, unflatten, since, until, *, saveat, max_steps, stops=None, event=None
    ) -> Any:
        # Any: diffrax types `ts` and `ys` as optional; with these `saveat` they are arrays.
        rtol, atol = self._tolerances(flat.dtype)
        count = ravel_pytree(unflatten(flat))[0].size
        controller = diffrax.PIDController(rtol=rtol, atol=atol, norm=pair_norm(count))
        if stops is not None:
            controller = diffrax.ClipStepSizeController(controller, step_ts=stops)
        solver = self.solver or _default_solver(flat.size, rtol, atol)
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: _ravel(field(unflatten(y)))[0]),  # noqa: ARG005
            solver,
            since,
            until,
            None,
            flat,
            saveat=saveat,
            stepsize_controller=controller,
            max_steps=max_steps,
            event=event,
            throw=False,
        )


def _ravel(tree: Any) -> tuple[Array, Callable[[Array], Any]]:
    """All numbers of a collection as one vector of real ones, and the way back."""
    flat, unflatten = ravel_pytree(tree)
    reals, back = as_reals(flat)
    return reals, lambda y: unflatten(back(y))


def _default_solver(size: int, rtol: float, atol: float) -> diffrax.AbstractSolver:
    if size > DENSE:
        return diffrax.Tsit5()
    # Diffrax's own root finder stops after a few iterations and takes five times as many steps
    # on these flows; iterating the chord method to the tolerance of the step costs less.
    return diffrax.Kvaerno5(root_finder=optimistix.Chord(rtol=rtol, atol=atol))


def hold_frozen(problem: Problem, start: Any, now: Any) -> Any:
    """Put frozen parts back, which implicit steps move by rounding.

    Args:
        problem: the problem.
        start: weights or modes at the start.
        now: the same later.

    Returns:
        The later ones, their frozen parts with every bit of the start.

    Example:
        >>> import jax, learndyn as ld
        >>> from learndyn.methods import hold_frozen
        >>> task = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2,
        ...                           key=jax.random.key(0))
        >>> start, now = (ld.init_unaligned(2, 3, 2, 0.1, key=jax.random.key(i)) for i in (1, 2))
        >>> held = hold_frozen(ld.Problem(start, task, frozen="output"), start, now)
        >>> bool((held.w_y == start.w_y).all()), bool((held.w_h == now.w_h).all())
        (True, True)
    """
    leaves, structure = jax.tree.flatten(now)
    pairs = zip(PARTS, jax.tree.leaves(start), leaves, strict=True)
    return jax.tree.unflatten(structure, [s if p in problem.frozen else n for p, s, n in pairs])


def _hold_last(first, values, valid):
    """Replace points that were not reached by the last one that was."""
    last = jnp.where(valid.any(), values[jnp.maximum(valid.sum() - 1, 0)], first)
    return jnp.where(valid[:, None], values, last), valid
