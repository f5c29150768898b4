"""Learning as drawings of one panel each: the loss, its modes, and the recurrent weights."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learndyn._types import Float
from learndyn.report._panel import INK, MODES, learning_time, logarithmic, panel, styles
from learndyn.report._plateaus import Plateau
from learndyn.report._run import Run

_PREDICTED = {"color": INK, "ls": "--", "lw": 1.2}
# Points at which the losses of several starts are compared.
_POINTS = 200


def loss_panel(runs: Sequence[Run], waits: Sequence[Plateau]) -> Figure:
    """Draw the predicted loss over the trained one, with the range over starts.

    Args:
        runs: one for each start; the first is drawn in full.
        waits: plateaus of the first, shaded and named A, B, ….

    Returns:
        A figure of one panel.
    """
    first = runs[0]
    times = np.asarray(first.trained.times)

    def draw(axes: Axes) -> None:
        learning_time(axes, times)
        logarithmic(axes)
        if len(runs) > 1:
            common, low, high = _range_of_losses(runs)
            label = f"range of {len(runs)} starts"
            axes.fill_between(common, low, high, color=MODES[0], alpha=0.25, lw=0, label=label)
        axes.plot(times, first.lazy.loss, color=INK, lw=1.2, ls=":", label="linearized")
        axes.plot(times, first.trained.loss, color=MODES[0], lw=3, label="trained")
        axes.plot(times, first.predicted.loss, **_PREDICTED, label="predicted")
        _shade(axes, waits)
        axes.set_ylabel("loss")
        axes.legend(frameon=False, loc="lower left")

    return panel(draw)


def energies_panel(
    times: Float[np.ndarray, " times"],
    trained: Float[np.ndarray, "times modes"],
    predicted: Float[np.ndarray, "times modes"],
    waits: Sequence[Plateau],
) -> Figure:
    """Draw how much of each mode's loss is left while the network learns.

    Args:
        times: learning times.
        trained: loss of each mode of the trained network.
        predicted: the same of the predicted one.
        waits: plateaus of the loss.

    Returns:
        A figure of one panel.
    """

    def draw(axes: Axes) -> None:
        learning_time(axes, times)
        for i, colour, marker in styles(trained.shape[1]):
            size = trained[0, i] if trained[0, i] > 0 else 1.0
            look = {"color": colour, "marker": marker, "ms": 4, "markevery": (5 * i, 30)}
            axes.plot(times, trained[:, i] / size, lw=2.5, **look, label=f"mode {i + 1}")
            axes.plot(times, predicted[:, i] / size, **_PREDICTED)
        _shade(axes, waits)
        axes.set(ylabel="share of the mode's loss left", ylim=(-0.05, 1.15))
        axes.legend(frameon=False)

    return panel(draw)


def singular_values_panel(runs: Sequence[Run]) -> Figure:
    """Draw the singular values of the recurrent weights, predicted over trained.

    Args:
        runs: one for each start; those after the first are thin.

    Returns:
        A figure of one panel.
    """
    values = [
        (np.asarray(r.trained.singular_values.w_h), np.asarray(r.predicted.singular_values.w_h))
        for r in runs
    ]
    return _sizes_panel(runs, values, "singular values")


def eigenvalues_panel(runs: Sequence[Run]) -> Figure:
    """Draw the absolute eigenvalues of the recurrent weights, predicted over trained.

    Args:
        runs: one for each start; those after the first are thin.

    Returns:
        A figure of one panel.
    """
    values = [(_radii(r.trained.weights.w_h), _radii(r.predicted.weights.w_h)) for r in runs]
    return _sizes_panel(runs, values, "absolute eigenvalues")


def plane_panel(run: Run) -> Figure:
    """Draw the eigenvalues of the recurrent weights at the end, in the complex plane.

    Args:
        run: learning from one start.

    Returns:
        A figure of one panel, with the unit circle.
    """
    trained, predicted = (
        np.linalg.eigvals(np.asarray(curve.final.w_h)) for curve in (run.trained, run.predicted)
    )

    def draw(axes: Axes) -> None:
        circle = np.exp(2j * np.pi * np.linspace(0, 1, 121))
        axes.plot(circle.real, circle.imag, color=INK, lw=0.8, ls=":", label="of size 1")
        look = {"ls": "none", "ms": 8, "mfc": "none", "mew": 2, "color": MODES[0]}
        axes.plot(trained.real, trained.imag, marker="o", **look, label="trained")
        axes.plot(predicted.real, predicted.imag, "x", color=INK, ms=5, label="predicted")
        axes.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
        reach = max(1.0, float(np.abs([trained, predicted]).max())) * 1.1
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
        assert axes.figure is not None
        axes.figure.legend(frameon=False, loc="outside upper right", ncols=3, columnspacing=1.0)

    return panel(draw)


def _sizes_panel(runs: Sequence[Run], values: list, name: str) -> Figure:
    times = np.asarray(runs[0].trained.times)

    def draw(axes: Axes) -> None:
        learning_time(axes, times)
        axes.axhline(1.0, color=INK, lw=0.8, ls=":")
        for run, (trained, _) in list(zip(runs, values, strict=True))[1:]:
            for i, colour, _ in styles(trained.shape[1]):
                axes.plot(
                    np.asarray(run.trained.times), trained[:, i], color=colour, lw=0.8, alpha=0.6
                )
        trained, predicted = values[0]
        for i, colour, marker in styles(trained.shape[1]):
            look = {"color": colour, "marker": marker, "ms": 4, "markevery": (5 * i, 30)}
            axes.plot(times, trained[:, i], lw=2.5, **look, label=None if i else "trained")
            axes.plot(times, predicted[:, i], **_PREDICTED, label=None if i else "predicted")
        axes.set_ylabel(name)
        axes.legend(frameon=False)

    return panel(draw)


def _radii(recurrent) -> Float[np.ndarray, "times hidden"]:
    """Absolute eigenvalues at each time, the largest first."""
    return np.sort(np.abs(np.linalg.eigvals(np.asarray(recurrent))), axis=1)[:, ::-1]


def _range_of_losses(runs: Sequence[Run]):
    """Times that all runs reached, and the least and the greatest of their losses there."""
    last = min(float(np.asarray(run.trained.times)[-1]) for run in runs)
    times = np.asarray(runs[0].trained.times)
    common = np.append(times[times < last], last)
    losses = [
        np.interp(common, np.asarray(run.trained.times), np.asarray(run.trained.loss))
        for run in runs
    ]
    return common, np.min(losses, axis=0), np.max(losses, axis=0)


def _shade(axes: Axes, waits: Sequence[Plateau]) -> None:
    for letter, wait in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", waits, strict=False):
        axes.axvspan(wait.start, wait.end, color=INK, alpha=0.08, lw=0)
        scale = axes.get_xaxis_transform()
        middle = _middle(axes, wait)
        axes.text(middle, 1.0, letter, transform=scale, ha="center", va="top", fontsize=8)


def _middle(axes: Axes, wait: Plateau) -> float:
    """Where the middle of a plateau is drawn."""
    ends = axes.transData.transform([(wait.start, 1.0), (wait.end, 1.0)])
    return float(axes.transData.inverted().transform(ends.mean(0))[0])
