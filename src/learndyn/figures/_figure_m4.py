"""Figure M4: figure 4 with a readout at every step, and its regularization (Appendix M.4)."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from learndyn._experiments import lag_weights
from learndyn.figures import _figure_4
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LOSS, configuration_of, largest_gap, quantity
from learndyn.figures._readout import at_every_step
from learndyn.network import LinearRNN
from learndyn.tasks._white import white_inputs

if TYPE_CHECKING:
    import xarray

TITLE = f"{_figure_4.TITLE}, with a readout at every step"
# Lag k is read out T − k times: the last value κ, at lag 0, weighs most, the first, of a Dirac
# delta, least, and whatever transitions there are need longer trajectories or larger values.
_CHANGED = _figure_4.CONFIGURATION.changed(
    outputs="every",
    grids={**_figure_4.CONFIGURATION["grids"], "dirac_delta": [0.3, 9.0]},
    widths=[5, 7, 8, 10, 15, 18, 19, 20, 25, 30],
    flow_ratio=[0.5, 8.0, 31],
    unaligned_rate=0.001,
    unaligned_steps=10_000,
)
CONFIGURATION = Configuration(
    _CHANGED.paper,
    {
        **_CHANGED.chosen,
        "regularized_b": [-1.3, -0.8, -0.3, 0.3, 0.8, 1.3],
        "regularized_u": 0.7,
        "regularized_length": 10,
        "long": [400, 800],
    },
)
QUICK = _figure_4.QUICK | {"widths": [7, 8, 18, 19], "flow_ratio": [0.5, 8.0, 16]}
draw = _figure_4.draw


def data(configuration: Configuration) -> "xarray.Dataset":
    """As figure 4; jumps of Dirac deltas by T; size of the outputs of networks, by b and T.

    Args:
        configuration: the numbers.

    Returns:
        Variables of figure 4, and others over `length`, `regularized_b` and `long`.
    """
    found = _figure_4.data(configuration, "M4")
    jumps = [_figure_4.optimum_jump(configuration, n) for n in configuration["length"]]
    b, long = (configuration[name] for name in ("regularized_b", "long"))
    over, name = ("regularized_b", "long"), "half the mean square of all outputs"
    return found.assign(
        optimum_jump_at=quantity("length", jumps, "β/κ at which the optimum jumps"),
        regularization=quantity("regularized_b", _on_trials(configuration), name, LOSS),
        regularization_long=quantity(over, _by_response(configuration), name, LOSS),
    ).assign_coords(
        regularized_b=quantity("regularized_b", b, "recurrent mode"),
        long=quantity("long", long, "steps T"),
    )


def _network(configuration: Configuration) -> LinearRNN:
    """One mode of each b, side by side."""
    b, u = jnp.asarray(configuration["regularized_b"]), configuration["regularized_u"]
    return LinearRNN(u * jnp.eye(b.size), jnp.diag(b), jnp.eye(b.size))


def _on_trials(configuration: Configuration) -> np.ndarray:
    """Half the mean square of the outputs at all steps on white trials, by mode."""
    length, modes = configuration["regularized_length"], len(configuration["regularized_b"])
    x = white_inputs(length * modes, length, modes, key=jax.random.key(0))
    return np.asarray(0.5 * (_network(configuration)(x) ** 2).sum(1).mean(0))


def _by_response(configuration: Configuration) -> np.ndarray:
    """The same of long trials, by mode and T, from the impulse response."""
    lengths = np.asarray(configuration["long"])
    response = _network(configuration).impulse_response(int(lengths.max()))
    weights = lag_weights(configuration["outputs"], lengths, int(lengths.max()))
    squares = jnp.diagonal(response, axis1=1, axis2=2) ** 2
    return np.asarray(0.5 * (weights @ squares).T)


def claims(data: "xarray.Dataset") -> list[Claim]:
    """M4a–g, the jump of Dirac deltas, and M.4.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [*at_every_step(_figure_4.claims(data), {}), *_of_jumps(data), *_of_outputs(data)]


def _of_jumps(data: "xarray.Dataset") -> list[Claim]:
    jumps, length = data["optimum_jump_at"].to_numpy(), data["length"].to_numpy()
    return [
        Claim(
            "M4h",
            "The optimum of Dirac deltas changes over at β = κ, as with one readout.",
            f"largest distance from 1 of the β/κ at its jump, T in {length.tolist()}",
            np.abs(jumps - 1).max(),
            "<=",
            0.01,
            expected=False,
            erratum=18,
            note="At √T κ (M4h*): of T readouts all see lag 0, where κ is, and one sees lag T − 1.",
        ),
        Claim(
            "M4h*",
            "The optimum of Dirac deltas changes over at β = √T κ, T ≥ 4.",
            f"largest distance from √T of the β/κ at its jump, T in {length.tolist()}, by search",
            np.abs(jumps - np.sqrt(length)).max(),
            "<=",
            1e-6,
        ),
    ]


def _of_outputs(data: "xarray.Dataset") -> list[Claim]:
    configuration, b = configuration_of(data), data["regularized_b"].to_numpy()
    long = data["regularization_long"].to_numpy()
    length, inside = configuration["regularized_length"], np.abs(b) < 1
    per_step = long[inside, -1] / configuration["long"][-1]
    limit = 0.5 * configuration["regularized_u"] ** 2 / (1 - b[inside] ** 2)
    listed = f"b in {b[inside].tolist()}, T = {configuration['long'][-1]}"
    return [
        Claim(
            "M4r",
            "The effective regularization is that of eq. 159.",
            "largest gap from half the mean square of the outputs of networks on white trials, "
            f"over its largest value, b in {b.tolist()}, T = {length}",
            largest_gap(
                _printed(b, configuration["regularized_u"], length), data["regularization"]
            ),
            "<=",
            1e-10,
            note="But at |b| = 1, where the printed form is 0/0 and the sum is T (T + 1) / 2.",
        ),
        Claim(
            "M4r-limit",
            "As T → ∞, the effective regularization goes to infinity.",
            "least factor by which it grows as T doubles, "
            f"{configuration['long']}, b in {b[inside].tolist()}",
            (long[inside, -1] / long[inside, 0]).min(),
            ">=",
            1.9,
            note="Whatever b, unlike with one readout, where it is bounded for |b| < 1: in "
            "proportion to the number of readouts, for |b| > 1 exponentially.",
        ),
        Claim(
            "M4r-readout",
            "For each readout it is bounded for |b| < 1: it tends to u² / (2 (1 − b²)).",
            f"largest relative gap of its share per readout from that, {listed}",
            np.abs(per_step / limit - 1).max(),
            "<=",
            0.01,
        ),
    ]


def _printed(b: np.ndarray, u: float, length: int) -> np.ndarray:
    """Eq. 159 as printed."""
    square = b**2
    numerator = length * (1 - square) - square * (1 - square**length)
    return 0.5 * u**2 * numerator / (1 - square) ** 2
