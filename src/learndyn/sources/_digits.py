"""Scikit-learn's handwritten digits as trials."""

import numpy as np

from learndyn.sources._extras import needs
from learndyn.statistics import Trials


def digits() -> Trials:
    """Handwritten digits row by row: 8 steps of 8 pixels, then one of 10 outputs is 1.

    Pixels run from 0 (white) to 1 (black). The 1,797 images are bundled with scikit-learn.

    Returns:
        The trials.

    Raises:
        MissingExtraError: without scikit-learn (the extra `examples`).

    Example:
        >>> import learndyn.sources
        >>> learndyn.sources.digits().x.shape  # doctest: +SKIP
        (1797, 8, 8)
    """
    with needs("sklearn", "The data set of digits", extra="examples"):
        from sklearn.datasets import load_digits  # pyright: ignore[reportMissingImports]
    pixels, digit = load_digits(return_X_y=True)
    # Counts of black points in squares of 4 × 4.
    return Trials(np.reshape(pixels, (-1, 8, 8)) / 16, np.eye(10)[digit])
