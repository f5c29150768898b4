"""The page of a study: one file, which needs no other and no network."""

import cmath
import html
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from learndyn._assumptions import ALL
from learndyn.report._command import command
from learndyn.report._limits import limits
from learndyn.report._panel import DRAWN
from learndyn.report._svg import inline_svg
from learndyn.report._templates import templates
from learndyn.report._words import NOTHING, number, percent

# Rows of a table of modes, and steps in a table of spectra: more are in summary.json.
_ROWS, _STEPS = 50, 10


def report_page(summary: dict, figures: Mapping[str, Figure | str]) -> str:
    """The report of a study, as a page.

    Every number is an element `<data>` that holds its exact value, and its place in the summary.

    Args:
        summary: the study in numbers, with `versions`.
        figures: drawings by name: `spectrum`, `other_spectrum`, `response`, `sizes`, `loss`,
            `energies`, `singular_values`, `eigenvalues`, `plane`; those missing are left out.

    Returns:
        HTML, with style and drawings inside, and equal for equal studies.
    """
    pages = templates()
    pages.globals |= {
        "value": lambda path, form="number": value(summary, path, form),
        "polar": lambda real, imaginary: polar(summary, real, imaginary),
        "drawing": lambda name, label: inline_svg(figures[name], name, label),
        "difference": lambda one, other: difference(_at(summary, one), _at(summary, other)),
    }
    return pages.get_template("report.html.j2").render(
        summary=summary,
        command=command(summary["configuration"]),
        drawn=frozenset(figures),
        limits=limits(summary),
        assumptions={assumption.name: assumption for assumption in ALL},
        modes=summary["modes"][:_ROWS],
        most_drawn=DRAWN,
        steps=_shown_steps(summary["task"]["steps"]),
    )


def page_in_frame(page: str) -> str:
    """A page as part of another, such as a notebook, whose styles stay apart.

    Args:
        page: HTML of a whole page.

    Returns:
        The element `<iframe>` that holds it.

    Example:
        >>> from learndyn.report import page_in_frame
        >>> page_in_frame('<p class="a">').count("&quot;a&quot;")
        1
    """
    # A page inside a frame takes addresses from the page around it, unless it is told otherwise.
    page = page.replace("<head>", '<head><base href="about:srcdoc">', 1)
    style = "width:100%;height:42rem;border:1px solid #8888"
    return f'<iframe title="Report" style="{style}" srcdoc="{html.escape(page)}"></iframe>'


def value(summary: dict, path: str, form: str = "number") -> Markup:
    """A number of the summary, in few digits, with its exact value and its place.

    Args:
        summary: the study in numbers.
        path: keys and indices, with dots between.
        form: `"number"`, `"percent"`, or `"loss"`, which is 0 where it is a rounding error of the
            loss at the start.

    Returns:
        The element `<data>`.

    Example:
        >>> from learndyn.report._page import value
        >>> print(value({"loss": [0.25]}, "loss.0", "percent"))
        <data value="0.25" data-of="loss.0">25 %</data>
    """
    found = _at(summary, path)
    if form == "loss" and abs(found) < NOTHING * summary["loss"]["first"]:
        text = number(0.0)
    else:
        text = percent(found) if form == "percent" else number(found)
    exact = "infinite" if found is None else repr(found)
    if isinstance(found, dict):
        exact = f"{found['radius']!r} {found['angle']!r}"
    return Markup('<data value="{}" data-of="{}">{}</data>').format(exact, path, text)


def polar(summary: dict, real: str, imaginary: str) -> Markup:
    """A complex number of the summary, whose parts have places of their own.

    Args:
        summary: the study in numbers.
        real: place of the real part.
        imaginary: place of the imaginary part.

    Returns:
        The element `<data>`, with both parts and both places.
    """
    parts = complex(_at(summary, real), _at(summary, imaginary))
    text = number({"radius": abs(parts), "angle": cmath.phase(parts)})
    element = Markup('<data value="{!r} {!r}" data-of="{} {}">{}</data>')
    return element.format(parts.real, parts.imag, real, imaginary, text)


def difference(one: float | int | dict | None, other: float | int | dict | None) -> str:
    """Distance of two numbers, which may be complex, in words.

    Args:
        one: a number, as summaries hold it.
        other: another one.

    Returns:
        Text; a dash where one of them is infinite.
    """
    if one is None or other is None:
        return "–"
    return number(float(abs(_complex(one) - _complex(other))), 2)


def _complex(found: float | int | dict) -> complex:
    return (
        cmath.rect(found["radius"], found["angle"]) if isinstance(found, dict) else complex(found)
    )


def _at(summary: dict, path: str) -> Any:
    found: Any = summary
    for key in path.split("."):
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def _shown_steps(steps: int) -> list[int | None]:
    """Steps of a table, from 0; None stands for those that are left out."""
    if steps <= _STEPS:
        return list(range(steps))
    half = _STEPS // 2
    return [*range(half), None, *range(steps - half, steps)]
