"""Batches may be run by any executor: results and files are the same, also where workers die."""

import json
import logging
import multiprocessing
import os
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import learndyn as ld
from learndyn._curve_file import package_versions
from learndyn._sweep import _program
from learndyn._sweep._outputs import surroundings
from references.files import content
from references.held_batches import Held, until

GRID = {"scale": np.linspace(0.2, 1.2, 12), "kind": ["trained", "factorized"], "seed": np.arange(4)}
OPTIONS = {"static": "kind", "key": jax.random.key(1), "chunk": 8}
TASK = ld.structured_task(
    ld.task_dynamics("constant", 1.0, None, 3), 2, 2, key=jax.random.key(0)
).statistics()


def trained(scale, kind, seed, key):
    """Loops whose ends differ, and factorizations, which are calls out of compiled code."""
    net = ld.init_unaligned(2, 2, 2, scale, key=key)
    if kind == "factorized":
        return {"loss": jnp.linalg.eigvalsh(net.w_h + net.w_h.T), "result": ld.RESULTS.reached}
    times, method = jnp.array([0.0, 1.0]), ld.GradientDescent(0.05)
    curve = ld.solve(ld.Problem(net, TASK), method, times, throw=False)
    return {"loss": curve.loss, "result": curve.result}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Run by threads of this process, as is the default."""
    folder = tmp_path_factory.mktemp("sweeps") / "here"
    return ld.sweep(trained, GRID, store=folder, **OPTIONS), content(folder)


def same(executor, here, folder, **options):
    found = ld.sweep(trained, GRID, store=folder, executor=executor, **OPTIONS, **options)
    xarray.testing.assert_identical(found, here[0])
    assert content(folder) == here[1]


def processes(count):
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("count", [1, 2])
def test_processes_give_the_bytes_of_threads(count, here, tmp_path):
    with processes(count) as pool:
        same(pool, here, tmp_path / "store")


@pytest.mark.parametrize("count", [1, 3])
def test_threads_of_the_user_give_the_same_bytes(count, here, tmp_path):
    with ThreadPoolExecutor(count) as pool:
        same(pool, here, tmp_path / "store")


class Shuffled(Executor):
    """Runs what it is given last first, when it has been given all."""

    def __init__(self, count):
        self.count, self.waiting = count, []

    def submit(self, function, /, *arguments):
        self.waiting.append((Future(), function, arguments))
        future = self.waiting[-1][0]
        if len(self.waiting) == self.count:
            for late, f, x in reversed(self.waiting):
                late.set_result(f(*x))
        return future


def test_the_order_in_which_batches_end_leaves_no_trace(here, tmp_path):
    same(Shuffled(2 * 6), here, tmp_path / "store")


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(here, tmp_path):
    from distributed import Client, LocalCluster

    (tmp_path / "held").mkdir()
    quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None}
    with (
        LocalCluster(n_workers=3, threads_per_worker=1, processes=True, **quiet) as cluster,
        Client(cluster) as client,
    ):
        assert len(set(client.run(os.getpid).values())) == 3
        workers, said, killed = Held(client, tmp_path / "held"), [], {}

        def progress(*now):
            if not said:  # one batch is done, and the workers have others that do not end
                having = until(lambda: {k: v for k, v in workers.holders().items() if k > 0})
                number, processes = next(iter(having.items()))
                killed[number] = processes
                (process,) = processes
                os.kill(process, signal.SIGKILL)
                until(lambda: process not in client.run(os.getpid, on_error="return").values())
                (workers.folder / "go").touch()
            said.append(now)

        same(workers, here, tmp_path / "store", progress=progress)
        assert len(said) == 12
    # What it had, and had not done, another has run.
    ((number, processes),) = killed.items()
    assert workers.holders()[number] > processes


@pytest.mark.parametrize(
    "there",
    [
        {"device": "abacus of wood"},
        {"versions": json.dumps(package_versions() | {"jaxlib": "0.0.9"})},
    ],
)
def test_a_worker_that_would_compute_something_else_is_refused(there, monkeypatch):
    class Elsewhere(Executor):
        """Another process, with other surroundings and nothing compiled yet."""

        def submit(self, function, /, *arguments):
            future, changed = Future(), surroundings() | there
            with monkeypatch.context() as patch:
                patch.setattr(_program, "_KNOWN", {})
                patch.setattr(_program, "surroundings", lambda: changed)
                try:
                    future.set_result(function(*arguments))
                except ld.InputError as error:
                    future.set_exception(error)
            return future

    with pytest.raises(ld.InputError, match="workers that compute what this process would"):
        ld.sweep(trained, GRID, executor=Elsewhere(), **OPTIONS)


def test_an_executor_that_breaks_keeps_what_is_finished(here, tmp_path):
    class Breaks:
        """Runs some batches, and then no more."""

        def __init__(self, count):
            self.count = count

        def submit(self, function, /, *arguments):
            self.count -= 1
            future = Future()
            if self.count >= 0:
                future.set_result(function(*arguments))
            else:
                future.set_exception(BrokenProcessPool("a worker is gone"))
            return future

    with pytest.raises(BrokenProcessPool, match="a worker is gone"):
        ld.sweep(trained, GRID, store=tmp_path / "store", executor=Breaks(4), **OPTIONS)
    said = []
    same(None, here, tmp_path / "store", progress=lambda *x: said.append(x))
    assert said[0][:2] == (4 * 8, 96)


FAILING = {"p": np.arange(23.0), "q": np.arange(4)}
BAD = [(0.0, 1), (3.0, 0), (3.0, 3), (4.0, 2), (22.0, 3)]


def fails(p, q, key, bad=True):
    """As `whole`, but for cells that are bad."""
    wrong = bad & sum((p == at) & (q == of) for at, of in BAD)
    return {
        "y": eqx.error_if(jnp.exp(p * jax.random.normal(key, (3,))), wrong, "no such cell"),
        "n": (q * p).astype(int),
        "result": ld.RESULTS.where(p > 3, ld.RESULTS.diverged, ld.RESULTS.minimum),
    }


def whole(p, q, key):
    return fails(p, q, key, bad=False)


def _but_bad(data):
    """The same, with nothing where cells are bad."""
    data = data.copy(deep=True)
    for name, values in data.items():
        for p, q in BAD:
            values.loc[{"p": p, "q": q}] = np.nan if name == "y" else 0
    return data


@pytest.mark.parametrize("chunk", [1, 7, 24, 1000])
def test_cells_that_fail_are_named_and_all_others_are_found(chunk):
    options = {"key": jax.random.key(2), "chunk": chunk}
    good = ld.sweep(whole, FAILING, **options)
    said = []
    with pytest.raises(ld.SweepError) as failed:
        ld.sweep(fails, FAILING, progress=lambda *x: said.append(x), **options)
    xarray.testing.assert_equal(failed.value.found, _but_bad(good))  # to the last bit
    assert sorted(cell for cell, _ in failed.value.failures) == sorted(
        f"p={p}, q={q}" for p, q in BAD
    )
    assert all("no such cell" in reason for _, reason in failed.value.failures)
    assert said[-1] == (92, 92, 0)


def test_a_store_keeps_batches_without_errors_and_a_mended_function_needs_its_own(tmp_path):
    options = {"key": jax.random.key(2), "chunk": 8}  # two of p, all of q
    good = ld.sweep(whole, FAILING, **options)
    lost = sorted({p + i for at, _ in BAD for p in [at // 2 * 2] for i in (0, 1) if p + i < 23})
    with ThreadPoolExecutor(1) as pool:
        for executor in (None, pool):  # the second finds the batches with errors missing
            said = []
            with pytest.raises(ld.SweepError, match="needs a store of its own") as failed:
                ld.sweep(
                    fails,
                    FAILING,
                    store=tmp_path / "s",
                    executor=executor,
                    progress=lambda *x, said=said: said.append(x),
                    **options,
                )
            xarray.testing.assert_equal(failed.value.found, _but_bad(good))
            with xarray.open_zarr(tmp_path / "s") as stored:
                kept = stored.y.notnull().all(["q", "y_0"])
                assert sorted(set(FAILING["p"]) - set(stored.p.values[kept])) == lost
                some = {"p": stored.p.values[kept]}
                xarray.testing.assert_equal(stored.sel(some).load(), good.sel(some))
    assert said[0][:2] == (92 - 4 * len(lost), 92)
    with pytest.raises(ld.InputError, match="a store of function"):
        ld.sweep(whole, FAILING, store=tmp_path / "s", **options)
    xarray.testing.assert_equal(ld.sweep(whole, FAILING, store=tmp_path / "t", **options), good)


def test_where_every_cell_fails_every_cell_is_named():
    def none(p):
        return {"y": eqx.error_if(p, p > -1, "never")}

    with pytest.raises(ld.SweepError, match="and 6 more") as failed:
        ld.sweep(none, {"p": np.arange(11.0)}, chunk=6)
    assert [cell for cell, _ in sorted(failed.value.failures)] == sorted(
        f"p={p}" for p in np.arange(11.0)
    )
    assert failed.value.found.y.isnull().all()


def test_a_batch_that_does_not_fit_into_memory_is_not_tried_in_parts():
    said = []

    class Counted(Executor):
        def submit(self, function, /, *arguments):
            future = Future()
            said.append(arguments)
            try:
                future.set_result(function(*arguments))
            except MemoryError as error:
                future.set_exception(error)
            return future

    def large(p):
        return {"y": jnp.sort(p * jnp.arange(2**44)).sum()}

    with pytest.raises(MemoryError, match="for a batch of 4 cells"):
        ld.sweep(large, {"p": np.arange(4.0)}, executor=Counted())
    assert len(said) == 1


def test_batches_that_wait_are_cancelled_where_no_more_can_be_submitted():
    class Full:
        """Takes three batches, runs none of them, and then no more."""

        def __init__(self):
            self.futures = []

        def submit(self, *_):
            if len(self.futures) == 3:
                raise RuntimeError("no more")
            self.futures.append(Future())
            return self.futures[-1]

    full = Full()
    with pytest.raises(RuntimeError, match="no more"):
        ld.sweep(trained, GRID, executor=full, **OPTIONS)
    assert [future.cancelled() for future in full.futures] == [True] * 3


def test_a_combination_that_fails_is_named_and_the_rest_is_kept(tmp_path):
    def shaped(p, n):
        if n == 2:
            raise ZeroDivisionError("at two")
        return {"y": p * jnp.ones(1 if n < 4 else 2)}

    with pytest.raises(ld.SweepError) as failed:
        ld.sweep(shaped, {"p": [1.0, 2.0], "n": [1, 2, 3, 4]}, static="n", store=tmp_path / "s")
    said = str(failed.value)
    assert "at n=2: ZeroDivisionError: at two" in said
    assert "at n=4: Expected output 'y' of shape (1,) in every cell; got shape (2,)" in said
    assert failed.value.found.y.sel(n=[1, 3]).values.ravel().tolist() == [1, 1, 2, 2]
    assert failed.value.found.y.sel(n=[2, 4]).isnull().all()
