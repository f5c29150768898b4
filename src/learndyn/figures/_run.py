"""Make a figure: data, drawing, claims, and its files."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from learndyn._curve_file import package_versions
from learndyn._errors import InputError
from learndyn._io import write_json, write_whole
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import FORMAT
from learndyn.report import save_svg

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

# Where each figure lives; none is imported before it is asked for.
_NAMES = (
    *("1", "2", "3", "4", "5", "6"),
    *("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11"),
    *("M2", "M3", "M4", "M5", "K", "R"),
)
FIGURES = {name: f"learndyn.figures._figure_{name.lower()}" for name in _NAMES}
# What figures of stimuli are made from unless another source is asked for.
_SOURCE = "integration"
# In the order in which they are written: the last one says that the figure is finished.
SUFFIXES = (".nc", ".svg", ".json")


@runtime_checkable
class FigureModule(Protocol):
    """What the file of a figure holds.

    Attributes:
        TITLE: what the figure shows, in a line.
        CONFIGURATION: its numbers.

    It may hold QUICK, a dictionary of other numbers, with which the same is seen sooner, and
    SOURCES, where its stimuli may come from.
    """

    TITLE: str
    CONFIGURATION: Configuration

    def data(self, configuration: Configuration) -> "xarray.Dataset":
        """Labelled data, simulation and theory.

        Args:
            configuration: the numbers.
        """
        ...

    def draw(self, data: "xarray.Dataset") -> "Figure":
        """The drawing.

        Args:
            data: what `data` returned.
        """
        ...

    def claims(self, data: "xarray.Dataset") -> list[Claim]:
        """The claims, measured.

        Args:
            data: what `data` returned.
        """
        ...


@dataclass(frozen=True)
class FigureResult:
    """A figure that was made.

    Attributes:
        name: its name.
        title: what it shows.
        configuration: its numbers.
        data: its data.
        claims: its claims, measured.

    Example:
        >>> from learndyn.figures import make_figure
        >>> [(claim.held, claim.as_expected) for claim in make_figure("K").claims[:2]]
        [(True, True), (False, True)]
    """

    name: str
    title: str
    configuration: Configuration
    data: "xarray.Dataset"
    claims: list[Claim]

    @property
    def as_expected(self) -> bool:
        """Whether every claim ended as recorded."""
        return all(claim.as_expected for claim in self.claims)

    def summary(self) -> dict[str, Any]:
        """The figure in numbers, ready for JSON; the schema is in docs/figures.md.

        Returns:
            Nested dictionaries.
        """
        return {
            "format": FORMAT,
            "name": self.name,
            "title": self.title,
            "configuration": self.configuration.summary(),
            "claims": [claim.summary() for claim in self.claims],
            "as_expected": self.as_expected,
            "versions": package_versions(),
        }

    def drawing(self) -> "Figure":
        """Draw it.

        Returns:
            A figure of matplotlib.
        """
        return load_figure(self.name).draw(self.data)

    def save(self, folder: str | Path) -> None:
        """Write data (netCDF), drawing (SVG) and claims (JSON), each whole, the claims last.

        Args:
            folder: where; made if missing.
        """
        stem = Path(folder) / self.name
        data = self.data
        write_whole(stem.with_suffix(".nc"), lambda to: data.to_netcdf(to, engine="h5netcdf"))
        save_svg(self.drawing(), stem.with_suffix(".svg"))
        write_json(stem.with_suffix(".json"), self.summary())


def load_figure(name: str) -> FigureModule:
    """The file of a figure, imported when first asked for.

    Args:
        name: name of the figure.

    Returns:
        The module.

    Raises:
        InputError: for a name that is none.

    Example:
        >>> from learndyn.figures import load_figure
        >>> load_figure("A2").TITLE
        'the two terms of the energy, and their sum'
    """
    if name not in FIGURES:
        raise InputError(f"a figure among {', '.join(FIGURES)}, or all", repr(name))
    return cast(FigureModule, importlib.import_module(FIGURES[name]))


def figure_configuration(name: str, *, quick: bool = False, source: str = _SOURCE) -> Configuration:
    """The numbers of a figure.

    Args:
        name: name of the figure.
        quick: with those that its file has for a first look, if any, such as fewer seeds.
        source: where its stimuli come from, if it has any: "integration" or "neurogym".

    Returns:
        The configuration.

    Raises:
        InputError: for a name that is none, or another source than its figure has.

    Example:
        >>> from learndyn.figures import figure_configuration
        >>> figure_configuration("A1")["seeds"], figure_configuration("A1", quick=True)["seeds"]
        (10, 2)
    """
    module = load_figure(name)
    numbers = dict(getattr(module, "QUICK", {}) if quick else {})
    if source != _SOURCE:
        sources = getattr(module, "SOURCES", (_SOURCE,))
        if source not in sources:
            raise InputError(f"a source of figure {name}: {' or '.join(sources)}", repr(source))
        numbers["source"] = source
    return module.CONFIGURATION.changed(**numbers)


def figure_names(name: str) -> list[str]:
    """The figures that a name stands for.

    Args:
        name: `all`, a letter, such as M for all that begin with it, or the name of a figure.

    Returns:
        Names of figures, in their order; the name alone if it is none.

    Example:
        >>> from learndyn.figures import figure_names
        >>> figure_names("M")
        ['M2', 'M3', 'M4', 'M5']
    """
    letter = name.isalpha() and len(name) == 1
    found = [each for each in FIGURES if name == "all" or (letter and each.startswith(name))]
    return found or [name]


def make_figure(name: str, configuration: Configuration | None = None) -> FigureResult:
    """Compute a figure's data and measure its claims.

    Args:
        name: name of the figure.
        configuration: its numbers; None: those of its file.

    Returns:
        The figure.

    Raises:
        InputError: for a name that is none.

    Example:
        >>> from learndyn.figures import make_figure
        >>> done = make_figure("K")
        >>> done.as_expected
        True
    """
    module = load_figure(name)
    configuration = figure_configuration(name) if configuration is None else configuration
    data = module.data(configuration)
    return FigureResult(name, module.TITLE, configuration, data, module.claims(data))
