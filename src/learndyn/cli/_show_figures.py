"""What figures measured, on a terminal."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from learndyn.figures import REPORT, Outcome
from learndyn.report import duration


def print_outcome(outcome: Outcome, summary: dict | None, place: str) -> None:
    """Print in a line, on standard error, how the making of a figure ended.

    Args:
        outcome: how it ended.
        summary: the figure's summary, if the folder holds one.
        place: how many ended, of how many.
    """
    if outcome.failure or summary is None:
        words = f"not made. {outcome.failure}"
    else:
        claims = summary["claims"]
        held = sum(claim["held"] for claim in claims)
        surprises = _surprises(claims)
        unexpected = f", unexpected: {', '.join(surprises)}" if surprises else ""
        words = f"{held} of {len(claims)} claims hold{unexpected}"
    took = f"; {duration(outcome.elapsed)}" if outcome.elapsed else ""
    line = f"{place} figure {outcome.name}: {words}{took}"
    Console(stderr=True, soft_wrap=True).print(escape(line), highlight=False)


def print_group(summaries: Iterable[dict], folder: Path) -> None:
    """Print which claims of several figures do not hold, and where all of them are.

    Args:
        summaries: the figures' summaries.
        folder: where their files are.
    """
    claims = [claim for summary in summaries for claim in summary["claims"]]
    denied = [claim["id"] for claim in claims if not claim["held"]]
    surprises = _surprises(claims)
    lines = [
        f"{len(claims) - len(denied)} of {len(claims)} claims hold.",
        f"These do not: {', '.join(denied)}." if denied else "",
        f"Ended otherwise than recorded: {', '.join(surprises)}."
        if surprises
        else "Every claim ended as recorded.",
        f"Figures beside their claims: {folder / REPORT}",
    ]
    console = Console(soft_wrap=True)
    for line in filter(None, lines):
        console.print(escape(line), highlight=False)


def print_claims(summary: dict, folder: Path) -> None:
    """Print what a figure measured.

    Args:
        summary: the figure's summary.
        folder: where its files are.
    """
    console = Console()
    name = summary["name"]
    table = Table(title=f"Figure {name}: {summary['title']}", title_justify="left")
    for column in ("claim", "", "measured", "bound", "held"):
        table.add_column(column, justify="right" if column == "measured" else "left")
    for claim in summary["claims"]:
        value = "not finite" if claim["value"] is None else f"{claim['value']:.4g}"
        held = "yes" if claim["held"] else "no"
        surprise = "" if claim["held"] == claim["expected"] else ", unexpected"
        note = f"\n[dim]{escape(claim['note'])}[/]" if claim["note"] else ""
        sentence = f"{escape(claim['sentence'])}\n[dim]{escape(claim['measure'])}[/]{note}"
        bound = f"{claim['relation']} {claim['bound']:.4g}"
        table.add_row(claim["id"], sentence, value, bound, held + surprise)
    console.print(table)
    console.print(f"Files in {folder}: {name}.json, {name}.nc, {name}.svg, {REPORT}")


def _surprises(claims: Iterable[dict]) -> list[str]:
    return [claim["id"] for claim in claims if claim["held"] != claim["expected"]]
