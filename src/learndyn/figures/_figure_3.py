"""Figure 3: task dynamics decide on the stability of solutions, and on other trial lengths."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from learndyn import theory
from learndyn._experiments import lag_weights
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LOSS, configuration_of, dataset, quantity
from learndyn.figures._figure_3_claims import CASES, KINDS, closed_form
from learndyn.figures._figure_3_claims import claims as claims
from learndyn.figures._readout import name_readout
from learndyn.figures._training import ENDS, Settled, settle
from learndyn.network import LinearRNN
from learndyn.report import SIMULATION, THEORY, bare, colours
from learndyn.tasks import task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "stability and extrapolation of learned solutions"
CONFIGURATION = Configuration(
    chosen={
        "outputs": "final",
        # Even, so that λ^T is positive and balanced modes can reach it for either sign of λ.
        "length": 6,
        "delta": [0.1, 3.0, 15],
        "lam": [0.5, 1.5, 11],
        "delta_of_lam": 1.0,
        "start": [0.3, 0.1, 0.3],
        "rate": 0.5,
        "tolerance": 1e-8,
        "max_steps": 50_000,
        "stable_rates": [0.8, 0.9, 0.95, 1.05, 1.1, 1.2],
        "distance": 1e-4,
        "steps_near": 4_000,
        "extrapolated": [None, 0.9, 0.9, 1.1],
        "test_lengths": [1, 17],
    },
)
# What tasks are told apart by, if not by λ.
_DIMS = {"constant": "delta", "extrapolated": "case"}


def data(
    configuration: Configuration, name: str = "3", more: Callable | None = None
) -> "xarray.Dataset":
    """Learned modes, curvature and stable rates at the optimum, loss at other lengths.

    Args:
        configuration: the numbers.
        name: name of the figure.
        more: further spectra to learn, `(lam, T)`, a function of the configuration and of λ.

    Returns:
        Variables over `delta`, `lam`, `factor`, `case` and `test_length`.
    """
    delta, length = np.linspace(*configuration["delta"]), configuration["length"]
    positive = np.linspace(*configuration["lam"])
    lam = np.concatenate([-positive[::-1], positive])
    scale = np.full(lam.shape, configuration["delta_of_lam"])
    groups = {
        "constant": task_dynamics("constant", delta, None, length),
        "inverse": task_dynamics("inverse_exponential", scale, lam, length),
        "exponential": task_dynamics("exponential", scale, lam, length),
        "extrapolated": np.stack([spectrum(length) for spectrum in _cases(configuration)]),
    }
    if more is not None:
        groups["more"] = more(configuration, lam)
    found, learned = _learn(configuration, groups)
    test_length = np.arange(*configuration["test_lengths"])
    variables = {
        **_returns(configuration, np.asarray(groups["constant"]), found),
        **_extrapolated(configuration, learned["extrapolated"], test_length),
    }
    for group, settled in learned.items():
        variables |= _learned(group, _DIMS.get(group, "lam"), settled)
    coords = {
        "delta": quantity("delta", delta, "scale of the task"),
        "lam": quantity("lam", lam, "dynamics of the task"),
        "factor": quantity("factor", configuration["stable_rates"], "rate over 2 / curvature"),
        "case": ("case", list(CASES)),
        "test_length": quantity("test_length", test_length, "steps of the trajectory"),
    }
    return dataset(name, configuration, variables, coords)


def _cases(configuration: Configuration) -> list:
    """The tasks tried at other lengths, functions of the length."""
    delta = configuration["delta_of_lam"]
    pairs = zip(KINDS, configuration["extrapolated"], strict=True)
    return [partial(task_dynamics, kind, delta, lam) for kind, lam in pairs]


def _learned(name: str, dim: str, ended: Settled) -> dict:
    return {
        f"b_{name}": quantity(dim, ended.b, f"learned b, {name}"),
        f"u_{name}": quantity(dim, ended.u, f"learned ac, {name}"),
        f"loss_{name}": quantity(dim, ended.loss, f"loss at the end, {name}", LOSS),
        f"end_{name}": quantity(dim, ended.end, f"how training ended, among {', '.join(ENDS)}"),
    }


def _stability(configuration: Configuration, spectra: np.ndarray) -> theory.Stability:
    length = spectra.shape[-1]
    return theory.stability(spectra, weights=lag_weights(configuration["outputs"], length, length))


def _learn(configuration: Configuration, groups: dict) -> tuple[theory.Stability, dict]:
    """Stability of all optima, and by group where networks ended, trained in one go."""
    spectra = np.concatenate([*groups.values()])
    found = _stability(configuration, spectra)
    # A share of the largest stable rate, 2 over the curvature.
    rate = configuration["rate"] / 2 * found.largest_rate
    options = {name: configuration[name] for name in ("outputs", "tolerance", "max_steps")}
    ended = settle(spectra, configuration["start"], rate, **options)
    ends = np.cumsum([len(spectra) for spectra in groups.values()])[:-1]
    parts = zip(*(np.split(values, ends) for values in ended), strict=True)
    return found, {name: Settled(*part) for name, part in zip(groups, parts, strict=True)}


def _balanced(best) -> tuple:
    root = jnp.sqrt(abs(best.u))
    return root, best.b, jnp.sign(best.u) * root


def _returns(configuration: Configuration, spectra: np.ndarray, found: theory.Stability) -> dict:
    """Curvature at the optimum, and which rates return to it from nearby; the first are asked."""
    found = jax.tree.map(lambda part: part[: len(spectra)], found)
    best, curvature = found.optimum, found.sharpness
    factors, nearby = np.asarray(configuration["stable_rates"]), configuration["distance"]
    cells = np.broadcast_to(spectra[:, None], (*spectra.shape[:1], factors.size, spectra.shape[1]))
    start = [(mode + nearby * (1 + i))[:, None] for i, mode in enumerate(_balanced(best))]
    rate = 2 * factors / np.asarray(curvature)[:, None]
    # The first loss is of the order of the distance squared, its gradient of the distance.
    options = {"outputs": configuration["outputs"], "max_steps": configuration["steps_near"]}
    near = settle(cells, start, rate, tolerance=1.0, **options)
    home = np.abs(near.u - np.asarray(best.u)[:, None]) < nearby
    return {
        "curvature": quantity("delta", curvature, "largest curvature at the optimum"),
        "returns": quantity(
            ("delta", "factor"), (near.end == 0) & home, "training returns to the optimum"
        ),
    }


def _extrapolated(configuration: Configuration, learned: Settled, test_length: np.ndarray) -> dict:
    """Loss at other lengths of networks that learned at one, lag by lag."""
    losses, sizes = [], []
    longest = int(test_length.max())
    weights = np.asarray(lag_weights(configuration["outputs"], test_length, longest))
    for spectrum, u, b in zip(_cases(configuration), learned.u, learned.b, strict=True):
        net = LinearRNN(*(jnp.reshape(m, (1, 1)) for m in (u, b, 1.0)))
        response = np.asarray(net.impulse_response(longest))[:, 0, 0]
        targets = [np.asarray(spectrum(int(n)))[::-1] for n in test_length]
        errors = [t - response[: t.size] for t in targets]
        for found, parts in ((losses, errors), (sizes, targets)):
            pairs = zip(weights, parts, strict=True)
            found.append([0.5 * (w[: x.size] * x**2).sum() for w, x in pairs])
    over, relative = ("case", "test_length"), np.array(losses) / np.array(sizes)
    return {
        "loss_elsewhere": quantity(over, losses, "loss at another length", LOSS),
        "relative_loss": quantity(over, relative, "the same over that of the zero network"),
    }


def draw(data: "xarray.Dataset") -> Figure:
    """Learned modes over theory, stable rates, loss at other lengths.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(14, 6.5), layout="constrained")
    (b_row, u_row) = figure.subplots(2, 4)
    length, delta_of_lam = configuration_of(data)["length"], configuration_of(data)["delta_of_lam"]
    delta, lam = data["delta"].to_numpy(), data["lam"].to_numpy()
    solutions = {
        "constant": (delta, np.ones_like(delta), delta, "δ"),
        "inverse": (lam, lam, np.full_like(lam, delta_of_lam), "λ"),
        "exponential": (lam, 1 / lam, delta_of_lam * lam**length, "λ"),
    }
    panels = zip(solutions.items(), b_row, u_row, strict=False)
    for (name, (x, b, u, label)), b_axes, u_axes in panels:
        for axes, key, solution in ((b_axes, "b", b), (u_axes, "u", u)):
            axes.plot(x, data[f"{key}_{name}"], "o", ms=6, color="#0072B2", label="trained")
            for half in (x < 0, x > 0):
                axes.plot(x[half], solution[half], **THEORY, label="solution" if half[-1] else None)
            axes.set(xlabel=label)
        for sign in (1, -1) if x.min() < 0 else (1,):
            note = "|b| = 1" if sign > 0 else None
            b_axes.axhline(sign, color="#009E73", lw=1, ls=":", label=note)
        b_axes.set(title=name.replace("inverse", "inverse-exponential"))
        b_axes.legend(frameon=False, fontsize="small")
    b_row[0].set_ylabel("recurrent mode b")
    u_row[0].set_ylabel("input–output mode ac")
    u_row[2].set_yscale("log")
    # Constants, whose rounding errors would fill the panels.
    b_row[0].set_ylim(0, 1.5)
    u_row[1].set_ylim(0, 1.5 * delta_of_lam)
    _draw_rates(b_row[3], data)
    _draw_lengths(u_row[3], data, length)
    name_readout(figure, configuration_of(data)["outputs"])
    bare(figure)
    return figure


def _draw_rates(axes, data: "xarray.Dataset") -> None:
    delta, limit = data["delta"].to_numpy(), 2 / data["curvature"].to_numpy()
    for factor in data["factor"].to_numpy():
        returns = data["returns"].sel(factor=factor).to_numpy()
        axes.plot(delta[returns], factor * limit[returns], "o", ms=3, color="#0072B2")
        axes.plot(delta[~returns], factor * limit[~returns], "x", ms=4, color="#D55E00")
    axes.plot([], [], "o", ms=3, color="#0072B2", label="returns to the solution")
    axes.plot([], [], "x", ms=4, color="#D55E00", label="leaves it")
    axes.plot(delta, limit, **THEORY, label="2 / curvature")
    axes.set(title="constant", xlabel="δ", ylabel="learning rate", yscale="log")
    axes.legend(frameon=False, fontsize="small")


def _draw_lengths(axes, data: "xarray.Dataset", length: int) -> None:
    for i, (case, colour) in enumerate(zip(CASES, colours(), strict=False)):
        here, theoretical = data["relative_loss"].isel(case=i), closed_form(data, i)
        # Two of them are zero, but for what training leaves.
        exact = theoretical.max() == 0
        values = np.zeros_like(here) if exact else here
        lam = configuration_of(data)["extrapolated"][i]
        label = case if lam is None else f"{case}, λ = {lam:g}"
        axes.plot(data["test_length"], values, color=colour, label=label, **SIMULATION)
        axes.plot(data["test_length"], theoretical, **THEORY)
    axes.axvline(length, color="0.7", lw=1, zorder=0)
    axes.set(xlabel=f"length at test (trained at {length})", ylabel="loss over that of zero")
    axes.legend(frameon=False, fontsize="small")
