"""NeuroGym's stimuli come reproducibly, and have the moments that our own task states."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.stats

pytest.importorskip("neurogym")

import learndyn as ld
from learndyn.sources import neurogym_integration

pytestmark = pytest.mark.source("neurogym")

TRIALS = 4000
# Chance that right moments fail their test.
FALSE_ALARM = 1e-4


@pytest.mark.parametrize("length", [1, 6, 11])
def test_trials_have_the_asked_shape(length):
    trials = neurogym_integration(3, seed=0, length=length)
    assert trials.x.shape == (3, length, 4)
    assert trials.y.shape == (3, 4)


def test_equal_seeds_give_equal_trials():
    one, two, other = (neurogym_integration(50, seed=seed).x for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert (one != other).all()


@pytest.mark.parametrize("target", ["mean", "sum", "late", "early"])
def test_targets_are_those_of_our_own_task(target):
    trials = neurogym_integration(20, seed=1, target=target)
    statistics = ld.TaskStatistics.from_data(trials.x, trials.y)
    response = ld.integration_task(target).impulse_response
    residual = trials.y - np.einsum("koi,pki->po", response, trials.x[:, ::-1])
    np.testing.assert_allclose(residual, 0, atol=1e-14 * abs(trials.y).max())
    assert statistics.floor < 1e-28


@pytest.mark.parametrize("length", [1, 6])
def test_moments_agree_with_our_exact_statistics(length):
    exact = ld.integration_task("sum", length=length).statistics()
    # In the basis of the task small variances are not hidden under the large baseline.
    directions = np.asarray(exact.vectors[1])
    trials = neurogym_integration(TRIALS, seed=2, length=length)
    rows = (trials.x[:, ::-1] @ directions).reshape(TRIALS, -1)
    factor = np.asarray(exact.inputs.factor).reshape(-1, length, 4) @ directions
    closed = np.einsum("rki,rlj->kilj", factor, factor).reshape(rows.shape[1], -1)

    measured = rows.T @ rows / TRIALS
    variance = (rows**2).T @ rows**2 / TRIALS - measured**2
    z = ((measured - closed) / np.sqrt(variance / TRIALS))[np.triu_indices(len(closed))]
    assert abs(z).max() < scipy.stats.norm.isf(FALSE_ALARM / (2 * z.size))


def test_fewer_than_one_trial_is_refused():
    with pytest.raises(ld.InputError, match="at least 1 trajectory; got 0"):
        neurogym_integration(0, seed=0)


def test_importing_it_warns_of_nothing_and_leaves_figures_alone():
    code = (
        "from learndyn.sources import neurogym_integration\n"
        "neurogym_integration(1, seed=0)\n"
        "from matplotlib import rcParams, rcParamsDefault\n"
        "fonts = [name for name in rcParams if 'font' in name]\n"
        "print([name for name in fonts if rcParams[name] != rcParamsDefault[name]])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
