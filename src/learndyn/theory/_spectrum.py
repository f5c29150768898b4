"""What every function of the theory takes: a spectrum, lag weights, modes; checked once, here."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._types import Array, Float, Shaped, Tracer

_ROTATIONS = (
    "This is about real modes; optimum, stability, mode_flow, destination and learning_times take "
    "rotations too."
)


class Target(NamedTuple):
    """A spectrum as the energy sees it.

    Attributes:
        values: best response of each mode by lag, `(*modes, lag)`.
        weights: weight of each lag, `(lag,)`.
    """

    values: Shaped[Array, "*modes lag"]
    weights: Float[Array, " lag"]

    @property
    def cross(self) -> Shaped[Array, "*modes lag"]:
        """Coefficients of `P(b) = Σ_k w_k m_k b^k`, `(*modes, lag)`."""
        return self.weights * self.values


def as_target(spectrum: Any, weights: Any, *, allow_complex: bool = False) -> Target:
    """Check a spectrum and its weights, and turn t order into lags.

    Args:
        spectrum: temporal singular values in t order, `(*modes, T)`.
        weights: lag weights, `(T,)`, or None for ones.
        allow_complex: whether complex values have a meaning.

    Returns:
        The spectrum by lag, and its weights.

    Raises:
        InputError: for NaN or infinite values, complex ones, no step, or weights of another shape,
            negative ones, or none at lag 0.
    """
    values = as_numbers("spectrum", spectrum, allow_complex=allow_complex)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise InputError(
            "a spectrum of shape (T,) or (modes, T), T at least 1", f"shape {values.shape}"
        )
    length = values.shape[-1]
    real = values.real.dtype
    if weights is None:
        return Target(values[..., ::-1], jnp.ones(length, real))
    checked = as_numbers("weights", weights).astype(real)
    if checked.shape != (length,):
        raise InputError(f"lag weights of shape ({length},)", f"shape {checked.shape}")
    if not isinstance(checked, Tracer) and not ((checked >= 0).all() and checked[0] > 0):
        raise InputError(
            "lag weights that are not negative, and positive at lag 0", f"{np.asarray(checked)}"
        )
    return Target(values[..., ::-1], checked)


def as_numbers(name: str, values: Any, *, allow_complex: bool = False) -> Array:
    """Finite floating point numbers of the widest type in use.

    Args:
        name: what they are, for the sentence of an error.
        values: numbers.
        allow_complex: whether complex values have a meaning.

    Returns:
        An array.

    Raises:
        InputError: for values that are no numbers, complex or not finite.
    """
    try:
        array = jnp.asarray(values)
    except TypeError as error:
        raise InputError(f"numbers as {name}", f"{type(values).__name__}") from error
    if jnp.iscomplexobj(array):
        if not allow_complex:
            raise InputError(f"a real {name}", "complex numbers", _ROTATIONS)
    else:
        array = array.astype(jnp.result_type(float, array))
    if not isinstance(array, Tracer) and not bool(jnp.isfinite(array).all()):
        raise InputError(f"a {name} of finite numbers", f"{np.asarray(array)}")
    return array


def at_least(name: str, value: Any, least: int) -> int:
    """A whole number that is not too small.

    Args:
        name: what it is, for the sentence of an error.
        value: the number.
        least: the smallest allowed.

    Returns:
        The number.

    Raises:
        InputError: if it is smaller, or not whole.
    """
    if isinstance(value, bool) or int(value) != value or value < least:
        raise InputError(f"a whole {name} of at least {least}", f"{value}")
    return int(value)
