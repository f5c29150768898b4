"""The words that make a study again."""

import shlex

# Options of a study that do not say where trials come from, by their names in a configuration.
_OPTIONS = ("outputs", "hidden", "scale", "seed", "seeds", "learning_rate", "max_steps")


def command(configuration: dict) -> str:
    """What to type to make a study again.

    Args:
        configuration: of the study.

    Returns:
        A command, or a call in Python where the trials came as arrays.

    Example:
        >>> from learndyn.report._command import command
        >>> command({"asked": {"source": "my trials.npz", "center": True}, "hidden": 4})
        "learndyn study 'my trials.npz' --center --hidden 4"
        >>> command({"asked": {"whiten": "channels"}, "outputs": "final"})
        "ld.study(x, y, whiten='channels', outputs='final')"
    """
    options = dict(configuration["asked"])
    source = options.pop("source", None)
    options |= {name: configuration.get(name) for name in _OPTIONS}
    options = {name: one for name, one in options.items() if one is not None}
    if source is None:
        if configuration.get("checkpoints") is not None:
            options["checkpoints"] = "checkpoints"
        given = (f"{k}={v if k == 'checkpoints' else repr(v)}" for k, v in options.items())
        return f"ld.study({', '.join(['x', 'y', *given])})"
    if configuration.get("checkpoints") is not None:
        options["checkpoints"] = configuration["checkpoints"]
    words = ["learndyn", "study", source]
    for name, one in options.items():
        words.append(f"--{name.replace('_', '-')}")
        words += [] if one is True else [str(one)]
    return shlex.join(words)
