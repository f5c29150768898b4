"""Eigenvectors of real correlations with complex spectra, conjugates in pairs (P.4.1)."""

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._errors import InputError
from learndyn._types import Array, Complex, Float, Int, Tracer

# Two rows are conjugates if they differ by no more than this, relative to the first.
_TOLERANCE = 1e-9


def row_partners(spectrum: Complex[Array, "modes T"]) -> Int[Array, " modes"]:
    """Which row of a spectrum is the conjugate of each row; a real row is its own.

    Args:
        spectrum: complex eigenvalues, a row for each dimension.

    Returns:
        Index of the partner of each row. While tracing, a row without a partner gets the nearest
        row that is left.

    Raises:
        InputError: for a row that has none.
    """
    pairs = _match(spectrum)
    if not isinstance(spectrum, Tracer):
        _refuse_lonely(np.asarray(spectrum), np.asarray(pairs))
    return pairs


@jax.jit
def _match(spectrum):
    gaps = jnp.max(abs(spectrum[:, None] - jnp.conj(spectrum)[None]), -1)
    size = jnp.max(abs(spectrum), -1)
    real = jnp.diagonal(gaps) <= _TOLERANCE * size
    count = len(spectrum)

    def pair(i, partner):
        # The nearest of those that are free, in order of rows, so that equal pairs stay apart.
        free = (partner < 0) & ~real & (jnp.arange(count) != i)
        nearest = jnp.argmin(jnp.where(free, gaps[i], jnp.inf))
        found = (partner[i] < 0) & ~real[i] & free.any()
        both = partner.at[i].set(nearest).at[nearest].set(i)
        return jnp.where(found, both, partner)

    alone = jnp.where(real, jnp.arange(count), -1)
    partner = jax.lax.fori_loop(0, count, pair, alone)
    return jnp.where(partner < 0, jnp.arange(count), partner)


def _refuse_lonely(spectrum: np.ndarray, pairs: np.ndarray) -> None:
    gaps = np.abs(spectrum[pairs] - spectrum.conj()).max(1)
    lonely = np.flatnonzero(gaps > _TOLERANCE * np.abs(spectrum).max(1))
    if lonely.size:
        row = int(lonely[0])
        shown, missing = (
            np.array2string(values, precision=4, separator=", ", max_line_width=10**6)
            for values in (spectrum[row], spectrum[row].conj())
        )
        raise InputError(
            "complex rows of a spectrum in conjugate pairs, since the task is real",
            f"row {row}, {shown}, without its partner",
            f"Add the row {missing}.",
        )


def eigenvectors(
    pairs: Int[Array, " modes"], columns: Float[Array, "channels modes"]
) -> Complex[Array, "channels modes"]:
    """Unit eigenvectors of correlations that are rotations and scalings of planes.

    In the plane of `q`, `q̃` the eigenvectors of the block `[[μ, −ν], [ν, μ]]` are `(q − i q̃)/√2`
    for `μ + iν` and its conjugate; P.4.1 prints them the other way round and not of unit length
    (docs/errata.md).

    Args:
        pairs: partner of each row of the spectrum, itself where the row is real.
        columns: orthonormal real columns.

    Returns:
        P, with `P† P = 1`.
    """
    order = jnp.arange(len(pairs))
    first, second = columns[:, jnp.minimum(order, pairs)], columns[:, jnp.maximum(order, pairs)]
    turned = (first - 1j * jnp.sign(pairs - order) * second) / jnp.sqrt(2)
    return jnp.where(pairs == order, columns.astype(turned.dtype), turned)
