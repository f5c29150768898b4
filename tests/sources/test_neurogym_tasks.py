"""Any task of NeuroGym gives its stimuli and right answers, or says in a sentence why not."""

import numpy as np
import pytest

pytest.importorskip("neurogym")

from neurogym.envs.registration import all_envs, make

import learndyn as ld
from learndyn.sources import describe, neurogym_task, open_source

pytestmark = [
    pytest.mark.source("neurogym"),
    pytest.mark.filterwarnings("ignore::UserWarning:gymnasium"),
]

# Tasks whose stimuli or right answers are not fixed before the trial.
UNFIT = ["Bandit-v0", "DawTwoStep-v0", "EconomicDecisionMaking-v0", "Null-v0"]
TASKS = [name for name in all_envs(collections=True) if name not in UNFIT]


@pytest.mark.parametrize("name", TASKS)
def test_every_task_gives_finite_trials_the_same_for_equal_seeds(name):
    one, two, other = (neurogym_task(name, 8, seed=seed) for seed in (1, 1, 2))
    for first, second in zip(one.trials.arrays(), two.trials.arrays(), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one.trials.x, other.trials.x)
    assert len(set(one.inputs)) == one.trials.n_in
    assert len(set(one.targets)) == one.trials.n_out
    assert one.trials.every_step


@pytest.mark.parametrize("name", ["PerceptualDecisionMaking-v0", "yang19.dm1-v0"])
def test_choices_are_one_hot_and_stimuli_are_those_of_the_task(name):
    source = neurogym_task(name, 30, seed=5)
    task = make(name).unwrapped
    task.seed(5)
    for x, y, length in zip(*source.trials.arrays(), strict=True):
        task.new_trial()
        assert length == len(task.ob)
        np.testing.assert_array_equal(x[:length], task.ob)
        np.testing.assert_array_equal(y[:length].argmax(1), task.gt)
        np.testing.assert_array_equal(y[:length].sum(1), 1)


def test_continuous_answers_stay_as_they_are():
    source = neurogym_task("SpatialSuppressMotion-v0", 5, seed=0)
    task = make("SpatialSuppressMotion-v0").unwrapped
    task.seed(0)
    for y in source.trials.y:
        task.new_trial()
        np.testing.assert_array_equal(y, task.gt)


def test_lengths_and_names_are_those_of_the_task():
    source = open_source("neurogym:ReadySetGo-v0", count=50, seed=0)
    assert source.inputs == ("fixation", "ready", "set")
    assert source.targets == ("fixation", "go")
    found = describe(source)
    assert found["steps"]["min"] < found["steps"]["max"] == source.trials.length
    assert found["classes"]["go"] > 0
    assert ld.TaskStatistics.from_trials(source.trials).floor > 0


@pytest.mark.parametrize("name", UNFIT)
def test_tasks_without_right_answers_are_refused(name):
    with pytest.raises(ld.InputError, match=rf"^Expected a task .* from {name}; got "):
        open_source(f"neurogym:{name}", count=2)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PerceptualDecisionMaking", "PerceptualDecisionMaking-v0"),
        ("gonogo", "GoNogo-v0"),
        ("dm1", "yang19.dm1-v0"),
        ("", "AntiReach-v0"),
    ],
)
def test_an_unknown_task_is_told_its_nearest(name, nearest):
    with pytest.raises(ld.InputError, match=nearest):
        open_source(f"neurogym:{name}", count=2)
