"""Maps of the kernel distance: cells are networks trained alone, whatever they are batched with."""

import functools
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import learndyn as ld
from learndyn._experiments import FEATURE_LEARNING, bind
from learndyn._experiments._feature_learning import learn, problem_of, start_network, turning_task
from learndyn._sweep import sweep
from learndyn._sweep._program import Program
from learndyn.figures import load_figure
from learndyn.figures._configuration import Configuration
from learndyn.figures._figure_a7 import shares
from learndyn.figures._kernel_maps import grid_of, maps
from learndyn.figures._kernel_maps_cells import largest_difference
from learndyn.figures._kernel_maps_drawing import draw_maps, edges

SMALL = {
    "angle": 1 / 12,
    "outputs": "every",
    "start": ["aligned", "unaligned"],
    "length": [1, 3],
    "scale": [0.2, 0.5, 2],
    "spacing": "linear",
    "seeds": 3,
    "step": 0.25,
    "tolerance": 1e-6,
    "max_steps": 5000,
}


@functools.cache
def small(**numbers):
    """A small map, and what the sweeps behind it returned and compiled."""
    record = SimpleNamespace(compiled=[], parallel=[])
    compile_one = Program.compile

    def counted(program):
        record.compiled.append(program)
        record.parallel.append(program.parallel)
        return compile_one(program)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Program, "compile", counted)
        record.data = maps(
            "5", Configuration(chosen={**SMALL, **numbers}), "start", ("length", "scale"), hidden=4
        )
    return record


def unpadded(length, angle, scale, key, outputs="every"):
    """The same task without padding, in other bases, and an unaligned start turned with them."""
    turn = np.exp(1j * np.pi * angle)
    d = ld.task_dynamics("inverse_exponential", 1.0, turn, length)
    spectrum = jnp.stack([d, d.conj(), d, d.conj()])
    task = ld.structured_task(spectrum, 4, 4, outputs=outputs, key=jax.random.key(9))
    own = turning_task(angle, length, length, outputs)
    assert own.vectors is not None
    # From the bases of the experiment to those of this task.
    rotation = (task.vectors[0] @ own.vectors[0].conj().T).real
    start = ld.init_unaligned(4, 4, 4, scale, key=key)
    turned = ld.LinearRNN(start.w_x @ rotation.T, start.w_h, rotation @ start.w_y)
    return start, turned, task


@pytest.mark.parametrize("outputs", ["final", "every"])
@pytest.mark.parametrize("length", [2, 4])
def test_padding_and_bases_change_nothing(length, outputs):
    key, longest = jax.random.key(5), 6
    start, turned, task = unpadded(length, 1 / 12, 0.3, key, outputs)
    padded = turning_task(1 / 12, length, longest, outputs)
    net = start_network(padded, "unaligned", 4, (0.3, 0.3), key)
    for mine, other in zip(jax.tree.leaves(net), jax.tree.leaves(start), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)
    mine, other = ld.Problem(net, padded), ld.Problem(turned, task)
    times = 0.01 * jnp.arange(0, 2001, 500)
    mine, other = (ld.solve(problem, ld.GradientDescent(0.01), times) for problem in (mine, other))
    np.testing.assert_allclose(mine.excess, other.excess, rtol=1e-8, atol=1e-14)
    one = ld.kernel_distance(net, mine.final, padded)
    two = ld.kernel_distance(turned, other.final, task.statistics())
    np.testing.assert_allclose(one, two, atol=1e-10)


def test_a_cell_is_a_network_trained_alone_on_its_own_task():
    key = jax.random.key(2)

    function = bind(FEATURE_LEARNING, {"length": np.array([2, 3, 5])}, {"angle": 1 / 12})
    found = sweep(functools.partial(function, key=key), {"length": [2, 3, 5]})
    for i, length in enumerate([2, 3, 5]):
        _, turned, task = unpadded(length, 1 / 12, 0.1, key, "final")
        alone = ld.train(
            ld.Problem(turned, task), ld.GradientDescent(0.003), tolerance=1e-7, max_steps=50_000
        )
        assert alone.result == ld.RESULTS.minimum
        distance = ld.kernel_distance(turned, alone.final, task.statistics())
        # Rates differ, but networks end at nearly the same place.
        assert float(found.distance[i]) == pytest.approx(float(distance), abs=5e-3)
        change = sum(
            jnp.sum((w - v) ** 2)
            for w, v in zip(jax.tree.leaves(alone.final), jax.tree.leaves(turned), strict=True)
        )
        norm = sum(jnp.sum(w**2) for w in jax.tree.leaves(turned))
        assert float(found.weight_change[i]) == pytest.approx(
            float(jnp.sqrt(change / norm)), rel=1e-2
        )


def test_each_panel_is_compiled_once_for_all_lengths_and_runs_on_several_threads():
    record = small()
    assert len(record.compiled) == len(SMALL["start"])
    assert all(record.parallel)


def test_half_the_learning_rate_leads_to_nearly_the_same_place():
    full, half = (small(**numbers).data for numbers in ({}, {"step": 0.125}))
    assert (full["learned"] == half["learned"]).all()
    gap = abs(full["distance"] - half["distance"]).max().item()
    assert 0 < gap < 0.005
    assert (half["steps"].sum() > 1.7 * full["steps"].sum()).item()


def test_aligned_starts_differ_by_a_rotation_alone():
    task = turning_task(1 / 12, 3, 3, "final")
    mine = start_network(task, "aligned", 5, (0.2, 0.4), jax.random.key(0))
    other = ld.init_aligned(task, 0.2, 0.4, 0.2, n_hidden=5, key=jax.random.key(1))
    for net in (mine, other):
        assert net.w_h.shape == (5, 5)
    np.testing.assert_allclose(
        mine.impulse_response(3), other.impulse_response(3), rtol=1e-10, atol=1e-14
    )
    trained = [learn(ld.Problem(net, task), 0.25, 1e-6, 5000) for net in (mine, other)]
    one, two = (float(ld.kernel_distance(t.problem.net, t.final, task)) for t in trained)
    assert one == pytest.approx(two, abs=1e-10)
    assert one > 0.1


def test_networks_that_do_not_learn_are_counted_apart_and_never_averaged():
    def ended(net, step=0.25, max_steps=5000):
        task = turning_task(0.0, 2, 2, "final")
        return learn(ld.Problem(net, task), step, 1e-6, max_steps)

    silent = jnp.diag(jnp.array([1.0, 1.0, 1.0, 0.0]))
    # One mode is silent, and stays so: a saddle with a quarter of the loss.
    assert ended(ld.LinearRNN(silent, 0.5 * jnp.eye(4), silent)).result == ld.RESULTS.saddle
    net = ld.init_unaligned(4, 4, 4, 0.3, key=jax.random.key(0))
    assert ended(net).result == ld.RESULTS.minimum
    assert ended(net, max_steps=3).result == ld.RESULTS.not_yet
    assert ended(net, step=40.0).result == ld.RESULTS.diverged


@pytest.mark.parametrize(
    ("numbers", "counted"), [({"max_steps": 3}, "not_yet"), ({"step": 40.0}, "diverged")]
)
def test_points_where_few_learned_are_left_white(numbers, counted):
    data = small(**numbers).data
    networks = sum(data[name] for name in ("learned", "elsewhere", "not_yet", "diverged"))
    assert (networks.sel(start="aligned") == 1).all()
    assert (networks.sel(start="unaligned") == SMALL["seeds"]).all()
    lost = data.where(data["learned"] == 0, drop=True)
    assert lost[counted].sum() > 0
    assert np.isnan(data["distance"].to_numpy()[data["learned"].to_numpy() == 0]).all()
    assert np.isfinite(data["distance"].to_numpy()[data["learned"].to_numpy() > 0]).all()
    figure = draw_maps([("one", data.sel(start="unaligned"))], "scale", "length")
    mesh = figure.axes[0].collections[0]
    white = np.ma.getmaskarray(mesh.get_array()) | ~np.isfinite(np.ma.getdata(mesh.get_array()))
    learned = data["learned"].sel(start="unaligned").to_numpy()
    np.testing.assert_array_equal(white, 2 * learned < SMALL["seeds"])


def test_the_brute_force_of_a_figure_notices_a_wrong_distance():
    figure = load_figure("5")
    configuration = figure.CONFIGURATION.changed(
        length=[1, 2], scale=[0.2, 0.5, 2], seeds=1, max_steps=5000
    )
    data = figure.data(configuration)
    assert largest_difference(data)[0] < 1e-10
    moved = data.assign(first_distance=data["first_distance"] * (1 + 1e-5))
    assert largest_difference(moved)[0] > 1e-8


def test_variance_of_a_map_divides_into_rows_columns_and_both():
    rows, columns = np.array([0.0, 3.0]), np.array([0.0, 1.0])
    np.testing.assert_allclose(shares(rows[:, None] + 0 * columns), [1, 0, 0])
    np.testing.assert_allclose(shares(rows[:, None] + columns), [0.9, 0.1, 0])
    np.testing.assert_allclose(shares(np.array([[0.0, 1.0], [1.0, 0.0]])), [0, 0, 1])
    missing = np.vstack([rows[:, None] + columns, [np.nan, np.nan]])
    np.testing.assert_allclose(shares(missing), [0.9, 0.1, 0])


def test_cells_of_a_map_end_half_way_between_its_points():
    np.testing.assert_allclose(edges(np.array([1, 2, 3])), [0.5, 1.5, 2.5, 3.5])
    logarithmic = grid_of(Configuration(chosen={"scale": [0.01, 1, 3], "spacing": "log"}), "scale")
    np.testing.assert_allclose(edges(logarithmic), np.geomspace(10**-2.5, 10**0.5, 4))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"scale": 0.0}, "scale above 0"),
        ({"length": 0}, "length of at least 1"),
        ({"start": "aligned", "hidden": 3}, "at least 4 hidden units"),
    ],
)
def test_parameters_that_cannot_be_are_refused(numbers, words):
    cell = bind(FEATURE_LEARNING, {}, numbers)
    with pytest.raises(ld.InputError, match=words):
        cell(key=jax.random.key(0))


def test_the_parameters_of_one_network_name_its_problem():
    numbers = {name: p.default for name, p in FEATURE_LEARNING.parameters.items()}
    problem = problem_of(
        numbers["length"],
        "unaligned",
        7,
        **{name: numbers[name] for name in ("angle", "length", "outputs", "scale")},
        recurrent_scale=0.9,
        key=jax.random.key(0),
    )
    assert problem.net.w_h.shape == (7, 7)
    ratio = jnp.std(problem.net.w_h) / jnp.std(problem.net.w_y)
    assert 5 < float(ratio) < 15
