"""Numbers as a reader expects them."""

import math

# Angles of complex numbers that are real but for rounding errors, and shares of the loss at the
# start that are nothing else.
_REAL, NOTHING = 1e-9, 1e-12
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | int | dict | None, digits: int = 3) -> str:
    """A number in few digits; one that turns as its radius and angle; ∞ for None.

    Args:
        value: the number, as summaries hold it.
        digits: significant digits.

    Returns:
        Text.

    Example:
        >>> from learndyn.report._words import number
        >>> number(0.12345), number(4.991e-4), number(-1e6), number(None), number(2000)
        ('0.123', '4.99 × 10⁻⁴', '−10⁶', '∞', '2000')
        >>> number({"radius": 0.5, "angle": 1.5707963}), number({"radius": 0.5, "angle": 0.0})
        ('0.5∠90°', '0.5')
    """
    if value is None:
        return "∞"
    if isinstance(value, dict):
        if abs(math.sin(value["angle"])) < _REAL:
            return number(math.copysign(value["radius"], math.cos(value["angle"])), digits)
        turned = round(math.degrees(value["angle"]))
        return f"{number(value['radius'], digits)}∠{turned}°".replace("-", "−")
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f" if abs(value) >= 10_000 else "")
    if value == 0 or 1e-3 <= abs(value) < 10 ** max(4, digits):
        return _plain(value, digits)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    raised = f"10{str(int(exponent)).translate(_RAISED)}"
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    sign = "−" if mantissa.startswith("-") else ""
    size = mantissa.lstrip("-")
    return f"{sign}{raised}" if size == "1" else f"{sign}{size} × {raised}"


def percent(share: float | int, digits: int = 3) -> str:
    """A share in per cent.

    Args:
        share: 1 for all.
        digits: significant digits.

    Returns:
        Text.

    Example:
        >>> from learndyn.report._words import percent
        >>> percent(0.0043), percent(1.0)
        ('0.43 %', '100 %')
    """
    shown = 0.0 if abs(share) < NOTHING else 100.0 * share
    return f"{number(shown, digits)} %"


def listed(words: list[str]) -> str:
    """Words in a row, with "and" before the last.

    Args:
        words: at least one.

    Returns:
        Text.

    Example:
        >>> from learndyn.report._words import listed
        >>> listed(["1", "2", "3"])
        '1, 2 and 3'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def duration(seconds: float) -> str:
    """A time as a reader expects it.

    Args:
        seconds: the time.

    Returns:
        Text.

    Example:
        >>> from learndyn.report._words import duration
        >>> duration(0.21), duration(12.4), duration(754.0)
        ('0.2 s', '12 s', '12 min 34 s')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def _plain(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    if "e" in text:  # 9999.6 in four digits, for example
        text = f"{float(text):.0f}"
    return text.replace("-", "−")
