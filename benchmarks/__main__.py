"""Run benchmarks, print a table, and write it with the environment as JSON."""

import argparse
import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import jax
from rich.console import Console
from rich.table import Table

from benchmarks._measure import Row, environment

SUBJECTS = (
    "network_step",
    "moments",
    "length",
    "flow",
    "theory",
    "kernels",
    "rates",
    "sweeps",
    "imports",
    "study",
)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(SUBJECTS))
    if unknown:
        parser.error(f"expected names among {', '.join(SUBJECTS)}; got {', '.join(unknown)}")
    jax.config.update("jax_enable_x64", True)
    console, rows = Console(), []
    described = environment()
    for name in arguments.names or SUBJECTS:
        console.print(f"{name} ...")
        rows += import_module(f"benchmarks.{name}").run()
        # Written after each subject: a long run that is stopped keeps what it measured.
        report = {"environment": described, "rows": [asdict(row) for row in rows]}
        arguments.out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    console.print(_table(rows))
    console.print(described)


def _table(rows: list[Row]) -> Table:
    table = Table("subject", "quantity", "value", "unit", "aim", "met", "note")
    for row in rows:
        value = "–" if row.value is None else f"{row.value:.3g}"
        met = "" if row.met is None else "yes" if row.met else "NO"
        table.add_row(row.subject, row.quantity, value, row.unit, row.aim, met, row.note)
    return table


if __name__ == "__main__":
    main()
