"""What the theory could not say of a study, and why: sentences by code, from its numbers."""

from collections.abc import Callable
from typing import NamedTuple

from learndyn._assumptions import ALL
from learndyn.report._words import NOTHING, listed, number, percent

# Prediction and training that differ by more deserve a word.
_GAP = 0.01
# With fewer trials for each number of the best filter, chance shows in what is learned.
_TRIALS_PER_NUMBER = 10
# A floor below this share of the loss at the start is nothing.
_FLOOR = 0.01
# What a violated assumption takes from the rest of the report.
_TAKEN = {
    "white_input": "Inputs are correlated or not of unit variance, so modes are not independent of "
    "each other: what is said of a single mode is said as for white input, and is a guide here",
    "constant_bases": "The directions of the task change with the lag, so modes mix: none of them "
    "tells the whole of what a network learns along it",
    "aligned": "The network does not start along the directions of the task, so the theory of "
    "single modes cannot tell when each begins to be learned; times are read off the flow",
    "balanced": "Input and output weights do not start at one size, so closed forms for balanced "
    "modes do not apply; no number of this report rests on them",
}


class Limit(NamedTuple):
    """Something that could not be said, or holds with a reservation.

    Attributes:
        code: short name of the reason.
        sentence: what it is, why, and what helps where something does.
    """

    code: str
    sentence: str


def limits(summary: dict) -> list[Limit]:
    """The limits of what a study says.

    Args:
        summary: the study in numbers.

    Returns:
        One for each reason that applies, the weightiest first.
    """
    said = [(reason.__name__[1:], reason(summary)) for reason in _REASONS]
    found = [Limit(code, sentence) for code, sentence in said if sentence is not None]
    return found + _violated(summary)


def _violated(summary: dict) -> list[Limit]:
    return [
        Limit(a.name, f"{_TAKEN[a.name]} ({a.name} is {number(value)}). {a.cure}")
        for a in ALL
        if (value := summary["assumptions"].get(a.name, 0.0)) > a.tolerance
    ]


def _nothing_to_learn(summary: dict) -> str | None:
    loss = summary["loss"]
    bound = summary["hidden_units"]["bounds"][0]
    if bound - loss["floor"] > NOTHING * max(bound, loss["first"]):
        return None
    return (
        "No linear filter of the inputs explains anything of the targets, so there is nothing to "
        "learn: training only silences the network. Check that inputs and targets belong together."
    )


def _chance(summary: dict) -> str | None:
    task, trials = summary["task"], summary["configuration"]["trials"]
    numbers = task["steps"] * task["inputs"]
    if trials >= _TRIALS_PER_NUMBER * numbers:
        return None
    return (
        f"There are {number(trials)} trials for the {number(numbers)} numbers of the best filter "
        f"of each output (steps × inputs), so a part of what is learned is chance. More trials, or "
        "fewer steps or channels, would tell."
    )


def _floor(summary: dict) -> str | None:
    loss = summary["loss"]
    if loss["floor"] <= _FLOOR * loss["first"]:
        return None
    share = percent(loss["floor"] / loss["first"])
    return (
        f"{share} of the loss at the start is out of reach of any linear network that treats every "
        "step alike; whether the rest of the targets is noise, or not linear in the inputs, is not "
        "told apart."
    )


def _shortened(summary: dict) -> str | None:
    plan = summary["plan"]
    if not plan["shortened"]:
        return None
    return (
        f"Training stopped at learning time {number(plan['horizon'])}, before learning was over; "
        f"--max-steps {plan['enough_steps']} would be enough."
    )


def _unsettled(summary: dict) -> str | None:
    ended = summary["plan"]["flow_ends"]
    if "minimum" in ended:
        return None
    return (
        f"Where learning would end is not certain, since of the predicted flow it is known only "
        f"this: “{ended}”"
    )


def _gap(summary: dict) -> str | None:
    gap, plan = summary["loss"]["largest_relative_gap"], summary["plan"]
    if gap <= _GAP:
        return None
    share = percent(plan["learning_rate"] * plan["curvature"] / 2)
    return (
        f"Prediction and training differ by up to {percent(gap)}. The prediction is for steps "
        f"without size; the rate was {share} of the largest at which descent is stable. A smaller "
        "--learning-rate brings them together."
    )


def _not_attained(summary: dict) -> str | None:
    modes = _numbers(summary, lambda mode: not mode["optimum"]["attained"])
    if not modes:
        return None
    return (
        f"{_of_modes(modes)} no best solution: the loss falls for ever as the recurrent weight "
        "grows, so training is on its way without end."
    )


def _unstable(summary: dict) -> str | None:
    modes = _numbers(summary, lambda mode: not mode["stable"])
    if not modes:
        return None
    return (
        f"{_of_modes(modes)} a best solution that is unstable, so activity along it grows within a "
        "trial, and the network cannot be trusted with longer trials."
    )


def _pruned(summary: dict) -> str | None:
    modes = _numbers(summary, lambda mode: mode["prunes_mode"])
    if not modes:
        return None
    return f"{_of_modes(modes)} less than 1 % of the strongest one to give, and may be noise."


def _not_learned(summary: dict) -> str | None:
    modes = _numbers(summary, lambda mode: mode["learned"]["trained"] is None)
    if not modes:
        return None
    return f"{_of_modes(modes)} not been learned by the end of training: no loss fell that way."


def _narrow(summary: dict) -> str | None:
    hidden, task = summary["configuration"]["hidden"], summary["task"]
    most = min(task["inputs"], task["outputs"])
    if hidden >= most:
        return None
    return (
        f"The network has {number(hidden)} hidden units for {number(most)} modes of the task: the "
        "others are not described. Allow more with --hidden."
    )


def _too_small(summary: dict) -> str | None:
    hidden = summary["configuration"]["hidden"]
    needed = summary["hidden_units"]["needed"]
    short = [one for one in needed if one["units"] > hidden]
    if not short:
        return None
    return (
        f"No network of {number(hidden)} hidden units learns all but {percent(short[0]['left'])} "
        f"of what can be learned; that takes {number(short[0]['units'])} at least (--hidden)."
    )


def _loose_sizes(summary: dict) -> str | None:
    if summary["hidden_units"]["every_matrix"]:
        return None
    return (
        "The trials are too long or have too many channels for the best bound of the number of "
        "hidden units; the one given is that of regression, and more may be needed."
    )


def _one_start(summary: dict) -> str | None:
    if summary["configuration"]["seeds"] > 1:
        return None
    return "There is one start, so how much chance in it matters is not known (--seeds)."


def _fitted_time(summary: dict) -> str | None:
    configuration, plan = summary["configuration"], summary["plan"]
    if configuration["checkpoints"] is None or configuration["learning_rate"] is not None:
        return None
    return (
        f"The learning time of a step of training was not given, so it is the one that fits the "
        f"loss best, {number(plan['learning_rate'])}; the gap is the kindest to the theory. Give "
        "it by --learning-rate."
    )


def _one_length(summary: dict) -> str | None:
    if summary["task"]["steps"] == 1:
        return "Trials have one step, so recurrent weights have nothing to do and do not learn."
    if summary["configuration"]["outputs"] == "every":
        return None
    return (
        "Trials of one length, read out at the end, do not tell what the targets of other lengths "
        "are: losses there are given for two ways in which the task may go on."
    )


_REASONS: tuple[Callable[[dict], str | None], ...] = (
    _nothing_to_learn,
    _chance,
    _floor,
    _shortened,
    _unsettled,
    _gap,
    _not_attained,
    _unstable,
    _pruned,
    _not_learned,
    _narrow,
    _too_small,
    _loose_sizes,
    _fitted_time,
    _one_start,
    _one_length,
)


def _numbers(summary: dict, condition: Callable[[dict], bool]) -> list[str]:
    return [str(i) for i, mode in enumerate(summary["modes"], start=1) if condition(mode)]


def _of_modes(modes: list[str]) -> str:
    if len(modes) == 1:
        return f"Mode {modes[0]} has"
    if len(modes) > 6:
        return f"{len(modes)} modes ({', '.join(modes[:5])}, …) have"
    return f"Modes {listed(modes)} have"
