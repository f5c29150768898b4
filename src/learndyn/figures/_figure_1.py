"""Figure 1: the network, and correlations with constant singular vectors, at every step."""

from typing import TYPE_CHECKING

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import configuration_of, dataset, largest_gap, quantity
from learndyn.network import LinearRNN, init_unaligned
from learndyn.report import bare
from learndyn.tasks import structured_task, task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "the network, and what it sees of a task"
CONFIGURATION = Configuration(
    chosen={
        "delta": [2.0, 1.0],
        "lam": [0.6, 1.2],
        "length": 4,
        "inputs": 3,
        "hidden": 3,
        "outputs": 2,
        "trials": 5,
        "seed": 0,
    },
)


def data(configuration: Configuration) -> "xarray.Dataset":
    """Correlation matrices of a task of two modes, and outputs of a network by both formulas.

    Args:
        configuration: the numbers.

    Returns:
        `correlations` over `step`, `output`, `input`, their `left` and `right` vectors, and
        `recursion` and `sum` over `trial` and `output`.
    """
    length, n_in, n_out = (configuration[name] for name in ("length", "inputs", "outputs"))
    kind = "inverse_exponential"
    delta, lam = (np.asarray(configuration[name]) for name in ("delta", "lam"))
    keys = jax.random.split(jax.random.key(configuration["seed"]), 3)
    task = structured_task(task_dynamics(kind, delta, lam, length), n_in, n_out, key=keys[0])
    statistics = task.statistics()
    # In t order: the last lag is the first step.
    correlations = np.asarray(statistics.lag_targets)[::-1]
    left, _, right = np.linalg.svd(correlations[0])
    net = init_unaligned(n_in, configuration["hidden"], n_out, 1.0, key=keys[1])
    x = np.asarray(jax.random.normal(keys[2], (configuration["trials"], length, n_in)))
    variables = {
        "correlations": quantity(("step", "output", "input"), correlations, "mean of y xᵀ"),
        "left": quantity(("output", "output_mode"), left, "left singular vectors at step 1"),
        "right": quantity(("input_mode", "input"), right, "right singular vectors at step 1"),
        "recursion": quantity(("trial", "output"), _step_by_step(net, x), "output, step by step"),
        "sum": quantity(("trial", "output"), _at_once(net, x), "output, as a sum over steps"),
    }
    coords = {"step": quantity("step", np.arange(1, length + 1), "step of the trajectory t")}
    return dataset("1", configuration, variables, coords)


def _step_by_step(net: LinearRNN, x: np.ndarray) -> np.ndarray:
    """Outputs by eqs 1 and 2."""
    w_x, w_h, w_y = (np.asarray(w) for w in (net.w_x, net.w_h, net.w_y))
    hidden = np.zeros((len(x), len(w_h)))
    for step in range(x.shape[1]):
        hidden = hidden @ w_h.T + x[:, step] @ w_x.T
    return hidden @ w_y.T


def _at_once(net: LinearRNN, x: np.ndarray) -> np.ndarray:
    """Outputs by eq. 3: a sum over the steps, of inputs through the impulse response."""
    response = np.asarray(net.impulse_response(x.shape[1]))[::-1]
    return np.einsum("toi,nti->no", response, x)


def draw(data: "xarray.Dataset") -> Figure:
    """The network unrolled in time, and below each input its correlations with the target.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    length = data.sizes["step"]
    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[3, 4])
    _network(above.subplots(), length)
    grid = below.subplots(2, length)
    values = _in_bases(data)
    largest = float(abs(values).max())
    for t in range(length):
        titles = rf"$\Sigma^{{YX_{t + 1}}}$", f"$S_{t + 1}$"
        matrices = data["correlations"][t], values[t]
        for axes, title, matrix in zip(grid[:, t], titles, matrices, strict=True):
            axes.pcolormesh(matrix, cmap="RdBu_r", vmin=-largest, vmax=largest)
            axes.invert_yaxis()
            axes.set(title=title, xticks=[], yticks=[])
    grid[0, 0].set_ylabel("outputs")
    grid[1, 0].set_ylabel("in the singular\nvectors of t = 1")
    bare(figure)
    return figure


def _network(axes: Axes, length: int) -> None:
    axes.set(xlim=(-0.7, length + 0.9), ylim=(-0.4, 2.1), aspect="equal")
    axes.set_axis_off()
    for t in range(length):
        _box(axes, (t, 0), f"$x_{t + 1}$")
        _box(axes, (t, 1), f"$h_{t + 2}$")
        _arrow(axes, (t, 0), (t, 1), "$W_x$")
        if t:
            _arrow(axes, (t - 1, 1), (t, 1), "$W_h$")
    _box(axes, (length, 1), r"$\hat y$")
    _arrow(axes, (length - 1, 1), (length, 1), "$W_y$")
    said = r"$h_1 = 0$,  $h_{t+1} = W_h h_t + W_x x_t$,  $\hat y = W_y h_{T+1}$"
    axes.text((length - 0.5) / 2, 1.8, said, ha="center")


def _box(axes: Axes, at: tuple[int, int], name: str) -> None:
    corner = at[0] - 0.22, at[1] - 0.22
    axes.add_patch(FancyBboxPatch(corner, 0.44, 0.44, boxstyle="round,pad=0.03", fc="none"))
    axes.text(at[0], at[1], name, ha="center", va="center")


def _arrow(axes: Axes, start, end, name: str) -> None:
    patch = FancyArrowPatch(start, end, arrowstyle="-|>", shrinkA=19, shrinkB=19, mutation_scale=9)
    axes.add_patch(patch)
    upright = start[0] == end[0]
    shift = (0.2, 0.0) if upright else (0.0, 0.16)
    x, y = ((a + b) / 2 + s for a, b, s in zip(start, end, shift, strict=True))
    axes.text(x, y, name, ha="center", va="center", fontsize=9)


def _in_bases(data: "xarray.Dataset") -> np.ndarray:
    """Correlations in the singular vectors of the first step, `(step, mode, mode)`."""
    left, right = data["left"].to_numpy(), data["right"].to_numpy()
    return left.T @ data["correlations"].to_numpy() @ right.T


def claims(data: "xarray.Dataset") -> list[Claim]:
    """1a–c.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    values = _in_bases(data)
    modes = range(min(values.shape[1:]))
    numbers = configuration_of(data)
    steps = np.arange(1, numbers["length"] + 1)
    lags = numbers["length"] - steps
    size = np.asarray(numbers["delta"]) * np.asarray(numbers["lam"]) ** lags[:, None]
    found = values[:, modes, modes]
    diagonal = np.zeros_like(values)
    diagonal[:, modes, modes] = found
    return [
        Claim(
            "1a",
            "The correlation matrices have constant left and right singular vectors.",
            "largest entry off the diagonal, in the vectors of step 1, over the largest entry",
            largest_gap(values, diagonal),
            "<=",
            1e-12,
        ),
        Claim(
            "1b",
            "They vary only in their singular values across time, as the task says.",
            "largest relative gap of singular values from δ λ to the power of the lag",
            largest_gap(np.sort(abs(found), axis=1), np.sort(size, axis=1)),
            "<=",
            1e-12,
        ),
        Claim(
            "1c",
            "The network is a sum over inputs (eq. 3).",
            "largest relative gap of outputs, step by step and as a sum",
            largest_gap(data["sum"], data["recursion"]),
            "<=",
            1e-12,
        ),
    ]
