"""Figure K, ours: energy against error in ac and in b (appendix K)."""

from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LOSS, configuration_of, dataset, quantity
from learndyn.network import LinearRNN
from learndyn.report import THEORY, bare, colours
from learndyn.statistics import TaskStatistics
from learndyn.tasks import task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "energy against error in the modes"
CONFIGURATION = Configuration(
    chosen={
        "cases": [
            ["constant", None],
            ["inverse_exponential", 0.8],
            ["inverse_exponential", 1.2],
            ["exponential", 0.8],
            ["exponential", 1.2],
        ],
        "delta": 1.0,
        "lengths": [5, 10, 20, 40, 80, 160, 320],
        "errors_in_u": [-10.0, -1.0, -0.1, -0.01, 0.01, 0.1, 1.0, 10.0],
        "small_error_in_b": 1e-6,
        "errors_in_b": [-0.1, 0.1, 0.3],
    },
)


def data(configuration: Configuration) -> "xarray.Dataset":
    """Loss of networks at the solution and beside it, over dynamics, length and error.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `case`, `length`, and `error_in_u` or `error_in_b`; the first error in b is
        the small one.
    """
    cases, delta = configuration["cases"], configuration["delta"]
    lengths, in_u = configuration["lengths"], np.asarray(configuration["errors_in_u"])
    in_b = np.asarray([configuration["small_error_in_b"], *configuration["errors_in_b"]])
    solutions = np.array([[_solution(case, delta, n) for n in lengths] for case in cases])
    spectra = np.array([[_by_lag(case, delta, n, max(lengths)) for n in lengths] for case in cases])
    weights = (np.arange(max(lengths)) < np.asarray(lengths)[:, None]).astype(float)
    beside = jax.vmap(jax.vmap(partial(_losses, in_u=in_u, in_b=in_b)), in_axes=(0, None, 0))
    loss_u, loss_b = jax.jit(beside)(spectra, weights, solutions)
    over, beside_it = ("case", "length"), "loss of a network beside the solution"
    variables = {
        "b": quantity(over, solutions[..., 0], "recurrent mode at the solution"),
        "u": quantity(over, solutions[..., 1], "input-output mode at the solution"),
        "size": quantity(over, (spectra**2).sum(-1) / 2, "loss of the zero network", LOSS),
        "loss_u": quantity((*over, "error_in_u"), loss_u, beside_it, LOSS),
        "loss_b": quantity((*over, "error_in_b"), loss_b, beside_it, LOSS),
    }
    coords = {
        "case": ("case", [_label(*case) for case in cases]),
        "length": quantity("length", lengths, "steps of the trajectory T"),
        "error_in_u": quantity("error_in_u", in_u, "relative error in ac"),
        "error_in_b": quantity("error_in_b", in_b, "error in b"),
    }
    return dataset("K", configuration, variables, coords)


def _label(kind: str, lam: float | None) -> str:
    return kind.replace("_", "-") + ("" if lam is None else f", λ = {lam:g}")


def _by_lag(case, delta: float, length: int, longest: int) -> np.ndarray:
    """The spectrum by lag, padded to the longest."""
    spectrum = np.asarray(task_dynamics(case[0], delta, case[1], length))
    return np.pad(spectrum[::-1], (0, longest - length))


def _solution(case, delta: float, length: int) -> tuple[float, float]:
    """The zero-loss solution (b, ac) of appendix F.3."""
    kind, lam = case
    if kind == "constant":
        return 1.0, delta
    return (lam, delta) if kind == "inverse_exponential" else (1 / lam, delta * lam**length)


def _losses(spectrum, weights, solution, *, in_u, in_b):
    """Loss of networks with an error in one of the two modes."""
    statistics = TaskStatistics.white(spectrum[:, None, None], weights=weights)
    b, u = solution

    def loss(b, u):
        net = LinearRNN(jnp.reshape(u, (1, 1)), jnp.reshape(b, (1, 1)), jnp.ones((1, 1)))
        return statistics.excess(net.impulse_response(spectrum.size))

    in_one = jax.vmap(loss, in_axes=(None, 0)), jax.vmap(loss, in_axes=(0, None))
    return in_one[0](b, u * (1 + in_u)), in_one[1](b + in_b, u)


def draw(data: "xarray.Dataset") -> Figure:
    """Energy against the error in ac, and against T for errors in b.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(12, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    positive = data.sel(error_in_u=data["error_in_u"] > 0)
    length, error = data["length"].to_numpy(), positive["error_in_u"].to_numpy()
    third, large = 1, float(data["error_in_b"][-1])
    for i, colour in zip(range(data.sizes["case"]), colours(), strict=False):
        here, name = data.isel(case=i), str(data["case"][i].item())
        theory = None if i else "theory"
        b, u = here["b"].to_numpy(), float(here["u"][third])
        line = {"ls": "-", "marker": "o", "ms": 3, "lw": 2.5, "color": colour}
        left.plot(error, positive["loss_u"][i, third], label=name, **line)
        sums = (b[third] ** (2 * np.arange(length[third]))).sum()
        left.plot(error, 0.5 * sums * (error * u) ** 2, **THEORY, label=theory)
        curvature = 2 * here["loss_b"][:, 0] / float(here["error_in_b"][0]) ** 2 / here["size"]
        middle.plot(length, curvature, **line)
        middle.plot(length, _curvature(here), **THEORY)
        right.plot(length, here["loss_b"][:, -1] / here["size"], **line)
    left.set(title=f"Error in ac, T = {length[third]}", xscale="log", yscale="log")
    left.set(xlabel="Δ(ac) / ac", ylabel="loss, ½ mean squared error")
    middle.set(title="Curvature in b", xscale="log", yscale="log", xlabel="trajectory length T")
    middle.set(ylabel="∂²E/∂b² over the loss of the zero network")
    right.set(title=f"Error in b of {large:g}", yscale="log", xlabel="trajectory length T")
    right.set(ylabel="loss over that of the zero network")
    figure.legend(loc="outside lower center", ncols=6, frameon=False, fontsize="small")
    bare(figure)
    return figure


def _curvature(here: "xarray.Dataset") -> list[float]:
    """`u² Σ k² b^{2(k−1)}` over the task's own size."""
    values = []
    for i, length in enumerate(here["length"].to_numpy()):
        b, u, k = float(here["b"][i]), float(here["u"][i]), np.arange(1, length)
        values.append(float((k * u * b ** (k - 1.0)) @ (k * u * b ** (k - 1.0)) / here["size"][i]))
    return values


def claims(data: "xarray.Dataset") -> list[Claim]:
    """Ka–c.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    small = configuration_of(data)["small_error_in_b"]
    b = data["b"].to_numpy()[:, -1]
    per_square = (data["loss_u"] / data["error_in_u"] ** 2).to_numpy()
    relative = (data["loss_b"] / data["size"]).to_numpy()
    length = data["length"].to_numpy().astype(float)
    rate = np.diff(np.log(relative[:, -2:, 1:]), axis=1)[:, 0] / (length[-1] - length[-2])
    errors = data["error_in_b"].to_numpy()[1:]
    reached = np.abs(b[:, None] + errors)
    predicted = 2 * np.log(np.maximum(reached, 1) / np.maximum(np.abs(b), 1)[:, None]).clip(0)
    power = np.diff(np.log(relative[:, -2:, 0]), axis=1)[:, 0] / np.log(length[-1] / length[-2])
    steps = f"from T = {length[-2]:.0f} to {length[-1]:.0f}"
    return [
        Claim(
            "Ka",
            "The error of the input-output modes enters into the energy quadratically.",
            "largest relative spread of E / Δ(ac)², over errors of either sign, dynamics, lengths",
            (np.ptp(per_square, axis=-1) / per_square.mean(-1)).max(),
            "<=",
            1e-9,
        ),
        Claim(
            "Kb",
            "The error of the recurrent mode enters into the energy exponentially with time.",
            f"least rate d ln(E / E(0)) / dT over errors {errors.tolist()} and dynamics, {steps}",
            rate.min(),
            ">=",
            0.01,
            expected=False,
            erratum=22,
            note="Exponentially only where the error leads to |b| > 1, beyond the solution: see "
            "Kc*. Elsewhere the cost of an error saturates (|b| < 1) or grows like a power of T "
            "(Kb*). The change of variables b = f(λ, i)^{1/(T−i)} + Δb is one of the network only "
            "for inverse-exponential dynamics: for exponential ones λ^T belongs to ac.",
        ),
        Claim(
            "Kb*",
            "A small error in b costs, relative to the size of the task, T² where the solution "
            "has |b| ≥ 1 (T³ in absolute terms for constant dynamics), and a constant below.",
            f"largest gap of the power of T of E / E(0) from 2 or 0, at Δb = {small:g}, {steps}",
            np.abs(power - np.where(np.abs(b) >= 1, 2, 0)).max(),
            "<=",
            0.06,
        ),
        Claim(
            "Kc*",
            "An error in b costs exponentially in T if and only if it leads beyond |b| = 1 and "
            "beyond the solution, at rate 2 ln(|b + Δb| / max(1, |b|)).",
            f"largest gap of the rate d ln(E / E(0)) / dT from it, {steps}",
            np.abs(rate - predicted).max(),
            "<=",
            0.02,
        ),
    ]
