"""Drawings as part of a page: vector graphics that take its colours and its letters."""

import io
import re
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from learndyn.report._panel import INK, MODES

# Where an attribute names another element.
_NAMED = re.compile(r"(^|url\()#([\w-]+)")
_NAMING = ("href", "clip-path", "style")
# Digits of a path that nobody sees: a unit is 1/72 inch.
_FINER = re.compile(r"(\.\d\d)\d+")


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
    text = _element(drawing if isinstance(drawing, str) else _text(drawing, name), name, label)
    for colour, of_page in _colours().items():
        text = re.sub(colour, of_page, text, flags=re.IGNORECASE)
    return Markup(text)  # of a serializer, which escapes


def paper_svg(drawing: str, name: str, label: str) -> Markup:
    """A drawing in colours of its own, on white paper by day and by night, in a page.

    As `inline_svg` otherwise.

    Args:
        drawing: vector graphics as text.
        name: name of the drawing, which no other one of the page has.
        label: what the drawing shows, for those who do not see it.

    Returns:
        The element `<svg>`.
    """
    return Markup(_element(drawing, name, label, "drawing paper"))


def _element(drawing: str, name: str, label: str, look: str = "drawing") -> str:
    root = ElementTree.fromstring(drawing)
    _tidy(root)
    values = [one.get(key, "") for one in root.iter() for key in _NAMING]
    # Most identifiers are named by nothing: they say what an element is, and are left out.
    named = {found[2] for value in values for found in _NAMED.finditer(value)}
    for element in root.iter():
        identifier = element.attrib.pop("id", None)
        if identifier in named:
            element.set("id", f"{name}-{identifier}")
        for key in _NAMING:
            if key in element.attrib:
                element.set(key, _NAMED.sub(rf"\1#{name}-\2", element.attrib[key]))
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib.update({"role": "img", "aria-label": label, "class": look})
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(root: ElementTree.Element) -> None:
    """Leave what is drawn: no metadata, no space between elements, no digits that nobody sees."""
    for parent in list(root.iter()):
        for child in list(parent):
            if _bare(child.tag) in ("metadata", "style", "script", "title", "desc"):
                parent.remove(child)
    for element in root.iter():
        element.tag = _bare(element.tag)
        attributes = {_bare(key): value for key, value in element.attrib.items()}
        element.attrib.clear()
        element.attrib.update(attributes)
        if "d" in attributes:
            element.set("d", _FINER.sub(r"\1", " ".join(attributes["d"].split())))
        # Between letters space is a letter too.
        if element.tag not in ("text", "tspan"):
            element.text = None
            for child in element:
                child.tail = None


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
