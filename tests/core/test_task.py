"""Metrics and tasks: what a score means, which instances there are, what can be started from."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from genopt_gym.core.evidence import Failure, Instance, Trial
from genopt_gym.core.metric import LARGEST
from genopt_gym.core.task import SPLITS, Metric, TaskSpec
from genopt_gym.envs.control.cart_pole import CartPole
from tests.helpers.toys import Guess, StrictGuess

UP = Metric("points", low=-20, high=20, floor=-10, reference=10, solved=15)
DOWN = Metric("errors", low=100, high=0, floor=80, reference=40, solved=10, direction="minimize")


def trial(score: float, failure: Failure | None = None) -> Trial:
    return Trial(Instance("train", 0), score, score, 1, ended=True, failure=failure)


def test_better_is_more_or_less() -> None:
    assert UP.better(3, 2)
    assert not UP.better(2, 2)
    assert DOWN.better(2, 3)
    assert not DOWN.better(2, 2)


def test_bounds_are_smallest_and_largest() -> None:
    assert (UP.bounds, DOWN.bounds) == ((-20, 20), (0, 100))


@pytest.mark.parametrize(("metric", "floor", "middle", "reference"), [(UP, -10, 0, 10), (DOWN, 80, 60, 40)])
def test_normalised_scale_goes_from_floor_to_reference(
    metric: Metric, floor: float, middle: float, reference: float
) -> None:
    assert [metric.normalise(score) for score in (floor, middle, reference)] == [0, 0.5, 1]
    assert metric.normalise(metric.best) > 1
    assert metric.normalise(metric.worst) < 0


def test_solved_is_reached_or_passed() -> None:
    assert [UP.is_solved(score) for score in (14.9, 15, 16)] == [False, True, True]
    assert [DOWN.is_solved(score) for score in (10.1, 10, 0)] == [False, True, True]
    assert not dataclasses.replace(UP, solved=None).is_solved(20)


def test_score_is_the_mean_or_low_where_an_error_costs_the_artifact() -> None:
    failed = trial(9, Failure("crashed", "ProcessEnded", "gone"))
    assert Guess().score([trial(1), trial(2), failed]) == 4
    assert StrictGuess().score([trial(1), trial(2), failed]) == 9
    assert StrictGuess().score([trial(1), trial(2)]) == 1.5
    assert Guess().score([]) == 9


def test_failed_trials_are_those_that_fail_or_do_not_solve() -> None:
    task = Guess()
    assert [task.failed(t) for t in (trial(0), trial(1), trial(0, Failure("timeout", "Timeout", "")))] == [
        False,
        True,
        True,
    ]


def test_instances_are_as_many_as_asked_for() -> None:
    task = Guess(train_size=5, validation_size=2, test_size=3)
    assert [len(task.instances(split)) for split in SPLITS] == [5, 2, 3]
    assert task.instances("test")[2] == Instance("test", 2)


@pytest.mark.parametrize("name", ["train_size", "validation_size", "test_size"])
@pytest.mark.parametrize("size", [0, -1, 1.5, "3", True, None])
def test_size_that_is_none_is_refused(name: str, size: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1"):
        Guess(**{name: size})


def test_seeds_differ_by_split_index_and_split_seed_alone() -> None:
    seeds = {
        Guess(split_seed=split_seed).seed(Instance(split, index))
        for split_seed in range(3)
        for split in SPLITS
        for index in range(50)
    }
    assert len(seeds) == 450
    assert all(0 <= seed < 1 << 31 for seed in seeds)
    assert Guess().seed(Instance("train", 3, (1, 0))) == Guess().seed(Instance("train", 3))
    assert Guess().seed(Instance("train", 3)) == 1505436406  # the same for ever, on every machine


def test_starts_are_structures_and_implementations() -> None:
    assert CartPole().starts()[:2] == ["modular/naive", "modular/stub"]
    artifact = CartPole().starting_artifact("one_function/stub")
    assert dict(artifact.texts) == {"policy": "def policy(obs):\n    return 0\n"}


def test_unknown_start_lists_those_there_are() -> None:
    with pytest.raises(ValueError, match="no start 'plain'; this task has plain/five, plain/nine, plain/zero"):
        Guess().starting_artifact("plain")


def test_spec_makes_the_same_task() -> None:
    task = TaskSpec("tests.helpers.toys:Guess", {"split_seed": 4}).make()
    assert type(task) is Guess
    assert task.seed(Instance("test", 0)) == Guess(split_seed=4).seed(Instance("test", 0))


def test_a_metric_of_an_open_problem_needs_no_bounds() -> None:
    metric = Metric("points", low=None, high=None, floor=0, reference=10, solved=None, record=12, failed_score=-5)
    assert metric.worst == -5
    assert metric.bounds == (-LARGEST, LARGEST)
    assert metric.best == LARGEST
    assert metric.range == "of any finite size"
    assert metric.normalise(12) == 1.2
    assert [metric.is_beyond_record(score) for score in (11, 12, 12.1)] == [False, False, True]
    half = Metric("errors", low=None, high=0, floor=8, reference=4, solved=None, direction="minimize", failed_score=99)
    assert half.bounds == (0, LARGEST)
    assert half.range == "from 0"
    assert not half.is_beyond_record(0)


def test_a_metric_without_low_says_what_a_failed_trial_gets() -> None:
    with pytest.raises(ValueError, match="failed_score"):
        Metric("points", low=None, high=None, floor=0, reference=10, solved=None)
