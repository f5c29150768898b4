"""Drawings as part of a page: vector graphics that take its colours and its letters."""

import io
import re
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from learndyn.report._panel import INK, MODES

# Where an attribute names another element.
_NAMED = re.compile(r"(^|url\()#")


def inline_svg(drawing: Figure | str, name: str, label: str) -> Markup:
    """A drawing as an element of a page.

    Its identifiers begin with its name, so that no two drawings of a page share one; it refers to
    nothing outside itself; ink is `currentColor`, and the colours of modes are the page's
    variables `--mode-1`, `--mode-2`, ….

    Args:
        drawing: a figure, or vector graphics as text.
        name: name of the drawing, which no other one of the page has.
        label: what the drawing shows, for those who do not see it.

    Returns:
        The element `<svg>`.

    Example:
        >>> from learndyn.report import inline_svg, panel
        >>> text = inline_svg(panel(lambda axes: axes.plot([0, 1])), "rise", "A line that rises.")
        >>> 'aria-label="A line that rises."' in text, "http" in text
        (True, False)
    """
    root = ElementTree.fromstring(drawing if isinstance(drawing, str) else _text(drawing, name))
    for parent in list(root.iter()):
        for child in list(parent):
            if _bare(child.tag) in ("metadata", "style", "script", "title", "desc"):
                parent.remove(child)
    for element in root.iter():
        element.tag = _bare(element.tag)
        attributes = {_bare(key): value for key, value in element.attrib.items()}
        element.attrib.clear()
        for key, value in attributes.items():
            refers = key in ("href", "clip-path", "style")
            named = _NAMED.sub(rf"\1#{name}-", value) if refers else value
            element.set(key, f"{name}-{value}" if key == "id" else named)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib.update({"role": "img", "aria-label": label, "class": "drawing"})
    text = ElementTree.tostring(root, encoding="unicode")
    for colour, of_page in _colours().items():
        text = re.sub(colour, of_page, text, flags=re.IGNORECASE)
    return Markup(text)  # of a serializer, which escapes


def _text(figure: Figure, name: str) -> str:
    written = io.StringIO()
    # Without a salt matplotlib draws identifiers by chance; without "none" letters become shapes.
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=nothing, transparent=True)
    return written.getvalue()


def _colours() -> dict[str, str]:
    modes = {colour: f"var(--mode-{i})" for i, colour in enumerate(MODES, start=1)}
    return {INK: "currentColor", **modes}


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]
