"""Floor and excess keep their digits where a difference of moments loses them all."""

import jax
import numpy as np
import pytest

import learndyn as ld
from references import exact, loop_network

EPS = np.finfo(float).eps
LENGTH, N_IN, N_HIDDEN, N_OUT = 5, 2, 3, 2
COLUMNS = LENGTH * N_IN
DISTANCES = 10.0 ** -np.arange(0, 11)


def white_statistics():
    rng = np.random.default_rng(0)
    target = rng.normal(size=(LENGTH, N_OUT, N_IN))
    return ld.TaskStatistics.white(target, weights=np.arange(LENGTH, 0, -1.0), floor=0.3)


def correlated_statistics():
    rng = np.random.default_rng(1)
    x = np.cumsum(rng.normal(size=(200, LENGTH, N_IN)), axis=1) + 1.0
    y = x @ rng.normal(size=(N_IN, N_OUT)) + rng.normal(size=(200, LENGTH, N_OUT))
    return ld.TaskStatistics.from_data(x, y)


def exact_excess(statistics, response):
    if hasattr(statistics.inputs, "factor"):
        inputs = statistics.inputs
        return exact.factored_excess(response, statistics.target, inputs.factor, inputs.remainder)
    return exact.weighted_excess(response, statistics.target, statistics.weights)


def relative_error(computed, true):
    return float(abs(exact.exact(float(computed)) - true) / true)


STATISTICS = pytest.mark.parametrize("make", [white_statistics, correlated_statistics])


def responses_towards(target):
    """Impulse responses at shrinking distance from the target."""
    direction = np.random.default_rng(2).normal(size=target.shape)
    return [np.asarray(target) + distance * direction for distance in DISTANCES]


def cancellation(statistics, response):
    """Root of `½‖|F| |G − G*|‖²` over the excess: how much smaller a sum is than its terms."""
    if not hasattr(statistics.inputs, "factor"):
        return 1.0
    difference = np.moveaxis(np.asarray(response - statistics.target), 0, 1).reshape(N_OUT, -1)
    factor = np.asarray(statistics.inputs.factor)
    return np.linalg.norm(abs(difference) @ abs(factor).T) / np.linalg.norm(difference @ factor.T)


@STATISTICS
def test_excess_of_an_impulse_response_is_right_down_to_1e_minus_20_of_the_first(make):
    statistics = make()
    assert getattr(statistics.inputs, "remainder", np.zeros((N_OUT, 0))).shape[1] == 0
    excesses = []
    for response in responses_towards(statistics.target):
        true = exact_excess(statistics, response)
        # The difference is rounded once, each product with F about once a column; then squared.
        tolerance = 2 * EPS * (COLUMNS + 2) * cancellation(statistics, response)
        assert tolerance < 1e-12
        assert relative_error(statistics.excess(response), true) <= tolerance
        excesses.append(float(true))
    assert excesses[-1] < 2e-20 * excesses[0]


@STATISTICS
def test_a_difference_of_moments_would_have_no_digits_left(make):
    statistics = make()
    best, cross = (
        np.moveaxis(np.asarray(g), 0, 1).reshape(N_OUT, -1)
        for g in (statistics.target, statistics.cross_moments)
    )
    if hasattr(statistics.inputs, "factor"):
        inputs = np.asarray(statistics.inputs.factor.T @ statistics.inputs.factor)
    else:
        inputs = np.diag(np.repeat(statistics.weights, N_IN))
    # The loss ½(yy − 2⟨C,G⟩ + ⟨G,AG⟩), less the floor: half of yy is explained by G*.
    explained = np.sum(cross * best)
    errors = []
    for response in responses_towards(statistics.target):
        g = np.moveaxis(response, 0, 1).reshape(N_OUT, -1)
        naive = 0.5 * (explained - 2 * np.sum(cross * g) + np.sum(g * (g @ inputs)))
        errors.append(relative_error(naive, exact_excess(statistics, response)))
    assert errors[0] < 1e-12  # the same formula, while there is much to learn
    assert min(errors[-2:]) > 1e-2


def test_weak_directions_of_input_leave_the_excess_right():
    # Two channels alike to 1e-7: where only their difference tells, G* would be about 1e6.
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, LENGTH, N_IN))
    x[..., 1] = x[..., 0] + 1e-7 * x[..., 1]
    statistics = ld.TaskStatistics.from_data(x, rng.normal(size=(200, N_OUT)))
    inputs = statistics.inputs
    assert inputs.remainder.shape[1] == LENGTH
    for response in responses_towards(statistics.target):
        true = exact_excess(statistics, response)
        assert relative_error(statistics.excess(response), true) <= 2 * EPS * (COLUMNS + 2)
    assert abs(np.asarray(statistics.target)).max() < 10


def networks_towards(teacher, seed):
    rng = np.random.default_rng(seed)
    step = [rng.normal(size=w.shape) for w in teacher]
    return [
        tuple(w + distance * s for w, s in zip(teacher, step, strict=True))
        for distance in DISTANCES[1:]
    ]


def test_from_weights_the_error_grows_as_one_over_the_distance_and_no_faster():
    """Impulse responses carry rounding errors of their own, which nothing after them can mend.

    An impulse response is wrong by about one rounding error of its size, `ε‖G‖`, so its distance
    `r‖G‖` from the target has a relative error `ε/r`, and the excess twice that. One percent is
    lost where the excess is 1e-28 of the task.
    """
    errors, bounds, distances = [], [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        shapes = ((N_HIDDEN, N_IN), (N_HIDDEN, N_HIDDEN), (N_OUT, N_HIDDEN))
        teacher = tuple(rng.normal(size=s) / np.sqrt(s[1]) for s in shapes)
        statistics = ld.teacher_task(ld.LinearRNN(*teacher), LENGTH).statistics()
        for weights in networks_towards(teacher, seed):
            response = exact.impulse_response(weights, LENGTH)
            true = exact_excess(statistics, response)
            ours = statistics.excess(ld.LinearRNN(*weights).impulse_response(LENGTH))
            errors.append(relative_error(ours, true))
            # Each entry of G_k is a sum over paths through the network, with a rounding error
            # for each factor and each term: at most (k + 2)(hidden + 1) of the paths' sizes.
            paths = exact.impulse_response([abs(w) for w in weights], LENGTH).astype(float)
            rounding = EPS / 2 * (np.arange(LENGTH) + 2)[:, None, None] * (N_HIDDEN + 1) * paths
            distance = np.sqrt(float(2 * true))
            bounds.append(2 * np.linalg.norm(rounding) / distance)
            distances.append(distance / np.linalg.norm(statistics.target))
    errors, bounds, distances = (np.reshape(z, (10, -1)) for z in (errors, bounds, distances))
    assert np.all(errors <= bounds + bounds**2 + 1e-14)
    # Typically it is 2ε/r at most, and the law is not only a bound: the error grows tenfold with
    # each tenth of the distance, over the decades where it stands clear of other rounding.
    assert np.all(np.median(errors * distances, axis=0) <= 2 * EPS)
    typical = np.median(errors, axis=0)
    slope = np.polyfit(np.log10(DISTANCES[3:]), np.log10(typical[2:]), 1)[0]
    assert abs(slope + 1) < 0.1


def test_excess_at_the_very_target_is_zero():
    for statistics in (white_statistics(), correlated_statistics()):
        assert float(statistics.excess(statistics.target)) == 0.0


def sampled(task):
    return tuple(map(np.asarray, task.sample(40, key=jax.random.key(2))))


def structured(outputs):
    spectrum = ld.task_dynamics("exponential", np.array([1.0, 0.5]), np.array([0.9, 1.3]), LENGTH)
    return sampled(
        ld.structured_task(spectrum, N_IN, N_OUT, outputs=outputs, key=jax.random.key(1))
    )


def taught(outputs):
    net = ld.init_unaligned(N_IN, N_HIDDEN, N_OUT, 0.8, key=jax.random.key(0))
    return sampled(ld.teacher_task(net, LENGTH, outputs=outputs))


def filtered(change):
    """Outputs of a network for correlated inputs, changed so that they are harder."""

    def trials(outputs):
        rng = np.random.default_rng(4)
        shapes = ((N_HIDDEN, N_IN), (N_HIDDEN, N_HIDDEN), (N_OUT, N_HIDDEN))
        weights = [rng.normal(size=shape) for shape in shapes]
        x = change(np.cumsum(rng.normal(size=(300, LENGTH, N_IN)), axis=1))
        y = loop_network.outputs(weights, x)
        return x, y[-1] if outputs == "final" else np.stack(y, axis=1)

    return trials


REALIZABLE = {
    "structured": structured,
    "teacher": taught,
    "correlated": filtered(lambda x: x),
    "large mean": filtered(lambda x: x + 1e4),
    "units apart": filtered(lambda x: x * [1.0, 1e-9]),
    "collinear": filtered(lambda x: x @ [[1.0, 1.0], [0.0, 1e-6]]),
    "few trials": filtered(lambda x: x[:3]),
}


@pytest.mark.parametrize("outputs", ["final", "every"])
@pytest.mark.parametrize("task", REALIZABLE)
def test_floor_of_a_realizable_task_is_zero_to_rounding(task, outputs):
    x, y = REALIZABLE[task](outputs)
    statistics = ld.TaskStatistics.from_data(x, y)
    assert 0 <= float(statistics.floor) <= 1e-25 * np.sum(y**2) / len(y)


def test_floor_and_excess_are_never_negative():
    # By squares, whatever the rounding: here just above zero, where differences would cross it.
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(8, 3, 2)) + 10.0 ** rng.integers(0, 9)
        y = x.sum(1) + 10.0 ** -rng.integers(6, 16) * rng.normal(size=(8, 2))
        statistics = ld.TaskStatistics.from_data(x, y)
        assert float(statistics.floor) >= 0
        ones = np.ones((3, 1, 1)) * np.eye(2)
        assert float(statistics.excess(ones)) >= 0


def naive_loss(x, y, response):
    """½(yy − 2⟨C,G⟩ + ⟨G,AG⟩) in double precision from moments of the data."""
    rows, targets = loop_network.design(x, y)
    filters = np.moveaxis(np.asarray(response), 1, 2).reshape(rows.shape[1], -1)
    inputs, cross = rows.T @ rows / len(x), rows.T @ targets / len(x)
    yy = np.sum(targets**2) / len(x)
    return 0.5 * (yy - 2 * np.sum(cross * filters) + np.sum(filters * (inputs @ filters)))


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("mean", [1e6, 1e8])
def test_large_means_cost_no_more_digits_than_the_data_have(mean, every_step, center):
    """A network that fits the mean, whose residual is of size one where its terms are `mean`.

    One rounding error of each input, `ε · mean`, changes a residual by at most that, seen through
    the paths of the network, so no better can be asked of the loss. Moments without that care are
    squares, wrong by `ε · mean²`, and no loss at all is left.
    """
    rng = np.random.default_rng(5)
    shapes = ((N_HIDDEN, N_IN), (N_HIDDEN, N_HIDDEN), (N_OUT, N_HIDDEN))
    weights = tuple(rng.normal(size=s) / np.sqrt(s[1]) for s in shapes)
    x = mean + rng.normal(size=(300, LENGTH, N_IN))
    y = np.stack(loop_network.outputs(weights, x), axis=1) + rng.normal(size=(300, LENGTH, N_OUT))
    y = y if every_step else y[:, -1]

    data = [z.astype(np.longdouble) for z in (x, y)]
    if center:
        data = [z - z.mean(0) for z in data]
    true = float(loop_network.loss([w.astype(np.longdouble) for w in weights], *data))
    response = ld.LinearRNN(*weights).impulse_response(LENGTH)
    paths = np.asarray(ld.LinearRNN(*map(abs, weights)).impulse_response(LENGTH)).sum((0, 2))
    readouts = LENGTH if every_step else 1
    tolerance = 2 * EPS * mean * np.linalg.norm(paths) * np.sqrt(readouts / (2 * true))
    for statistics in (
        ld.TaskStatistics.from_data(x, y, center=center),
        ld.TaskStatistics.from_chunks([(x[:100], y[:100]), (x[100:], y[100:])], center=center),
    ):
        assert abs(float(statistics.loss(response)) / true - 1) <= tolerance
    if not center:
        assert abs(naive_loss(x, y, response) / true - 1) > 100 * tolerance
