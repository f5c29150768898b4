"""The tangent kernel of a linear recurrent network, and what it says of rich and lazy learning."""

from learndyn.kernels._distance import kernel_distance as kernel_distance
from learndyn.kernels._feature_learning import FeatureLearning as FeatureLearning
from learndyn.kernels._feature_learning import feature_learning as feature_learning
from learndyn.kernels._feature_learning import measure_networks as measure_networks
from learndyn.kernels._ntk import ntk as ntk
from learndyn.kernels._spectrum import effective_rank as effective_rank
from learndyn.kernels._spectrum import kernel_spectrum as kernel_spectrum
from learndyn.kernels._tangent import kernel_over as kernel_over
