"""Learning as a drawing: the task's spectrum, the loss and the recurrent weights."""

import numpy as np
from matplotlib.figure import Figure

from learndyn._curve import LearningCurve
from learndyn.report._style import THEORY, bare, colours


def learning_figure(
    predicted: LearningCurve, trained: LearningCurve, lazy: LearningCurve, spectrum: np.ndarray
) -> Figure:
    """Draw prediction, dashed, over training, coloured, and what lazy learning would have done.

    Args:
        predicted: predicted curve.
        trained: trained curve, at the same times.
        lazy: curve of the network linearized at its start, at the same times.
        spectrum: temporal singular values, or eigenvalues, `(modes, T)`, in t order.

    Returns:
        A figure of three panels.
    """
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    tasks, losses, weights = figure.subplots(1, 3)
    _draw_spectrum(tasks, spectrum)
    _draw(losses, trained, predicted, lambda c: np.asarray(c.loss)[:, None])
    losses.plot(trained.times, lazy.loss, color="0.5", lw=1, label="linearized at the start")
    losses.set(title="Loss", ylabel="½ mean squared error", yscale="log")
    if float(trained.floor) > 1e-9 * float(trained.loss[0]):
        losses.axhline(float(trained.floor), color="0.6", lw=1, ls=":", label="floor")
    losses.legend(frameon=False)
    _draw(weights, trained, predicted, lambda c: np.asarray(c.singular_values.w_h))
    weights.axhline(1.0, color="0.8", lw=1, zorder=0)
    weights.set(title="Recurrent weights", ylabel="singular values")
    times = np.asarray(trained.times)
    for axes in (losses, weights):
        # Linear near the start, so that time zero is on the axis.
        axes.set_xscale("symlog", linthresh=max(float(times[1]), 1e-12) * 10)
        axes.set(xlabel="learning time", xlim=(0, float(times[-1])))
        axes.xaxis.get_major_locator().set_params(numticks=6)
    bare(figure)
    return figure


def _draw_spectrum(axes, spectrum: np.ndarray) -> None:
    steps, name = np.arange(1, spectrum.shape[1] + 1), "temporal singular value"
    for mode, (values, colour) in enumerate(zip(spectrum, colours(), strict=False), start=1):
        axes.plot(steps, values.real, "o-", ms=3, color=colour, label=f"mode {mode}")
        if np.iscomplexobj(values):
            name = "temporal eigenvalue (imaginary part dotted)"
            axes.plot(steps, values.imag, ":", color=colour)
    axes.set(title="Task", xlabel="step of the trial", ylabel=name)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize="small")


def _draw(axes, trained: LearningCurve, predicted: LearningCurve, values) -> None:
    for i, (line, theory, colour) in enumerate(
        zip(values(trained).T, values(predicted).T, colours(), strict=False)
    ):
        axes.plot(trained.times, line, color=colour, lw=2.5, label=None if i else "trained")
        axes.plot(trained.times, theory, **THEORY, label=None if i else "predicted")
