"""The optimum of a mode is the best there is: brute force on the circle, and polynomial roots."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import Polynomial

import learndyn as ld

EPS = np.finfo(float).eps
LENGTHS = [1, 2, 3, 4, 5, 8, 12]
by_length = pytest.mark.parametrize("length", LENGTHS)
OPTIMUM = jax.jit(lambda spectra, weights: ld.theory.optimum(spectra, weights=weights))
POINTS = jax.jit(lambda spectra, weights: ld.theory.stationary_points(spectra, weights=weights))


@cache
def spectra_of(length, count=72):
    """Random and structured spectra of one length, `(count, length)`."""
    rng = np.random.default_rng(length)
    rows = list(rng.normal(size=(40, length)))
    for _ in range(4):
        delta, lam, kappa = rng.uniform(0.3, 2, size=3)
        rows.append(ld.task_dynamics("constant", delta, None, length))
        rows.append(ld.task_dynamics("constant", delta, None, length, kappa=3 * kappa))
        rows.append(ld.task_dynamics("inverse_exponential", delta, -lam, length))
        rows.append(ld.task_dynamics("exponential", delta, lam, length, kappa=-kappa))
        rows.append(lam ** np.arange(length) * rng.choice([-1, 1]))
        if length > 1:
            rows.append(ld.task_dynamics("dirac_delta", delta, None, length, kappa=kappa))
        zeros = rng.normal(size=length) * rng.integers(0, 2, size=length)
        rows.append(zeros)
        # Two minima that are equal to 1e-10: b and 1/b, or b and −b.
        noise, half = 1e-10 * rng.normal(size=(2, length)), rng.normal(size=length)
        rows += [half + half[::-1] + noise[0], half * (np.arange(length)[::-1] % 2 == 0) + noise[1]]
    rows = [*rows, np.zeros(length)][-count:]
    return np.array([np.asarray(row) for row in rows])


def directions(angles, length, weights):
    """`(√w_k b^k)` normalized, `b = tan(angle)`, in homogeneous coordinates: nothing overflows."""
    lags = np.arange(length)
    cosine, sine = np.cos(angles)[..., None], np.sin(angles)[..., None]
    last = np.flatnonzero(weights)[-1]
    largest = np.maximum(abs(cosine), abs(sine))
    powers = (cosine / largest) ** np.maximum(last - lags, 0) * (sine / largest) ** lags
    powers = powers * np.sqrt(weights)
    return powers / np.linalg.norm(powers, axis=-1, keepdims=True)


def brute_force(spectra, weights, starts=100):
    """Least energy found by golden section from one random start in each of many arcs."""
    rng = np.random.default_rng(0)
    target = np.sqrt(weights) * spectra[:, ::-1]
    square = np.sum(target**2, -1)

    def energies(angles):
        along = np.einsum("nst,nt->ns", directions(angles, len(weights), weights), target)
        return 0.5 * (square[:, None] - along**2)

    edges = np.linspace(-np.pi / 2, np.pi / 2, starts + 1)
    width = edges[1] - edges[0]
    middle = edges[:-1] + width * rng.uniform(size=(len(spectra), starts))
    low, high, ratio = middle - width, middle + width, (np.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = energies(left), energies(right)
    for _ in range(40):
        down = at_left < at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        new = np.where(down, high - ratio * (high - low), low + ratio * (high - low))
        value = energies(new)
        left, right = np.where(down, new, right), np.where(down, left, new)
        at_left, at_right = np.where(down, value, at_right), np.where(down, at_left, value)
    zero = np.array([0.0, np.pi / 2])  # b = 0 and b = ∞
    ends = energies(np.broadcast_to(zero, (len(spectra), 2)))
    return np.minimum(at_left.min(-1), ends.min(-1)), square / 2


def checked_optimum(spectra, weights, starts=100):
    """The optimum, which is no worse than brute force and has the energy that it says."""
    best = OPTIMUM(spectra, weights)
    lowest, size = brute_force(spectra, weights, starts)
    scale = np.where(size > 0, size, 1)
    assert np.all((best.energy - lowest) / scale <= 1e-12)
    # Nor is it better than can be: golden section is exact to the root of rounding, squared.
    assert np.all((best.energy - lowest) / scale >= -1e-12 - (starts == 0))
    attained = np.asarray(best.attained)
    assert np.all(np.isposinf(np.asarray(best.b)[~attained]))
    assert np.all(np.asarray(best.u)[~attained] == 0)
    b, u = np.where(attained, best.b, 0), np.asarray(best.u)
    lags = np.arange(spectra.shape[1])
    with np.errstate(over="ignore"):
        errors = spectra[:, ::-1] - u[:, None] * b[:, None] ** lags
    energy = 0.5 * np.sum(np.where(weights > 0, weights * errors**2, 0), -1)
    assert np.all(abs(energy - best.energy)[attained] <= 1e-10 * scale[attained])
    # Not attained: all but the first step is lost.
    last = np.flatnonzero(weights)[-1]
    infimum = size - 0.5 * weights[last] * spectra[:, spectra.shape[1] - 1 - last] ** 2
    assert np.all(abs(infimum - best.energy)[~attained] <= 1e-12 * scale[~attained])
    return best


@by_length
def test_no_random_start_finds_less(length):
    best = checked_optimum(spectra_of(length), np.ones(length))
    assert best.b.shape == (72,)


@pytest.mark.parametrize("length", [3, 5, 12])
@pytest.mark.parametrize("kind", ["every", "padded", "random"])
def test_no_random_start_finds_less_with_weights(kind, length):
    weights = {
        "every": length - np.arange(length, dtype=float),
        "padded": (np.arange(length) < length - 1).astype(float),
        "random": np.random.default_rng(1).exponential(size=length),
    }[kind]
    checked_optimum(spectra_of(length), weights)


@pytest.mark.parametrize("length", [100, 500])
def test_no_random_start_finds_less_on_long_trajectories(length):
    rng, t = np.random.default_rng(length), np.arange(1, length + 1)
    rows = [*rng.normal(size=(6, length))]
    for lam in (0.9, 0.99, 1.0, 1.01, -0.97):
        geometric = lam ** np.minimum(length - t, 300) * (abs(lam) <= 1) + (lam > 1) * lam ** (
            t - 300
        )
        rows += [geometric, geometric + 0.1 * rng.normal(size=length)]
    for kappa in (0.0, 3.0, 12.0):
        rows.append(ld.task_dynamics("constant", 1.0, None, length, kappa=kappa))
    rows.append(np.cumsum(rng.normal(size=length)))
    spectra = np.array([np.asarray(row) for row in rows])
    # Features of the energy are as narrow as 1 / length, but not all of them at once.
    checked_optimum(spectra, np.ones(length), starts=length // 2 + 100)


# --- against roots of polynomials ----------------------------------------------------------------


def polynomials(spectrum, weights):
    """P, and `2P′Q − PQ′`, of which the roots are the stationary b."""
    p = Polynomial(weights * spectrum[::-1])
    q = np.zeros(2 * len(spectrum) - 1)
    q[::2] = weights
    q = Polynomial(q)
    return p, q, 2 * p.deriv() * q - p * q.deriv()


def real_roots(polynomial):
    """Real roots, polished, and whether they are all clearly real or not, and apart."""
    if np.all(polynomial.coef == 0):
        return np.zeros(0), False
    slope, everything = polynomial.deriv(), polynomial.trim().roots()
    for _ in range(3):
        with np.errstate(invalid="ignore", divide="ignore"):
            step = polynomial(everything) / slope(everything)
        everything = everything - np.where(np.isfinite(step) & (abs(step) < 0.1), step, 0)
    tilt = abs(everything.imag) / (1 + abs(everything) ** 2)
    gaps = abs(everything[:, None] - everything) + np.eye(len(everything))
    gaps = gaps / (1 + abs(everything[:, None]) * abs(everything))
    clear = len(everything) == 0 or (
        gaps.min() > 1e-3 and not np.any((tilt > 1e-9) & (tilt < 1e-3))
    )
    clear = clear and np.all(abs(everything) < 100)
    return np.sort(everything[tilt < 1e-6].real), bool(clear)


def gain(b, spectrum, weights):
    """What the best u for each b takes off."""
    return (
        directions(np.arctan(b), len(spectrum), weights) @ (np.sqrt(weights) * spectrum[::-1])
    ) ** 2


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("length", LENGTHS[1:])
def test_the_optimum_is_the_best_root_of_the_polynomial(length, every):
    weights = length - np.arange(length, dtype=float) if every else np.ones(length)
    spectra, compared = spectra_of(length), 0
    best = OPTIMUM(spectra, weights)
    for i, spectrum in enumerate(spectra):
        roots, clear = real_roots(polynomials(spectrum, weights)[2])
        if not clear:
            continue
        size = np.sum(weights * spectrum[::-1] ** 2)
        gains = np.append(gain(roots, spectrum, weights), weights[-1] * spectrum[0] ** 2)
        lowest = 0.5 * (size - gains.max())
        # 1e-12 of the energy of u = 0, the rounding of this difference.
        assert abs(best.energy[i] - lowest) < 1e-12 * size
        order = np.argsort(gains)[::-1]
        if len(gains) > 1 and gains[order[0]] - gains[order[1]] < 1e-9 * size:
            continue  # a tie
        compared += 1
        if order[0] == len(roots):
            assert not best.attained[i]
        else:
            b = roots[order[0]]
            if gains[order[0]] - gain(np.zeros(1), spectrum, weights)[0] < 1e-12 * size:
                b = 0.0  # a tie with it
            assert best.attained[i]
            # As an angle, since large b are known relative to their size only.
            assert abs(best.b[i] - b) < 1e-9 * (1 + b * b)
    assert compared > 30


def independent_energy(point, spectrum, weights):
    u, b = point
    power, total = 1.0, 0.0
    for m, w in zip(spectrum[::-1], weights, strict=True):
        total, power = total + 0.5 * w * (m - u * power) ** 2, power * b
    return total


HESSIANS = jax.jit(jax.vmap(jax.hessian(independent_energy), in_axes=(0, None, None)))


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("length", [2, 4, 8, 12])
def test_stationary_points_are_all_real_roots_with_the_kinds_of_their_hessians(length, every):
    weights = length - np.arange(length, dtype=float) if every else np.ones(length)
    spectra, compared = spectra_of(length), 0
    points = POINTS(spectra, weights)
    kinds = np.where(points.kind == ld.theory.KINDS.minimum, 1, 0)
    kinds = kinds - np.where(points.kind == ld.theory.KINDS.saddle, 1, 0)
    for i, spectrum in enumerate(spectra):
        p, q, g = polynomials(spectrum, weights)
        (bent, clear), (crossing, also) = real_roots(g), real_roots(p)
        if not (clear and also):
            continue
        compared += 1
        b = np.concatenate([bent, crossing])
        u = np.concatenate([p(bent) / q(bent), 0 * crossing])
        order = np.argsort(b)
        b, u, here = b[order], u[order], np.asarray(points.valid[i])
        assert here.sum() == len(b)
        found = np.asarray(points.b[i])[here]
        assert np.all(abs(found - b) < 1e-9 * (1 + b * b))
        # u moves with b, by as much as the powers do.
        np.testing.assert_allclose(
            np.asarray(points.u[i])[here], u, rtol=1e-6, atol=1e-9 * np.linalg.norm(spectrum)
        )
        padded = np.zeros((points.b.shape[1], 2))
        padded[: len(b)] = np.stack([u, b], -1)
        hessians = np.asarray(HESSIANS(jnp.asarray(padded), spectrum, weights))[: len(b)]
        # Signs do not change if b is measured in units of its own.
        scale = np.sqrt(abs(np.diagonal(hessians, axis1=1, axis2=2))) + 1e-30
        scaled = hessians / scale[:, :, None] / scale[:, None, :]
        determinant = np.linalg.det(scaled)
        sure = (abs(determinant) > 1e-6) | (u == 0)
        kind = np.where(determinant > 0, 1, -1)
        kind[u == 0] = -1
        assert np.all((np.asarray(kinds[i])[here] == kind)[sure])
        # On the circle maxima and minima alternate; ∞ is neither if s_1 and s_2 are not 0.
        if abs(spectrum[0] * spectrum[1]) > 1e-6:
            assert np.sum(kinds[i][here] == 1) == np.sum(kinds[i][here] == -1)
    assert compared > 30


@by_length
def test_the_slope_of_the_energy_vanishes_at_each_point(length):
    spectra, weights = spectra_of(length), np.ones(length)
    points = POINTS(spectra, weights)

    @jax.jit
    @jax.vmap
    def slopes(u, b, spectrum):
        def of(point):
            return ld.theory.energy((point[0], point[1], 1.0), spectrum)

        return jax.vmap(jax.grad(of))(jnp.stack([u, b], -1))

    valid = np.asarray(points.valid)
    b, u = np.where(valid, points.b, 0), np.asarray(points.u)
    found = np.asarray(slopes(jnp.asarray(u), jnp.asarray(b), spectra))
    lags = np.arange(length)
    powers = abs(b[..., None]) ** lags
    terms = abs(spectra[:, None, ::-1]) + abs(u[..., None]) * powers
    of_u = np.sum(powers * terms, -1)
    of_b = np.sum(lags * abs(b[..., None]) ** np.maximum(lags - 1, 0) * terms, -1) * abs(u)
    # b is right to rounding, which its powers magnify.
    allowed = 100 * length * EPS * np.stack([of_u, of_b], -1)
    # A simple root of P at u = 0 has slopes of a size that b itself gives.
    assert np.all((abs(found) <= allowed + 1e-13)[valid])
    assert valid.any(-1).all()
    assert np.all(np.diff(np.where(valid, points.b, 1e300), axis=-1) >= 0)
    assert np.all(np.isinf(np.asarray(points.b)[~valid]))


# --- corners by name -----------------------------------------------------------------------------


def optimum(*spectrum, **options):
    return ld.theory.optimum(np.array(spectrum, float), **options)


def test_two_steps_without_the_last_are_not_attained():
    best = optimum(2.0, 0.0)
    assert (float(best.b), float(best.u), float(best.energy)) == (np.inf, 0.0, 0.0)
    assert not best.attained


@pytest.mark.parametrize("length", [5, 6, 9])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_dirac_deltas_with_a_larger_first_value_are_not_attained(length, sign):
    best = optimum(1.001 * sign, *np.zeros(length - 2), 1.0)
    assert (float(best.b), float(best.u)) == (np.inf, 0.0)
    assert not best.attained
    assert float(best.energy) == pytest.approx(0.5, rel=1e-14)
    best = optimum(0.999 * sign, *np.zeros(length - 2), 1.0)
    assert (float(best.b), float(best.u)) == (0.0, 1.0)
    assert best.attained


def test_one_step_and_no_task_leave_b_at_zero():
    best = optimum(-0.7)
    assert [float(x) for x in (best.b, best.u, best.energy)] == [0.0, -0.7, 0.0]
    for length in (2, 5):
        best = optimum(*np.zeros(length))
        assert [float(x) for x in (best.b, best.u, best.energy)] == [0.0, 0.0, 0.0]
        assert best.attained


@pytest.mark.parametrize("first", [1e-3, -1e-7, 8e-11, 1e-14])
def test_points_right_beside_zero_and_infinity_are_as_exact_as_others(first):
    # P = s_2 + s_1 b and Q = 1 + b²: stationary at s_1 / s_2, and P = 0 at −s_2 / s_1.
    points = ld.theory.stationary_points(np.array([first, 0.5]))
    b = np.sort([first / 0.5, -0.5 / first])
    np.testing.assert_allclose(points.b[points.valid], b, rtol=1e-12)
    # By 1e-6 of an angle energies differ by 1e-12, which is a tie, and 0 is taken.
    assert (float(optimum(first, 0.5).b) == 0) == (abs(first / 0.5) < 1e-6)


@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.7])
def test_of_two_opposite_optima_the_positive_one_is_taken(ratio):
    best = optimum(ratio, 0.0, 1.0)
    # From 2P′Q = PQ′ with P = r b² + 1: b² = (2r − 1) / (2 − r).
    assert float(best.b) == pytest.approx(np.sqrt((2 * ratio - 1) / (2 - ratio)), rel=1e-12)


def test_of_three_equal_energies_zero_is_taken():
    best = optimum(1.0, 0.0, 0.0, 1.0)  # b = 0, 1 and ∞ all leave ½
    assert (float(best.b), float(best.u)) == (0.0, 1.0)
    assert float(best.energy) == pytest.approx(0.5, rel=1e-15)


@given(st.integers(0, 2**32 - 1))
def test_of_an_optimum_and_its_inverse_the_smaller_is_taken(seed):
    half = np.random.default_rng(seed).normal(size=(8, 5))
    best = OPTIMUM(half + half[:, ::-1], np.ones(5))
    assert np.all(abs(best.b) <= 1 + 1e-9)  # palindromes tie b with 1/b


def test_the_other_sign_and_another_size_change_u_alone():
    spectra = spectra_of(8)
    best, other = OPTIMUM(spectra, np.ones(8)), OPTIMUM(-4.0 * spectra, np.ones(8))
    np.testing.assert_array_equal(best.b, other.b)  # powers of two leave the bits
    np.testing.assert_array_equal(-4 * best.u, other.u)
    np.testing.assert_array_equal(16 * best.energy, other.energy)


def test_values_far_from_one_have_the_same_optimum():
    spectra = spectra_of(5)[:20]
    best = OPTIMUM(spectra, np.ones(5))
    for scale in (2.0**-300, 2.0**300):
        other = OPTIMUM(scale * spectra, np.ones(5))
        np.testing.assert_allclose(other.b, best.b, rtol=1e-9)


def test_steps_of_no_weight_are_as_good_as_none():
    short = spectra_of(5)
    rng = np.random.default_rng(2)
    padded = np.concatenate([rng.normal(size=(len(short), 3)), short], axis=1)
    weights = np.array([1.0] * 5 + [0.0] * 3)
    best, other = OPTIMUM(short, np.ones(5)), OPTIMUM(padded, weights)
    np.testing.assert_array_equal(best.attained, other.attained)
    sure = np.abs(best.b) < 1e3
    # The grids differ, and so do roundings of the roots: 1e-9 where energies are not flat.
    np.testing.assert_allclose(best.energy, other.energy, rtol=1e-11, atol=1e-14)
    gaps = np.asarray(abs(best.b - other.b))[sure] / (1 + np.asarray(best.b)[sure] ** 2)
    assert np.mean(gaps < 1e-9) > 0.9  # but for ties to 1e-10
    one, two = POINTS(short, np.ones(5)), POINTS(padded, weights)
    same = np.asarray(one.valid.sum(-1) == two.valid.sum(-1))
    assert np.all(same[:30])  # random ones


def test_vmap_jit_batch_and_loop_agree():
    spectra, weights = spectra_of(5), np.ones(5)
    batch = ld.theory.optimum(spectra)
    mapped = jax.vmap(ld.theory.optimum)(spectra)
    jitted = OPTIMUM(spectra, weights)
    alone = [ld.theory.optimum(spectrum) for spectrum in spectra]
    loop = jax.tree.map(lambda *x: jnp.stack(x), *alone)
    for other in (mapped, jitted, loop):
        np.testing.assert_array_equal(batch.attained, other.attained)
        np.testing.assert_allclose(batch.b, other.b, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(batch.energy, other.energy, rtol=1e-11, atol=1e-14)
    points, each = (
        ld.theory.stationary_points(spectra),
        jax.vmap(ld.theory.stationary_points)(spectra),
    )
    np.testing.assert_array_equal(points.valid, each.valid)
    np.testing.assert_allclose(points.b, each.b, rtol=1e-9, atol=1e-9)
    grid = ld.theory.optimum(spectra.reshape(8, 9, 5))
    np.testing.assert_allclose(grid.b.ravel(), batch.b, rtol=1e-9, atol=1e-12)
