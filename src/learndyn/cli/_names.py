"""Options that name columns of a table, or matrices of a file."""

from learndyn._errors import InputError
from learndyn.sources import Columns


def columns(inputs: str | None, targets: str | None, trial: str, time: str) -> Columns | None:
    """Which columns of a table are what.

    Args:
        inputs: names parted by commas, or None.
        targets: names parted by commas, or None.
        trial: name of the column that tells trials apart.
        time: name of the column that orders a trial.

    Returns:
        The columns; None where all are as they are by default.
    """
    found = Columns(_names(inputs, "--inputs"), _names(targets, "--targets"), trial, time)
    return None if found == Columns() else found


def pairs(option: str | None) -> dict[str, str]:
    """Names that stand for others.

    Args:
        option: `known=name` parted by commas, or None.

    Returns:
        Names by what they stand for.

    Raises:
        InputError: where a part is no such pair.
    """
    found = {}
    for part in () if option is None else option.split(","):
        known, equals, name = (piece.strip() for piece in part.partition("="))
        if not (known and equals and name):
            raise InputError("--names w_x=NAME,w_h=NAME,w_y=NAME", f"{part!r}")
        found[known] = name
    return found


def _names(option: str | None, flag: str) -> tuple[str, ...] | None:
    if option is None:
        return None
    names = tuple(name.strip() for name in option.split(","))
    if not all(names):
        raise InputError(f"names parted by commas as {flag}", f"{option!r}")
    return names
