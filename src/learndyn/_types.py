"""The vocabulary of shapes and array types used in every signature.

Dimension names mean the same thing everywhere:

| name | meaning |
|---|---|
| `T`, `lag` | length of a trajectory; lags `0 … T−1`, lag 0 first |
| `in`, `hidden`, `out` | channels of the input, the hidden layer, the output |
| `modes` | singular dimensions along which learning decouples |
| `trajectories` | examples of a task |
| `times` | recorded points of a learning curve |
"""

from typing import Any, TypeAlias

import jax
import numpy as np
from jax import Array
from jax.core import Tracer
from jaxtyping import Bool, Complex, Float, Inexact, Int, PRNGKeyArray, Shaped

ArrayLike: TypeAlias = Array | np.ndarray
Scalar: TypeAlias = Float[Array, ""]
ScalarLike: TypeAlias = Float[ArrayLike, ""] | float | int

InputWeights: TypeAlias = Float[Array, "*batch hidden in"]
RecurrentWeights: TypeAlias = Float[Array, "*batch hidden hidden"]
OutputWeights: TypeAlias = Float[Array, "*batch out hidden"]
ImpulseResponse: TypeAlias = Float[ArrayLike, "lag out in"]
LagWeights: TypeAlias = Float[ArrayLike, " lag"]

__all__ = [
    "Array",
    "ArrayLike",
    "Bool",
    "Complex",
    "Float",
    "ImpulseResponse",
    "Inexact",
    "InputWeights",
    "Int",
    "LagWeights",
    "OutputWeights",
    "PRNGKeyArray",
    "RecurrentWeights",
    "Scalar",
    "ScalarLike",
    "Shaped",
    "Tracer",
    "is_traced",
]


def is_traced(tree: Any) -> bool:
    """Whether any array of a collection is being traced by jit or vmap.

    Args:
        tree: any collection of arrays.

    Returns:
        Whether to do without concrete values.
    """
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(tree))
