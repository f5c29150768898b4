"""What is learned first (3.2, Appendix E)."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp

from learndyn._errors import InputError
from learndyn._numerics import powers, square_size
from learndyn._types import Array, ArrayLike, Float, Int, Shaped
from learndyn.network import Modes
from learndyn.theory._destination import Destination, destination
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

    Example:
        >>> import numpy as np, learndyn as ld
        >>> spectra = ld.task_dynamics("constant", np.array([1.0, 2.0]), None, 4)
        >>> times = ld.theory.learning_times((0.01, 0.01, 0.01), spectra)
        >>> bool(times.energy[0] > times.energy[1])  # the weak mode waits
        True
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
    spectrum: Shaped[ArrayLike, "*#modes T"],
    *,
    share: float = 0.5,
    weights=None,
) -> LearningTimes:
    """Times at which gradient flow has learned a given share of each mode.

    Which mode is learned first depends on the measure: a share of the loss, of u or of b. A complex
    mode has made a share of its way when it has come so far along the straight line to its end; for
    radius and angle see `polar_learning_times`.

    Args:
        modes: connectivity modes (a, b, c) at the start, each `()` or `(modes,)`, real or complex.
        spectrum: temporal singular values, or eigenvalues, in t order, `(T,)` or `(modes, T)`.
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
    start, end, target = start_and_end(modes, spectrum, share=share, weights=weights)

    def measures(now: Modes):
        u = now.a * now.c
        return energy_of(u, now.b, target), u, now.b

    progress = progress_along(measures(start), (end.energy, end.u, end.b), measures)
    return LearningTimes(*crossing_times(start, end, target, progress, share))


def start_and_end(modes: ModesLike, spectrum, *, share: float, weights):
    """What a time of learning is measured between.

    Args:
        modes: connectivity modes at the start.
        spectrum: in t order.
        share: to be checked.
        weights: by lag, or None.

    Returns:
        Modes at the start, their destination, both of one shape, and the spectrum by lag.

    Raises:
        InputError: for a share that is not between 0 and 1, or values that are not finite.
    """
    if not 0 < share < 1:
        raise InputError("a share between 0 and 1", f"{share}")
    target = as_target(spectrum, weights, allow_complex=True)
    end = destination(modes, spectrum, weights=weights)
    start = (jnp.broadcast_to(m, end.b.shape) for m in as_modes(modes, allow_complex=True))
    return Modes(*start), end, target


def progress_along(first, last, measures: Callable) -> Callable[[Modes], list[Array]]:
    """How much of its way each of some numbers has made, along the straight line to its end.

    Args:
        first: the numbers at the start.
        last: the numbers at the end.
        measures: the numbers of modes on the way.

    Returns:
        A function of modes: shares of the way, NaN where there is no way to go.
    """
    ways = [end - begin for begin, end in zip(first, last, strict=True)]

    def progress(now: Modes) -> list[Array]:
        gone = (x - begin for x, begin in zip(measures(now), first, strict=True))
        return [(g * jnp.conj(w)).real / square_size(w) for g, w in zip(gone, ways, strict=True)]

    return progress


def crossing_times(
    start: Modes, end: Destination, target: Target, progress, share: float
) -> list[Array]:
    """When each of some measures of progress first reaches a share, along the flow.

    Args:
        start: modes at time 0.
        end: where they go.
        target: spectrum by lag.
        progress: function of modes, a list of shares.
        share: the share.

    Returns:
        Times, infinite where the flow does not come to rest or there is no way to go.
    """

    def learned(now: Modes) -> list[Array]:
        return [made >= share for made in progress(now)]

    times, path = _until_learned(start, target, learned, end.settled)
    found = (
        _crossing(times, path, target, lambda now, row=row: learned(now)[row])
        for row in range(len(learned(start)))
    )
    return [jnp.where(end.settled, time, jnp.inf) for time in found]


def _until_learned(start: Modes, target: Target, learned, settled):
    """The flow at many times, so far that every mode that comes to rest has learned its share."""
    horizon = _FIRST_HORIZON
    while True:
        times = jnp.concatenate([jnp.zeros(1), jnp.geomspace(1e-4, 1, _TIMES - 1) * horizon])
        path = flow_of(start, target, times)
        late = [(~now.any(0) & settled).any() for now in learned(path)]
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
