"""What can be said of a mode before training: no curve, only its spectrum and its start.

Modes are (a, b, c), each `()` or `(modes,)`. A spectrum is `(T,)` or `(modes, T)`, in t order.
Every function of a spectrum or a length takes `weights`, `(T,)`, the weight of each lag, lag 0
first: None is ones, a readout at the last step; `T − k` is a readout at every step (Appendix M).
The paper's τ is 1, and energies are in units of the loss.
"""

from learndyn.theory._births import Birth as Birth
from learndyn.theory._destination import Destination as Destination
from learndyn.theory._destination import destination as destination
from learndyn.theory._energy import data_term as data_term
from learndyn.theory._energy import effective_regularization as effective_regularization
from learndyn.theory._energy import energy as energy
from learndyn.theory._energy import sharpness as sharpness
from learndyn.theory._extrapolation import Extrapolation as Extrapolation
from learndyn.theory._extrapolation import extrapolation as extrapolation
from learndyn.theory._family import Jump as Jump
from learndyn.theory._flow import mode_flow as mode_flow
from learndyn.theory._following import Hysteresis as Hysteresis
from learndyn.theory._following import flow_jumps as flow_jumps
from learndyn.theory._following import hysteresis as hysteresis
from learndyn.theory._hankel import HankelRanks as HankelRanks
from learndyn.theory._hankel import hankel_ranks as hankel_ranks
from learndyn.theory._hidden_size import LeastHidden as LeastHidden
from learndyn.theory._hidden_size import least_hidden as least_hidden
from learndyn.theory._hidden_size import loss_bounds as loss_bounds
from learndyn.theory._landau import energy_expansion as energy_expansion
from learndyn.theory._landau import landau_coefficients as landau_coefficients
from learndyn.theory._optimum import Optimum as Optimum
from learndyn.theory._optimum import optimum as optimum
from learndyn.theory._optimum import zero_loss as zero_loss
from learndyn.theory._order import LearningTimes as LearningTimes
from learndyn.theory._order import learning_times as learning_times
from learndyn.theory._order import step_gradients as step_gradients
from learndyn.theory._polar import Polar as Polar
from learndyn.theory._polar import PolarModes as PolarModes
from learndyn.theory._polar import polar as polar
from learndyn.theory._polar import polar_learning_times as polar_learning_times
from learndyn.theory._polar import polar_velocity as polar_velocity
from learndyn.theory._realization import realize as realize
from learndyn.theory._recurrent import recurrent_derivatives as recurrent_derivatives
from learndyn.theory._sensitivity import sensitivity as sensitivity
from learndyn.theory._solutions import input_output_modes as input_output_modes
from learndyn.theory._solutions import input_output_solution as input_output_solution
from learndyn.theory._stability import Stability as Stability
from learndyn.theory._stability import importance as importance
from learndyn.theory._stability import stability as stability
from learndyn.theory._stationary import KINDS as KINDS
from learndyn.theory._stationary import StationaryPoints as StationaryPoints
from learndyn.theory._stationary import stationary_points as stationary_points
from learndyn.theory._transitions import Transitions as Transitions
from learndyn.theory._transitions import transitions as transitions
