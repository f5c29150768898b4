"""One mode, which is a network of one unit, exactly: its task, padded to a common length."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._experiments._experiment import Parameter
from learndyn._problem import Problem
from learndyn._types import Array
from learndyn.network import LinearRNN
from learndyn.statistics import TaskStatistics
from learndyn.tasks import task_dynamics
from learndyn.tasks._structured import Outputs, reads_every_step

_KINDS = ("constant", "inverse_exponential", "exponential", "dirac_delta")
_WITH_LAM = ("inverse_exponential", "exponential")
# What tells the task of a mode.
TASK = {
    "dynamics": Parameter(
        "constant", "how the temporal singular values of the mode run through a trial", _KINDS
    ),
    "delta": Parameter(1.0, "scale δ of the singular values; the value at step 1 of dirac_delta"),
    "lam": Parameter(None, "dynamic parameter λ, of inverse_exponential and exponential dynamics"),
    "kappa": Parameter(None, "replaces the value at the last step; dirac_delta needs it"),
    "length": Parameter(5, "number of steps T of a trial"),
    "outputs": Parameter("final", "read out at the last step, or at every one", ("final", "every")),
}


def lag_weights(outputs: Outputs, length, lags: int) -> Array:
    """Weight of each lag: 1, or `T − k` with a readout at every step; 0 at lags of padding.

    Args:
        outputs: `"final"` or `"every"`.
        length: number of steps T, `(*cells,)`.
        lags: number of lags, those of padding included.

    Returns:
        Weights, lag 0 first, `(*cells, lags)`.
    """
    length = jnp.asarray(length)[..., None]
    readouts = jnp.maximum(1.0 * length - jnp.arange(lags), 0.0)
    return readouts if reads_every_step(outputs) else jnp.minimum(readouts, 1.0)


def one_mode(spectrum, a, b, c, *, length=None, outputs: Outputs = "final") -> Problem:
    """A network of one unit and its task.

    Args:
        spectrum: temporal singular values, `(T,)`, in t order.
        a: input mode at the start.
        b: recurrent mode.
        c: output mode.
        length: number of steps; values before the last so many are padding. None: all.
        outputs: readout at the last step, "final", or at "every" step.

    Returns:
        The problem.
    """
    target, one = jnp.flip(jnp.asarray(spectrum)), jnp.ones((1, 1))
    weights = lag_weights(outputs, target.size if length is None else length, target.size)
    statistics = TaskStatistics.white(target[:, None, None], weights=weights, vectors=(one, one))
    return Problem(LinearRNN(*(jnp.reshape(1.0 * m, (1, 1)) for m in (a, b, c))), statistics)


def padded_dynamics(dynamics: str, delta, lam, kappa, length, longest: int) -> Array:
    """As `task_dynamics`, of any length, padded with zeros at early steps.

    Args:
        dynamics: kind of the dynamics.
        delta: scale δ.
        lam: dynamic parameter λ; used by the kinds that have one.
        kappa: value at the last step, or None.
        length: number of steps T, which may be traced.
        longest: number of steps with padding.

    Returns:
        Spectrum in t order, `(longest,)`.
    """
    lam = lam if dynamics in _WITH_LAM else None
    spectrum = task_dynamics(dynamics, delta, lam, longest, kappa=kappa)  # pyright: ignore[reportArgumentType]
    if dynamics in ("exponential", "dirac_delta"):  # which are told from the first step
        spectrum = jnp.roll(spectrum, longest - length)
    if kappa is not None:
        spectrum = spectrum.at[-1].set(kappa)
    return jnp.where(jnp.arange(longest) >= longest - length, spectrum, 0)


def check_task(values: Mapping[str, np.ndarray]) -> int:
    """Refuse parameters of a task that do not go together.

    Args:
        values: every value that each parameter takes.

    Returns:
        The longest length.

    Raises:
        InputError: for lam or kappa that is missing or of no use, or a length that is too small.
    """
    kinds = set(values["dynamics"].tolist())
    with_lam = kinds & set(_WITH_LAM)
    if with_lam and not values["lam"].size:
        raise InputError(f"lam for {min(with_lam)} dynamics", "none", "Add lam under [fixed].")
    if values["lam"].size and not with_lam:
        kind = ", ".join(sorted(kinds))
        raise InputError(f"no lam for {kind} dynamics", f"lam = {_shown(values['lam'])}")
    if "dirac_delta" in kinds and not values["kappa"].size:
        raise InputError("kappa for dirac_delta dynamics", "none", "Add kappa under [fixed].")
    least = 2 if "dirac_delta" in kinds else 1
    shortest = int(values["length"].min())
    if shortest < least:
        raise InputError(f"length of at least {least}", f"{shortest}")
    return int(values["length"].max())


def _shown(values: np.ndarray) -> str:
    return str(values.item() if values.size == 1 else values.tolist())
