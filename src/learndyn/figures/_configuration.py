"""The numbers of a figure: which are the paper's, and which are chosen."""

from dataclasses import dataclass, field
from typing import Any

from learndyn._errors import InputError


@dataclass(frozen=True)
class Configuration:
    """Everything a figure's data depend on.

    Attributes:
        paper: numbers that the paper prints.
        chosen: numbers that it does not.

    Example:
        >>> from learndyn.figures import Configuration
        >>> numbers = Configuration(paper={"length": 6}, chosen={"seeds": 50})
        >>> numbers.changed(length=3)  # which the paper does not print
        Configuration(paper={}, chosen={'seeds': 50, 'length': 3})
    """

    paper: dict[str, Any] = field(default_factory=dict)
    chosen: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.paper[name] if name in self.paper else self.chosen[name]

    def changed(self, **numbers: Any) -> "Configuration":
        """The configuration with other numbers, which are chosen then.

        Args:
            **numbers: by name.

        Returns:
            The configuration.

        Raises:
            InputError: for a name that it does not have.
        """
        unknown = sorted(set(numbers) - set(self.paper) - set(self.chosen))
        if unknown:
            names = ", ".join([*self.paper, *self.chosen])
            raise InputError(f"numbers among {names}", ", ".join(unknown))
        kept = {name: value for name, value in self.paper.items() if name not in numbers}
        return Configuration(kept, {**self.chosen, **numbers})

    def summary(self) -> dict[str, dict]:
        """The configuration, ready for JSON.

        Returns:
            `paper` and `chosen`.
        """
        return {"paper": self.paper, "chosen": self.chosen}
