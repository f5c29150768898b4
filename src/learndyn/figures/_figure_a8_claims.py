"""What figure A8 measures; a file of its own for its length."""

from typing import TYPE_CHECKING

from learndyn.figures._claim import Claim
from learndyn.figures._data import configuration_of
from learndyn.figures._integration import counted

if TYPE_CHECKING:
    import xarray

TARGETS = ("late", "early", "late, inverse-exponential", "early, inverse-exponential")
NAMES = ("W_h", "W_y W_x")
SAME_RATE = "the same"
_LATE, _EARLY = list(TARGETS[::2]), list(TARGETS[1::2])
_WITHIN = 0.02
# Rises of the loss in the last steps, over the loss, beyond which it is not rounding.
_RISES = 1e-6
# The paper's sizes of the hidden gradient, and what counts as about the larger one.
_SMALL, _LARGE, _ABOUT = 1e-3, 0.3, 0.5


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A8a–c.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    return [*_of_late(data), *_of_early(data), *_of_rates(data), *_of_sizes(data)]


def _at_minima(data: "xarray.Dataset") -> "xarray.DataArray":
    return data["matrix_flow_end"].where(data["end_flow"] == 0)


def _spread(values: "xarray.DataArray") -> "xarray.DataArray":
    """Largest over smallest singular value of a network, less 1."""
    return (values.max("index") / values.min("index") - 1).max("seed")


def _gaps(data: "xarray.Dataset", values: "xarray.DataArray") -> "xarray.DataArray":
    return abs(values / data["optimum"] - 1)


def _within(data: "xarray.Dataset", rate: int) -> "xarray.DataArray":
    """Which singular values are at the solution after training at a rate."""
    return _gaps(data, data["matrix_end"].isel(rate=rate)) <= _WITHIN


def _of_late(data: "xarray.Dataset") -> list[Claim]:
    late, reached = data.sel(target=_LATE), _at_minima(data)
    spread = _spread(reached)
    numbers, exact = configuration_of(data), _gaps(data, reached).max()
    within, steps = _within(late, 0), numbers["max_steps"]
    return [
        Claim(
            "A8a",
            "Late importance: all singular values converge to the same solution in each dimension.",
            "largest over smallest singular value of a matrix, less 1, after the exact flow; "
            f"networks: {counted(late['end_flow'])}",
            spread.sel(target=_LATE).max(),
            "<=",
            _WITHIN,
            note="Up to what the moments of each direction make of it: its own optimum differs by "
            f"{float(spread.sel(target='late').max()):.2g}, and for early importance by "
            f"{float(spread.sel(target='early').max()):.2g}.",
        ),
        Claim(
            "A8a-training",
            f"They do, after {steps} steps at half the largest stable rate.",
            f"share of singular values further than {_WITHIN:g} from the solution; networks: "
            f"{counted(late['end_trained'].isel(rate=0))}",
            1 - within.mean(),
            "<=",
            0,
            expected=False,
            erratum=42,
            note="The direction of noise alone is not yet learned.",
        ),
        Claim(
            "A8a*",
            "Every singular value, late or early, converges to the optimum of its direction.",
            "largest relative gap after the exact flow, against the roots of a polynomial; "
            f"networks: {counted(data['end_flow'])}",
            exact,
            "<=",
            # Directions of drawn trials are correlated by chance, which the polynomial leaves out.
            1e-3 if numbers["source"] == "integration" else numbers["trials"] ** -0.5,
        ),
    ]


def _of_early(data: "xarray.Dataset") -> list[Claim]:
    early, steps = data.sel(target=_EARLY), configuration_of(data)["max_steps"]
    ended = early["end_flow"]
    solved = (_gaps(early, early["matrix_flow_end"]) <= _WITHIN).all(("matrix", "index"))
    after = [_within(data.sel(target=each), 0) for each in (_EARLY, _LATE)]
    whole = [int(each.all(("matrix", "index")).sum()) for each in after]
    parts = [f"{float(each.mean()):.0%}" for each in after]
    recurrent = _at_minima(data).sel(matrix="W_h")
    white = data["white_optimum"].sel(matrix="W_h")
    return [
        Claim(
            "A8b",
            "Early importance: only some singular values converge to the solution, others stay at "
            "local minima.",
            "networks of the exact flow that end elsewhere than at the solution, of "
            f"{solved.size}: {counted(ended)}",
            (~solved).sum(),
            ">",
            0,
            expected=False,
            erratum=43,
            note="No network meets a local minimum or a saddle on its way for good.",
        ),
        Claim(
            "A8b-training",
            f"They do not all converge in {steps} steps at half the largest stable rate.",
            f"networks with all singular values within {_WITHIN:g}, late {whole[1]}; of all "
            f"singular values {parts[0]} are, late {parts[1]}; networks: "
            f"{counted(early['end_trained'].isel(rate=0))}",
            whole[0],
            "<=",
            0,
            note="Too early, not elsewhere: slow directions are slower for early importance, "
            "whose curvature asks for a smaller rate.",
        ),
        Claim(
            "A8b-theory",
            "Early-importance solutions are unstable, b > 1.",
            "least singular value of W_h at minima; best b for white input "
            f"{float(white.sel(target='early')):.4f}; late: at most "
            f"{float(recurrent.sel(target=_LATE).max()):.4f}",
            recurrent.sel(target=_EARLY).min(),
            ">",
            1.0,
        ),
    ]


def _of_rates(data: "xarray.Dataset") -> list[Claim]:
    rises = data["loss_after"].diff("point").clip(min=0).sum("point")
    fluctuates = rises / data["loss_after"].mean("point") > _RISES
    beyond = data["learning_rate"] > data["limit"]
    shares = ", ".join(
        f"{target} {', '.join(f'{s:.2f}' for s in row)}"
        for target, row in zip(TARGETS, (data["learning_rate"] / data["limit"]).values, strict=True)
    )
    same = fluctuates.sel(rate=SAME_RATE)
    late, early = same.sel(target=_LATE), same.sel(target=_EARLY)
    return [
        Claim(
            "A8b-rate",
            "Early importance fluctuates during learning, late importance does not.",
            "networks that do otherwise, all rates",
            fluctuates.sel(target=_LATE).sum() + (~fluctuates.sel(target=_EARLY)).sum(),
            "<=",
            0,
            expected=False,
            erratum=43,
            note="It is the rate: beyond 2 over the curvature both fluctuate, below it neither.",
        ),
        Claim(
            "A8b-rate*",
            "Learning fluctuates beyond 2 over the curvature at the solution, and only there.",
            f"networks of {fluctuates.size} that do otherwise; rate over that limit: {shares}",
            (fluctuates != beyond).sum(),
            "<=",
            0,
        ),
        Claim(
            "A8b-same",
            "At one rate, between the limits of both, early importance fluctuates and late "
            "importance does not.",
            f"networks of {same.size} that do otherwise; limits "
            + ", ".join(
                f"{target} {limit:.4f}" for target, limit in data["limit"].to_series().items()
            ),
            late.sum() + (~early).sum(),
            "<=",
            0,
        ),
    ]


def _of_sizes(data: "xarray.Dataset") -> list[Claim]:
    per_step = data["hidden"] * data["learning_rate"]
    after = data["hidden_after"].mean("step")
    same, stable = after.sel(rate=SAME_RATE), after.isel(rate=0)
    first = per_step.isel(rate=0).max(("seed", "record"))
    return [
        Claim(
            "A8c",
            "Late importance: the hidden gradient remains small throughout training.",
            "largest change of H_T by a step at half the largest stable rate, root mean square "
            f"over trials; dH_T/dt itself is up to "
            f"{float(data['hidden'].isel(rate=0).sel(target='late').max()):.2g}",
            first.sel(target="late"),
            "<=",
            _SMALL,
            expected=False,
            erratum=43,
            note="Not while the first mode is learned, as fast as for early importance "
            f"({float(first.sel(target='early')):.2g}).",
        ),
        Claim(
            "A8c-late",
            "Late importance: it is small after training.",
            "largest change of H_T by a step, at the same rate for all, mean of the last steps",
            same.sel(target=_LATE).max(),
            "<=",
            _SMALL,
        ),
        _of_large_steps(data, same.sel(target="early")),
        Claim(
            "A8c-stable",
            "Early importance: it is as small as for late importance, at a stable rate.",
            "largest change of H_T by a step at half the largest stable rate, after training",
            stable.sel(target=_EARLY).max(),
            "<=",
            _SMALL,
            erratum=43,
        ),
        _of_other_reading(data),
    ]


def _of_large_steps(data: "xarray.Dataset", early: "xarray.DataArray") -> Claim:
    about = (abs(data["hidden_tried"].sel(target="early") / _LARGE - 1) <= _ABOUT).all("seed")
    tried = data["tried_rate"].to_numpy()
    listed = ", ".join(f"{rate:g}" for rate in tried[about]) or "none"
    return Claim(
        "A8c-early",
        "Early importance: it is about 0.3, after training, at a rate that is chosen.",
        f"largest distance from {_LARGE:g}, relative, of the change of H_T by a step at the "
        f"same rate for all; {float(early.min()):.2g} to {float(early.max()):.2g}",
        abs(early / _LARGE - 1).max(),
        "<=",
        _ABOUT,
        note="The paper prints no rate. Of rates from "
        f"{tried[0]:g} to {tried[-1]:g} times the limit of early importance, all networks are "
        f"within this distance at {listed}.",
    )


def _of_other_reading(data: "xarray.Dataset") -> Claim:
    stable = data.isel(rate=0).sel(target=["late", "early"])
    pull, loss = stable["hidden_loss"], stable["loss_trained"]
    largest = pull.max(("seed", "record"))
    late, early = (float(each) for each in largest)
    # How much of the loss is left where each network has its largest gradient.
    left = loss.isel(record=pull.argmax("record")) / loss.isel(record=0)
    at_first = pull.isel(record=0).max("seed")
    return Claim(
        "A8c-loss",
        "By the other reading, dL/dH_T, early importance has the larger gradient by far.",
        f"ratio of the largest gradients along training, early over late: {early:.3g} over "
        f"{late:.3g}",
        early / late,
        ">=",
        10,
        expected=False,
        erratum=43,
        note="By this reading either is largest while the first mode is learned, with "
        f"{float(left.min()):.2f} to {float(left.max()):.2f} of the first loss left; at the start "
        f"it is at most {float(at_first[0]):.2g} for late and {float(at_first[1]):.2g} for early "
        "importance.",
    )
