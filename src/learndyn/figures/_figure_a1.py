"""Figure A1: are singular values that come later and are larger learned faster (Appendix E)?"""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, LOSS, configuration_of, dataset, quantity
from learndyn.figures._training import Learned, descend, falls_below, stays_within
from learndyn.methods import GradientDescent, ModeFlow
from learndyn.network import Modes, init_aligned, network_modes
from learndyn.report import SIMULATION, THEORY, bare, colours
from learndyn.tasks import structured_task, task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "speed of learning by the order of singular values"
CONFIGURATION = Configuration(
    # Late first: its largest singular value is the last one.
    paper={"delta": [1.1, 0.5], "lam": [0.5, 1.1]},
    chosen={
        "length": 6,
        "scale": 0.1,
        "b_of_curves": 0.1,
        "horizon_of_curves": 20.0,
        "b": [0.0, 0.95, 20],
        "horizon": 120.0,
        "rate": 0.01,
        "spectra": 30,
        "seeds": 10,
        "scale_of_spectra": 0.01,
        "b_of_spectra": [0.1, 0.5, 0.9],
        "horizon_of_spectra": 250.0,
    },
)
# The same claims, seen from fewer networks.
QUICK = {"spectra": 15, "seeds": 2, "b": [0.0, 0.95, 6]}
_MEASURES = ("loss to 50 %", "loss to 1 %", "ac to 50 %", "ac within 1 %", "b within 1 %")


def data(configuration: Configuration) -> "xarray.Dataset":
    """Curves of the two pairs, times to learn over b(0), and times for random spectra.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `pair`, `time`, `b_start`, `measure`; `seed`, `spectrum`, `b_start_random`.
    """
    b = np.linspace(*configuration["b"])
    b_random = np.asarray(configuration["b_of_spectra"])
    spectra = np.stack(
        [
            task_dynamics("inverse_exponential", delta, lam, configuration["length"])
            for delta, lam in zip(configuration["delta"], configuration["lam"], strict=True)
        ]
    )
    times, trained, predicted = _curves(configuration, spectra)
    random = _random_spectra(configuration)
    over = ("seed", "spectrum", "b_start_random")
    steps = np.arange(configuration["length"] - 1, -1, -1)
    drive = (random[:, :, None] * b_random[:, None] ** steps).sum(-1)
    slowness = _times_of_random(configuration, random, b_random)
    variables = {
        "s": quantity(("pair", "step"), spectra, "temporal singular value"),
        **{
            f"{name}_{kind}": quantity(("pair", "time"), values, f"{long}, {kind}", units)
            for kind, curves in (("trained", trained), ("predicted", predicted))
            for (name, long, units), values in zip(_QUANTITIES, curves, strict=True)
        },
        "time_to_learn": quantity(
            ("measure", "pair", "b_start"),
            _times_to_learn(configuration, spectra, b),
            "time to learn",
            LEARNING_TIME,
        ),
        "random_s": quantity(("seed", "spectrum", "step"), random, "random singular value"),
        "drive": quantity(over, drive, "sum of s_i b(0)^(T-i)"),
        "half_time": quantity(over, slowness[0], "time to half of the loss", LEARNING_TIME),
        "whole_time": quantity(over, slowness[1], "time to 1 % of the loss", LEARNING_TIME),
    }
    coords = {
        "pair": ("pair", ["late", "early"]),
        "measure": ("measure", list(_MEASURES)),
        "step": quantity("step", np.arange(1, spectra.shape[1] + 1), "step of the trajectory"),
        "time": quantity("time", times, "learning time", LEARNING_TIME),
        "b_start": quantity("b_start", b, "recurrent mode at the start"),
        "b_start_random": quantity("b_start_random", b_random, "recurrent mode at the start"),
    }
    return dataset("A1", configuration, variables, coords)


_QUANTITIES = (
    ("loss", "loss", LOSS),
    ("u", "input-output mode ac", "1"),
    ("b", "recurrent mode b", "1"),
)


def _curves(configuration: Configuration, spectra: np.ndarray):
    """One network with both pairs as its modes, trained on data, and the flow of its modes."""
    keys = jax.random.split(jax.random.key(0), 3)
    task = structured_task(spectra, 3, 3, key=keys[0])
    scale, b = configuration["scale"], configuration["b_of_curves"]
    net = init_aligned(task, scale, b, scale, key=keys[1])
    problem = Problem(net, task.sample(4 * spectra.shape[1], key=keys[2]))
    times = jnp.linspace(0, configuration["horizon_of_curves"], 201)
    trained = solve(problem, GradientDescent(configuration["rate"], on="data"), times)
    assert trained.times is not None
    predicted = solve(Problem(net, task), ModeFlow(), trained.times)
    # In the bases of the task, whose modes are in the order of the pairs.
    modes = network_modes(trained.weights, predicted.bases), predicted.modes
    return trained.times, *(_of_modes(each, spectra) for each in modes)


def _of_modes(modes: Modes, spectra: np.ndarray) -> Learned:
    a, b, c = (np.asarray(m) for m in modes)
    steps = np.arange(spectra.shape[1] - 1, -1, -1)
    error = spectra - (a * c)[:, :, None] * b[:, :, None] ** steps
    return Learned(0.5 * (error**2).sum(-1).T, (a * c).T, b.T)


def _times_to_learn(configuration: Configuration, spectra: np.ndarray, b: np.ndarray):
    times = np.linspace(0, configuration["horizon"], 2401)
    cells = np.broadcast_to(spectra[:, None], (2, b.size, spectra.shape[1]))
    scale = configuration["scale"]
    curves = descend(cells, (scale, b, scale), configuration["rate"], times)
    u = np.asarray(configuration["delta"])[:, None]
    lam = np.asarray(configuration["lam"])[:, None]
    start = curves.loss[..., 0]
    return np.stack(
        [
            falls_below(curves.loss, 0.5 * start, times),
            falls_below(curves.loss, 0.01 * start, times),
            falls_below(-curves.u, -0.5 * u, times),
            stays_within(np.abs(curves.u - u[..., None]), 0.01 * u, times),
            stays_within(np.abs(curves.b - lam[..., None]), 0.01 * lam, times),
        ]
    )


def _random_spectra(configuration: Configuration) -> np.ndarray:
    shape = configuration["spectra"], configuration["length"]
    seeds = range(configuration["seeds"])
    return np.stack([np.random.default_rng(seed).uniform(0, 1, shape) for seed in seeds])


def _times_of_random(configuration: Configuration, spectra: np.ndarray, b: np.ndarray):
    """Times until half, and a hundredth, of the loss that can be lost is left."""
    times = np.linspace(0, configuration["horizon_of_spectra"], 2501)
    cells = np.broadcast_to(spectra[:, :, None], (*spectra.shape[:2], b.size, spectra.shape[2]))
    scale = configuration["scale_of_spectra"]
    loss = descend(cells, (scale, b, scale), configuration["rate"], times).loss
    left = (loss - loss[..., -1:]) / (loss[..., :1] - loss[..., -1:])
    return falls_below(left, 0.5, times), falls_below(left, 0.01, times)


def draw(data: "xarray.Dataset") -> Figure:
    """Spectra and curves of the pairs; ratio of times over b(0); times of random spectra.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(12, 6.5), layout="constrained")
    (tasks, losses, inputs), (recurrent, ratios, random) = figure.subplots(2, 3)
    names = {"late": "δ = {:g}, λ = {:g} (late)", "early": "δ = {:g}, λ = {:g} (early)"}
    configuration = configuration_of(data)
    pairs = zip(configuration["delta"], configuration["lam"], ("#E69F00", "#0072B2"), strict=True)
    for (delta, lam, colour), pair in zip(pairs, names, strict=True):
        here = data.sel(pair=pair)
        label = names[pair].format(delta, lam)
        tasks.plot(here["step"], here["s"], "o-", color=colour, label=label)
        for axes, (name, long, _) in zip((losses, inputs, recurrent), _QUANTITIES, strict=True):
            axes.plot(here["time"], here[f"{name}_trained"], color=colour, **SIMULATION)
            axes.plot(here["time"], here[f"{name}_predicted"], **THEORY)
            axes.set(xlabel="learning time", title=long)
    losses.set(ylabel="½ mean squared error")
    tasks.set(xlabel="step of the trajectory", ylabel="singular value", title="task")
    tasks.legend(frameon=False, fontsize="small")
    losses.plot([], [], **THEORY, label="theory")
    losses.plot([], [], color="0.5", **SIMULATION, label="trained on data")
    losses.legend(frameon=False, fontsize="small")
    ratio = data["time_to_learn"].sel(pair="late") / data["time_to_learn"].sel(pair="early")
    for measure, colour in zip(data["measure"].to_numpy(), colours(), strict=False):
        ratios.plot(data["b_start"], ratio.sel(measure=measure), color=colour, label=measure)
    ratios.axhline(1, color="0.5", lw=1, ls=":")
    ratios.set(xlabel="b(0)", ylabel="time of late over early", title="who is faster", yscale="log")
    ratios.set_yticks([0.5, 1, 2, 4], labels=["0.5", "1", "2", "4"])
    ratios.minorticks_off()
    ratios.legend(frameon=False, fontsize="small")
    for i, colour in zip(range(data.sizes["b_start_random"]), colours(), strict=False):
        here = data.isel(b_start_random=i)
        label = f"b(0) = {float(here['b_start_random']):g}"
        drive, half = here["drive"].to_numpy().ravel(), here["half_time"].to_numpy().ravel()
        random.plot(drive, half, ".", ms=3, color=colour, label=label)
    random.set(
        xscale="log", yscale="log", title="random spectra", ylabel="time to half of the loss"
    )
    random.set(xlabel="Σ s_i b(0)^(T−i), the weight in eq. 5 at the start")
    random.legend(frameon=False, fontsize="small")
    bare(figure)
    return figure


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A1a, A1b.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    ratio = data["time_to_learn"].sel(pair="late") / data["time_to_learn"].sel(pair="early")
    b = data["b_start"].to_numpy()
    slower = ratio.to_numpy() >= 1
    until = np.where(slower.any(1), b[slower.argmax(1)], np.inf)
    listed = ", ".join(f"{m} below b(0) = {v:.2g}" for m, v in zip(_MEASURES, until, strict=True))
    small = ratio.sel(b_start=b <= 0.1).to_numpy()
    half = _rank_correlations(data, "half_time")
    whole = _rank_correlations(data, "whole_time")
    later = "later and larger singular values are learned faster"
    return [
        Claim(
            "A1a",
            f"Networks with b(0) < 1: {later} (the swapped pairs).",
            f"largest ratio of times, late over early, over five measures and b(0) ≤ {b[-1]:g}",
            float(ratio.max()),
            "<",
            1.0,
            expected=False,
            erratum=12,
            note=f"Faster only from a small b(0), and how small depends on the measure: {listed}. "
            "From larger b(0) the pair with early values, which are then the larger ones in the "
            "gradient, is faster.",
        ),
        Claim(
            "A1a*",
            f"From b(0) ≤ 0.1 {later}, in every measure (the swapped pairs).",
            "largest ratio of times, late over early, over five measures",
            small.max(),
            "<",
            1.0,
        ),
        Claim(
            "A1b",
            "From small b(0), random spectra are learned in the order of Σ s_i b(0)^(T−i), which "
            "weighs later values more.",
            "least rank correlation over seeds with the time to half of the loss, "
            f"b(0) = {float(data['b_start_random'][0]):g} (mean {half[:, 0].mean():.3f}, "
            f"standard deviation {half[:, 0].std():.3f})",
            half[:, 0].min(),
            ">=",
            0.9,
        ),
        Claim(
            "A1b-end",
            "The same, to 1 % of the loss and from any b(0) < 1.",
            "mean over seeds of the rank correlation with the time to 1 % of the loss, "
            f"b(0) = {float(data['b_start_random'][-1]):g} (standard deviation "
            f"{whole[:, -1].std():.3f}, least {whole[:, -1].min():.3f})",
            whole[:, -1].mean(),
            ">=",
            0.9,
            expected=False,
            note="The weight at the start says who leaves it first. The end of learning depends on "
            "the curvature at the solution, which is another order.",
        ),
    ]


def _rank_correlations(data: "xarray.Dataset", time: str) -> np.ndarray:
    """Of drive and speed, `(seeds, b_start_random)`."""
    # Imported here, since it takes as long as the rest of the claims.
    from scipy.stats import rankdata

    drive, slowness = data["drive"].to_numpy(), -data[time].to_numpy()
    ranks = [rankdata(x, axis=1) - (x.shape[1] + 1) / 2 for x in (drive, slowness)]
    norms = [np.sqrt((r**2).sum(1)) for r in ranks]
    return (ranks[0] * ranks[1]).sum(1) / (norms[0] * norms[1])
