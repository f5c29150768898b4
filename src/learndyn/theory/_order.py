"""What is learned first (3.2, Appendix E)."""

import equinox as eqx
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._numerics import powers
from learndyn._types import Array, ArrayLike, Float, Int, Shaped
from learndyn.network import Modes
from learndyn.theory._destination import destination
from learndyn.theory._energy import ModesLike, as_modes, energy_of
from learndyn.theory._flow import flow_of
from learndyn.theory._spectrum import Target, as_target

# Each look at the flow is at so many times, the next one in the interval of the crossing.
_TIMES, _LOOKS = 65, 4
# How far the first look goes, and how much further a next one goes; and the furthest.
_FIRST_HORIZON, _LAST_HORIZON = 16.0, 2.0**24


def step_gradients(
    modes: ModesLike, spectrum: Shaped[ArrayLike, "*#modes T"], *, weights=None
) -> Modes:
    """What each step of the trajectory adds to the velocity of a mode (terms of eqs 5–7, 182–184).

    The last step never drives b, whose first driver at `b ≈ 0` is the last step but one.

    Args:
        modes: connectivity modes (a, b, c), each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Contributions to `da/dt`, `db/dt` and `dc/dt`, each `(*modes, T)`, in t order.

    Raises:
        InputError: for values that are not finite, or shapes that do not fit.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> ld.theory.step_gradients((1.0, 0.0, 1.0), np.array([3.0, 2.0, 1.0])).b.tolist()
        [0.0, 2.0, 0.0]
    """
    target = as_target(spectrum, weights, allow_complex=True)
    a, b, c = as_modes(modes, allow_complex=True)
    count = target.weights.shape[0]
    response = (a * c)[..., None] * powers(b, count)
    error = target.weights * (target.values - response)
    # Eqs 182–184 are linear in the conjugates, which real modes equal.
    to_lag = powers(jnp.conj(b), count)
    before = jnp.concatenate([jnp.zeros_like(to_lag[..., :1]), to_lag[..., :-1]], -1)
    a, c = jnp.conj(a)[..., None], jnp.conj(c)[..., None]
    by_lag = Modes(
        c * to_lag * error, a * c * jnp.arange(count) * before * error, a * to_lag * error
    )
    return Modes(*(x[..., ::-1] for x in by_lag))


class LearningTimes(eqx.Module):
    """When modes have been learned to a given share.

    Attributes:
        energy: time at which the energy has made this share of its way to its last value.
        input_output: likewise for `u = ac`.
        recurrent: likewise for b.
    """

    energy: Float[Array, "*modes"]
    input_output: Float[Array, "*modes"]
    recurrent: Float[Array, "*modes"]

    @property
    def ranking(self) -> Int[Array, "*modes"]:
        """Modes by the time of their energy, the first to be learned first."""
        return jnp.argsort(self.energy)


def learning_times(
    modes: ModesLike,
    spectrum: Float[ArrayLike, "*#modes T"],
    *,
    share: float = 0.5,
    weights=None,
) -> LearningTimes:
    """Times at which gradient flow has learned a given share of each mode.

    Which mode is learned first depends on the measure: a share of the loss, of u or of b.

    Args:
        modes: connectivity modes (a, b, c) at the start, each `()` or `(modes,)`.
        spectrum: temporal singular values in t order, `(T,)` or `(modes, T)`.
        share: between 0 and 1; 0.99 leaves one percent.
        weights: weight of each lag, `(T,)`, lag 0 first; None: ones.

    Returns:
        Times, each `()` or `(modes,)`, in units of `dW/dt = −∇L`; infinite where it is later than
        1.6e7, or the flow does not come to rest at finite modes.

    Raises:
        InputError: for a share that is not between 0 and 1, or values that are not finite.

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectra = ld.task_dynamics("constant", np.array([1.0, 2.0]), None, 4)
        >>> ld.theory.learning_times((0.01, 0.01, 0.01), spectra).ranking.tolist()
        [1, 0]
    """
    if not 0 < share < 1:
        raise InputError("a share between 0 and 1", f"{share}")
    target, start = as_target(spectrum, weights), as_modes(modes)
    end = destination(modes, spectrum, weights=weights)
    start = Modes(*(jnp.broadcast_to(mode, end.b.shape) for mode in start))
    first, last = _measures(start, target), (end.energy, end.u, end.b)
    way = jnp.stack(last) - jnp.stack(first)

    def learned(now: Modes, row: int) -> Array:
        """Whether a measure has made its share of the way, nowhere if there is no way to go."""
        gone = _measures(now, target)[row] - first[row]
        return (gone * jnp.sign(way[row]) >= share * abs(way[row])) & (way[row] != 0)

    times, path = _until_learned(start, target, learned, end.settled)
    found = (_crossing(times, path, target, lambda m, row=row: learned(m, row)) for row in range(3))
    return LearningTimes(*(jnp.where(end.settled, time, jnp.inf) for time in found))


def _measures(modes: Modes, target: Target):
    u = modes.a * modes.c
    return energy_of(u, modes.b, target), u, modes.b


def _until_learned(start: Modes, target: Target, learned, settled):
    """The flow at many times, so far that every mode that comes to rest has learned its share."""
    horizon = _FIRST_HORIZON
    while True:
        times = jnp.concatenate([jnp.zeros(1), jnp.geomspace(1e-4, 1, _TIMES - 1) * horizon])
        path = flow_of(start, target, times)
        late = [(~learned(path, row).any(0) & settled).any() for row in range(3)]
        if horizon >= _LAST_HORIZON or not any(bool(x) for x in late):
            return times, path
        horizon *= _FIRST_HORIZON


def _crossing(times: Array, path: Modes, target: Target, learned) -> Array:
    """The first time at which a mode has learned its share, looked at more and more closely."""
    shape = path.b.shape[1:]
    since, width = jnp.zeros(shape), jnp.ones(shape)
    reached = jnp.ones(shape, bool)
    for _ in range(_LOOKS):
        yes = learned(path)
        reached = reached & yes.any(0)
        after = jnp.maximum(jnp.argmax(yes, 0), 1)
        before = Modes(*(jnp.take_along_axis(x, after[None] - 1, 0)[0] for x in path))
        since = since + width * times[after - 1]
        width = width * (times[after] - times[after - 1])
        times = jnp.linspace(0.0, 1.0, _TIMES)
        path = flow_of(before, target, times, pace=width)
    return jnp.where(reached, since + width / 2, jnp.inf)
