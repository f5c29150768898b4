"""What figure 3 measures; a file of its own for its length."""

from typing import TYPE_CHECKING

import numpy as np

from learndyn.figures._claim import Claim
from learndyn.figures._data import configuration_of

if TYPE_CHECKING:
    import xarray

# The tasks that are tried at other lengths.
KINDS = ("constant", "inverse_exponential", "exponential", "exponential")
CASES = tuple(kind.replace("_", "-") for kind in KINDS)


def closed_form(data: "xarray.Dataset", case: int) -> np.ndarray:
    """Relative loss at other lengths: `(1 − λ^{T−T′})²` for exponential dynamics, else 0.

    At another length all values of exponential dynamics are multiplied by the same number, so that
    the weights of lags do not matter.

    Args:
        data: data of figure 3.
        case: which of the tasks.

    Returns:
        The loss over that of the zero network, at each length.
    """
    configuration = configuration_of(data)
    shift = configuration["length"] - data["test_length"].to_numpy().astype(float)
    if KINDS[case] != "exponential":
        return 0 * shift
    return (1 - configuration["extrapolated"][case] ** shift) ** 2


def claims(data: "xarray.Dataset") -> list[Claim]:
    """3a–f.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [*_of_solutions(data), *_of_stability(data), *_of_lengths(data)]


def _of_solutions(data: "xarray.Dataset") -> list[Claim]:
    configuration = configuration_of(data)
    delta, lam = data["delta"].to_numpy(), data["lam"].to_numpy()
    length, scale = configuration["length"], configuration["delta_of_lam"]
    printed = {
        "a": ("constant", np.ones_like(delta), delta, "constant", "b = 1, ac = δ"),
        "b": ("inverse", lam, scale + 0 * lam, "inverse-exponential", "b = λ, ac = δ"),
        "c": ("exponential", 1 / lam, scale * lam**length, "exponential", "b = 1/λ, ac = δλ^T"),
    }
    found = []
    for letter, (name, b, u, kind, solution) in printed.items():
        reached = data[f"end_{name}"].to_numpy() == 0
        gaps = [np.abs(data[f"{k}_{name}"].to_numpy() / s - 1) for k, s in (("b", b), ("u", u))]
        found.append(
            Claim(
                f"3{letter}",
                f"Networks trained on {kind} dynamics learn {solution}.",
                "largest relative gap of b and ac over networks that reached a minimum, "
                f"{reached.sum()} of {reached.size}",
                np.max([gap[reached] for gap in gaps]) if reached.any() else np.inf,
                "<=",
                0.01,
            )
        )
    return found


def _of_stability(data: "xarray.Dataset") -> list[Claim]:
    lam, curvature = data["lam"].to_numpy(), data["curvature"].to_numpy()
    unstable = [np.abs(data[f"b_{name}"].to_numpy()) > 1 for name in ("inverse", "exponential")]
    clear = np.abs(np.abs(lam) - 1) > 1e-6  # at |λ| = 1 the solution is on the line

    def disagreements(expected) -> int:
        pairs = zip(unstable, expected, strict=True)
        return sum(int((was != said)[clear].sum()) for was, said in pairs)

    factor, returns = data["factor"].to_numpy(), data["returns"].to_numpy()
    cells = f"networks of {2 * clear.sum()}, λ from {lam.min():g} to {lam.max():g}"
    return [
        Claim(
            "3d",
            "Solutions are unstable (|b| > 1) for λ > 1 with inverse-exponential and for λ < 1 "
            "with exponential dynamics.",
            f"{cells}, that learned otherwise",
            disagreements((lam > 1, lam < 1)),
            "<=",
            0,
            expected=False,
            erratum=31,
            note="For λ > 0 only, which the figure shows. What counts is |λ|.",
        ),
        Claim(
            "3d*",
            "Solutions are unstable for |λ| > 1 with inverse-exponential and for |λ| < 1 with "
            "exponential dynamics.",
            f"{cells}, that learned otherwise",
            disagreements((np.abs(lam) > 1, np.abs(lam) < 1)),
            "<=",
            0,
        ),
        Claim(
            "3e",
            "The larger δ, the less stable is the solution of constant dynamics.",
            "least ratio of the largest curvature at the solution from one δ to the next larger",
            (curvature[1:] / curvature[:-1]).min(),
            ">",
            1.0,
            erratum=25,
            note="In the sense of the learning rate that training bears, 2 over the curvature: "
            f"{2 / curvature[0]:.3g} at the smallest δ to {2 / curvature[-1]:.3g} at the largest. "
            "The distance of b from 1 is the same, zero, for all δ.",
        ),
        Claim(
            "3e-rate",
            "The largest stable rate is 2 over the curvature at the solution.",
            f"training from nearby at {factor.tolist()} of it that does the opposite",
            (returns != (factor < 1)).sum(),
            "<=",
            0,
        ),
    ]


def _of_lengths(data: "xarray.Dataset") -> list[Claim]:
    relative, loss = data["relative_loss"].to_numpy(), data["loss_elsewhere"].to_numpy()
    form = np.stack([closed_form(data, i) for i in range(len(CASES))])
    test, trained_at = data["test_length"].to_numpy(), configuration_of(data)["length"]
    away = np.sign(np.diff(np.abs(test - trained_at)))
    further, further_relative = (np.diff(x[2:], axis=1) * away for x in (loss, relative))
    return [
        Claim(
            "3f",
            "Constant and inverse-exponential dynamics extrapolate to other lengths without loss.",
            f"largest loss over that of the zero network, lengths {test[0]} to {test[-1]}",
            relative[:2].max(),
            "<=",
            1e-10,
        ),
        Claim(
            "3f-grows",
            "For exponential dynamics the error grows with the difference in length.",
            "least growth of the loss per step away from the trained length",
            further.min(),
            ">",
            0.0,
            expected=False,
            erratum=15,
            note="At longer lengths it grows, at shorter ones not always: there is less to miss. "
            "Relative to the loss of the zero network it grows on either side, here by at "
            f"least {further_relative.min():.2g} per step.",
        ),
        Claim(
            "3f*",
            "The loss at length T′, over that of the zero network, is (1 − λ^{T−T′})².",
            "largest gap from it, over its largest value, shorter and longer lengths",
            (np.abs(relative[2:] - form[2:]).max(1) / form[2:].max(1)).max(),
            "<=",
            1e-4,
        ),
    ]
