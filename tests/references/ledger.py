"""Renders docs/equations.md from its register; `python tests/references/ledger.py` rewrites it."""

import re
import tomllib
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE, REGISTER = DOCS / "equations.md", DOCS / "equations.toml"
HEAD = """\
# Equations

Where each numbered equation of the paper ("Learning dynamics in linear recurrent neural networks",
Proca, Dominé, Shanahan and Mediano, ICML 2025) lives in this library, and which test holds it to
something independent of it: automatic differentiation, 50 digits, SciPy, brute force, a trained
network. Repeats of an equation share a row. The last column numbers entries of
[errata.md](errata.md).

This page is written by `python tests/references/ledger.py` from `equations.toml`.

| eq. | says | here | tests | remark | errata |
|---|---|---|---|---|---|
"""


def rows():
    """Rows of the register, in order."""
    return tomllib.loads(REGISTER.read_text(encoding="utf-8"))["row"]


def numbers(row):
    """All equation numbers of a row: `"5-7, 36"` is 5, 6, 7 and 36."""
    found = []
    for part in row["equations"].split(","):
        first, _, last = part.strip().partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def page():
    """The page, as text."""
    return HEAD + "".join(map(_line, rows()))


def _line(row):
    if row["says"] == "empty":
        return f"| {_dashes(row['equations'])} | empty | | | | |\n"
    symbols = ", ".join(f"`{name}`" for name in row["symbols"])
    tests = ", ".join(f"`{test.removeprefix('tests/')}`" for test in row["tests"])
    errata = ", ".join(map(str, row.get("errata", [])))
    cells = [_dashes(row["equations"]), row["says"], symbols, tests, row.get("remark", ""), errata]
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def _dashes(text):
    return re.sub(r"(\d)-(\d)", r"\1–\2", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
