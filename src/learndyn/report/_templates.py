"""Templates of our pages: one style, one way to write numbers and names."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from learndyn.report._words import listed, number, percent


def templates() -> Environment:
    """The templates, with the filters and functions that all pages use.

    Returns:
        An environment of its own, to which a page adds what is its own.

    Example:
        >>> from learndyn.report._templates import templates
        >>> templates().from_string("{{ '`a` < b' | code }}, {{ percent(0.5) }}").render()
        '<code>a</code> &lt; b, 50 %'
    """
    pages = Environment(
        loader=PackageLoader("learndyn.report"),
        autoescape=True,
        undefined=StrictUndefined,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.filters["code"] = _code
    pages.globals |= {"number": number, "percent": percent, "listed": listed}
    return pages


def _code(sentence: str) -> Markup:
    """A sentence of the library, whose names are between backticks."""
    parts = [escape(part) for part in sentence.split("`")]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts)
    )
