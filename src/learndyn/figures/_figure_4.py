"""Figure 4: recurrent and feedforward computation, and what training finds of either."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from learndyn import theory
from learndyn._experiments import lag_weights
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LOSS, dataset, quantity
from learndyn.figures._figure_4_claims import claims as claims
from learndyn.figures._figure_4_drawing import draw as draw
from learndyn.figures._landscape import best_of_grid, family, jump_of_optimum, minima_of_grid, rise
from learndyn.figures._training import ENDS, Settled, optima, padded, settle, settle_unaligned

if TYPE_CHECKING:
    import xarray

TITLE = "transitions between recurrent and feedforward computation"
CONFIGURATION = Configuration(
    chosen={
        "outputs": "final",
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
# The same claims, seen from fewer networks.
QUICK = {
    "points": 13,
    "length": [5, 10],
    "widths": [5, 10, 11],
    "flow_b": [0.1, 0.5],
    "seeds": 3,
}
KINDS = ("constant", "inverse_exponential", "exponential", "dirac_delta")
_B = np.linspace(0, 1.8, 1801)
# The best b of a Dirac delta is 0 or infinite.
_FAR = np.concatenate([_B, np.geomspace(2, 1e4, 400)])


def data(configuration: Configuration, name: str = "4") -> "xarray.Dataset":
    """Learned modes, exact optima, coexisting minima, jumps, flows, and unaligned networks.

    Args:
        configuration: the numbers.
        name: name of the figure.

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
    return dataset(name, configuration, variables, coords)


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
    weights = [_weights(configuration, n) for n in lengths]
    minima = [minima_of_grid(s, _B, w) for s, w in zip(spectra, weights, strict=True)]
    best = optima(*padded(spectra), outputs=configuration["outputs"])
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
        "minima": quantity(over, np.stack(minima), "minima with b ≥ 0, by search"),
    }


def _train(configuration: Configuration, spectra: list[np.ndarray]) -> Settled:
    """Networks from a small start; of Dirac deltas from one of larger b, see claim 4f."""
    stacked, length = padded(spectra)
    start = np.array([configuration["start"]] * 3 + [configuration["dirac_start"]]).T
    steep = [_curvature(configuration, s) for s in spectra]
    rates = configuration["rate"] / np.stack(steep)
    options = {name: configuration[name] for name in ("outputs", "tolerance", "max_steps")}
    return settle(stacked, start[:, None, :, None, None], rates, length=length, **options)


def _weights(configuration: Configuration, length: int) -> np.ndarray:
    return np.asarray(lag_weights(configuration["outputs"], length, length))


def _curvature(configuration: Configuration, spectra: np.ndarray) -> np.ndarray:
    """Curvature at the best solution with b up to the end of the grid, by the sums of eq. 8."""
    weights = _weights(configuration, spectra.shape[-1])
    b, u, _ = best_of_grid(spectra, _B, weights)
    lag = np.arange(weights.size)
    powers = np.abs(b[..., None]) ** lag
    steep = (lag * np.abs(u)[..., None] * powers / np.maximum(np.abs(b), 1e-3)[..., None]) ** 2
    found = 2 * np.abs(u) * (weights * powers**2).sum(-1) + (weights * steep).sum(-1)
    # At least that of a few units at lag 0, which networks pass on their way.
    return np.maximum(found, 5 * weights[0])


def _widths(configuration: Configuration) -> dict:
    """Of the global optimum, by brute force: what is left of its steepest rise, and its width."""
    lengths = configuration["widths"]
    jumps, widths, weights = [], [], [_weights(configuration, n) for n in lengths]
    for kind, kappa in configuration["families"]:
        low, high = configuration["grids"][kind]
        x = np.linspace(low, high, 200)
        tasks = [partial(family, kind, length=n, kappa=kappa) for n in lengths]
        pairs = [*zip(tasks, weights, strict=True)]
        jumps.append([jump_of_optimum(task, x, _B, w) for task, w in pairs])
        widths.append([rise(x, best_of_grid(task(x), _B, w)[0]) for task, w in pairs])
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
    weights = _weights(configuration, length)
    rate = 0.02 / weights[0] / np.abs(spectra).max(-1) ** 1.5
    options = {name: configuration[name] for name in ("outputs", "tolerance", "max_steps")}
    ended = settle(spectra, (scale, starts, scale), rate, **options)
    predicted = theory.destination(
        (scale, starts.ravel(), scale),
        spectra.reshape(-1, length),
        weights=weights,
    )
    over, jump = ("b_start", "flow_kappa", "ratio"), optimum_jump(configuration, length)
    lowest = np.stack([best_of_grid(s, _B, weights)[2] for s in by_kappa])
    return {
        "flow_b": quantity(over, ended.b, "learned b"),
        "flow_u": quantity(over, ended.u, "learned ac"),
        "flow_end": quantity(over, ended.end, f"how training ended, among {', '.join(ENDS)}"),
        "flow_predicted": quantity(
            over, np.reshape(predicted.b, ended.b.shape), "b, gradient flow"
        ),
        "lowest": quantity(over[1:], lowest, "lowest energy of a search", LOSS),
        "optimum_jump": quantity((), jump, "β/κ at which the optimum jumps"),
    }


def optimum_jump(configuration: Configuration, length: int) -> float:
    """Ratio β/κ at which the best b of Dirac deltas jumps, by a search that goes far.

    Args:
        configuration: the numbers.
        length: number of steps T.

    Returns:
        The ratio.
    """
    ratio, weights = np.linspace(*configuration["flow_ratio"]), _weights(configuration, length)
    task = partial(family, "dirac_delta", length=length, kappa=1.0)
    return jump_of_optimum(task, ratio, _FAR, weights)[0]


def _unaligned(configuration: Configuration) -> dict:
    """Singular values of random networks that learned a strong and a weak computation."""
    delta, kappa = np.asarray(configuration["unaligned_delta"]), configuration["kappa"][0]
    spectra = family("constant", delta, configuration["unaligned_length"], kappa)
    scale, seeds = configuration["unaligned_scale"], configuration["seeds"]
    names = {
        "outputs": "outputs",
        "rate": "unaligned_rate",
        "tolerance": "tolerance",
        "max_steps": "unaligned_steps",
    }
    options = {name: configuration[key] for name, key in names.items()}
    units = configuration["units"]
    ended = [settle_unaligned(spectra, n, scale, seeds, **options) for n in units]
    values = [
        np.pad(e[0], ((0, 0), (0, max(units) - n))) for e, n in zip(ended, units, strict=True)
    ]
    weights = _weights(configuration, configuration["unaligned_length"])
    predicted, over = best_of_grid(spectra, _B, weights), ("units", "seed")
    return {
        "w_h": quantity((*over, "rank"), values, "singular values of learned recurrent weights"),
        "unaligned_loss": quantity(over, [e[1] for e in ended], "loss at the end", LOSS),
        "unaligned_end": quantity(over, [e[2] for e in ended], f"how training ended, of {ENDS}"),
        "b_predicted": quantity("mode", predicted[0], "b of the optimum of each mode"),
        "loss_predicted": quantity("mode", predicted[2], "lowest energy of each mode", LOSS),
    }
