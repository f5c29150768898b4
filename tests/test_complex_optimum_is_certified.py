"""The optimum of a complex mode is the best there is: by brute force, and by a proof that holds."""

from functools import cache

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import learndyn as ld
from learndyn.theory import _certificate, _optimum
from learndyn.theory._cells import (
    Cells,
    Rings,
    all_cells,
    bound_of,
    first_rings,
    frames_of,
    split,
)
from learndyn.theory._circle import grids_of
from learndyn.theory._sphere import Solutions

COUNT = 64  # spectra at once, always, so that few shapes are compiled
SEARCH = jax.jit(jax.vmap(lambda row, w: ld.theory.optimum(row, weights=w), (0, None)))
seeds = st.integers(0, 2**32 - 1)
# Of so many spectra each.
few = settings(max_examples=10)


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(size=(*shape, 2)).view(complex)[..., 0]


def optima(spectra, weights=None):
    """Optima of up to `COUNT` spectra, as NumPy arrays."""
    rows = np.asarray(spectra, complex)
    weights = np.ones(rows.shape[1]) if weights is None else weights
    best = ld.theory.optimum(np.resize(rows, (COUNT, rows.shape[1])), weights=weights)
    return jax.tree.map(lambda part: np.asarray(part)[: len(rows)], best)


def weights_of(kind, length):
    return {
        "ones": np.ones(length),
        "every": length - np.arange(length, dtype=float),
        "padded": (np.arange(length) < length - 1).astype(float),
        "gaps": np.where(np.arange(length) % 3 == 1, 0.0, 1.0),
        "random": np.exp(2 * np.random.default_rng(1).normal(size=length)),
    }[kind]


@cache
def spectra_of(length):
    """Random and structured complex spectra, `(COUNT, length)`."""
    rows, lags = list(noise(length, 40, length)), np.arange(length)[::-1]
    rng = np.random.default_rng(length)
    lam = noise(1, 8, 3) * np.array([1, 1, 0.1])
    rows += [lam[i, 0] ** lags + 2 * lam[i, 1] ** lags for i in range(4)]
    rows += [np.exp(2j * i) ** lags + 0.1 * noise(i, length) for i in range(4)]
    rows += [row * rng.integers(0, 2, length) + 1e-3 * noise(2, length) for row in rows[:4]]
    rows += [row + row[::-1].conj() for row in rows[:4]]
    rows += [row.real + 0j for row in rows[:4]]
    return np.array([*rows, np.eye(length)[0], np.eye(length)[-1], *noise(3, 2, length)])


def directions(half, angle, weights):
    """`(√w_k b^k)` normalized at `b = tan(half) e^{i angle}`, where nothing overflows."""
    lags, last = np.arange(len(weights)), np.flatnonzero(weights)[-1]
    cosine, sine = (np.asarray(x)[..., None] for x in (np.cos(half), np.sin(half)))
    largest = np.maximum(abs(cosine), abs(sine))
    powers = (cosine / largest) ** np.maximum(last - lags, 0) * (sine / largest) ** lags
    powers = powers * np.exp(1j * lags * np.asarray(angle)[..., None]) * np.sqrt(weights)
    return powers / np.linalg.norm(powers, axis=-1, keepdims=True)


def energies(spectra, half, angle, weights):
    """Energy of the best u for each b, `(spectra, points)`, relative to that of u = 0."""
    rows = spectra[:, ::-1] * np.sqrt(weights)
    along = abs(rows @ directions(half, angle, weights).conj().T) ** 2
    return 1 - along / np.maximum(np.sum(abs(rows) ** 2, -1, keepdims=True), 1e-300)


def dense_grid(length):
    half, angle = np.linspace(0, np.pi / 2, 30 + 4 * length), np.arange(6 * length + 12)
    half, angle = np.meshgrid(half, 2 * np.pi * angle / len(angle), indexing="ij")
    return half.ravel(), angle.ravel()


def checked(spectra, weights):
    """Optima that have the energies they say, and that no point of a dense grid is below."""
    best = optima(spectra, weights)
    size = 0.5 * np.sum(weights * abs(spectra[:, ::-1]) ** 2, -1)
    lowest = energies(spectra, *dense_grid(len(weights)), weights).min(-1)
    assert np.all(best.energy <= (lowest + 1e-12) * size)
    finite = best.attained
    assert np.array_equal(best.b[~finite], np.full((~finite).sum(), np.inf + 0j))
    assert np.all(best.u[~finite] == 0)
    b = np.where(finite, best.b, 0)
    powers = np.where(weights > 0, b[:, None] ** np.arange(len(weights)), 0)
    errors = spectra[:, ::-1] - best.u[:, None] * powers
    direct = 0.5 * np.sum(weights * abs(errors) ** 2, -1)
    assert np.all(abs(direct - best.energy)[finite] <= 1e-11 * size[finite])
    last = np.flatnonzero(weights)[-1]
    infimum = size - 0.5 * weights[last] * abs(spectra[:, ::-1][:, last]) ** 2
    assert np.all(abs(infimum - best.energy)[~finite] <= 1e-12 * size[~finite])
    return best


@pytest.mark.parametrize("length", [2, 3, 5, 10, 20])
def test_no_point_of_a_dense_grid_is_lower(length):
    checked(spectra_of(length), np.ones(length))


@pytest.mark.parametrize("kind", ["every", "padded", "gaps", "random"])
@pytest.mark.parametrize("length", [5, 10])
def test_no_point_of_a_dense_grid_is_lower_with_weights(length, kind):
    checked(spectra_of(length), weights_of(kind, length))


def test_no_point_of_a_dense_grid_is_lower_on_long_trajectories():
    spectra, weights = spectra_of(100)[::13], np.ones(100)
    best = ld.theory.optimum(spectra)
    size = 0.5 * np.sum(abs(spectra) ** 2, -1)
    half, angle = dense_grid(100)
    for part in np.array_split(np.arange(0, len(half), 7), 4):
        lowest = energies(spectra, half[part], angle[part], weights).min(-1)
        assert np.all(np.asarray(best.energy) / size <= lowest + 1e-12)


@pytest.mark.parametrize(("length", "kind"), [(3, "ones"), (5, "every"), (10, "ones")])
def test_of_many_starts_of_bfgs_the_best_ends_there(length, kind):
    weights, rng = weights_of(kind, length), np.random.default_rng(0)
    spectra = spectra_of(length)[[0, 40, 44, 52]]
    best = optima(spectra, weights)
    size = 0.5 * np.sum(weights * abs(spectra[:, ::-1]) ** 2, -1)
    for i, row in enumerate(spectra):

        def energy(point, row=row):
            return energies(row[None], *(x[None] for x in point), weights)[0, 0]

        starts = np.stack([rng.uniform(0, np.pi / 2, 20), rng.uniform(0, 2 * np.pi, 20)], -1)
        lowest = min(minimize(energy, start, tol=1e-9).fun for start in starts)
        assert abs(best.energy[i] / size[i] - lowest) < 1e-10


def test_newtons_method_in_thirty_digits_stays_where_the_optimum_is():
    length, compared = 5, 0
    weights = weights_of("every", length)
    best = optima(spectra_of(length), weights)
    with mp.workdps(30):
        for i in range(8):
            values = [mp.mpc(complex(m)) for m in spectra_of(length)[i, ::-1]]

            def parts(b, values=values):
                pairs = list(enumerate(zip(weights.tolist(), values, strict=True)))
                p = mp.fsum(w * mp.conj(m) * b**k for k, (w, m) in pairs)
                dp = mp.fsum(k * w * mp.conj(m) * b ** (k - 1) for k, (w, m) in pairs if k)
                q = mp.fsum(w * abs(b) ** (2 * k) for k, (w, m) in pairs)
                dq = mp.fsum(k * w * abs(b) ** (2 * k - 2) for k, (w, m) in pairs if k)
                return p, dp, q, dq

            def slope(x, y, parts=parts):
                b = mp.mpc(x, y)
                p, dp, q, dq = parts(b)
                value = dp * q - p * dq * mp.conj(b)
                return value.real, value.imag

            near = complex(np.round(best.b[i], 5))
            root = mp.findroot(slope, (near.real, near.imag))
            b = mp.mpc(root[0], root[1])
            p, _, q, _ = parts(b)
            square = mp.fsum(w * abs(m) ** 2 for w, m in zip(weights.tolist(), values, strict=True))
            assert abs(b - complex(best.b[i])) < 1e-13 * (1 + abs(b) ** 2)
            assert abs((square - abs(p) ** 2 / q) / 2 - float(best.energy[i])) < 1e-14 * square
            compared += 1
    assert compared == 8


# --- the proof -----------------------------------------------------------------------------------


def random_rings(rng, count):
    """Cells of all sizes, at all radii, also next to 0 and beyond 1."""
    height = np.exp(rng.uniform(np.log(1e-3), np.log(0.6), count))
    low = np.where(rng.random(count) < 0.2, 0, rng.uniform(0, 1.1, count))
    spread = np.exp(rng.uniform(np.log(1e-3), np.log(np.pi / 3), count))
    return Rings(rng.integers(0, 2, count), low, low + height, spread)


def sample(rng, low, high, spread, count=600):
    """Points of a cell at angle 0 as (radius, angle), half of them on its border."""
    radius, angle = rng.uniform(low, high, count), rng.uniform(-spread, spread, count)
    side = rng.integers(0, 8, count)
    radius = np.where(side == 0, low, np.where(side == 1, high, radius))
    angle = np.where(side == 2, -spread, np.where(side == 3, spread, angle))
    corners = np.array([(r, a) for r in (low, high) for a in (-spread, spread)]).T
    return np.concatenate([radius, corners[0]]), np.concatenate([angle, corners[1]])


@pytest.mark.parametrize("kind", ["ones", "every", "padded", "gaps", "random"])
@pytest.mark.parametrize("length", [1, 2, 3, 6, 12, 40])
def test_nothing_in_a_cell_exceeds_its_bound(length, kind):
    weights = weights_of(kind, length)
    weights[0] = 1.0
    rng, close = np.random.default_rng(length), 0
    last = np.flatnonzero(weights)[-1]
    both = np.stack([weights, np.roll(weights[::-1], last + 1 - length)])
    rings = random_rings(rng, 60)
    frames = frames_of(rings, both)
    for i in range(60):
        w, turn = both[rings.chart[i]], rng.uniform(0, 2 * np.pi)
        radius, angle = sample(rng, rings.low[i], rings.high[i], rings.spread[i])
        curve = directions(np.arctan(radius), angle + turn, w)
        # Random spectra, and ones that are largest, or nearly so, somewhere in the cell.
        spectra = noise(i, 24, length)
        spectra[8:] *= np.exp(rng.uniform(-8, 1, (16, 1)))
        spectra[8:] += curve[rng.integers(0, len(curve), 16)]
        # One across the curve at the centre, towards a corner.
        centre = directions(np.arctan(frames.radius[i]), np.array(turn), w)
        spectra[0] = centre + 3 * (curve[-1] - centre * (centre.conj() @ curve[-1]))
        spectra = spectra * (w > 0)
        spectra /= np.maximum(np.linalg.norm(spectra, axis=-1, keepdims=True), 1e-300)
        turned = np.exp(1j * turn * np.arange(length))
        alpha = abs(spectra @ (frames.normal[i] * turned).conj())
        beta = abs(spectra @ (frames.tangent[i] * turned).conj())
        np.testing.assert_allclose(alpha, abs(spectra @ centre.conj()), atol=1e-14)
        bound = bound_of(alpha, beta, frames.along[[i]], frames.across[[i]])
        highest = np.max(abs(spectra @ curve.conj().T) ** 2, -1)
        assert np.all(highest <= bound + 1e-13)
        close += np.sum((bound - highest < 0.02) & (highest - alpha**2 > 1e-3))
    assert close > 20 or last == 0  # the bounds say something


def test_bounds_are_of_second_order_near_a_maximum():
    weights = np.ones(10)
    spectra = spectra_of(10)[:20]
    best = optima(spectra_of(10), weights)
    compared = 0
    for row, b in zip(spectra, best.b[:20], strict=True):
        if abs(b) > 1 or abs(b) < 0.1:
            continue
        values = row[::-1] / np.linalg.norm(row)
        sizes, excess = np.array([1e-2, 1e-3, 1e-4]), []
        for h in sizes:
            # A cell beside the maximum, as far as it is wide.
            low = np.array([abs(b) + h])
            ring = Rings(np.zeros(1, int), low, low + h, np.array([h / 2 / abs(b)]))
            frame = frames_of(ring, np.stack([weights, weights]))
            turned = np.exp(1j * np.angle(b) * np.arange(10))
            alpha = abs((frame.normal * turned).conj() @ values)
            beta = abs((frame.tangent * turned).conj() @ values)
            bound = bound_of(alpha, beta, frame.along, frame.across)
            excess.append((bound - alpha**2)[0])
        slope = np.diff(np.log(excess)) / np.diff(np.log(sizes))
        assert np.all(abs(slope - 2) < 0.15)
        compared += 1
    assert compared > 5


def inside(chart, x, rings, cells):
    """Which of the cells hold the points x of a chart, `(points, cells)`."""
    low, high, spread = (part[cells.ring] for part in (rings.low, rings.high, rings.spread))
    radius, off = abs(x)[:, None], np.angle(x[:, None] * np.exp(-1j * cells.angle))
    there = (radius >= low) & (radius <= high) & (abs(off) <= spread * (1 + 1e-12))
    return there & (rings.chart[cells.ring] == chart[:, None])


@pytest.mark.parametrize("kind", ["ones", "gaps"])
def test_the_first_cells_cover_the_sphere_and_parts_cover_cells(kind):
    rng, length = np.random.default_rng(0), 9
    grids = np.asarray(grids_of(jnp.asarray(weights_of(kind, length))))
    rings = first_rings(grids[:, grids.shape[1] // 2 :: _certificate._RING])
    cells = all_cells(rings)
    b = np.tan(rng.uniform(0, np.pi / 2, 500)) * np.exp(1j * rng.uniform(0, 7, 500))
    b = np.concatenate([b, np.exp(1j * rng.uniform(0, 7, 50)), [1e-9, 1e9]])
    for _ in range(3):
        zero, one = np.zeros(len(b), int), np.ones(len(b), int)
        there = inside(zero, b, rings, cells).any(-1) | inside(one, 1 / b, rings, cells).any(-1)
        assert np.all(there)
        # Parts of every other cell hold all points of these, and no new ones.
        some = Cells(*(part[::2] for part in cells))
        chart = (rng.random(len(b)) < 0.5).astype(int)
        x = np.where(chart, 1 / b, b)
        halves, parts = split(rings, some)
        before, after = inside(chart, x, rings, some), inside(chart, x, halves, parts)
        assert np.array_equal(before.any(-1), after.any(-1))
        assert before.any(-1).sum() > 100
        rings, cells = split(rings, cells)
    width = (rings.high + rings.low) * rings.spread / (rings.high - rings.low)
    assert np.all((width > 0.3) & (width < 3))


def nothing_found(target, grids):
    b = jnp.zeros_like(target.values[..., 0])
    size = jnp.sum(target.weights[1:] * abs(target.values[..., 1:]) ** 2, -1)
    return Solutions(b, target.values[..., 0], 0.5 * size)


@pytest.mark.parametrize("kind", ["ones", "gaps"])
def test_where_the_search_finds_nothing_the_proof_finds_the_same(kind, monkeypatch):
    spectra, weights = spectra_of(5), weights_of(kind, 5)
    best = optima(spectra, weights)
    monkeypatch.setattr(_optimum, "search", nothing_found)
    other = optima(spectra, weights)
    size = 0.5 * np.sum(weights * abs(spectra[:, ::-1]) ** 2, -1)
    # A better sample is polished, so that it is as exact.
    assert np.all(abs(best.energy - other.energy) <= 1e-11 * size)
    assert np.mean(best.b != 0) > 0.7


def test_a_wrong_bound_ends_in_an_error(monkeypatch):
    monkeypatch.setattr(_certificate, "bound_of", lambda alpha, *_: 1 + alpha)
    monkeypatch.setattr(_certificate, "_LEVELS", 3)
    with pytest.raises(RuntimeError, match="bounds to close in"):
        ld.theory.optimum(np.array([1.0, 2j, 0.5]))


def test_without_values_the_search_finds_the_same():
    spectra, weights = spectra_of(5), np.ones(5)
    best, found = optima(spectra, weights), SEARCH(spectra, weights)
    np.testing.assert_array_equal(found.attained, best.attained)
    np.testing.assert_allclose(found.energy, best.energy, rtol=1e-11)
    np.testing.assert_allclose(found.b[best.attained], best.b[best.attained], rtol=1e-9)


# --- what is known exactly -----------------------------------------------------------------------


@pytest.mark.parametrize("length", [2, 3, 10, 20])
def test_geometric_spectra_have_no_loss_at_their_ratio(length):
    sizes = np.repeat([0.05, 0.3, 0.9, 1.0, 1.1, 1.7], 8)
    phase = np.exp(1j * np.random.default_rng(length).uniform(0, 2 * np.pi, (2, 48)))
    lam, delta = sizes * phase[0], 0.7 * phase[1]
    spectra = delta[:, None] * lam[:, None] ** np.arange(length)[::-1]
    best = optima(spectra)
    np.testing.assert_allclose(best.b, lam, rtol=1e-9)
    np.testing.assert_allclose(best.u, delta, rtol=1e-9)
    assert np.all(ld.theory.zero_loss(np.resize(spectra, (COUNT, length))))
    assert not np.any(ld.theory.zero_loss(noise(0, COUNT, 10)))


@pytest.mark.parametrize("length", [2, 3, 5, 10])
def test_a_spectrum_of_the_last_lag_alone_is_not_attained(length):
    spectra = np.zeros((4, length), complex)
    spectra[:, 0] = [1, -2, 3j, 0.1 - 1j]
    best = checked(spectra, np.ones(length))
    assert not best.attained.any()
    assert np.all(best.energy == 0)
    assert not ld.theory.zero_loss(np.resize(spectra, (COUNT, length))).any()
    if length > 2:
        spectra[:, -1] = 0.4j
        best = checked(spectra[:3], np.ones(length))
        assert not best.attained.any()
        np.testing.assert_allclose(best.energy, 0.08)


def test_one_step_and_no_task_leave_b_at_zero():
    best = optima([[0.7j], [0.0]])
    assert np.all(best.b == 0)
    assert np.array_equal(best.u, [0.7j, 0])
    for length in (3, 10):
        best = optima(np.zeros((2, length)))
        assert np.all((best.b == 0) & (best.u == 0) & (best.energy == 0) & best.attained)


def test_two_steps_have_no_loss_whatever_they_are():
    spectra = spectra_of(2)[:40]
    best = optima(spectra)
    np.testing.assert_allclose(best.b, spectra[:, 0] / spectra[:, 1], rtol=1e-9)
    assert np.all(best.energy < 1e-25)


def test_of_equal_optima_the_least_then_the_right_then_the_upper_is_taken():
    unit = np.eye(5)[2]  # a ring of optima, |b| = 1
    best = optima([unit, [1, 0, 0, 0, 1], [1, 0, 5, 0, 1], [1, 1.5, -5, 1.5, 1]])
    assert abs(best.b[0] - 1) < 1e-9
    assert best.b[1] == 0
    assert abs(best.b[2].imag) < 1e-9 * abs(best.b[2])
    assert best.b[2].real > 0
    assert best.b[3].imag > 0.1


# --- symmetries ----------------------------------------------------------------------------------


def apart(b, other):
    """Distance of points of the sphere."""
    return abs(b - other) / np.sqrt((1 + abs(b) ** 2) * (1 + abs(other) ** 2))


@few
@given(seeds, st.floats(0, 2 * np.pi))
def test_a_spectrum_that_turns_evenly_turns_b(seed, turn):
    spectra = noise(seed, COUNT, 5)
    best = optima(spectra)
    other = optima(spectra * np.exp(1j * turn * np.arange(5)[::-1]))
    assert np.max(apart(other.b, best.b * np.exp(1j * turn))) < 1e-10
    np.testing.assert_allclose(other.energy, best.energy, rtol=1e-12)
    np.testing.assert_allclose(other.u, best.u, rtol=1e-8)


@few
@given(seeds)
def test_conjugates_have_conjugate_optima_and_time_reversed_inverse_ones(seed):
    spectra = noise(seed, COUNT, 5)
    best, mirrored, back = optima(spectra), optima(spectra.conj()), optima(spectra[:, ::-1])
    assert np.max(apart(mirrored.b, best.b.conj())) < 1e-10
    assert np.max(apart(back.b * best.b, 1)) < 1e-9
    for other in (mirrored, back):
        np.testing.assert_allclose(other.energy, best.energy, rtol=1e-12)


def test_another_size_and_phase_change_u_alone():
    spectra = spectra_of(10)
    best = optima(spectra)
    for factor in (1j, 2.0**-300, -(2.0**300)):
        other = optima(factor * spectra)
        finite = best.attained
        assert np.max(apart(other.b[finite], best.b[finite])) < 1e-9
        np.testing.assert_allclose(other.u / factor, best.u, rtol=1e-8, atol=1e-15)
    small = spectra.astype(np.complex64)
    single = ld.theory.optimum(small, weights=np.ones(10, np.float32))
    assert np.median(apart(np.asarray(single.b)[finite], best.b[finite])) < 1e-5
    np.testing.assert_allclose(single.energy, best.energy, rtol=1e-4, atol=1e-5)


def test_steps_of_no_weight_are_as_good_as_none():
    short = spectra_of(5)
    padded = np.concatenate([noise(0, COUNT, 5), short], axis=1)
    best, other = optima(short), optima(padded, np.repeat([1.0, 0.0], 5))
    np.testing.assert_array_equal(best.attained, other.attained)
    np.testing.assert_allclose(other.energy, best.energy, rtol=1e-11, atol=1e-14)


# --- the two questions ---------------------------------------------------------------------------


def test_a_real_spectrum_may_have_a_lower_complex_optimum():
    spectra = np.array([[0, 1, 1, -1, -1.0], [0, 0, 1, 0.5, -1]])
    for row, count in zip(spectra, (4, 3), strict=True):
        weights = (np.arange(5) < count).astype(float)  # the others are padding
        real = ld.theory.optimum(np.resize(row, (COUNT, 5)), weights=weights)
        both = jax.tree.map(lambda part: part[0], optima([row], weights))
        half, rows = np.linspace(0, np.pi / 2, 20001), row[None]
        on_line = [energies(rows, half, turn * np.ones_like(half), weights) for turn in (0, np.pi)]
        lowest = energies(rows, *dense_grid(30), weights).min()
        size = 0.5 * np.sum(weights * row[::-1] ** 2)
        assert abs(real.energy[0] / size - np.min(on_line)) < 1e-6
        assert abs(both.energy / size - lowest) < 1e-3
        assert both.energy < 0.8 * real.energy[0]
        assert both.b.imag > 0.5  # of the two, b and its conjugate
        assert not jnp.iscomplexobj(real.b)


@few
@given(seeds, st.sampled_from([1.0, -1.0]))
def test_spectra_without_negative_values_have_real_optima(seed, sign):
    # |p(b)| ≤ p(|b|), so no complex b is better than its size; nor with alternating signs.
    spectra = np.random.default_rng(seed).exponential(size=(COUNT, 5)) * sign ** np.arange(5)[::-1]
    real, both = ld.theory.optimum(spectra), optima(spectra)
    np.testing.assert_allclose(both.energy, real.energy, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(both.b, np.asarray(real.b), rtol=1e-6)


def test_bad_spectra_end_in_a_sentence():
    for value in (np.nan, 1j * np.inf):
        with pytest.raises(ld.InputError, match="finite"):
            ld.theory.optimum(np.array([1.0, value, 1.0]) + 0j)
    with pytest.raises(ld.InputError, match="positive at lag 0"):
        ld.theory.optimum(np.ones(2) + 0j, weights=np.array([0.0, 1.0]))
