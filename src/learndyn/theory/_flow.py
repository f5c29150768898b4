"""The flow of many modes at once, implicit, in chunks of similar stiffness."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._numerics import as_reals, pair_norm
from learndyn._types import Array, ArrayLike, Float, Shaped, Tracer
from learndyn.network import Modes
from learndyn.theory._energy import ModesLike, as_modes, mode_velocity
from learndyn.theory._rosenbrock import Rodas5P
from learndyn.theory._spectrum import Target, as_numbers, as_target

# Lanes that run side by side: enough to fill the vector units, few enough to stay in the cache.
_CHUNK = 512
_RTOL, _ATOL, _MAX_STEPS = 1e-8, 1e-10, 100_000


def mode_flow(
    modes: ModesLike,
    spectrum: Shaped[ArrayLike, "*#modes T"],
    times: Float[ArrayLike, " times"],
    *,
    weights=None,
) -> Modes:
    """Gradient flow of thousands of modes, each on its own (eqs 5–7, 152–155; 182–184 if complex).

    Implicit steps, since modes that have learned are stiff; each mode takes its own. For the
    curve of one network `ModeFlow` is the method.

    Args:
        modes: connectivity modes (a, b, c) at time 0, each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        times: learning times, nonnegative and increasing, in units of `dW/dt = −∇L`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The modes, each `(times, *modes)`, to tolerances 1e-8 (relative) and 1e-10; NaN after the
        solver has taken 100,000 steps.

    Raises:
        InputError: for times that are not usable, or values that are not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> lam = np.array([0.2, 0.5, 0.8])
        >>> spectrum = ld.task_dynamics("inverse_exponential", 1.0, lam, 6)
        >>> flow = ld.theory.mode_flow((0.3, 0.1, 0.3), spectrum, np.array([0.0, 100.0]))
        >>> flow.b[-1].round(3).tolist()
        [0.2, 0.5, 0.8]
    """
    target = as_target(spectrum, weights, allow_complex=True)
    start = as_modes(modes, allow_complex=True)
    times = as_numbers("times", times)
    if times.ndim != 1 or times.size == 0:
        raise InputError("times of shape (times,), at least one", f"shape {times.shape}")
    if not isinstance(times, Tracer) and bool((times < 0).any() | (jnp.diff(times) <= 0).any()):
        raise InputError("nonnegative, increasing times", f"{times}")
    return flow_of(start, target, times)


@jax.jit
def flow_of(
    start: Modes, target: Target, times: Array, pace: Float[ArrayLike, "*#modes"] | float = 1.0
) -> Modes:
    """As `mode_flow`, of arguments that are checked already.

    Args:
        start: modes at time 0.
        target: spectrum by lag.
        times: when to record.
        pace: learning time per unit of `times`, for each mode.

    Returns:
        The modes, each `(times, *modes)`.
    """

    def run(state, cross, pace):
        reals, of_reals = as_reals(state)

        def field(t, y, args):  # noqa: ARG001
            a, b, c = of_reals(y)
            return pace * as_reals(jnp.stack(mode_velocity(a, b, c, cross, weights)))[0]

        return diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            Rodas5P(),
            jnp.zeros((), times.dtype),
            times[-1],
            None,
            reals,
            saveat=diffrax.SaveAt(ts=times),
            # Steps end at the requested times, since there is no interpolation to speak of.
            stepsize_controller=diffrax.ClipStepSizeController(
                diffrax.PIDController(rtol=_RTOL, atol=_ATOL, norm=pair_norm(len(state))),
                step_ts=times,
            ),
            max_steps=_MAX_STEPS,
            throw=False,
        ).ys

    shape, state, cross, weights = flatten_lanes(start, target)
    _, of_reals = as_reals(state[0])
    paces = jnp.broadcast_to(pace, shape).astype(state.real.dtype).ravel()
    path = in_chunks(run, cross, state, cross, paces)
    path = jnp.where(jnp.isfinite(path), path, jnp.nan)
    path = jax.vmap(jax.vmap(of_reals))(path)
    return Modes(*(path[..., i].T.reshape(times.shape + shape) for i in range(3)))


def flatten_lanes(start: Modes, target: Target):
    """Modes and spectra side by side.

    Args:
        start: modes, each `(*modes,)`.
        target: their spectra.

    Returns:
        Shape of the modes, `(lanes, 3)`, coefficients of P `(lanes, lag)`, and lag weights.
    """
    shapes = (x.shape for x in (*start, target.values[..., 0]))
    shape = jnp.broadcast_shapes(*shapes)
    dtype = jnp.result_type(*start, target.values)
    state = jnp.stack([jnp.broadcast_to(mode, shape).ravel() for mode in start], -1).astype(dtype)
    count = target.weights.shape[0]
    cross = jnp.broadcast_to(target.cross, (*shape, count)).reshape(-1, count)
    return shape, state, cross, target.weights


def in_chunks(run, cross: Array, *lanes: Array) -> Any:
    """Map a function over lanes, in chunks of similar stiffness, which end at about one time.

    Args:
        run: function of the arrays of a lane.
        cross: coefficients of P, `(lanes, lag)`, which tell stiffness.
        *lanes: arrays with a leading axis of lanes.

    Returns:
        What the function returns, with a leading axis of lanes.
    """
    stiffness = jnp.sum((1 + jnp.arange(cross.shape[1]) ** 2) * abs(cross), -1)
    order = jnp.argsort(stiffness)
    count = len(order)
    chunk = min(_CHUNK, count)
    # The last chunk is filled with copies of the stiffest lane: its own length would compile again.
    filled = jnp.concatenate([order, jnp.full(-count % chunk, order[-1])]).reshape(-1, chunk)
    results = jax.lax.map(lambda i: jax.vmap(run)(*(lane[i] for lane in lanes)), filled)
    back = jnp.argsort(order)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[back], results)
