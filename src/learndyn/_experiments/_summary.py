"""A sweep in numbers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from learndyn._curve_file import package_versions
from learndyn._experiments._configuration import SweepConfiguration

if TYPE_CHECKING:
    import xarray

FORMAT = "learndyn sweep summary 1"


def summarize(configuration: SweepConfiguration, found: "xarray.Dataset") -> dict[str, Any]:
    """A sweep in numbers, ready for JSON; the schema is in docs/sweeps.md.

    Args:
        configuration: what was swept.
        found: what was found.

    Returns:
        Nested dictionaries.
    """
    truths = {str(k): v.values for k, v in found.data_vars.items() if v.dtype == bool}
    numbers = {
        str(k): v.values
        for k, v in found.data_vars.items()
        if v.dtype != bool and "flag_values" not in v.attrs
    }
    return {
        "format": FORMAT,
        "configuration": configuration.summary(),
        "cells": configuration.cells,
        "flags": {name: int(np.count_nonzero(values)) for name, values in truths.items()},
        "outputs": {name: _spread(values) for name, values in numbers.items()},
        "versions": package_versions(),
    }


def _spread(values: np.ndarray) -> dict[str, Any]:
    finite = values[np.isfinite(values)].astype(float)
    if not finite.size:
        return {"finite": 0, "of": values.size, "min": None, "mean": None, "max": None}
    scale = np.max(abs(finite)) or 1.0  # a sum of large numbers may leave their range
    return {
        "finite": finite.size,
        "of": values.size,
        "min": float(finite.min()),
        "mean": float(np.mean(finite / scale) * scale),
        "max": float(finite.max()),
    }
