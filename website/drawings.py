"""Drawings of the pages: each a function, by the name of its file."""

import io
import os
from collections.abc import Callable
from functools import cache

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
from matplotlib.figure import Figure

import learndyn as ld
from learndyn.report import COLOURS, SIMULATION, THEORY, bare

jax.config.update("jax_enable_x64", True)

_DRAWINGS: dict[str, Callable[[], Figure]] = {}


def _drawing(make: Callable[[], Figure]) -> Callable[[], Figure]:
    _DRAWINGS[make.__name__] = make
    return make


def names() -> list[str]:
    """Names of all drawings.

    Returns:
        The names.
    """
    return list(_DRAWINGS)


@cache
def svg(name: str) -> str:
    """Make a drawing.

    Args:
        name: its name.

    Returns:
        Vector graphics, the same text each time.
    """
    figure = _DRAWINGS[name]()
    bare(figure)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "learndyn"}):
        figure.savefig(text, format="svg", metadata={"Date": None}, facecolor="white")
    return text.getvalue()


def _panels(count: int, width: float = 8.0) -> tuple[Figure, list]:
    figure = Figure(figsize=(width, 2.8), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


@_drawing
def two_modes() -> Figure:
    """Two modes while they are learned."""
    spectrum = ld.task_dynamics(
        "inverse_exponential", jnp.array([2.0, 0.7]), jnp.array([0.6, 0.9]), 6
    )
    task = ld.structured_task(spectrum, 4, 3, key=jax.random.key(0))
    problem = ld.Problem(ld.init_aligned(task, 0.1, 0.2, 0.1, key=jax.random.key(1)), task)
    trained = ld.solve(problem, ld.GradientDescent(0.001), jnp.linspace(0.0, 6.0, 61))
    predicted = ld.solve(problem, ld.ModeFlow(), trained.times)
    figure, panels = _panels(3)
    for curve, style in ((trained, SIMULATION), (predicted, THEORY)):
        modes = curve.modes
        for values, axes in zip((modes.a * modes.c, modes.b), panels, strict=False):
            for row, colour in zip(values.T, COLOURS, strict=False):
                axes.plot(curve.times, row, **{"color": colour, **style})
        panels[2].plot(curve.times, curve.loss, **{"color": "0.6", **style})
    titles = ("input–output modes ac", "recurrent modes b", "loss")
    for axes, title in zip(panels, titles, strict=True):
        axes.set(title=title, xlabel="learning time")
    return figure


@_drawing
def dynamics() -> Figure:
    """Temporal singular values of the kinds of tasks, and the best mode of each."""
    kinds = {
        "constant": ("constant", 1.0, None, None),
        "inverse exponential": ("inverse_exponential", 1.0, 0.7, None),
        "exponential": ("exponential", 1.6, 0.8, None),
        "two Dirac deltas": ("dirac_delta", 0.7, None, 1.0),
    }
    figure, panels = _panels(4)
    for axes, (title, (kind, delta, lam, kappa)) in zip(panels, kinds.items(), strict=True):
        spectrum = ld.task_dynamics(kind, delta, lam, 6, kappa=kappa)
        best = ld.theory.optimum(spectrum)
        t = np.arange(1, 7)
        axes.bar(t, spectrum, color=COLOURS[4])
        axes.plot(t, best.u * best.b ** (6 - t), "o", color="black", ms=4)
        axes.set(title=title, xlabel="step t", ylim=(0, 1.6), xticks=t)
    panels[0].set_ylabel("singular value $s_t$")
    return figure


def _deviating(delta):
    return ld.task_dynamics("constant", delta, None, 20, kappa=5 + 0 * delta)


@_drawing
def landscape() -> Figure:
    """Energy that is left at the best u, over b, on both sides of a transition."""
    figure, panels = _panels(3)
    b = np.linspace(-0.2, 1.3, 300)
    for axes, delta in zip(panels, (0.7, 0.8549, 1.0), strict=True):
        spectrum = np.asarray(_deviating(delta))
        powers = b[:, None] ** np.arange(19, -1, -1)
        left = 0.5 * ((spectrum**2).sum() - (powers @ spectrum) ** 2 / (powers**2).sum(1))
        best = ld.theory.optimum(spectrum)
        axes.plot(b, left, color=COLOURS[0])
        axes.plot(best.b, best.energy, "o", color=COLOURS[5])
        axes.set(title=f"δ = {delta:.2f}", xlabel="recurrent mode b")
    panels[0].set_ylabel("energy at the best u")
    return figure


@_drawing
def transition() -> Figure:
    """The best b along a family of tasks, and what following it up and down finds."""
    parameters = jnp.linspace(0.5, 1.3, 41)
    found = ld.theory.transitions(_deviating, parameters)
    loop = ld.theory.hysteresis(_deviating, parameters)
    figure, (axes,) = _panels(1, 6.0)
    axes.axvspan(*sorted(birth.parameter for birth in found.births), color="0.93")
    axes.plot(
        parameters, loop.up.b, color=COLOURS[0], label="carried along, δ rising", **SIMULATION
    )
    axes.plot(parameters, loop.down.b, color=COLOURS[1], label="δ falling", **SIMULATION)
    axes.plot(parameters, found.optimum.b, label="best b", **THEORY)
    axes.set(xlabel="δ, the singular values of all steps but the last", ylabel="recurrent mode b")
    axes.legend(frameon=False)
    return figure


@_drawing
def misaligned() -> Figure:
    """Gap of the theory of modes to the flow of the weights, by the noise on an aligned start."""
    spectrum = ld.task_dynamics("exponential", jnp.array([1.5, 0.8]), 0.9, 5)
    task = ld.structured_task(spectrum, 3, 3, key=jax.random.key(0))
    start = ld.init_aligned(task, 0.2, 0.2, 0.2, n_hidden=4, key=jax.random.key(1))
    noise = ld.init_unaligned(3, 4, 3, 1.0, key=jax.random.key(2))
    times = jnp.linspace(0.0, 6.0, 13)

    @eqx.filter_jit
    def both(level):
        problem = ld.Problem(start + level * noise, task)
        modes = ld.solve(problem, ld.ModeFlow(), times, assumptions="report")
        return modes, ld.solve(problem, ld.WeightFlow(), times)

    measured, gaps = [], []
    for level in np.geomspace(0.003, 0.3, 9):
        modes, weights = both(jnp.asarray(level))
        measured.append(float(modes.violations["aligned"]))
        gaps.append(float(ld.compare(modes, weights).largest_gap))
    figure, (axes,) = _panels(1, 6.0)
    axes.loglog(measured, gaps, "o-", color=COLOURS[0])
    square = np.array(measured[:5])
    axes.loglog(square, 0.5 * gaps[0] * (square / square[0]) ** 2, label="slope 2", **THEORY)
    axes.set(xlabel="measured violation of “aligned”", ylabel="largest gap of the loss")
    axes.legend(frameon=False)
    return figure


@_drawing
def rich_and_lazy() -> Figure:
    """Loss of a network and of its linearization, from a small start and from a wide one."""
    task = ld.structured_task(
        ld.task_dynamics("constant", jnp.array([1.0, 0.6]), None, 3), 2, 2, key=jax.random.key(0)
    )
    figure, panels = _panels(2)
    starts = {"4 units, scale 0.1": (4, 0.1, 12.0), "64 units, scale 1": (64, 1.0, 0.12)}
    for axes, (title, (hidden, scale, until)) in zip(panels, starts.items(), strict=True):
        net = ld.init_unaligned(2, hidden, 2, scale, key=jax.random.key(1))
        problem, times = ld.Problem(net, task), jnp.linspace(0.0, until, 61)
        rich = ld.solve(problem, ld.GradientDescent(until / 6000), times)
        lazy = ld.solve(problem, ld.Linearized(), times)
        axes.plot(times, rich.loss, color=COLOURS[0], label="trained", **SIMULATION)
        axes.plot(times, lazy.loss, label="linearized at its start", **THEORY)
        moved = float(ld.feature_learning(rich, task.statistics()).kernel_distance[-1])
        axes.set(title=f"{title}: kernel distance {moved:.2f}", xlabel="learning time")
    panels[0].set_ylabel("loss")
    panels[0].legend(frameon=False)
    return figure
