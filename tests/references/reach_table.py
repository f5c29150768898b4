"""Measures the table of docs/reach.md, with the numbers of figure R.

`python tests/references/reach_table.py [NAME ...]` rewrites the rows that are named, or all.
"""

import re
import sys
from pathlib import Path

import jax
import numpy as np

import learndyn as ld
from learndyn._reach import VIOLATIONS
from learndyn.figures import figure_configuration

PAGE = Path(__file__).parents[2] / "docs/reach.md"
HEAD = """\
| violation | demanded | exponent | gap of 1 % at | gap of 10 % at |
|---|---|---|---|---|
"""
NUMBERS = figure_configuration("R")


def rows(page):
    """Rows of the table by violation, as they stand on the page."""
    table = page.partition(HEAD)[2].partition("\n\n")[0]
    return {re.match(r"\| `(\w+)`", line)[1]: line for line in table.splitlines()}


def row(name):
    """The row of a violation, measured."""
    kind, sizes = VIOLATIONS[name], NUMBERS["sizes"][name]
    found = ld.reach(name, sizes, seeds=NUMBERS["seeds"])
    exponent = "–"
    if kind.exponent is not None:
        exponent = spread(ld.reach_exponent(found, sizes[NUMBERS["fitted"] - 1]).to_numpy(), {})
    bounds = {0.0: f"below {sizes[0]:.3g}", np.inf: f"above {sizes[-1]:.3g}"}
    passed = [ld.reach_threshold(found, level).to_numpy() for level in NUMBERS["levels"]]
    demanded = "–" if kind.exponent is None else f"{kind.exponent:g}"
    cells = [f"`{name}`: {kind.grows}", demanded, exponent, *(spread(p, bounds) for p in passed)]
    return f"| {' | '.join(cells)} |"


def spread(values, bounds):
    """Median and range of 10 to 90 % of seeds, each that of one of them."""
    low, middle, high = (
        bounds.get(value, f"{value:.3g}")
        for value in np.quantile(values, [0.1, 0.5, 0.9], method="nearest").tolist()
    )
    return middle if low == high else f"{middle} ({low} to {high})"


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    text = PAGE.read_text(encoding="utf-8")
    known = rows(text)
    before, _, after = text.partition(HEAD)
    new = {name: row(name) for name in sys.argv[1:] or VIOLATIONS}
    lines = [new.get(name) or known[name] for name in VIOLATIONS]
    rest = after.partition("\n\n")[2]
    PAGE.write_text(f"{before}{HEAD}" + "\n".join(lines) + f"\n\n{rest}", encoding="utf-8")
