"""Sentences on what a newcomer should know of their trials before reading on."""

import math

# A class is rare below this share of an equal share of the readouts.
_RARE = 0.1
# Means and sizes count as large from this ratio on.
_LARGE_MEAN, _LARGE_RATIO = 10, 100
# At most so many values are taken for numbers of classes.
_CLASSES = 50
# At most so many channels are named in a sentence.
_NAMED = 5


def notes(described: dict, *, same_targets: bool, whole_targets: bool) -> list[str]:
    """What in a description needs care, in plain sentences.

    Args:
        described: what `describe` found.
        same_targets: whether there are targets at every step, the same in all steps of a trial.
        whole_targets: whether targets are whole numbers.

    Returns:
        The sentences.
    """
    return [
        *_constant_inputs(described["inputs"]),
        *_combined(described["combinations"]),
        *_large_means(described),
        *_sizes(described["inputs"], can_whiten=described["rank"] == len(described["inputs"])),
        *_trials(described),
        *_targets(described, same_targets, whole_targets),
        *_classes(described["classes"]),
    ]


def _constant_inputs(inputs: list[dict]):
    silent = [c["name"] for c in inputs if c["constant"] and c["max"] == 0]
    if silent:
        yield f"{_channels(silent)} always zero: nothing can be learned from {_it(silent)}."
    for channel in [c for c in inputs if c["constant"] and c["max"] != 0][:_NAMED]:
        yield (
            f"Channel {channel['name']} is constant, {channel['max']:g}: "
            "it can only serve as a bias."
        )


def _combined(combinations: dict[str, list[str]]):
    for name, others in list(combinations.items())[:_NAMED]:
        yield (
            f"Channel {name} is a linear combination of {_listed(others)}: "
            "it adds nothing, and the best input weights are not unique."
        )
    more = len(combinations) - _NAMED
    if more > 0:
        yield f"{more} more channels are linear combinations of those before them."


def _large_means(described: dict):
    if described["centered"]:
        return
    far = [c["name"] for c in described["inputs"] if abs(c["mean"]) > _LARGE_MEAN * c["std"] > 0]
    if far:
        yield (
            f"{_channels(far)} far from zero, more than {_LARGE_MEAN} times the spread: the mean "
            "is learned first and hides the rest; --center subtracts it."
        )


def _sizes(inputs: list[dict], *, can_whiten: bool):
    sizes = {c["name"]: math.hypot(c["mean"], c["std"]) for c in inputs}
    sizes = {name: size for name, size in sizes.items() if size > 0}
    if not sizes:
        return
    small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    ratio = sizes[large] / sizes[small]
    if ratio > _LARGE_RATIO:
        yield (
            f"Input channels differ in size, {large} is {ratio:.3g} times {small}: the large ones "
            "are learned long before the small ones; divide each by its standard deviation"
            f"{', or use --whiten channels' if can_whiten else ''}."
        )


def _trials(described: dict):
    count, numbers = described["trials"], int(described["steps"]["max"] * len(described["inputs"]))
    if described["outputs"] == "final" and count < numbers:
        yield (
            f"There are fewer trials, {count:,}, than numbers in the input of one, {numbers:,}: "
            "some filter fits the targets exactly, whether or not there is anything to learn."
        )
    if described["duplicates"]:
        repeated = described["duplicates"]
        which = "1 trial repeats another" if repeated == 1 else f"{repeated:,} trials repeat others"
        yield f"{which}: each counts as often as it is there."


def _targets(described: dict, same_targets: bool, whole_targets: bool):
    targets = described["targets"]
    for target in [c for c in targets if c["constant"]][:_NAMED]:
        yield f"Target {target['name']} is constant, {target['max']:g}."
    if same_targets and described["steps"]["max"] > 1:
        yield (
            "Targets are the same at all steps of each trial: to ask for them at the last step "
            "only, use --outputs final."
        )
    if described["outputs"] == "final" and len(targets) == described["steps"]["max"] > 1:
        yield (
            f"There are {len(targets)} targets at the last step, as many as there are steps: for "
            "one target at each step give y of shape (trajectories, time, 1)."
        )
    least, largest = targets[0]["min"], targets[0]["max"]
    if len(targets) == 1 and whole_targets and 1 < largest - least < _CLASSES:
        yield (
            f"Target {targets[0]['name']} takes whole values, {least:g} to {largest:g}, and is "
            "learned as a number: if they stand for classes, give a target of 0 and 1 for each."
        )


def _classes(classes: dict[str, int] | None):
    if classes is None:
        return
    total = sum(classes.values())
    absent = [name for name, count in classes.items() if count == 0]
    if absent:
        yield f"{'Class' if len(absent) == 1 else 'Classes'} {_listed(absent)} never occur."
    rare = [n for n, count in classes.items() if 0 < count < _RARE * total / len(classes)]
    for name in rare[:_NAMED]:
        yield (
            f"Class {name} is rare, {classes[name]:,} of {total:,}: it weighs little in the loss, "
            "and is learned late."
        )


def _channels(names: list[str]) -> str:
    if len(names) == 1:
        return f"Channel {names[0]} is"
    return f"Channels {_listed(names)} are"


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _listed(names: list[str]) -> str:
    shown = names[:_NAMED] + ([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
