"""Figure M3: figure 3 with a readout at every step (Appendix M.3)."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures import _figure_3
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import configuration_of, quantity
from learndyn.figures._figure_3_claims import KINDS
from learndyn.figures._readout import at_every_step

if TYPE_CHECKING:
    import xarray

TITLE = f"{_figure_3.TITLE}, with a readout at every step"
CONFIGURATION = _figure_3.CONFIGURATION.changed(outputs="every")
draw = _figure_3.draw


def data(configuration: Configuration) -> "xarray.Dataset":
    """As figure 3, and what is left of tasks whose dynamics are exponential at every readout.

    Args:
        configuration: the numbers.

    Returns:
        Variables of figure 3, those of the further tasks, and `left` and `floor` over `lam`.
    """
    found = _figure_3.data(configuration, "M3", more=_means_per_lag)
    task = _at_readouts(configuration, found["lam"].to_numpy())
    size = (task**2).sum((1, 2))
    means = _means_per_lag(configuration, found["lam"].to_numpy())
    step = np.arange(configuration["length"])
    of_lag = means[:, -1 - np.maximum(step[:, None] - step, 0)]
    floor = (np.where(step[:, None] >= step, task - of_lag, 0.0) ** 2).sum((1, 2)) / size
    left = floor + 2 * found["loss_more"].to_numpy() / size
    where = "where s_{t,i} = δ λ^i at each readout"
    return found.assign(
        floor=quantity("lam", floor, f"least loss of any response over that of none {where}"),
        left=quantity("lam", left, f"loss over that of the zero network {where}"),
    )


def _at_readouts(configuration: Configuration, lam: np.ndarray) -> np.ndarray:
    """`s_{t,i} = δ λ^i` for all `i ≤ t`, `(lam, t, i)`: no function of the lag `t − i`."""
    length = configuration["length"]
    task = configuration["delta_of_lam"] * lam[:, None] ** np.arange(1, length + 1)
    return task[:, None] * np.tri(length)


def _means_per_lag(configuration: Configuration, lam: np.ndarray) -> np.ndarray:
    """Of that task, `m_k = Σ_{i ≤ T−k} s_i / (T − k)`, in t order: all that can be learned."""
    last = _at_readouts(configuration, lam)[:, -1]
    return np.cumsum(last, axis=1) / np.arange(1, last.shape[1] + 1)


def claims(data: "xarray.Dataset") -> list[Claim]:
    """M3a–f, and M.3.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    changes = {
        "3c": {
            "note": "Dynamics of the means per lag, δ λ^{T−k}: at one T they are inverse-"
            "exponential ones of 1/λ and δλ^T. With s_{t,i} = δ λ^i at each readout see M3z."
        },
        "3f*": {
            "sentence": "The loss at length T′, over that of the zero network, is (1 − λ^{T−T′})², "
            "as with one readout, if the task at T′ has the means per lag δ λ^{T′−k}."
        },
    }
    return [*at_every_step(_figure_3.claims(data), changes), *_of_responses(data)]


def _of_responses(data: "xarray.Dataset") -> list[Claim]:
    lam, left = data["lam"].to_numpy(), data["left"].to_numpy()
    varying = np.abs(lam - 1) > 1e-6  # λ = 1 is constant dynamics
    least = np.argmin(np.where(varying, left, np.inf))
    return [
        Claim(
            "M3f-response",
            "If the task keeps its response by lag, as it does within a trial, exponential "
            "dynamics extrapolate too.",
            "largest loss over that of the zero network, at lengths "
            f"{int(data['test_length'][0])} to {int(data['test_length'][-1])}",
            _kept_response(data),
            "<=",
            1e-10,
            note="Readouts before the last are trials of other lengths: a task of one solution at "
            "every step has one at every length.",
        ),
        Claim(
            "M3z",
            "Zero-loss solutions exist only for inverse-exponential dynamics s_{t,i} = δ λ^{t−i}.",
            "least loss of trained networks over that of the zero network where s_{t,i} = δ λ^i, "
            f"λ from {lam.min():g} to {lam.max():g} but not 1 (at λ = {lam[least]:g})",
            left[least],
            ">=",
            1e-3,
            erratum=39,
            note=f"{100 * data['floor'].to_numpy()[least] / left[least]:.0f} % of it no linear "
            "network can avoid, since s_{t,i} depends on more than the lag. Exponential dynamics "
            "of the means per lag (M3c) are inverse-exponential ones.",
        ),
    ]


def _kept_response(data: "xarray.Dataset") -> float:
    """Largest relative loss at other lengths of tasks that keep `δ λ^{T−k}` at lag k."""
    configuration, relative = configuration_of(data), []
    for i in [i for i, kind in enumerate(KINDS) if kind == "exponential"]:
        b, u = float(data["b_extrapolated"][i]), float(data["u_extrapolated"][i])
        for length in data["test_length"].to_numpy():
            lag = np.arange(length)
            shift = configuration["length"] - lag
            task = configuration["delta_of_lam"] * configuration["extrapolated"][i] ** shift
            missed = ((length - lag) * (task - u * b**lag) ** 2).sum()
            relative.append(missed / ((length - lag) * task**2).sum())
    return max(relative)
