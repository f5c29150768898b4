"""Where gradient flow ends, from a given start (3.4)."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._numerics import as_reals, polynomial, square_size
from learndyn._types import Array, ArrayLike, Bool, Float, Inexact, Shaped
from learndyn.network import Modes, phases
from learndyn.theory._circle import last_lag
from learndyn.theory._energy import ModesLike, as_modes, energy_of, slopes
from learndyn.theory._flow import flatten_lanes, in_chunks
from learndyn.theory._rosenbrock import Rodas5P
from learndyn.theory._spectrum import Target, as_target
from learndyn.theory._stationary import KINDS, StationaryPoints, stationary_points

_RTOL, _ATOL, _MAX_STEPS = 1e-7, 1e-9, 2000
# The orbit is followed until its slope is this small, relative to the spectrum.
_STILL, _LONGEST = 1e-8, 1e15
# Below this size, relative to the spectrum, u grows or decays exponentially along the orbit.
_PLATEAU = 1e-3
# An orbit that ends so close to a minimum, relative to it, has come to rest there.
_NEAR = 1e-2
# Beyond this |b| a mode is on its way to infinity, where energies stay finite numbers.
_FAR, _FAR_ENERGY = 1e3, 1e60


class Destination(eqx.Module):
    """Where gradient flow takes each mode.

    Attributes:
        b: recurrent mode at the end; infinite where it escapes.
        u: input-output mode ac at the end.
        energy: energy at the end.
        settled: whether the flow came to rest at a minimum.
        escaped: whether b goes to infinity, towards an infimum that is not attained.
        trapped: whether a balanced start loses its input-output mode, `u → 0`, which ends at a
            saddle: its sign is wrong, and it cannot change. A complex one can turn round, and does
            unless its phase is exactly opposite.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("constant", 1.0, None, 4)
        >>> found = ld.theory.destination((0.1, 0.1, -0.1), spectrum)  # u = ac has the wrong sign
        >>> bool(found.trapped), bool(found.settled)
        (True, False)
    """

    b: Inexact[Array, "*modes"]
    u: Inexact[Array, "*modes"]
    energy: Float[Array, "*modes"]
    settled: Bool[Array, "*modes"]
    escaped: Bool[Array, "*modes"]
    trapped: Bool[Array, "*modes"]


def destination(
    modes: ModesLike, spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None
) -> Destination:
    """Where gradient flow takes each mode from a start, however long that takes.

    With `|a|² − |c|² = D` for ever, the flow is `du/dt = √(D² + 4|u|²) S`, `db/dt = u* R`. Its
    orbit does not depend on the pace, and at a pace of `1/√(D² + 4|u|²)` the plateau at small u is
    gone.
    The end of a real orbit is the stationary point it came to; that of a complex one is known to
    the tolerance of the solver, 1e-7.

    Args:
        modes: connectivity modes (a, b, c) at the start, each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The destinations, each part `()` or `(modes,)`.

    Raises:
        InputError: for values that are not finite, or shapes that do not fit.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("dirac_delta", 1.0, None, 4, kappa=1.0)
        >>> [round(float(ld.theory.destination((0.1, b, 0.1), spectrum).b), 3) for b in (0.1, 0.9)]
        [0.0, 1.0]
    """
    target = as_target(spectrum, weights, allow_complex=True)
    start = as_modes(modes, allow_complex=True)
    shape = jnp.broadcast_shapes(*(mode.shape for mode in start), target.values.shape[:-1])
    values = jnp.broadcast_to(target.values, (*shape, target.values.shape[-1]))
    if jnp.iscomplexobj(jnp.zeros((), jnp.result_type(*start, values))):
        points = None
    else:
        # Of each spectrum, before it is repeated for many starts.
        points = stationary_points(spectrum, weights=weights)
    return _destination(start, Target(values, target.weights), points)


@jax.jit
def _destination(start: Modes, target: Target, points: StationaryPoints | None) -> Destination:
    shape, state, cross, weights = flatten_lanes(start, target)
    a, b, c = state.T
    # As a product: |a|² − |c|² of equal sizes need not be 0 where it is fused into one operation.
    surplus = ((abs(a) - abs(c)) * (abs(a) + abs(c))).reshape(shape)
    orbit = jnp.stack([a * c, b], -1)
    far = jnp.minimum(_FAR, _FAR_ENERGY ** (1 / (2 * jnp.maximum(last_lag(weights), 1))))

    def run(orbit, surplus, cross):
        return _follow(orbit, surplus, cross, weights, far)

    end, still = in_chunks(run, cross, orbit, surplus.ravel(), cross)
    u, b = end[:, 0].reshape(shape), end[:, 1].reshape(shape)
    size = jnp.sqrt(jnp.sum(target.weights * square_size(target.values), -1))
    trapped = (surplus == 0) & (abs(u) <= 1e-3 * _PLATEAU * size)
    # Else u is as small as it is best, far out: the mode escapes.
    pull = polynomial(target.cross, jnp.conj(b))
    trapped = trapped & ((jnp.conj(pull) * orbit[:, 0].reshape(shape)).real <= 0) & ~(size == 0)
    if points is None:
        outside = (abs(b) >= far) | ((abs(b) > 1) & ~(abs(_radial_step(b, target)) < _NEAR))
        settled = still.reshape(shape) & ~outside
    else:
        near_b, near_u, settled = _nearest(u, b, size, points)
        outside = abs(b) > jnp.max(jnp.where(points.valid, abs(points.b), 0), -1)
        b, u = jnp.where(settled, near_b, b), jnp.where(settled, near_u, u)
    escaped = ~settled & ~trapped & outside
    infinite = jnp.inf if points is None else jnp.sign(b) * jnp.inf
    b, u = jnp.where(escaped, infinite, b), jnp.where(escaped | trapped, 0, u)
    last = jnp.arange(weights.shape[0]) == last_lag(weights)
    rest = jnp.where(last, 0, target.weights) * square_size(target.values)
    energy = energy_of(u, jnp.where(escaped, 0, b), target)
    energy = jnp.where(escaped, 0.5 * jnp.sum(rest, -1), energy)
    return Destination(b, u, energy, settled & ~trapped, escaped, trapped)


def _nearest(u, b, size, points: StationaryPoints):
    """The minimum (b, u) at which an orbit ended, exactly, and whether there is one."""
    minimum = points.valid & (points.kind != KINDS.saddle)
    gap = abs(points.b - b[..., None]) / (1 + abs(b[..., None]))
    gap = gap + abs(points.u - u[..., None]) / (abs(u[..., None]) + _PLATEAU * size[..., None])
    gap = jnp.where(minimum, gap, jnp.inf)
    index = jnp.argmin(gap, -1)[..., None]
    every = (jnp.broadcast_to(x, gap.shape) for x in (points.b, points.u, gap))
    b, u, gap = (jnp.take_along_axis(x, index, -1)[..., 0] for x in every)
    return b, u, gap <= _NEAR


def _radial_step(b, target: Target) -> Array:
    """Newton's step of log |b| towards the best one: tiny at a minimum, not so on the way out."""

    def gain(log_radius):
        z = jnp.exp(log_radius) * phases(b)
        pull = polynomial(target.cross, jnp.conj(z))
        return square_size(pull) / polynomial(target.weights, square_size(z))

    def along(function):
        return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))[1]

    log_radius = jnp.log(abs(b))
    return along(gain)(log_radius) / along(along(gain))(log_radius)


def _follow(start, d, cross, weights, far):
    """End of the orbit (u, b) of one mode, and whether it came to rest or far out."""
    reals, of_reals = as_reals(start)
    sign, balanced = phases(start[0]), d == 0
    size = jnp.sqrt(jnp.sum(square_size(cross)))

    def orbit(t, y, args):  # noqa: ARG001
        u, b = of_reals(y)
        s, r = slopes(u, b, cross, weights)
        # |a|² + |c|²; a balanced real mode never crosses u = 0.
        length = abs(u) if jnp.iscomplexobj(u) else u * sign
        unbalanced = jnp.sqrt(jnp.where(balanced, 1, d * d + 4 * square_size(u)))
        width = jnp.where(balanced, 2 * length, unbalanced)
        moving = jnp.stack([width * s, jnp.conj(u) * r]) / (width + _PLATEAU * size)
        return as_reals(jnp.where(abs(b) < far, moving, 0))[0]

    def over(t, y, args, **kwargs):  # noqa: ARG001
        u, b = of_reals(y)
        s, _ = slopes(u, b, cross, weights)
        p, _ = slopes(0, b, cross, weights)
        # A small u that has its way to go is not at rest, however slow: it grows exponentially.
        far_from_best = (abs(s) >= 0.5 * abs(p)) & (abs(p) > _STILL * size)
        growing = far_from_best & ~(balanced & ((jnp.conj(u) * s).real <= 0))
        return (jnp.linalg.norm(orbit(t, y, args)) <= _STILL * size) & ~growing

    # Implicit steps damp what grows, where tolerances do not see it: a start smaller than they.
    atol = jnp.where(start[0] == 0, _ATOL, jnp.minimum(_ATOL, 1e-3 * abs(start[0])))
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(orbit),
        Rodas5P(),
        jnp.zeros((), reals.dtype),
        jnp.asarray(_LONGEST, reals.dtype),
        None,
        reals,
        saveat=diffrax.SaveAt(t1=True),
        stepsize_controller=diffrax.PIDController(rtol=_RTOL, atol=atol),
        event=diffrax.Event(over),
        max_steps=_MAX_STEPS,
        throw=False,
    )
    assert solution.ys is not None
    return of_reals(solution.ys[-1]), solution.result == diffrax.RESULTS.event_occurred
