"""Figure 4: recurrent and feedforward computation, and what training finds of either."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from learndyn import theory
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LOSS, configuration_of, dataset, quantity
from learndyn.figures._figure_4_claims import claims as claims
from learndyn.figures._landscape import best_of_grid, family, jump_of_optimum, minima_of_grid, rise
from learndyn.figures._training import ENDS, Settled, optima, padded, settle, settle_unaligned
from learndyn.report import COLOURS, THEORY, bare

if TYPE_CHECKING:
    import xarray

TITLE = "transitions between recurrent and feedforward computation"
CONFIGURATION = Configuration(
    chosen={
        "length": [5, 10, 15],
        "kappa": [1.0, 2.0],
        "grids": {
            "constant": [0.02, 1.5],
            "inverse_exponential": [0.02, 1.05],
            "exponential": [0.3, 1.05],
            "dirac_delta": [0.1, 3.0],
        },
        "points": 25,
        "start": [0.1, 0.1, 0.1],
        "dirac_start": [0.5, 0.7, 0.5],
        "rate": 0.5,
        "tolerance": 1e-6,
        "max_steps": 20_000,
        "families": [["constant", 1.0], ["exponential", 1.0], ["inverse_exponential", 2.0]],
        "widths": [5, 7, 9, 10, 11, 13, 15, 20],
        "flow_length": 4,
        "flow_ratio": [0.5, 3.5, 31],
        "flow_kappa": [1.0, 2.0, 4.0],
        "flow_b": [0.1, 0.3, 0.5, 0.7],
        "flow_scale": 0.3,
        "seeds": 10,
        # Above and below the transition.
        "unaligned_delta": [1.2, 0.1],
        "unaligned_length": 10,
        "units": [2, 4],
        "unaligned_scale": 0.05,
        "unaligned_rate": 0.003,
        "unaligned_steps": 20_000,
    },
)
KINDS = ("constant", "inverse_exponential", "exponential", "dirac_delta")
_LABELS = ("constant, δ", "inverse-exponential, λ (δ = 1)", "exponential, λ (δ = 1)", "Dirac, β")
_B = np.linspace(0, 1.8, 1801)


def data(configuration: Configuration) -> "xarray.Dataset":
    """Learned modes, exact optima, coexisting minima, jumps, flows, and unaligned networks.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `length`, `kind`, `kappa`, `point`, and those of the other parts.
    """
    grids, points = configuration["grids"], configuration["points"]
    x = np.stack([np.linspace(low, high, points) for low, high in (grids[k] for k in KINDS)])
    variables = {
        "x": quantity(("kind", "point"), x, "δ or λ of the task"),
        **_grid(configuration, x),
        **_widths(configuration),
        **_flows(configuration),
        **_unaligned(configuration),
    }
    ratio = np.linspace(*configuration["flow_ratio"])
    seeds = np.arange(configuration["seeds"])
    delta = configuration["unaligned_delta"]
    coords = {
        "kind": ("kind", list(KINDS)),
        "length": quantity("length", configuration["length"], "steps of the trajectory T"),
        "kappa": quantity("kappa", configuration["kappa"], "value at the last step"),
        "width_length": quantity("width_length", configuration["widths"], "steps T"),
        "ratio": quantity("ratio", ratio, "beta over kappa"),
        "flow_kappa": quantity("flow_kappa", configuration["flow_kappa"], "value at the last step"),
        "b_start": quantity("b_start", configuration["flow_b"], "recurrent mode at the start"),
        "seed": quantity("seed", seeds, "seed of the random weights"),
        "mode": quantity("mode", np.arange(1, len(delta) + 1), "mode, strongest first"),
        "units": quantity("units", configuration["units"], "hidden units"),
        "rank": quantity("rank", np.arange(1, max(configuration["units"]) + 1), "order of size"),
        "family": ("family", [kind for kind, _ in configuration["families"]]),
    }
    return dataset("4", configuration, variables, coords)


def _grid(configuration: Configuration, x: np.ndarray) -> dict:
    lengths, kappas = configuration["length"], configuration["kappa"]
    spectra = [
        np.stack(
            [
                [family(k, row, n, kappa) for kappa in kappas]
                for k, row in zip(KINDS, x, strict=True)
            ]
        )
        for n in lengths
    ]
    best = optima(*padded(spectra))
    trained = _train(configuration, spectra)
    over = ("length", "kind", "kappa", "point")
    return {
        "b": quantity(over, best.b, "b of the exact optimum"),
        "u": quantity(over, best.u, "ac of the exact optimum"),
        "b_trained": quantity(over, trained.b, "learned b"),
        "u_trained": quantity(over, trained.u, "learned ac"),
        "end": quantity(over, trained.end, f"how training ended, among {', '.join(ENDS)}"),
        "before_last": quantity(
            over, np.stack([s[..., -2] for s in spectra]), "singular value at the last step but one"
        ),
        "minima": quantity(
            over, np.stack([minima_of_grid(s, _B) for s in spectra]), "minima with b ≥ 0, by search"
        ),
    }


def _train(configuration: Configuration, spectra: list[np.ndarray]) -> Settled:
    """Networks from a small start; of Dirac deltas from one of larger b, see claim 4f."""
    stacked, length = padded(spectra)
    start = np.array([configuration["start"]] * 3 + [configuration["dirac_start"]]).T
    rates = configuration["rate"] / np.maximum(np.stack([_curvature(s) for s in spectra]), 5)
    options = {name: configuration[name] for name in ("tolerance", "max_steps")}
    return settle(stacked, start[:, None, :, None, None], rates, length=length, **options)


def _curvature(spectra: np.ndarray) -> np.ndarray:
    """Curvature at the best solution with b up to the end of the grid, by the sums of eq. 8."""
    b, u, _ = best_of_grid(spectra, _B)
    later = np.arange(1.0, spectra.shape[-1])
    powers = np.abs(b[..., None]) ** later
    steep = (later * np.abs(u)[..., None] * powers / np.maximum(np.abs(b), 1e-3)[..., None]) ** 2
    return 2 * np.abs(u) * (1 + (powers**2).sum(-1)) + steep.sum(-1)


def _widths(configuration: Configuration) -> dict:
    """Of the global optimum, by brute force: what is left of its steepest rise, and its width."""
    lengths = configuration["widths"]
    jumps, widths = [], []
    for kind, kappa in configuration["families"]:
        low, high = configuration["grids"][kind]
        x = np.linspace(low, high, 200)
        tasks = [partial(family, kind, length=n, kappa=kappa) for n in lengths]
        jumps.append([jump_of_optimum(task, x, _B) for task in tasks])
        widths.append([rise(x, best_of_grid(task(x), _B)[0]) for task in tasks])
    over, ends = ("family", "width_length"), np.array(widths)
    jump = np.array(jumps)
    return {
        "jump_at": quantity(over, jump[..., 0], "where the optimal b rises most steeply"),
        "jump": quantity(over, jump[..., 1], "its change at that point"),
        "width": quantity(over, ends[..., 1] - ends[..., 0], "10-90 % width of the rise"),
    }


def _flows(configuration: Configuration) -> dict:
    """Dirac deltas of the same ratios and several κ, from several starts."""
    ratio = np.linspace(*configuration["flow_ratio"])
    kappas, b = configuration["flow_kappa"], np.asarray(configuration["flow_b"])
    length, scale = configuration["flow_length"], configuration["flow_scale"]
    by_kappa = np.stack([family("dirac_delta", k * ratio, length, k) for k in kappas])
    spectra = np.broadcast_to(by_kappa, (b.size, *by_kappa.shape))
    starts = np.broadcast_to(b[:, None, None], spectra.shape[:-1])
    rate = 0.02 / np.abs(spectra).max(-1) ** 1.5
    options = {name: configuration[name] for name in ("tolerance", "max_steps")}
    ended = settle(spectra, (scale, starts, scale), rate, **options)
    predicted = theory.destination(
        (scale, starts.ravel(), scale),
        spectra.reshape(-1, length),
    )
    over = ("b_start", "flow_kappa", "ratio")
    lowest = np.stack([best_of_grid(s, _B)[2] for s in by_kappa])
    return {
        "flow_b": quantity(over, ended.b, "learned b"),
        "flow_u": quantity(over, ended.u, "learned ac"),
        "flow_end": quantity(over, ended.end, f"how training ended, among {', '.join(ENDS)}"),
        "flow_predicted": quantity(
            over, np.reshape(predicted.b, ended.b.shape), "b, gradient flow"
        ),
        "lowest": quantity(over[1:], lowest, "lowest energy of a search", LOSS),
    }


def _unaligned(configuration: Configuration) -> dict:
    """Singular values of random networks that learned a strong and a weak computation."""
    delta, kappa = np.asarray(configuration["unaligned_delta"]), configuration["kappa"][0]
    spectra = family("constant", delta, configuration["unaligned_length"], kappa)
    scale, seeds = configuration["unaligned_scale"], configuration["seeds"]
    names = {"rate": "unaligned_rate", "tolerance": "tolerance", "max_steps": "unaligned_steps"}
    options = {name: configuration[key] for name, key in names.items()}
    units = configuration["units"]
    ended = [settle_unaligned(spectra, n, scale, seeds, **options) for n in units]
    values = [
        np.pad(e[0], ((0, 0), (0, max(units) - n))) for e, n in zip(ended, units, strict=True)
    ]
    predicted, over = best_of_grid(spectra, _B), ("units", "seed")
    return {
        "w_h": quantity((*over, "rank"), values, "singular values of learned recurrent weights"),
        "unaligned_loss": quantity(over, [e[1] for e in ended], "loss at the end", LOSS),
        "unaligned_end": quantity(over, [e[2] for e in ended], f"how training ended, of {ENDS}"),
        "b_predicted": quantity("mode", predicted[0], "b of the optimum of each mode"),
        "loss_predicted": quantity("mode", predicted[2], "lowest energy of each mode", LOSS),
    }


def draw(data: "xarray.Dataset") -> Figure:
    """Learned modes over exact optima; flows by start; unaligned networks.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(16, 6.8), layout="constrained")
    rows = figure.subplots(2, 5)
    for k, kind in enumerate(KINDS):
        here, x = data.sel(kind=kind), data["x"].sel(kind=kind).to_numpy()
        two = here["minima"].isel(kappa=0, length=-1).to_numpy() > 1
        for axes, name in zip(rows[:, k], ("b", "u"), strict=True):
            for i in range(data.sizes["length"]):
                for j in range(data.sizes["kappa"]):
                    _draw_one(axes, here.isel(length=i, kappa=j), name, x, COLOURS[j], i)
            if two.any():
                axes.axvspan(x[two][0], x[two][-1], color="0.92", zorder=0)
            axes.set(xlabel=_LABELS[k])
        _zero_loss(rows[:, k], kind, x, int(data["length"][-1]))
        rows[0, k].set_ylim(-0.05, 4 if kind == "dirac_delta" else 1.6)
        rows[1, k].set_ylim(0, 3.2)
    rows[0, 0].set_ylabel("recurrent mode b")
    rows[1, 0].set_ylabel("input–output mode ac")
    handles = _legend(data)
    figure.legend(handles=handles, frameon=False, loc="outside lower center", ncols=len(handles))
    _draw_flows(rows[0, 4], data)
    _draw_unaligned(rows[1, 4], data)
    bare(figure)
    return figure


def _draw_one(axes, here: "xarray.Dataset", name: str, x: np.ndarray, colour: str, i: int) -> None:
    done = here["end"].to_numpy() == 0
    learned = here[f"{name}_trained"].to_numpy()
    style = {"ls": "", "marker": "o", "ms": 2 + 1.5 * i, "color": colour}
    axes.plot(x[done], learned[done], alpha=0.45 + 0.25 * i, **style)
    axes.plot(x[~done], learned[~done], fillstyle="none", mew=0.6, **style)
    finite = np.isfinite(here["b"].to_numpy())
    axes.plot(x, np.where(finite, here[name], np.nan), **{**THEORY, "lw": 0.7})


def _zero_loss(column, kind: str, x: np.ndarray, length: int) -> None:
    lines = {
        "constant": (np.ones_like(x), x),
        "inverse_exponential": (x, np.ones_like(x)),
        "exponential": (1 / x, x**length),
    }
    for axes, line in zip(column, lines.get(kind, ()), strict=False):
        axes.plot(x, line, ":", color="#D55E00", lw=1.2)


def _legend(data: "xarray.Dataset") -> list[Line2D]:
    handles = []
    for i, length in enumerate(data["length"].to_numpy()):
        style = {"ls": "", "marker": "o", "color": "0.4", "ms": 2 + 1.5 * i}
        handles.append(Line2D([], [], label=f"trained, T = {length}", **style))
    for j, kappa in enumerate(data["kappa"].to_numpy()):
        handles.append(Line2D([], [], label=f"κ = {kappa:g}", color=COLOURS[j], lw=3))
    hollow = {"ls": "", "marker": "o", "color": "0.4", "fillstyle": "none", "ms": 4}
    handles.append(Line2D([], [], label="not settled", **hollow))
    handles.append(Line2D([], [], label="exact optimum", **THEORY))
    handles.append(Line2D([], [], label="zero-loss line", color="#D55E00", ls=":"))
    return handles


def _draw_flows(axes, data: "xarray.Dataset") -> None:
    here = data.isel(flow_kappa=0)
    for i, b in enumerate(data["b_start"].to_numpy()):
        axes.plot(data["ratio"], here["flow_b"][i], lw=2.5, color=COLOURS[i], label=f"b(0) = {b:g}")
        axes.plot(data["ratio"], here["flow_predicted"][i], **THEORY)
    axes.axvline(1, color="0.7", lw=1, ls="-.", label="jump of the optimum")
    axes.set(xlabel=f"β/κ, Dirac, T = {configuration_of(data)['flow_length']}")
    axes.set(title="end of the flow, by start", ylabel="b", ylim=(-0.1, 5))
    axes.legend(frameon=False, fontsize="small")


def _draw_unaligned(axes, data: "xarray.Dataset") -> None:
    for i, units in enumerate(data["units"].to_numpy()):
        values = data["w_h"].sel(units=units).to_numpy()[:, :units]
        rank = np.arange(1, units + 1) + 0.15 * (i - 0.5)
        axes.plot(rank, values.T, "o", ms=4, color=COLOURS[i], alpha=0.4)
        label = f"{units} units, {len(values)} seeds"
        axes.plot([], [], "o", ms=4, color=COLOURS[i], label=label)
    best = np.sort(data["b_predicted"].to_numpy())[::-1]
    axes.plot(np.arange(1, best.size + 1), best, "k_", ms=18, label="b of each mode, theory")
    axes.set(xlabel="recurrent singular value, by size", title="unaligned, constant dynamics")
    axes.set_xticks(data["rank"].to_numpy())
    axes.legend(frameon=False, fontsize="small")
