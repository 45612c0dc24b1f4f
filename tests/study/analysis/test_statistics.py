"""Figures agree with rliable called by hand and with cases computed on paper, and say nothing under three seeds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import PathFinder
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.study.analysis.statistics import (
    aggregate,
    common_tasks,
    final_scores,
    mean_estimate,
    measures,
    probability_of_improvement,
)
from genopt_gym.study.records import RunRecord
from tests.helpers.made_up_study import TASKS, made, planned, unfinished

rliable_metrics = pytest.importorskip("rliable.metrics")

PONG, CART_POLE = (id.removeprefix("GenOpt/") for id in TASKS)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``rliable.library``. It needs arch.bootstrap alone; the rest of the arch that it allows fails beside pandas 3."""
    found = PathFinder.find_spec("arch")
    assert found is not None
    package: Any = ModuleType("arch")
    package.__path__ = list(found.submodule_search_locations or ())
    monkeypatch.setitem(sys.modules, "arch", package)
    return importlib.import_module("rliable.library")


def by_task(matrix: np.ndarray[Any, Any]) -> dict[str, dict[int, float]]:
    """Of a matrix of seeds by tasks."""
    return {f"task{t}": dict(enumerate(column)) for t, column in enumerate(matrix.T.tolist())}


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (5, 3), (10, 8)])
def test_aggregates_are_those_of_rliable(shape: tuple[int, int]) -> None:
    matrices = np.random.default_rng(0).normal(0.7, 0.5, (4, *shape))
    ours = measures(matrices)
    for index, matrix in enumerate(matrices):
        assert ours["interquartile mean"][index] == pytest.approx(rliable_metrics.aggregate_iqm(matrix))
        assert ours["median"][index] == pytest.approx(rliable_metrics.aggregate_median(matrix))
        assert ours["mean"][index] == pytest.approx(rliable_metrics.aggregate_mean(matrix))
        assert ours["optimality gap"][index] == pytest.approx(rliable_metrics.aggregate_optimality_gap(matrix))


def test_intervals_of_aggregates_are_those_of_rliable(library: ModuleType) -> None:
    matrix = np.random.default_rng(1).normal(0.6, 0.3, (6, 4))
    ours = aggregate(by_task(matrix), list(by_task(matrix)), resamples=20_000)
    calls: dict[str, Callable[[Any], float]] = {
        "interquartile mean": rliable_metrics.aggregate_iqm,
        "median": rliable_metrics.aggregate_median,
        "mean": rliable_metrics.aggregate_mean,
        "optimality gap": rliable_metrics.aggregate_optimality_gap,
    }
    np.random.seed(0)  # Its only source of randomness.
    values, ends = library.get_interval_estimates(
        {"arm": matrix}, lambda scores: np.array([call(scores) for call in calls.values()]), reps=2000
    )
    for index, name in enumerate(calls):
        width = ends["arm"][1, index] - ends["arm"][0, index]
        assert ours[name].value == pytest.approx(values["arm"][index])
        assert ours[name].low == pytest.approx(ends["arm"][0, index], abs=0.06 * width)
        assert ours[name].high == pytest.approx(ends["arm"][1, index], abs=0.06 * width)
        assert ours[name].seeds == 6


def test_the_probability_of_improvement_is_that_of_rliable(library: ModuleType) -> None:
    generator = np.random.default_rng(2)
    x, y = generator.integers(0, 5, (5, 3)) / 2, generator.integers(0, 4, (6, 3)) / 2
    ours = probability_of_improvement(by_task(x), by_task(y), ["task0", "task1", "task2"])
    np.random.seed(0)
    values, ends = library.get_interval_estimates(
        {"pair": [x, y]}, lambda a, b: np.array([rliable_metrics.probability_of_improvement(a, b)]), reps=200
    )
    assert ours.value == pytest.approx(values["pair"][0])
    assert ours.low == pytest.approx(ends["pair"][0, 0], abs=0.07)
    assert ours.high == pytest.approx(ends["pair"][1, 0], abs=0.07)


def test_an_interquartile_mean_computed_on_paper() -> None:
    # Sorted: 0 0 .1 .2 .4 .6 .8 1; without the lowest and the highest quarter: (.1 + .2 + .4 + .6) / 4.
    scores = {"a": {0: 0.0, 1: 0.2, 2: 0.4, 3: 1.0}, "b": {0: 0.8, 1: 0.1, 2: 0.6, 3: 0.0}}
    found = aggregate(scores, ["a", "b"])
    assert found["interquartile mean"].value == pytest.approx(0.325)
    assert found["mean"].value == pytest.approx(0.3875)
    assert found["median"].value == pytest.approx((0.4 + 0.375) / 2)
    assert found["optimality gap"].value == pytest.approx(1 - 0.3875)


def test_under_three_seeds_there_is_no_interval() -> None:
    two = {"a": {0: 0.1, 1: 0.2}, "b": {0: 0.3, 1: 0.4}}
    assert {(one.low, one.high, one.seeds) for one in aggregate(two, ["a", "b"]).values()} == {(None, None, 2)}
    assert probability_of_improvement(two, two, ["a"]).low is None


def test_one_stratum_gives_the_interval_of_a_single_mean() -> None:
    values = np.random.default_rng(4).normal(0, 1, 8).tolist()
    found = mean_estimate([values])
    assert (found.low, found.high) == bootstrap_interval(values)


def test_only_seeds_that_are_done_on_all_tasks_are_aggregated() -> None:
    scores = {"a": {0: 0.0, 1: 1.0, 2: 1.0}, "b": {1: 1.0, 2: 1.0}}
    assert aggregate(scores, ["a", "b"])["mean"].value == 1.0
    with pytest.raises(ValueError, match="no seed is done on all tasks"):
        aggregate({"a": {0: 0.0}, "b": {1: 0.0}}, ["a", "b"])


def test_the_same_scores_give_the_same_figures() -> None:
    scores = by_task(np.random.default_rng(5).normal(0, 1, (4, 2)))
    assert aggregate(scores, ["task0", "task1"]) == aggregate(scores, ["task0", "task1"])


def test_a_task_is_scored_on_validation_where_one_test_score_is_missing() -> None:
    plan = planned(controls=())
    runs: list[RunRecord] = [made(run, 50.0, 25.0) for run in plan.runs]
    runs[0] = replace(runs[0], test_score=None)
    scores = final_scores(runs)
    assert scores.splits == {PONG: "validation", CART_POLE: "test"}
    assert set(scores.arms[runs[0].run.arm][PONG].values()) == {1.0}
    assert set(scores.arms[runs[0].run.arm][CART_POLE].values()) == {0.5}


def test_unfinished_failed_and_damaged_runs_have_no_score() -> None:
    plan = planned(tasks=TASKS[:1], controls=(), seeds=2)
    runs = [made(run, 10.0) for run in plan.runs]
    cut = unfinished(runs[0], 3)
    scores = final_scores([cut, replace(runs[1], state="failed"), *runs[2:]])
    assert list(scores.arms) == [runs[2].run.arm]
    assert common_tasks(scores.arms) == [PONG]
    assert common_tasks({}) == []


def test_intervals_shrink_with_the_number_of_seeds() -> None:
    values = np.random.default_rng(6).normal(0, 1, 81)
    widths = []
    for seeds in (3, 9, 81):
        found = mean_estimate([values[:seeds].tolist()])
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert all(wide > narrow for wide, narrow in pairwise(widths))
