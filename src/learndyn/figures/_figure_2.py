"""Figure 2: input-output modes learn the scale δ, recurrent modes the dynamics λ."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from learndyn._dynamics import velocity
from learndyn._experiments import lag_weights, one_mode
from learndyn._problem import Problem
from learndyn._solve import solve
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LEARNING_TIME, configuration_of, dataset, quantity
from learndyn.figures._figure_2_claims import claims as claims
from learndyn.figures._readout import name_readout
from learndyn.methods import ExactInputOutput, GradientDescent, Method, TaylorRecurrent
from learndyn.network import init_aligned, network_modes
from learndyn.report import SIMULATION, THEORY, bare, colours
from learndyn.tasks import structured_task, task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "input-output modes learn the scale, recurrent modes the dynamics"
CONFIGURATION = Configuration(
    chosen={
        "outputs": "final",
        "length": 6,
        "left_delta": [0.5, 1.0, 1.5, 2.0],
        "left_lam": 0.8,
        "left_start": 0.1,
        "left_horizon": 4.0,
        # The first pair has the larger last singular value, and the smaller solution in b.
        "right_delta": [1.5, 1.0],
        "right_lam": [0.5, 0.9],
        "right_start": 0.02,
        "right_horizon": 3.0,
        "rate": 0.001,
        "order": 5,
        "window": 0.05,
        "orders": [1, 2, 3, 4],
        "windows": [0.02, 0.01, 0.005, 0.0025],
        "points": 161,
    },
)


def data(configuration: Configuration, name: str = "2") -> "xarray.Dataset":
    """Modes of networks trained on data with a part frozen, and theory; gaps of the expansion.

    Args:
        configuration: the numbers.
        name: name of the figure.

    Returns:
        Variables over `delta`, `pair`, `left_time`, `right_time`, `order`, `window`, `step`.
    """
    left, right = _left_problems(configuration), _right_problems(configuration)
    exact = ExactInputOutput()
    local = TaylorRecurrent(configuration["order"], configuration["window"])
    left_time, left_modes = _both(configuration, *left, exact, configuration["left_horizon"])
    right_time, right_modes = _both(configuration, *right, local, configuration["right_horizon"])
    trained, predicted = ((m.a * m.c).T for m in left_modes)
    trained_b, predicted_b = (m.b.T for m in right_modes)
    over, over_b = ("delta", "left_time"), ("pair", "right_time")
    variables = {
        "u_trained": quantity(over, trained, "ac, trained with b frozen"),
        "u_predicted": quantity(over, predicted, "ac, exact solution"),
        "b_trained": quantity(over_b, trained_b, "b, trained with a and c frozen"),
        "b_predicted": quantity(over_b, predicted_b, "b, local expansion"),
        "gap": quantity(
            ("order", "window"), _gaps(configuration, right[1]), "largest gap of b from the flow"
        ),
        "sensitivity": quantity(
            ("pair", "step"), _sensitivity(configuration), "change of db/dt at the start per s_i"
        ),
        "s": quantity(("pair", "step"), _right_spectra(configuration), "singular value"),
        "lam": quantity("pair", configuration["right_lam"], "solution of b"),
    }
    steps = np.arange(1, configuration["length"] + 1)
    coords = {
        "delta": quantity("delta", configuration["left_delta"], "scale"),
        "pair": ("pair", ["first", "second"]),
        "left_time": quantity("left_time", left_time, "learning time", LEARNING_TIME),
        "right_time": quantity("right_time", right_time, "learning time", LEARNING_TIME),
        "order": quantity("order", configuration["orders"], "order of the expansion"),
        "window": quantity("window", configuration["windows"], "window", LEARNING_TIME),
        "step": quantity("step", steps, "step of the trajectory"),
    }
    return dataset(name, configuration, variables, coords)


def _left_problems(configuration: Configuration) -> tuple[Problem, Problem]:
    delta, lam = jnp.asarray(configuration["left_delta"]), configuration["left_lam"]
    spectra = task_dynamics("inverse_exponential", delta, lam, configuration["length"])
    start = configuration["left_start"]
    return _problems(configuration, spectra, (start, lam, start), ("recurrent",))


def _right_problems(configuration: Configuration) -> tuple[Problem, Problem]:
    root = jnp.sqrt(jnp.asarray(configuration["right_delta"]))
    spectra, start = _right_spectra(configuration), configuration["right_start"]
    return _problems(configuration, spectra, (root, start, root), ("input", "output"))


def _right_spectra(configuration: Configuration):
    delta, lam = (jnp.asarray(configuration[f"right_{name}"]) for name in ("delta", "lam"))
    return task_dynamics("inverse_exponential", delta, lam, configuration["length"])


def _problems(configuration: Configuration, spectra, start, frozen) -> tuple[Problem, Problem]:
    """A network of all modes, to train on trials, and to predict from the task."""
    keys = jax.random.split(jax.random.key(0), 3)
    task = structured_task(spectra, 4, 4, outputs=configuration["outputs"], key=keys[0])
    net = init_aligned(task, *start, n_hidden=4, key=keys[1])
    trials = task.sample(4 * spectra.shape[1], key=keys[2])
    return Problem(net, trials, frozen=frozen), Problem(net, task, frozen=frozen)


def _both(
    configuration: Configuration, on_data: Problem, of_task: Problem, theory: Method, horizon
):
    """Times, and modes of training and of theory, in the bases of the task."""
    times = jnp.linspace(0, horizon, configuration["points"])
    trained = solve(on_data, GradientDescent(configuration["rate"], on="data"), times)
    assert trained.times is not None
    predicted = solve(of_task, theory, trained.times)
    modes = network_modes(trained.weights, predicted.bases), predicted.modes
    return trained.times, modes


def _gaps(configuration: Configuration, problem: Problem) -> np.ndarray:
    """Largest gap of the expansion from eq. 6, or 154, integrated by SciPy."""
    from scipy.integrate import solve_ivp

    times = np.arange(1, 11) * configuration["right_horizon"] / 10
    spectra, u = np.asarray(_right_spectra(configuration)), np.asarray(configuration["right_delta"])
    length = spectra.shape[1]
    later = np.arange(length - 1, 0, -1)  # T − i of all steps but the last
    weights = np.asarray(lag_weights(configuration["outputs"], length, length))[later]

    def flow(_, b):
        pull = weights * later * b[:, None] ** (later - 1) * u[:, None]
        return (pull * (spectra[:, :-1] - u[:, None] * b[:, None] ** later)).sum(1)

    start = np.full(u.shape, configuration["right_start"])
    options = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-14}
    exact = solve_ivp(flow, (0, times[-1]), start, t_eval=times, **options).y.T

    def gap(order: int, window: float) -> float:
        local = solve(problem, TaylorRecurrent(order, window), jnp.asarray(times))
        return float(abs(np.asarray(local.modes.b) - exact).max())

    return np.array(
        [[gap(p, w) for w in configuration["windows"]] for p in configuration["orders"]]
    )


def _sensitivity(configuration: Configuration) -> np.ndarray:
    """How the first step of b changes with each singular value: it is linear in them."""

    def speed(spectrum, delta):
        root = jnp.sqrt(delta)
        start = (root, configuration["right_start"], root)
        problem = one_mode(spectrum, *start, outputs=configuration["outputs"])
        return velocity(problem, problem.net).w_h[0, 0]

    spectra, delta = _right_spectra(configuration), jnp.asarray(configuration["right_delta"])
    moved = spectra[:, None] + jnp.eye(spectra.shape[1] + 1, spectra.shape[1])
    speeds = jax.jit(jax.vmap(jax.vmap(speed, in_axes=(0, None))))(moved, delta)
    return np.asarray(speeds[:, :-1] - speeds[:, -1:])  # the last row is of the task itself


def draw(data: "xarray.Dataset") -> Figure:
    """Input-output modes, recurrent modes, and the gap of the expansion.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    left, right, gaps = figure.subplots(1, 3)
    configuration = configuration_of(data)
    for delta, colour in zip(data["delta"].to_numpy(), colours(), strict=False):
        here = data.sel(delta=delta)
        left.plot(here["left_time"], here["u_trained"], color=colour, **SIMULATION)
        left.plot(here["left_time"], here["u_predicted"], **THEORY)
        left.plot([], [], color=colour, **SIMULATION, label=f"δ = {delta:g}")
    pairs = zip(configuration["right_delta"], configuration["right_lam"], colours(), strict=False)
    for i, (delta, lam, colour) in enumerate(pairs):
        here, label = data.isel(pair=i), f"δ = {delta:g}, λ = {lam:g}"
        right.plot(here["right_time"], here["b_trained"], color=colour, label=label, **SIMULATION)
        right.plot(here["right_time"], here["b_predicted"], **THEORY)
    window = data["window"].to_numpy()
    for order, colour in zip(data["order"].to_numpy(), colours(), strict=False):
        gap = data["gap"].sel(order=order)
        gaps.plot(window, gap, "o-", color=colour, label=f"order {order}")
        gaps.plot(window, float(gap[0]) * (window / window[0]) ** order, **THEORY)
    title = f"b frozen at λ = {configuration['left_lam']:g}"
    left.set(title=title, xlabel="learning time", ylabel="input–output mode ac")
    right.set(title="ac frozen at δ", xlabel="learning time", ylabel="recurrent mode b")
    gaps.set(title="error of the expansion", xlabel="window", ylabel="largest gap of b")
    gaps.set(xscale="log", yscale="log")
    gaps.set_xticks(window, labels=[f"{w:g}" for w in window])
    gaps.minorticks_off()
    for axes in (left, right):
        axes.plot([], [], **THEORY, label="theory")
    gaps.plot([], [], **THEORY, label="slope of the order")
    # Room above the curves, or below, which fill the rest.
    left.set_ylim(top=1.35 * float(data["u_trained"].max()))
    left.legend(frameon=False, fontsize="small", loc="upper left", ncols=3)
    right.legend(frameon=False, fontsize="small", loc="lower right")
    gaps.set_ylim(bottom=1e-3 * float(data["gap"].min()))
    gaps.legend(frameon=False, fontsize="small", loc="lower right", ncols=2)
    name_readout(figure, configuration["outputs"])
    bare(figure)
    return figure
