"""Where gradient flow ends, from a given start (3.4)."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp

from learndyn._numerics import polynomial
from learndyn._types import Array, ArrayLike, Bool, Float
from learndyn.network import Modes
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
            saddle: its sign is wrong, and it cannot change.
    """

    b: Float[Array, "*modes"]
    u: Float[Array, "*modes"]
    energy: Float[Array, "*modes"]
    settled: Bool[Array, "*modes"]
    escaped: Bool[Array, "*modes"]
    trapped: Bool[Array, "*modes"]


def destination(
    modes: ModesLike, spectrum: Float[ArrayLike, "*#modes T"], *, weights=None
) -> Destination:
    """Where gradient flow takes each mode from a start, however long that takes.

    With `a² − c² = D` for ever, the flow is `du/dt = √(D² + 4u²) S`, `db/dt = uR`. Its orbit does
    not depend on the pace, and at a pace of `1/√(D² + 4u²)` the plateau at small u is gone.

    Args:
        modes: connectivity modes (a, b, c) at the start, each `()` or `(modes,)`.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        The destinations, each part `()` or `(modes,)`.

    Raises:
        InputError: for values that are not finite or complex, or shapes that do not fit.

    Example:
        >>> import learndyn as ld
        >>> spectrum = ld.task_dynamics("dirac_delta", 1.0, None, 4, kappa=1.0)
        >>> [round(float(ld.theory.destination((0.1, b, 0.1), spectrum).b), 3) for b in (0.1, 0.9)]
        [0.0, 1.0]
    """
    start, target = as_modes(modes), as_target(spectrum, weights)
    shape = jnp.broadcast_shapes(*(mode.shape for mode in start), target.values.shape[:-1])
    values = jnp.broadcast_to(target.values, (*shape, target.values.shape[-1]))
    # Of each spectrum, before it is repeated for many starts.
    points = stationary_points(spectrum, weights=weights)
    return _destination(start, Target(values, target.weights), points)


@jax.jit
def _destination(start: Modes, target: Target, points: StationaryPoints) -> Destination:
    shape, state, cross, weights = flatten_lanes(start, target)
    a, b, c = state.T
    # As a product: a² − c² of equal squares need not be 0 where it is fused into one operation.
    orbit = jnp.stack([a * c, b, (a - c) * (a + c)], -1)
    far = jnp.minimum(_FAR, _FAR_ENERGY ** (1 / (2 * jnp.maximum(last_lag(weights), 1))))

    def run(orbit, cross):
        return _follow(orbit[:2], orbit[2], cross, weights, far)

    end = in_chunks(run, cross, orbit, cross)
    u, b = end[:, 0].reshape(shape), end[:, 1].reshape(shape)
    size = jnp.sqrt(jnp.sum(target.weights * target.values**2, -1))
    trapped = (orbit[:, 2].reshape(shape) == 0) & (abs(u) <= 1e-3 * _PLATEAU * size)
    # Else u is as small as it is best, far out: the mode escapes.
    best = polynomial(target.cross, b) * orbit[:, 0].reshape(shape)
    trapped = trapped & (best <= 0) & ~(size == 0)
    here = _nearest(u, b, size, points)
    outside = abs(b) > jnp.max(jnp.where(points.valid, abs(points.b), 0), -1)
    escaped = ~here.settled & ~trapped & outside
    b = jnp.where(escaped, jnp.sign(b) * jnp.inf, jnp.where(here.settled, here.b, b))
    u = jnp.where(escaped | trapped, 0, jnp.where(here.settled, here.u, u))
    last = jnp.arange(weights.shape[0]) == last_lag(weights)
    infimum = 0.5 * jnp.sum(jnp.where(last, 0, target.weights) * target.values**2, -1)
    energy = jnp.where(escaped, infimum, energy_of(u, jnp.where(escaped, 0, b), target))
    return Destination(b, u, energy, here.settled & ~trapped, escaped, trapped)


def _nearest(u, b, size, points: StationaryPoints) -> Destination:
    """The minimum at which an orbit ended, exactly, if there is one."""
    minimum = points.valid & (points.kind != KINDS.saddle)
    gap = abs(points.b - b[..., None]) / (1 + abs(b[..., None]))
    gap = gap + abs(points.u - u[..., None]) / (abs(u[..., None]) + _PLATEAU * size[..., None])
    gap = jnp.where(minimum, gap, jnp.inf)
    index = jnp.argmin(gap, -1)[..., None]
    every = (jnp.broadcast_to(x, gap.shape) for x in (points.b, points.u, gap))
    b, u, gap = (jnp.take_along_axis(x, index, -1)[..., 0] for x in every)
    no = jnp.zeros(gap.shape, bool)
    return Destination(b, u, 0 * u, gap <= _NEAR, no, no)


def _follow(start, d, cross, weights, far):
    """End of the orbit (u, b) of one mode."""
    sign, balanced = jnp.sign(start[0]), d == 0
    size = jnp.sqrt(jnp.sum(cross**2))

    def orbit(t, y, args):  # noqa: ARG001
        u, b = y
        s, r = slopes(u, b, cross, weights)
        # a² + c²; a balanced mode never crosses u = 0.
        width = jnp.where(
            balanced, 2 * u * sign, jnp.sqrt(jnp.where(balanced, 1, d * d + 4 * u * u))
        )
        pace = 1 / (width + _PLATEAU * size)
        return jnp.where(abs(b) < far, jnp.stack([width * s, u * r]) * pace, 0)

    def over(t, y, args, **kwargs):  # noqa: ARG001
        u, b = y
        s, _ = slopes(u, b, cross, weights)
        p, _ = slopes(0, b, cross, weights)
        # A small u that has its way to go is not at rest, however slow: it grows exponentially.
        far_from_best = (abs(s) >= 0.5 * abs(p)) & (abs(p) > _STILL * size)
        growing = far_from_best & ~(balanced & (u * s <= 0))
        return (jnp.linalg.norm(orbit(t, y, args)) <= _STILL * size) & ~growing

    # Implicit steps damp what grows, where tolerances do not see it: a start smaller than they.
    atol = jnp.where(start[0] == 0, _ATOL, jnp.minimum(_ATOL, 1e-3 * abs(start[0])))
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(orbit),
        Rodas5P(),
        jnp.zeros((), start.dtype),
        jnp.asarray(_LONGEST, start.dtype),
        None,
        start,
        saveat=diffrax.SaveAt(t1=True),
        stepsize_controller=diffrax.PIDController(rtol=_RTOL, atol=atol),
        event=diffrax.Event(over),
        max_steps=_MAX_STEPS,
        throw=False,
    )
    assert solution.ys is not None
    return solution.ys[-1]
