"""Labelled data of a figure, with units and with what made them."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from learndyn._curve_file import package_versions
from learndyn.figures._configuration import Configuration

if TYPE_CHECKING:
    import xarray

FORMAT = "learndyn figure 1"
LEARNING_TIME = "learning time of dW/dt = -grad L"
LOSS = "half the mean squared error"


def quantity(dims, values, long_name: str, units: str = "1") -> tuple:
    """A variable or coordinate of a data set.

    Args:
        dims: names of its dimensions.
        values: the numbers.
        long_name: what it is.
        units: its units.

    Returns:
        What `xarray.Dataset` takes.
    """
    return dims, np.asarray(values), {"long_name": long_name, "units": units}


def dataset(
    name: str, configuration: Configuration, variables: dict[str, tuple], coords: dict[str, tuple]
) -> "xarray.Dataset":
    """Data of a figure, with all it takes to make them again.

    Args:
        name: name of the figure.
        configuration: the numbers they were made from.
        variables: made by `quantity`.
        coords: made by `quantity`, or plain lists of names.

    Returns:
        The data set.
    """
    import xarray

    attributes = {
        "format": FORMAT,
        "figure": name,
        "configuration": json.dumps(configuration.summary()),
        "versions": json.dumps(package_versions()),
    }
    return xarray.Dataset(variables, coords=coords, attrs=attributes)


def configuration_of(data: "xarray.Dataset") -> Configuration:
    """The numbers that a data set was made from.

    Args:
        data: data of a figure.

    Returns:
        The configuration.
    """
    numbers: dict[str, Any] = json.loads(data.attrs["configuration"])
    return Configuration(**numbers)


def largest_gap(measured, reference) -> float:
    """Largest distance of two arrays over the largest size of the reference.

    Args:
        measured: an array.
        reference: what it should be.

    Returns:
        The relative gap.
    """
    measured, reference = np.asarray(measured), np.asarray(reference)
    return float(np.abs(measured - reference).max() / np.abs(reference).max())
