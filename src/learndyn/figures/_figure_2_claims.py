"""What figure 2 measures; a file of its own for its length."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures._claim import Claim
from learndyn.figures._training import falls_below

if TYPE_CHECKING:
    import xarray


def claims(data: "xarray.Dataset") -> list[Claim]:
    """2a–e.

    Args:
        data: data of figure 2.

    Returns:
        The claims.
    """
    window, order = np.log(data["window"].to_numpy()), data["order"].to_numpy()
    gap = np.log(data["gap"].to_numpy())
    slope = (gap[:, -1] - gap[:, -2]) / (window[-1] - window[-2])
    b, times = data["b_trained"].to_numpy(), data["right_time"].to_numpy()
    half = (b[:, :1] + data["lam"].to_numpy()[:, None]) / 2
    moved = falls_below(-b, -half[:, 0], times)
    size = np.abs(data["sensitivity"].to_numpy())
    share = size / size.sum(1, keepdims=True)
    return [
        Claim(
            "2a",
            "Theory predicts the input-output modes while recurrent modes are frozen.",
            "largest gap from training on data, over the largest value of the curve",
            _largest_of_curves(data["u_predicted"], data["u_trained"]),
            "<=",
            0.01,
        ),
        Claim(
            "2b",
            "The expansion predicts the recurrent modes while input-output modes are frozen.",
            "largest gap from training on data, over the largest value of the curve",
            _largest_of_curves(data["b_predicted"], data["b_trained"]),
            "<=",
            0.01,
        ),
        Claim(
            "2c",
            "The gap of the expansion falls with the window like its power of the order.",
            "largest difference of the measured slope from the order, "
            f"{', '.join(f'{p}: {s:.3f}' for p, s in zip(order, slope, strict=True))}",
            np.abs(slope - order).max(),
            "<=",
            0.15,
        ),
        Claim(
            "2c-order",
            "The gap of the expansion falls with its order.",
            "largest ratio of the gap from one order to the next, over windows",
            np.exp(np.diff(gap, axis=0)).max(),
            "<",
            1.0,
        ),
        Claim(
            "2d",
            "The curve that ends lower is learned faster at first.",
            "time to half of the way, first pair over second; the first ends at "
            f"{b[0, -1]:.3f}, the second at {b[1, -1]:.3f}",
            moved[0] / moved[1] if b[0, -1] < b[1, -1] else np.inf,
            "<",
            1.0,
            note="For these pairs. It is faster because δ² λ, the first pull on b where ac = δ, is "
            "larger, not because δ is.",
        ),
        Claim(
            "2e",
            "This is driven by the singular value at the last step being larger.",
            "largest share of s_T in the change of db/dt with the singular values, at the start",
            share[:, -1].max(),
            ">=",
            0.5,
            expected=False,
            erratum=12,
            note="The factor T − i of eq. 6 is zero at i = T: s_T does not move b at all while ac "
            "is frozen.",
        ),
        Claim(
            "2e*",
            "From a small b(0) the last but one singular value drives b.",
            "least share of s_{T−1} in the change of db/dt with the singular values",
            share[:, -2].min(),
            ">=",
            0.9,
        ),
    ]


def _largest_of_curves(predicted: "xarray.DataArray", trained: "xarray.DataArray") -> float:
    values = trained.to_numpy()
    gap = np.abs(predicted.to_numpy() - values).max(1)
    return float((gap / np.abs(values).max(1)).max())
