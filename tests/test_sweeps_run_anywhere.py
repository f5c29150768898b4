"""Batches may be run by any executor: results and files are the same, also where workers die."""

import logging
import multiprocessing
import os
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import learndyn as ld

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


def content(folder):
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


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

    quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None}
    with (
        LocalCluster(n_workers=3, threads_per_worker=1, processes=True, **quiet) as cluster,
        Client(cluster) as client,
    ):
        alive = client.run(os.getpid)
        assert len(set(alive.values())) == 3
        said = []

        def progress(*now):
            if not said:  # one batch is done, eleven are not
                os.kill(next(iter(alive.values())), signal.SIGKILL)
            said.append(now)

        same(client, here, tmp_path / "store", progress=progress)
        assert len(said) == 12


def test_a_worker_that_would_compute_something_else_is_refused(here):
    class Elsewhere(Shuffled):
        def submit(self, function, /, pack, *arguments):
            return super().submit(function, pack._replace(digest="0"), *arguments)

    with pytest.raises(ld.InputError, match="workers that compute what this process would"):
        ld.sweep(trained, GRID, executor=Elsewhere(12), **OPTIONS)


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


def test_a_cell_that_fails_is_named_and_the_rest_is_kept(tmp_path):
    def kept(where):
        return np.flatnonzero(~np.isnan(where.y.values)).tolist()

    def fails(p, bad):
        return {"y": eqx.error_if(2 * p, p == bad, "no such cell")}

    grid = {"p": np.arange(10.0), "bad": [7.0]}
    for executor in (None, Shuffled(1)):  # the second finds one batch missing
        with pytest.raises(ld.SweepError, match=r"at p=7.0, bad=7.0: .*no such cell") as failed:
            ld.sweep(fails, grid, chunk=2, store=tmp_path / "store", executor=executor)
        assert kept(failed.value.found) == [0, 1, 2, 3, 4, 5, 8, 9]
        with xarray.open_zarr(tmp_path / "store") as stored:
            assert kept(stored) == [0, 1, 2, 3, 4, 5, 8, 9]
        assert len(failed.value.failures) == 1


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
