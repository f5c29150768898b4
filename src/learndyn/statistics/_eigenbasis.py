"""The unitary basis of eigenvectors in which correlations at all lags are most nearly diagonal.

In real terms: the columns of an orthogonal Q, some of them paired. A block X of `Qᵀ C_k Q` on a
pair is as near to a rotation and scaling as

    |p† C_k p|² + |p̄† C_k p̄|² = ((x₁₁ + x₂₂)² + (x₂₁ − x₁₂)²) / 2,    p = (q₁ − i q₂) / √2

says, and a single column counts x². Which columns are paired is searched along with Q.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.optimize

from learndyn._types import ArrayLike, Complex, Float, ImpulseResponse, Inexact

# Mixtures of the lags whose Schur forms are starts; so many starts in all, and so many of them
# climbed from to the top. Random starts matter for few channels only, where they are cheap.
_MIXTURES, _STARTS, _FINALISTS = 6, 16, 4
# Random starts are fewer where this number of multiplications would be passed.
_WORK = 8192
# Steps of a climb that sorts starts, and of one to the top; slope that counts as flat.
_FEW, _MANY, _FLAT = 40, 1000, 1e-10
# Rounds of choosing pairs anew and climbing again; each can only raise the share.
_ROUNDS = 10
# A gain below this share of the correlations is a rounding error.
_ROUNDING = 1e-13
_SEED = 0


class _Frame(NamedTuple):
    """Orthogonal columns, of which the first `2 pairs` are pairs."""

    columns: Float[np.ndarray, "n n"]
    pairs: int


def eigenbasis(cross: ImpulseResponse) -> Complex[np.ndarray, "n n"]:
    """Eigenvectors P that maximize the diagonal share of correlations.

    The share is `Σ_k Σ_α |p_α† C_k p_α|² / Σ_k ‖C_k‖²`. It is 1 where all `C_k` are normal with the
    same eigenvectors (appendix N). Columns are real, or conjugates side by side. The strongest
    modes come first; of a pair, the one whose eigenvalue turns counterclockwise with the lag, or,
    where it does not turn, has the positive imaginary part where that is largest. The largest
    entry of a column is real and positive.

    It is the best of the local maxima above real Schur forms and random starts: in tests no worse
    than brute force, which is no proof. Needs concrete values; equal input gives equal output.

    Args:
        cross: correlations by lag, `(lag, n, n)`.

    Returns:
        A unitary matrix, complex also where all columns are real.

    Example:
        >>> import numpy as np
        >>> from learndyn.statistics import diagonal_share, eigenbasis
        >>> turn = np.array([[0.6, -0.8], [0.8, 0.6]])
        >>> cross = np.stack([np.linalg.matrix_power(turn, k) for k in range(3)])
        >>> basis = eigenbasis(cross)
        >>> round(diagonal_share(cross, basis, basis), 12)
        1.0
    """
    cross = np.asarray(cross, np.float64)
    size = np.linalg.norm(cross)
    if size == 0:
        return np.eye(cross.shape[1], dtype=complex)
    cross = cross / size
    best = _best_frame(cross)
    return _ordered(cross, _complex_columns(best), best.pairs)


def diagonal_share(
    cross: ImpulseResponse,
    left: Inexact[ArrayLike, "out modes"],
    right: Inexact[ArrayLike, "in modes"],
) -> float:
    """Share of the correlations on the diagonal, `Σ_k Σ_α |l_α† C_k r_α|² / Σ_k ‖C_k‖²`.

    Args:
        cross: correlations by lag, `(lag, out, in)`.
        left: orthonormal columns, real or complex.
        right: orthonormal columns.

    Returns:
        A number between 0 and 1; 1 where there are no correlations at all.
    """
    cross = np.asarray(cross)
    total = np.sum(cross**2)
    diagonal = np.einsum("om,koi,im->km", np.conj(left), cross, right, optimize=True)
    # Rounding errors would let a perfect basis seem better than perfect.
    return min(1.0, float(np.sum(abs(diagonal) ** 2) / total)) if total > 0 else 1.0


def _best_frame(cross) -> _Frame:
    """Climb a little from every start, and to the top from the most promising ones."""
    starts = _schur_frames(cross)
    if _share(cross, starts[0]) >= 1 - _ROUNDING:
        return starts[0]
    starts = starts[: max(_FINALISTS, _STARTS // len(cross[0]))] + _random_frames(cross)
    climbed = [_ascend(cross, start, _FEW) for start in starts]
    climbed.sort(key=lambda frame: -_share(cross, frame))
    finalists = [_climb(cross, frame) for frame in climbed[:_FINALISTS]]
    return max(finalists, key=lambda frame: _share(cross, frame))


def _schur_frames(cross) -> list[_Frame]:
    """Schur vectors of mixtures of the lags, the most promising ones first."""
    weights = np.random.default_rng(_SEED).normal(size=(_MIXTURES, len(cross)))
    mixtures = [cross.sum(0), *np.einsum("ck,kij->cij", weights, cross)]
    by_size = np.argsort(-np.linalg.norm(cross, axis=(1, 2)), kind="stable")
    mixtures += [cross[k] for k in by_size[:_MIXTURES]]
    # The polar factor of a matrix is normal, with the eigenvectors of the normal matrix nearby.
    mixtures += [scipy.linalg.polar(m)[0] for m in mixtures]
    frames = [_paired(cross, scipy.linalg.schur(m, output="real")[1]) for m in mixtures]
    return sorted(frames, key=lambda frame: -_share(cross, frame))


def _random_frames(cross) -> list[_Frame]:
    rng = np.random.default_rng(_SEED + 1)
    n = cross.shape[1]
    return [
        _Frame(np.linalg.qr(rng.normal(size=(n, n)))[0], number % (n // 2 + 1))
        for number in range(min(_STARTS, _WORK // n**3))
    ]


def _climb(cross, frame: _Frame) -> _Frame:
    """Climb, choose pairs anew, and climb again while that gains anything."""
    frame = _ascend(cross, frame, _MANY)
    for _ in range(_ROUNDS):
        again = _ascend(cross, _paired(cross, frame.columns), _MANY)
        if _share(cross, again) <= _share(cross, frame) + _ROUNDING:
            break
        frame = again
    return frame


def _paired(cross, columns) -> _Frame:
    """Pair the columns that gain most by it over the two best single directions in their plane."""
    blocks = columns.T @ cross @ columns
    values = np.einsum("kii->ki", blocks)
    turn = np.sum((blocks - blocks.swapaxes(1, 2)) ** 2, 0)
    # Single directions at an angle θ in the plane gain Σ (d cos 2θ + o sin 2θ)² / 2.
    d, o = values[:, :, None] - values[:, None], blocks + blocks.swapaxes(1, 2)
    dd, oo, do = np.sum(d**2, 0), np.sum(o**2, 0), np.sum(d * o, 0)
    gain = (turn - (dd + oo) / 2 - np.hypot((dd - oo) / 2, do)) / 2
    rows, others = np.triu_indices(len(columns), 1)
    pairs, free = [], np.ones(len(columns), bool)
    for best in np.argsort(-gain[rows, others], kind="stable"):
        i, j = rows[best], others[best]
        if gain[i, j] <= _ROUNDING:
            break
        if free[i] and free[j]:
            pairs += [i, j]
            free[[i, j]] = False
    return _Frame(columns[:, [*pairs, *np.flatnonzero(free)]], len(pairs) // 2)


def _ascend(cross, frame: _Frame, steps: int) -> _Frame:
    """Climb within the orthogonal matrices, in Cayley's coordinates around the start."""
    columns, pairs = frame
    one = np.eye(len(columns))
    upper = np.triu_indices(len(columns), 1)

    def turned(entries):
        generator = np.zeros_like(one)
        generator[upper] = entries
        inverse = np.linalg.inv(one - (generator - generator.T))
        # (I − A)⁻¹ (I + A) = 2 (I − A)⁻¹ − I
        return columns @ (2 * inverse - one), inverse

    def negative(entries):
        moved, inverse = turned(entries)
        value, slope = _objective(cross, pairs, moved)
        # d (I − A)⁻¹ = (I − A)⁻¹ dA (I − A)⁻¹
        slope = 2 * inverse.T @ columns.T @ slope @ inverse.T
        return -value, (slope.T - slope)[upper]

    found = scipy.optimize.minimize(
        negative,
        np.zeros(len(upper[0])),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "gtol": _FLAT, "ftol": 0.0},
    )
    # Orthogonal again, to the last digit.
    return _Frame(scipy.linalg.polar(turned(found.x)[0])[0], pairs)


def _share(cross, frame: _Frame) -> float:
    return _objective(cross, frame.pairs, frame.columns)[0]


def _objective(cross, pairs: int, columns):
    """Share of the correlations on the blocks, and its derivative; `cross` is of norm 1."""
    ahead, back = cross @ columns, cross.swapaxes(1, 2) @ columns
    values = np.einsum("ij,kij->kj", columns, ahead)
    single = 2 * values[:, None, 2 * pairs :]
    slope = np.empty_like(ahead)
    slope[:, :, 2 * pairs :] = single * (ahead + back)[:, :, 2 * pairs :]
    first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    trace = values[:, first] + values[:, second]
    turn = np.einsum("ij,kij->kj", columns[:, second], ahead[:, :, first])
    turn -= np.einsum("ij,kij->kj", columns[:, first], ahead[:, :, second])
    even, odd = (ahead + back)[:, :, : 2 * pairs], (back - ahead)[:, :, : 2 * pairs]
    t, w = trace[:, None], turn[:, None]
    slope[:, :, first] = t * even[:, :, 0::2] + w * odd[:, :, 1::2]
    slope[:, :, second] = t * even[:, :, 1::2] - w * odd[:, :, 0::2]
    value = np.sum(values[:, 2 * pairs :] ** 2) + np.sum(trace**2 + turn**2) / 2
    return value, slope.sum(0)


def _complex_columns(frame: _Frame) -> Complex[np.ndarray, "n n"]:
    basis = frame.columns.astype(complex)
    turning = basis[:, : 2 * frame.pairs]
    first, second = turning[:, 0::2].copy(), turning[:, 1::2].copy()
    turning[:, 0::2] = (first - 1j * second) / np.sqrt(2)
    turning[:, 1::2] = (first + 1j * second) / np.sqrt(2)
    return basis


def _ordered(cross, basis, pairs: int) -> Complex[np.ndarray, "n n"]:
    """Strongest modes first, pairs side by side, with the signs that `eigenbasis` states."""
    values = np.einsum("ia,kij,ja->ka", basis.conj(), cross, basis, optimize=True)
    strengths = np.sum(abs(values) ** 2, 0)
    groups = [[2 * i, 2 * i + 1] for i in range(pairs)]
    for group in groups:
        if _turns_clockwise(values[:, group[0]]):
            group.reverse()
    groups += [[i] for i in range(2 * pairs, len(basis))]
    groups.sort(key=lambda group: -strengths[group[0]])
    basis = basis[:, [i for group in groups for i in group]]
    largest = np.argmax(abs(basis).round(9), axis=0)
    phase = basis[largest, np.arange(len(basis))]
    return basis * (abs(phase) / phase)


def _turns_clockwise(values: Complex[np.ndarray, " lag"]) -> bool:
    turns = np.sum((values[:-1].conj() * values[1:]).imag)
    if abs(turns) <= _ROUNDING:
        turns = values[np.argmax(abs(values.imag))].imag
    return bool(turns < 0)
