"""A claim: a sentence of the paper, what was measured, and whether it held."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import SupportsFloat

from learndyn._errors import InputError

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda value, bound: value <= bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    ">": lambda value, bound: value > bound,
    "==": lambda value, bound: value == bound,
}


@dataclass(frozen=True)
class Claim:
    """A sentence that a figure should show, and what was measured of it.

    Attributes:
        id: figure and letter; with a star, what does hold where the printed sentence does not.
        sentence: the claim.
        measure: what the number is, with its unit.
        value: the number.
        relation: how it must stand to the bound for the claim to hold.
        bound: the bound.
        expected: whether the claim is known to hold; a figure whose claims end otherwise fails.
        erratum: number of the entry in docs/errata.md, if there is one.
        note: what does hold, or under which condition.

    Raises:
        InputError: for a relation that is none.

    Example:
        >>> from learndyn.figures import Claim
        >>> claim = Claim("X1", "Two is more than one.", "two", 2.0, ">", 1.0)
        >>> claim.held, claim.as_expected
        (True, True)
    """

    id: str
    sentence: str
    measure: str
    value: SupportsFloat
    relation: str
    bound: SupportsFloat
    expected: bool = True
    erratum: int | None = None
    note: str = ""

    def __post_init__(self):
        if self.relation not in _HOLDS:
            raise InputError(f"a relation among {', '.join(_HOLDS)}", f"{self.relation!r}")
        # Plain numbers, whatever library measured them, so that a claim can be written down.
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "bound", float(self.bound))

    @property
    def held(self) -> bool:
        """Whether the number stands to the bound as claimed; never for one that is not finite."""
        value, bound = float(self.value), float(self.bound)
        return math.isfinite(value) and _HOLDS[self.relation](value, bound)

    @property
    def as_expected(self) -> bool:
        """Whether the outcome is the recorded one."""
        return self.held == self.expected

    def expecting(self, expected: bool) -> "Claim":
        """The same claim with another recorded outcome.

        Args:
            expected: the outcome.

        Returns:
            The claim.
        """
        return replace(self, expected=expected)

    def summary(self) -> dict:
        """The claim, ready for JSON.

        Returns:
            All fields and `held`; a value that is not finite is None.
        """
        value = float(self.value)
        value = value if math.isfinite(value) else None
        return {**asdict(self), "value": value, "held": self.held}
