"""The theory of ten thousand modes at once, against SciPy one mode at a time."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

import learndyn as ld
from benchmarks._measure import Interleaved, Row, at_least, at_most, seconds

_MODES, _LENGTH, _STARTS, _END = 10_000, 10, 50, 30.0
# SciPy works on so many of them: one at a time, all of them take minutes to hours.
_FEW, _SAMPLE = 4, 50
_SIDE = 100
# Complex spectra whose optimum is proven, and complex modes that flow.
_PROVEN, _PROVEN_LENGTH, _TURNING = 1000, 20, 4096


def run() -> list[Row]:
    """Measure optimum, flow and map, and the first two of complex modes."""
    return [*_optimum(), *_flow(), *_map(), *_rotations()]


def _row(quantity, value, unit, **rest):
    return Row("theory", quantity, value, unit, **rest)


def _optimum() -> list[Row]:
    rng = np.random.default_rng(0)
    spectra = rng.normal(size=(_MODES, _LENGTH))
    starts = rng.normal(size=(_FEW, _STARTS, 2))
    lags = np.arange(_LENGTH)

    def ours():
        return ld.theory.optimum(spectra).energy.block_until_ready()

    def scipys():
        found = []
        for values, around in zip(spectra[:_FEW, ::-1], starts, strict=True):

            def energy(x, values=values):
                powers = x[1] ** lags
                error = values - x[0] * powers
                slope = lags[1:] * powers[:-1]
                gradient = [-error @ powers, -x[0] * (error[1:] @ slope)]
                return 0.5 * error @ error, np.array(gradient)

            found.append(min(minimize(energy, x, jac=True).fun for x in around))
        return np.array(found)

    first = seconds(ours)
    assert (ours()[:_FEW] <= scipys() + 1e-9).all()  # no start of SciPy's is below
    timed = Interleaved({"scipy": (scipys, _FEW), "learndyn": (ours, _MODES)}, rounds=3)
    ratio, once = timed.ratio("scipy", "learndyn"), timed.median("learndyn") * _MODES
    return [
        _row(f"optimum of {_MODES:,} spectra, T = {_LENGTH}", once, "s"),
        _row("optimum, compile (first call − run)", first - once, "s"),
        _row(
            f"optimum, SciPy with {_STARTS} starts / learndyn", ratio, "x", **at_least(1000, ratio)
        ),
    ]


def _flow() -> list[Row]:
    rng = np.random.default_rng(0)
    delta, lam = rng.uniform(0.3, 1.2, _MODES), rng.uniform(0.2, 1.1, _MODES)
    spectra = ld.task_dynamics("inverse_exponential", delta, lam, _LENGTH)
    chosen = rng.choice(_MODES, _SAMPLE, replace=False)
    by_lag, lags = np.asarray(spectra)[chosen, ::-1], np.arange(_LENGTH)

    def ours():
        flow = ld.theory.mode_flow((0.1, 0.1, 0.1), spectra, np.array([_END]))
        return flow.b[0].block_until_ready()

    def scipys(method):
        ends = []
        for values in by_lag:

            def field(t, y, values=values):  # noqa: ARG001
                a, b, c = y
                powers = b**lags
                error = values - a * c * powers
                slope = error @ powers
                return [c * slope, a * c * (error[1:] @ (lags[1:] * powers[:-1])), a * slope]

            solution = solve_ivp(field, (0, _END), [0.1] * 3, method=method, rtol=1e-8, atol=1e-10)
            ends.append(solution.y[1, -1])
        return np.array(ends)

    first = seconds(ours)
    np.testing.assert_allclose(ours()[chosen], scipys("LSODA"), atol=1e-6)
    timed = Interleaved(
        {
            "LSODA": (lambda: scipys("LSODA"), _SAMPLE),
            "DOP853": (lambda: scipys("DOP853"), _SAMPLE),
            "learndyn": (ours, _MODES),
        },
        rounds=3,
    )
    better = min(("LSODA", "DOP853"), key=timed.median)
    ratio, once = timed.ratio(better, "learndyn"), timed.median("learndyn") * _MODES
    return [
        _row(f"flow of {_MODES:,} modes, T = {_LENGTH}, to t = {_END:g}", once, "s"),
        _row("flow, compile (first call − run)", first - once, "s"),
        _row(f"flow, {better} / learndyn", ratio, "x", **at_least(50, ratio)),
    ]


def _constant(kappa, delta):
    return ld.task_dynamics("constant", delta, None, 20, kappa=kappa + 0 * delta)


def _map() -> list[Row]:
    """Constant dynamics of 20 steps whose last value deviates, over δ and κ."""
    deltas, kappas = np.linspace(0.1, 3.0, _SIDE), np.linspace(0.5, 10.0, _SIDE)

    def ours():
        born, jumps = 0, 0
        for kappa in kappas:
            family = jax.tree_util.Partial(_constant, jnp.asarray(kappa))
            found = ld.theory.transitions(family, deltas)
            born, jumps = born + len(found.births), jumps + len(found.jumps)
        grid = np.meshgrid(kappas, deltas, indexing="ij")
        spectra = _constant(*(jnp.asarray(x.ravel()) for x in grid))
        ends = ld.theory.destination((0.1, 0.1, 0.1), spectra)
        assert born > _SIDE // 2
        assert jumps > _SIDE // 2
        assert float((ends.settled | ends.escaped | ends.trapped).mean()) > 0.99

    whole = seconds(ours)
    name = f"{_SIDE} × {_SIDE} map with optimum, births, basins, compilation included"
    return [_row(name, whole, "s", **at_most(30, whole))]


def _rotations() -> list[Row]:
    """Certified optima of complex spectra; the flow of complex modes against that of real ones."""
    rng = np.random.default_rng(0)
    parts = rng.normal(size=(2, _PROVEN, _PROVEN_LENGTH))
    spectra = parts[0] + 1j * parts[1]
    whole = seconds(lambda: ld.theory.optimum(spectra).energy.block_until_ready())

    delta, lam = rng.uniform(0.3, 1.2, _TURNING), rng.uniform(0.2, 1.0, _TURNING)
    real = ld.task_dynamics("inverse_exponential", delta, lam, _LENGTH)
    turn = np.exp(1j * rng.uniform(-np.pi, np.pi, _TURNING))
    turning = ld.task_dynamics("inverse_exponential", delta, lam * turn, _LENGTH)

    def flow(spectrum):
        path = ld.theory.mode_flow((0.1, 0.1, 0.1), spectrum, np.array([_END]))
        return path.b.block_until_ready()

    cases = {"real": real, "real values, complex numbers": real + 0j, "rotations": turning}
    for spectrum in cases.values():
        flow(spectrum)
    timed = Interleaved(
        {name: (lambda s=spectrum: flow(s), _TURNING) for name, spectrum in cases.items()}, rounds=5
    )
    name = f"optimum of {_PROVEN:,} complex spectra, T = {_PROVEN_LENGTH}, proven, with compilation"
    rows = [_row(name, whole, "s", **at_most(30, whole))]
    for case in ("real values, complex numbers", "rotations"):
        ratio = timed.ratio(case, "real")
        rows.append(_row(f"flow of a mode, {case} / real", ratio, "x", **at_most(3, ratio)))
    return rows
