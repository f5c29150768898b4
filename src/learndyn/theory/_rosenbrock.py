"""An implicit solver for thousands of tiny systems side by side.

Modes are stiff once they have learned, so explicit steps are wasted on them; and there are
thousands of them, each with six unknowns at most, so iterations and calls of LAPACK are, too.
Rosenbrock's methods need neither: a Jacobian per step, inverted in closed form, and some products.
This is the Rodas5P of G. Steinebach (Construction of Rosenbrock–Wanner method Rodas5P and numerical
benchmarks within the Julia Differential Equations package, BIT Numerical Mathematics 63, 2023). The
choice of steps is left to diffrax.
"""

from functools import reduce
from typing import ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from learndyn._types import Array, Float

_GAMMA = 0.21193756319429014
_A_ROWS = (
    (),
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    (
        -7.502846399306121,
        2.561846144803919,
        -11.627539656261098,
        -0.18268767659942256,
        0.030198172008377946,
    ),
)
# The last stages start where the solution of lower order ends, and so do the weights.
_A_ROWS = (*_A_ROWS, (*_A_ROWS[5], 1.0), (*_A_ROWS[5], 1.0, 1.0))
_C_ROWS = (
    (),
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (
        24.854864614690072,
        -3.0009227002832186,
        47.4931110020768,
        5.5814197821558125,
        -0.6610691825249471,
    ),
    (
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ),
    (
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ),
)
_A, _C = (np.array([row + (0.0,) * (8 - len(row)) for row in rows]) for rows in (_A_ROWS, _C_ROWS))


class Rodas5P(diffrax.AbstractAdaptiveSolver):
    """Rosenbrock's method of fifth order for 2, 3, 4 or 6 unknowns; vmap it over thousands.

    For fields that do not depend on time. Output is at the ends of steps only.
    """

    term_structure: ClassVar = diffrax.ODETerm
    interpolation_cls: ClassVar = diffrax.LocalLinearInterpolation

    def order(self, terms) -> int:  # noqa: ARG002
        """See diffrax."""
        return 5

    def init(self, terms, t0, t1, y0, args) -> None:
        """See diffrax."""

    def func(self, terms, t0, y0, args) -> Array:
        """See diffrax."""
        return terms.vf(t0, y0, args)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):  # noqa: ARG002
        """See diffrax."""

        def field(y):
            return terms.vf(t0, y, args)

        h = t1 - t0
        # A loop over directions: fused, each of them would compute the same polynomials again.
        unit = jnp.eye(len(y0), dtype=y0.dtype)
        jacobian = jax.lax.map(jax.linearize(field, y0)[1], unit).T
        inverse = _inverse(unit / (_GAMMA * h) - jacobian)

        # A batch of products with ks is faster as such for three unknowns, written out for six.
        combine = jnp.matmul if len(y0) <= 3 else _combine

        def stage(i, ks):
            right = field(y0 + combine(starts[i], ks)) + combine(slopes[i], ks) / h
            return ks.at[i].set(_times(inverse, right))

        starts, slopes = jnp.asarray(_A, y0.dtype), jnp.asarray(_C, y0.dtype)
        # A loop, since eight copies of the field take seconds to compile.
        ks = jax.lax.fori_loop(0, 8, stage, jnp.zeros((8, len(y0)), y0.dtype))
        y1 = y0 + starts[-1] @ ks + ks[-1]
        return y1, ks[-1], {"y0": y0, "y1": y1}, None, diffrax.RESULTS.successful


def _combine(numbers: Float[Array, " stages"], ks: Float[Array, "stages n"]) -> Float[Array, " n"]:
    return reduce(jnp.add, (number * k for number, k in zip(numbers, ks, strict=True)))


def _inverse(m: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Inverse of a small matrix: by cofactors up to 3 × 3, by blocks above."""
    if len(m) == 2:
        adjugate = jnp.array([[m[1, 1], -m[0, 1]], [-m[1, 0], m[0, 0]]])
        return adjugate / (m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])
    if len(m) == 3:
        # Rows of the inverse times the determinant are cross products of columns.
        x, y, z = m.T
        rows = jnp.array([jnp.cross(y, z), jnp.cross(z, x), jnp.cross(x, y)])
        return rows / (x @ rows[0])
    half = len(m) // 2
    first, right, below, last = m[:half, :half], m[:half, half:], m[half:, :half], m[half:, half:]
    inverse = _inverse(first)
    into, out = _times(inverse, right), _times(below, inverse)
    corner = _inverse(last - _times(below, into))  # of what the first block leaves of the last
    aside = _times(into, corner)
    top = jnp.concatenate([inverse + _times(aside, out), -aside], 1)
    return jnp.concatenate([top, jnp.concatenate([-_times(corner, out), corner], 1)])


def _times(m: Float[Array, "n k"], other: Float[Array, "k *any"]) -> Float[Array, "n *any"]:
    """A product written out, which is fast under `vmap` where a batched one is not."""
    columns = (jnp.expand_dims(m[:, k], range(1, other.ndim)) for k in range(m.shape[1]))
    return reduce(jnp.add, (c * row for c, row in zip(columns, other, strict=True)))
