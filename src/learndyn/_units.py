"""Losses as others write them, against the one loss used here.

Here `L = ½ · mean over trajectories ‖y − ŷ‖²`, summed over outputs and readouts. Whoever trains on
another multiple of it at rate η′ trains on L at rate `scale · η′`; that is all a convention does.
"""

from typing import Literal

from learndyn._errors import InputError

Convention = Literal["half_sum", "sum", "mean", "mean_over_outputs"]


def loss_scale(
    convention: Convention, *, trajectories: int = 1, n_out: int = 1, readouts: int = 1
) -> float:
    """How many times the loss of this library another convention's loss is.

    | convention | loss |
    |---|---|
    | `half_sum` | ½ Σ over trajectories, outputs and readouts, eq. 4 |
    | `sum` | the same without ½ |
    | `mean` | mean over trajectories, sum over the rest, no ½ |
    | `mean_over_outputs` | mean over everything, no ½, as `torch.nn.MSELoss` |

    A learning rate η′ of that convention is `loss_scale(...) · η′` here. In the paper's time unit
    τ, training on `mean_over_outputs` has `τ = P N_y / (2 η′)`; P.2 prints it without the 2.

    Args:
        convention: name of the convention.
        trajectories: number of trajectories P.
        n_out: number of outputs N_y.
        readouts: readouts per trajectory, 1 or T.

    Returns:
        The factor.

    Raises:
        InputError: for an unknown convention.

    Example:
        >>> import learndyn as ld
        >>> ld.loss_scale("mean_over_outputs", n_out=4)
        0.5
    """
    scales = {
        "half_sum": float(trajectories),
        "sum": 2.0 * trajectories,
        "mean": 2.0,
        "mean_over_outputs": 2.0 / (n_out * readouts),
    }
    if convention not in scales:
        raise InputError(f"a convention among {', '.join(scales)}", f"{convention!r}")
    return scales[convention]
