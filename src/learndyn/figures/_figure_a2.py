"""Figure A2: data-driven term, effective regularization and energy of Dirac-delta tasks."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from learndyn.figures._claim import Claim
from learndyn.figures._configuration import Configuration
from learndyn.figures._data import LOSS, configuration_of, dataset, largest_gap, quantity
from learndyn.network import init_aligned
from learndyn.tasks import structured_task, task_dynamics

if TYPE_CHECKING:
    import xarray

TITLE = "the two terms of the energy, and their sum"
CONFIGURATION = Configuration(
    paper={"kappa": 1.0, "s_1": [0.5, 1.5, 2.5]},
    chosen={
        "length": 6,
        "b": [-1.4, 1.4, 81],
        "u": [-1.0, 3.0, 81],
        "long_b": [0.3, 0.6, 0.9, 1.0, 1.05],
        "long_length": 500,
        "seed": 0,
    },
)
_TERMS = ("data_driven", "regularization", "energy")


def data(configuration: Configuration) -> "xarray.Dataset":
    """Loss of networks on data over a grid of modes, and the printed terms of eq. 9.

    Args:
        configuration: the numbers.

    Returns:
        Variables over `s_1`, `b`, `u`; the regularization at a long length over `long_b`.
    """
    b, u = (np.linspace(*configuration[name]) for name in ("b", "u"))
    s_1, length = np.asarray(configuration["s_1"]), configuration["length"]
    kappa, over = configuration["kappa"], ("s_1", "b", "u")
    powers = b[:, None] ** np.arange(length - 1, -1, -1)
    spectra = np.stack([task_dynamics("dirac_delta", s, None, length, kappa=kappa) for s in s_1])
    cross = (powers @ spectra.T).T
    driven = 0.5 * (spectra**2).sum(1)[:, None, None] - cross[:, :, None] * u
    regularization = 0.5 * u**2 * _printed_sum(b, length)[:, None]
    simulated = np.stack([_loss_on_data(row, b, u, configuration["seed"]) for row in spectra])
    long_b, long = np.asarray(configuration["long_b"]), configuration["long_length"]
    variables = {
        "data_driven": quantity(over, driven, "data-driven term", LOSS),
        "regularization": quantity(over[1:], regularization, "effective regularization", LOSS),
        "energy": quantity(over, simulated, "loss of a network on data", LOSS),
        "at_length": quantity("long_b", _response_energy(long_b, long), "energy of the output"),
        "at_twice": quantity("long_b", _response_energy(long_b, 2 * long), "at twice the length"),
    }
    coords = {
        "s_1": quantity("s_1", s_1, "singular value at the first step"),
        "b": quantity("b", b, "recurrent mode"),
        "u": quantity("u", u, "input-output mode ac"),
        "long_b": quantity("long_b", long_b, "recurrent mode at the long length"),
    }
    return dataset("A2", configuration, variables, coords)


def _printed_sum(b: np.ndarray, length: int) -> np.ndarray:
    """`(1 − b^{2T}) / (1 − b²)`, as printed; T at `|b| = 1`, its limit."""
    one = np.isclose(np.abs(b), 1.0, atol=1e-12)
    safe = np.where(one, 0.0, b)
    return np.where(one, length, (1 - safe ** (2 * length)) / (1 - safe**2))


def _loss_on_data(spectrum: np.ndarray, b: np.ndarray, u: np.ndarray, seed: int) -> np.ndarray:
    """Run a network for each pair of modes on the same white trials."""
    key = jax.random.key(seed)
    task = structured_task(spectrum, 1, 1, key=key)
    x, y = task.sample(2 * spectrum.size, key=key)

    def loss(b, u):
        net = init_aligned(task, u, b, 1.0, key=key)
        return 0.5 * ((net(x)[:, -1] - y) ** 2).sum(-1).mean()

    over_u = jax.vmap(loss, in_axes=(None, 0))
    return np.asarray(jax.jit(jax.vmap(over_u, in_axes=(0, None)))(jnp.asarray(b), jnp.asarray(u)))


def _response_energy(b: np.ndarray, length: int) -> np.ndarray:
    """Half the variance of the output at u = 1, step by step: `v ← b² v + 1`."""
    variance = np.zeros_like(b)
    for _ in range(length):
        variance = b**2 * variance + 1
    return 0.5 * variance


def draw(data: "xarray.Dataset") -> Figure:
    """One row for each s_1, one column for each term.

    Args:
        data: the data.

    Returns:
        The drawing.
    """
    figure = Figure(figsize=(9, 7.5), layout="constrained")
    rows = figure.subplots(data.sizes["s_1"], 3, sharex=True, sharey=True, squeeze=False)
    size = 10.0 ** np.arange(-1, 2.05, 0.125)
    levels = np.concatenate([-size[::-1], [0.0], size])
    spread, maps = np.arange(len(levels)), []
    for i, row in enumerate(rows):
        here = data.isel(s_1=i)
        best = here["energy"].where(here["energy"] == here["energy"].min(), drop=True)
        for axes, name in zip(row, _TERMS, strict=True):
            # By the number of the level, so that each decade gets as much colour as another.
            values = np.interp(here[name].to_numpy(), levels, spread)
            maps.append(axes.contourf(here["u"], here["b"], values, levels=spread, cmap="RdBu_r"))
            axes.axhline(1, color="0.4", lw=0.8, ls=":", label="b = 1")
            if i == 0:
                axes.set_title(here[name].attrs["long_name"])
        label = "least energy on the grid"
        row[2].plot(best["u"], best["b"], "x", color="black", clip_on=False, label=label)
        row[0].set_ylabel(f"s₁ = {float(here['s_1']):g}\nrecurrent mode b")
    for axes in rows[-1]:
        axes.set_xlabel("input–output mode ac")
    rows[0, 2].legend(fontsize="small", loc="lower right")
    bar = figure.colorbar(maps[0], ax=rows, label="loss, ½ mean squared error", shrink=0.6)
    if bar.solids is not None:  # vector graphics throughout, also a bar of many colours
        bar.solids.set_rasterized(False)
    marks = np.array([-100, -10, -1, 0, 1, 10, 100])
    bar.set_ticks(np.interp(marks, levels, spread).tolist(), labels=[str(mark) for mark in marks])
    return figure


def claims(data: "xarray.Dataset") -> list[Claim]:
    """A2a–c.

    Args:
        data: the data.

    Returns:
        The claims.
    """
    configuration = configuration_of(data)
    regularization = data["regularization"].to_numpy()
    driven, energy = data["data_driven"].to_numpy(), data["energy"].to_numpy()
    rest = energy - driven
    b, growth = data["long_b"].to_numpy(), (data["at_twice"] / data["at_length"]).to_numpy()
    limit = 0.5 / (1 - b[b < 1] ** 2)
    long = configuration["long_length"]
    return [
        Claim(
            "A2a",
            "The energy is the sum of a data-driven and an effective regularization term.",
            "largest gap of the sum and the loss of networks on data, over the largest loss",
            largest_gap(driven + regularization, energy),
            "<=",
            1e-10,
        ),
        Claim(
            "A2b",
            "The effective regularization is constant across task dynamics.",
            "largest gap of the loss less the data-driven term between rows, over its size",
            (rest.max(0) - rest.min(0)).max() / np.abs(rest).max(),
            "<=",
            1e-10,
        ),
        Claim(
            "A2c",
            "As T → ∞, the second term goes to infinity for cba > 0.",
            f"least growth from T = {long} to {2 * long} over b in {b.tolist()}",
            growth.min(),
            ">=",
            1.9,
            expected=False,
            erratum=16,
            note="For |b| < 1 it tends to u² / (2 (1 − b²)), whatever T. It goes to infinity where "
            "|b| ≥ 1 and u ≠ 0, also for cba < 0: like T at |b| = 1, like b^{2T} above.",
        ),
        Claim(
            "A2c*",
            "The second term goes to infinity where |b| ≥ 1, and to u² / (2 (1 − b²)) elsewhere.",
            f"largest gap from the limit for b < 1, and lack of growth above, at T = {2 * long}",
            max(
                largest_gap(data["at_twice"].to_numpy()[b < 1], limit),
                (1.99 - growth[b >= 1]).max(),
            ),
            "<=",
            1e-9,
        ),
    ]
