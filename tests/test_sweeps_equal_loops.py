"""A sweep is a loop over its cells: the same numbers, labelled, however they are batched."""

import functools
import itertools
import json

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray
from hypothesis import given, settings

import learndyn as ld

TASK = ld.structured_task(ld.task_dynamics("constant", 1.0, None, 3), 2, 2, key=jax.random.key(0))
KEY = jax.random.key(5)


def looped(function, grid, **options):
    """Outputs stacked by a Python loop over the cells, in the order of the grid."""
    cells = [
        function(**dict(zip(grid, values, strict=True)), **options)
        for values in itertools.product(*grid.values())
    ]
    sizes = [len(values) for values in grid.values()]
    stacked = {k: np.stack([np.asarray(cell[k]) for cell in cells]) for k in cells[0]}
    return {k: v.reshape(*sizes, *v.shape[1:]) for k, v in stacked.items()}


class Counted:
    """A function that counts how often Python runs it: once for each time it is traced."""

    def __init__(self, function):
        self.function, self.calls = function, 0
        functools.update_wrapper(self, function)

    def __call__(self, **coordinates):
        self.calls += 1
        return self.function(**coordinates)


# Whole numbers, so that every order of operations has the same bits.
whole = st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True)


def arithmetic(p, q, n):
    row = jnp.arange(3) + n
    return {"row": p * row + q, "sum": jnp.sum(p * row) - q, "table": jnp.outer(row, row) * p}


@settings(max_examples=15)
@given(whole, whole, st.integers(1, 12), st.permutations(["p", "q", "n"]))
def test_a_sweep_is_a_loop_in_every_order_and_chunk(p, q, chunk, order):
    values = {"p": np.array(p, float), "q": np.array(q), "n": [2, 1]}
    grid = {name: values[name] for name in order}
    counted = Counted(arithmetic)
    found = ld.sweep(counted, grid, static="n", chunk=chunk)
    assert counted.calls == 2  # one for each n, whatever the chunks and their last, partial one
    for name, expected in looped(arithmetic, grid).items():
        assert found[name].dims[:3] == tuple(order)
        np.testing.assert_array_equal(found[name], expected)
    for name, given_values in grid.items():
        np.testing.assert_array_equal(found[name], given_values)
    assert found.table.dims[3:] == ("table_0", "table_1")


def trained(rate, scale, seed, key):
    net = ld.init_unaligned(2, 2, 2, scale, key=jax.random.fold_in(key, seed))
    times = rate * 20 * jnp.arange(3)
    curve = ld.solve(ld.Problem(net, TASK), ld.GradientDescent(rate), times, throw=False)
    return {"excess": curve.excess, "w_h": curve.final.w_h, "result": curve.result}


# The largest rate diverges, in a chunk with others.
RATES = {"rate": [0.02, 60.0, 0.05], "scale": [0.4], "seed": range(2)}


@functools.cache
def trained_sweep(chunk=None):
    return ld.sweep(trained, RATES, key=KEY, chunk=chunk)


def test_chunks_leave_no_trace():
    # 6 cells: the last chunk of 4 is filled up with copies that must not come back.
    found, again = trained_sweep(), trained_sweep(4)
    assert again.sizes == found.sizes
    for name, values in again.items():
        np.testing.assert_allclose(values, found[name], rtol=1e-12, atol=1e-14)


def test_threads_leave_no_trace():
    def chaotic(seed, key):
        x = jax.random.uniform(key) + 0.0 * seed
        return {"x": jax.lax.fori_loop(0, 1000, lambda _, x: 3.99 * x * (1 - x), x)}

    # 20 chunks on two threads, a rounding error in any of which would fill the unit interval.
    runs = [ld.sweep(chaotic, {"seed": range(100)}, key=KEY, chunk=5) for _ in range(2)]
    assert runs[0].identical(runs[1])
    assert len(np.unique(runs[0].x)) == 100


def test_a_trained_cell_is_the_network_trained_alone():
    found = trained_sweep()
    for rate in (0.02, 0.05):
        cell = {"rate": rate, "scale": 0.4, "seed": 1}
        # The key of a cell is what a sweep of the cell alone gives it.
        keys = ld.sweep(lambda key, **_: {"data": jax.random.key_data(key)}, one(cell), key=KEY)
        key = jax.random.wrap_key_data(keys.data.values.ravel())
        alone = trained(rate, 0.4, 1, key)
        np.testing.assert_allclose(found.w_h.sel(cell), alone["w_h"], rtol=1e-12)
        np.testing.assert_allclose(found.excess.sel(cell), alone["excess"], rtol=1e-12)


def one(cell):
    return {name: [value] for name, value in cell.items()}


def test_diverged_cells_are_flagged_and_disturb_no_other():
    found = trained_sweep()
    assert found.diverged.dims == ("rate", "scale", "seed")
    np.testing.assert_array_equal(found.diverged.any(["scale", "seed"]), [False, True, False])
    assert not found.unconverged.any()
    assert not found.saddle.any()
    np.testing.assert_array_equal(np.isinf(found.excess).any("excess_0"), found.diverged)
    meaning = dict(
        zip(found.result.flag_values.tolist(), found.result.flag_meanings.split(), strict=True)
    )
    said = [meaning[int(v)] for v in found.result.isel(seed=0, scale=0)]
    assert said == ["reached", "diverged", "reached"]


def test_saddles_and_unfinished_training_are_counted_apart():
    def train(scale, tolerance):
        net = ld.init_unaligned(2, 2, 2, 1.0, key=KEY)
        net = jax.tree.map(lambda w: scale * w, net)
        curve = ld.train(
            ld.Problem(net, TASK), ld.GradientDescent(0.1), tolerance=tolerance, max_steps=200
        )
        return {"result": curve.result, "again": curve.result}

    # Weights of zero are a saddle; 200 steps are enough for the loose tolerance only.
    found = ld.sweep(train, {"scale": [0.0, 0.6], "tolerance": [1e-2, 1e-12]})
    np.testing.assert_array_equal(found.saddle, [[True, True], [False, False]])
    np.testing.assert_array_equal(found.unconverged, [[False, False], [False, True]])
    np.testing.assert_array_equal(found.again_unconverged, found.unconverged)
    assert not found.diverged.any()


def keys_of(grid, **options):
    def words(key, **_):
        return {"words": jax.random.key_data(key)}

    return ld.sweep(words, grid, key=KEY, **options).words


def test_a_key_depends_on_its_cell_and_nothing_else():
    small = keys_of({"p": [1, 2], "name": ["tanh"]}, static="name")
    # Another order, another type of number, other values, other chunks.
    grid = {"name": ["cos", "tanh"], "p": [0.5, 2.0, 1.0, np.inf]}
    large = keys_of(grid, static=("name",), chunk=3)
    np.testing.assert_array_equal(
        large.sel(name="tanh", p=[1, 2]), small.sel(name="tanh", p=[1, 2])
    )
    looped_p = keys_of({"name": ["tanh"], "p": [1.0, 2.0]}, static=("p", "name"))
    np.testing.assert_array_equal(looped_p.sel(name="tanh"), small.sel(name="tanh"))
    # No two cells share one, and another key gives others.
    assert len(np.unique(large.values.reshape(-1, 2), axis=0)) == 8
    other = ld.sweep(
        lambda key, **_: {"words": jax.random.key_data(key)}, {"p": [1, 2]}, key=jax.random.key(6)
    )
    assert (other.words.values != small.sel(name="tanh").values).any(-1).all()


def test_old_style_keys_serve_too():
    new, old = (
        ld.sweep(lambda p, key: {"x": p * jax.random.normal(key)}, {"p": [1.0, 2.0]}, key=key)
        for key in (jax.random.key(5), jax.random.PRNGKey(5))
    )
    assert new.identical(old)
    assert json.loads(new.attrs["key"]) == [0, 5]


class Threshold:
    def __call__(self, p, shape):
        return {"above": p > shape[0], "both": (1.0 + 2.0j) * p}


def test_static_values_may_be_anything_with_a_text():
    found = ld.sweep(Threshold(), {"p": [1, 3], "shape": [(2,), (0,)]}, static=["shape"])
    assert found["shape"].values.tolist() == ["(2,)", "(0,)"]
    assert found.above.values.tolist() == [[False, True], [True, True]]
    assert found.both.values.tolist() == [[1 + 2j] * 2, [3 + 6j] * 2]
    by_name = ld.sweep(lambda p, f: {"y": f(p)}, {"p": [4.0], "f": [jnp.sqrt, abs]}, static="f")
    assert by_name.y.sel(f="sqrt").item() == 2.0
    # With nothing left to batch, a cell is one call.
    only = ld.sweep(lambda n: {"eye": jnp.eye(3)[:, :1] * n}, {"n": [1, 2]}, static="n")
    assert only.eye.values.ravel().tolist() == [1, 0, 0, 2, 0, 0]


def test_progress_counts_cells():
    said = []
    grid = {"p": range(5), "n": [1, 2]}
    ld.sweep(
        lambda p, n: {"y": p * n}, grid, static="n", chunk=2, progress=lambda *x: said.append(x)
    )
    # Batches of 2, 2 and 1, in whatever order they end.
    done = [0, *(done for done, *_ in said)]
    assert sorted(np.diff(done)) == [1, 1, 2, 2, 2, 2]
    assert {total for _, total, _ in said} == {10}
    left = [seconds for *_, seconds in said]
    assert left[-1] == 0
    assert all(seconds > 0 for seconds in left[:-1])


def test_a_failing_function_fails_as_itself():
    def fails(p):
        raise ZeroDivisionError("at home")

    with pytest.raises(ZeroDivisionError, match="at home"):
        ld.sweep(fails, {"p": [1.0]})


def test_a_file_gives_back_the_data_set(tmp_path):
    def function(rate, f):
        wave = {"a": jnp.sin, "b": jnp.cos}[f](rate)
        return {"loss": wave * jnp.ones(2), "ok": rate > 1, "result": ld.RESULTS.reached}

    grid = {"rate": np.float32([0.5, 2]), "f": ["a", "b"]}
    found = ld.sweep(function, grid, static="f")
    found.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "sweep.nc", engine="h5netcdf") as opened:
        loaded = opened.load()
    xarray.testing.assert_equal(loaded, found)
    assert {k: v.dtype.kind for k, v in loaded.items()} == {
        k: v.dtype.kind for k, v in found.items()
    }
    assert loaded.attrs == found.attrs
    assert loaded.loss.units == "half the mean squared error, summed over outputs and readouts"
    assert json.loads(loaded.attrs["versions"])["learndyn"] == ld.__version__
    assert json.loads(loaded.attrs["static"]) == ["f"]
    assert "test_a_file_gives_back" in loaded.attrs["function"]


P = {"p": [1.0, 2.0]}


def identity(p):
    return {"y": p}


@pytest.mark.parametrize(
    ("function", "grid", "options", "sentence"),
    [
        (identity, {}, {}, "a grid of at least one coordinate; got {}"),
        (identity, {"p": []}, {}, "at least one value of p; got shape"),
        (identity, {"p": np.ones((2, 2))}, {}, "one row of at least one value of p"),
        (identity, {"p": [[1.0], [2.0]]}, {}, "one row of values of p; got shape"),
        (identity, {"p": [[1.0], [2.0, 3.0]]}, {}, "real numbers as values of p; got a ragged"),
        (identity, {"p": 1.0}, {}, "values of p in one row; got 1.0"),
        (identity, {"p": [1.0, float("nan")]}, {}, "numbers as values of p; got NaN"),
        (identity, {"p": [1.0, float("nan")]}, {"static": "p"}, "numbers as values of p; got NaN"),
        (identity, {"p": ["a", "b"]}, {}, r"real numbers .* static=\(\"p\",\)"),
        (identity, {"p": [1j]}, {}, "its real and its imaginary part"),
        (identity, {"p": [1, 1.0]}, {}, "distinct values of p.*seed=range"),
        (identity, {"p": [object()]}, {"static": "p"}, "whose text names them"),
        (identity, P, {"static": ["q"]}, "static names among 'p'; got 'q'"),
        (identity, P, {"chunk": 0}, "a chunk of at least one cell; got 0"),
        (identity, {"q": [1.0]}, {}, r"a function of q; got one of \(p\)"),
        (identity, P, {"key": KEY}, "a function of p, key"),
        (lambda p: p, P, {}, "a dictionary of arrays"),
        (lambda **_: {}, P, {}, "a dictionary of arrays"),
        (lambda **_: {"y": "text"}, P, {}, "an array as output 'y'; got str"),
        (lambda **_: {"y": None}, P, {}, "an array as output 'y'"),
        (lambda p: {"p": p}, P, {}, "not named like coordinates; got 'p'"),
        (lambda **_: {"y": jnp.ones(2)}, {"y_0": [1]}, {}, "not named like coordinates; got 'y_0'"),
        (
            lambda p: {"diverged": p, "result": ld.RESULTS.reached},
            P,
            {},
            "not named like flags; got 'diverged'",
        ),
    ],
)
def test_bad_input_ends_in_one_sentence(function, grid, options, sentence):
    with pytest.raises(ld.InputError, match=sentence):
        ld.sweep(function, grid, **options)


def test_many_networks_train_as_each_would_alone():
    # A saddle, slow and fast lanes over two chunks, and one that diverges at once.
    scales = np.array([0.0, 0.05, 0.3, 0.6, 0.9, 30.0])
    nets = jax.vmap(
        lambda s: jax.tree.map(lambda w: s * w, ld.init_unaligned(2, 2, 2, 1.0, key=KEY))
    )(jnp.asarray(scales))
    method, options = ld.GradientDescent(0.1), {"tolerance": 1e-4, "max_steps": 3000}
    many = ld.train_many(ld.Problem(nets, TASK), method, chunk=4, **options)
    for lane in range(len(scales)):
        problem = ld.Problem(jax.tree.map(lambda w, i=lane: w[i], nets), TASK)
        one = ld.train(problem, method, **options)
        last = int(one.valid.sum()) - 1
        assert str(ld.RESULTS[jax.tree.map(lambda v, i=lane: v[i], many.result)]) == str(
            ld.RESULTS[one.result]
        )
        assert many.steps[lane] == one.steps[last]
        np.testing.assert_allclose(many.times[lane], one.times[last], rtol=1e-12)
        np.testing.assert_allclose(many.excess[lane], one.excess[last], rtol=1e-9, atol=1e-20)
        for x, y in zip(jax.tree.leaves(many.final), jax.tree.leaves(one.final), strict=True):
            np.testing.assert_allclose(x[lane], y, rtol=1e-10, atol=1e-12)
    assert len({int(v) for v in jax.tree.leaves(many.result)[0]}) == 3


@pytest.mark.parametrize("chunk", [0, 4])
def test_one_network_is_not_many(chunk):
    net = ld.init_unaligned(2, 2, 2, 1.0, key=KEY)
    with pytest.raises(ld.InputError, match=r"one network;|one leading axis;"):
        ld.train_many(
            ld.Problem(net, TASK), ld.GradientDescent(0.1), tolerance=1, max_steps=1, chunk=chunk
        )
