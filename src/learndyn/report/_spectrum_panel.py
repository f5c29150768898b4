"""Temporal spectra as drawings."""

import numpy as np
from matplotlib.figure import Figure

from learndyn._types import Inexact
from learndyn.report._panel import panel, styles, whole_numbers


def spectrum_panel(spectrum: Inexact[np.ndarray, "modes T"]) -> Figure:
    """Draw temporal singular values, or eigenvalues, over the steps of a trial.

    Args:
        spectrum: in t order, `(modes, T)`; of complex ones the imaginary part is dotted.

    Returns:
        A figure of one panel.

    Example:
        >>> import numpy as np
        >>> from learndyn.report import spectrum_panel
        >>> len(spectrum_panel(np.ones((2, 5))).axes[0].lines)
        2
    """
    steps, turns = np.arange(1, spectrum.shape[1] + 1), np.iscomplexobj(spectrum)

    def draw(axes):
        for i, colour, marker in styles(len(spectrum)):
            look = {"color": colour, "marker": marker, "ms": 3.5, "lw": 1.3}
            if len(steps) > 40:
                look["markevery"] = (i, 12)
            axes.plot(steps, spectrum[i].real, **look, label=f"mode {i + 1}")
            if turns:
                axes.plot(steps, spectrum[i].imag, ":", color=colour, lw=1.5)
        name = "temporal eigenvalue" if turns else "temporal singular value"
        axes.set(xlabel="step of the trial", ylabel=name)
        whole_numbers(axes)
        axes.legend(frameon=False, ncols=2 if len(spectrum) > 3 else 1)

    return panel(draw)
