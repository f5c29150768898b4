"""Figure M2: figure 2 with a readout at every step (Appendix M.1, M.2)."""

from functools import partial
from typing import TYPE_CHECKING

from learndyn.figures import _figure_2
from learndyn.figures._claim import Claim
from learndyn.figures._readout import at_every_step

if TYPE_CHECKING:
    import xarray

TITLE = f"{_figure_2.TITLE}, with a readout at every step"
# Lag k is read out T − k times, so that all is faster than with one readout.
CONFIGURATION = _figure_2.CONFIGURATION.changed(
    outputs="every",
    left_horizon=0.8,
    right_horizon=0.6,
    rate=0.0003,
    window=0.015,
    windows=[0.006, 0.003, 0.0015, 0.00075],
)
data, draw = partial(_figure_2.data, name="M2"), _figure_2.draw


def claims(data: "xarray.Dataset") -> list[Claim]:
    """M2a–e.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    changes = {
        "2a": {"sentence": "Eq. 157 predicts the input-output modes while b is frozen."},
        "2b": {"sentence": "The expansion with eq. 158 predicts b while ac is frozen."},
        "2d": {
            "note": "For these pairs. The first pull on b where ac = δ is (T − 1) δ² λ, that of "
            "one readout T − 1 times: so many readouts see lag 1."
        },
        "2e": {
            "note": "The factor t − i of eq. 154 is zero at lag 0, at every readout: the response "
            "at lag 0, which is s_T, does not move b at all while ac is frozen."
        },
        "2e*": {"sentence": "From a small b(0) the response at lag 1, s_{T−1}, drives b."},
    }
    return at_every_step(_figure_2.claims(data), changes)
