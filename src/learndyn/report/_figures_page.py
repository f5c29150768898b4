"""The page of figures of the paper: each drawing beside its claims, one file for all."""

from collections.abc import Sequence
from dataclasses import dataclass

from learndyn.report._svg import paper_svg
from learndyn.report._templates import templates
from learndyn.report._words import duration

# As relations are read.
_RELATIONS = {"<=": "≤", ">=": "≥", "==": "="}


@dataclass(frozen=True)
class FigurePart:
    """A figure on the page.

    Attributes:
        name: its name.
        title: what it shows.
        summary: the figure in numbers, as its JSON holds it; None where it was not made.
        drawing: vector graphics as text; empty where it was not made.
        extent: with which of its configurations it was made: `full`, `quick` or `other`.
        elapsed: seconds that it took; None where nobody measured.
        processor: seconds of one processor that it took.
        failure: why it was not made, in a sentence; empty where it is not known to have failed.
    """

    name: str
    title: str
    summary: dict | None = None
    drawing: str = ""
    extent: str = "full"
    elapsed: float | None = None
    processor: float | None = None
    failure: str = ""


def figures_page(figures: Sequence[FigurePart], generator: str) -> str:
    """Figures and their claims, as a page.

    Every number is an element `<data>` that holds its exact value.

    Args:
        figures: those that are made and those that are not, in their order.
        generator: what the page says that it was made by.

    Returns:
        HTML, with style and drawings inside.
    """
    pages = templates()
    pages.globals["drawing"] = lambda part, label: paper_svg(part.drawing, f"d{part.name}", label)
    pages.filters["duration"] = duration
    made = [(part, part.summary) for part in figures if part.summary is not None]
    claims = [(part.name, claim) for part, summary in made for claim in summary["claims"]]
    versions: dict[tuple, list[str]] = {}
    for part, summary in made:
        versions.setdefault(tuple(summary["versions"].items()), []).append(part.name)
    return pages.get_template("figures.html.j2").render(
        generator=generator,
        figures=figures,
        made=[part for part, _ in made],
        failed=[part for part in figures if part.failure],
        waiting=[part for part in figures if part.summary is None and not part.failure],
        claims=claims,
        denied=[(name, claim) for name, claim in claims if not claim["held"]],
        surprises=[(name, c) for name, c in claims if c["held"] != c["expected"]],
        relations=_RELATIONS,
        versions=versions,
        processor=sum(part.processor or 0.0 for part in figures),
    )
