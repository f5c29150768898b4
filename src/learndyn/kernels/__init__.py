"""The tangent kernel of a linear recurrent network, and what it says of rich and lazy learning."""

from learndyn.kernels._distance import kernel_distance as kernel_distance
from learndyn.kernels._ntk import ntk as ntk
