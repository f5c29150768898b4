"""Errors that say what was expected, what was found, and what helps."""


class InputError(ValueError):
    """A value that cannot be used: expected, got, and the cure, in one sentence each."""

    def __init__(self, expected: str, got: str, cure: str = ""):
        self.expected, self.got, self.cure = expected, got, cure
        sentence = f"Expected {expected}; got {got}."
        super().__init__(f"{sentence} {cure}" if cure else sentence)


class AssumptionError(ValueError):
    """A method was asked to work where one of its assumptions fails."""


class SolveError(RuntimeError):
    """A learning curve ended before the last requested time."""


class MissingExtraError(ImportError):
    """A feature needs a package that only an optional extra installs."""

    def __init__(self, what: str, extra: str):
        super().__init__(
            f"{what} needs an optional package; install it with: pip install 'learndyn[{extra}]'"
        )
