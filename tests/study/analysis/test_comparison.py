"""Comparisons and effects are those computed on paper, and claim nothing that so few runs cannot show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genopt_gym.study.analysis.comparison import compare, effects, pairs_to_compare, sign_flip_p
from genopt_gym.study.analysis.statistics import FinalScores, final_scores
from tests.helpers.made_up_study import TASKS, made, planned, unfinished


def scored(arms: dict[str, dict[str, dict[int, float]]]) -> FinalScores:
    return FinalScores(arms, dict.fromkeys((task for tasks in arms.values() for task in tasks), "test"))


def test_a_paired_comparison_computed_on_paper() -> None:
    arms = {
        "new": {"a": {0: 0.5, 1: 0.75, 2: 1.0}, "b": {0: 0.5, 1: 0.5, 2: 0.5, 7: 9.0}},
        "old": {"a": {0: 0.25, 1: 0.25, 2: 0.25}, "b": {0: 0.5, 1: 0.25, 2: 0.0, 8: 9.0}, "c": {0: 1.0}},
    }
    found = compare(scored(arms), "new", "old")
    assert found is not None
    # Differences .25 .5 .75 on a, 0 .25 .5 on b: seeds 7 and 8 and task c have no partner.
    assert found.difference.value == pytest.approx(0.375)
    assert found.pairs == 6
    assert found.difference.seeds == 3
    # Of 64 assignments of signs to 0 .25 .25 .5 .5 .75, these four sum to 2.25 or -2.25: the zero's sign is free.
    assert found.p == 4 / 64
    assert found.difference.low is not None
    assert 0 < found.difference.low < 0.375
    assert not found.shown, "the interval excludes 0, but chance signs do not"


def test_arms_without_a_common_seed_are_not_compared() -> None:
    assert compare(scored({"new": {"a": {0: 1.0}}, "old": {"a": {1: 1.0}}}), "new", "old") is None
    assert compare(scored({"new": {"a": {0: 1.0}}}), "new", "old") is None


def test_many_pairs_are_tested_by_tosses() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (60, 15))
    p = [sign_flip_p([row]) for row in noise.tolist()]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.06)
    assert sign_flip_p([[1.0] * 15]) < 0.001
    assert sign_flip_p([[0.0, 0.0, 0.0]]) == 1.0


def test_under_three_seeds_no_difference_is_shown() -> None:
    found = compare(scored({"new": {"a": {0: 5.0, 1: 5.0}}, "old": {"a": {0: 0.0, 1: 0.0}}}), "new", "old")
    assert found is not None
    assert found.difference.low is None
    assert not found.shown


def test_main_effects_and_interactions_computed_on_paper() -> None:
    plan = planned(factors={"h": [1, 400], "k": [1, 5]}, seeds=3)
    cells = {(1, 1): 0.0, (400, 1): 10.0, (1, 5): 20.0, (400, 5): 50.0}
    points = {1: 0.0, 2: 1.0, 0: 2.0}
    runs = [made(run, cells[run.levels["h"], run.levels["k"]] + points[run.seed]) for run in plan.runs]
    found = {effect.factors: effect for effect in effects(plan.runs, final_scores(runs), plan.controls)}
    # In points: h is worth 10 at k=1 and 30 at k=5; k is worth 20 and 40; 50 points are 1. The seed cancels out.
    assert found["h",].estimate.value == pytest.approx((10 + 30) / 2 / 50)
    assert found["k",].estimate.value == pytest.approx((20 + 40) / 2 / 50)
    assert found["h", "k"].estimate.value == pytest.approx((30 - 10) / 50)
    assert found["h", "k"].change == ((1, 400), (1, 5))
    assert found["h",].estimate.low == pytest.approx(20 / 50)
    assert found["h",].estimate.seeds == 3
    assert (found["h",].cells, found["h", "k"].cells) == (2, 1)
    assert found["h",].shown


def test_an_effect_leaves_out_seeds_that_lack_a_run() -> None:
    plan = planned(tasks=TASKS[:1], factors={"h": [1, 400], "k": [1, 5]}, controls=(), seeds=4)
    runs = [made(run, 50.0 if run.levels["h"] == 400 else 0.0) for run in plan.runs]
    lost = next(i for i, run in enumerate(plan.runs) if run.seed == 1 and run.levels == {"h": 1, "k": 5})
    runs[lost] = unfinished(runs[lost], 2)
    found = {effect.factors: effect for effect in effects(plan.runs, final_scores(runs), ())}
    assert found["h",].estimate.seeds == 3
    assert found["h",].estimate.value == 1.0


def test_the_agent_is_a_factor_too_and_a_factor_has_many_levels() -> None:
    plan = planned(factors={"h": [1, 10, None]}, agents=("one", "other"))
    runs = [made(run, 25.0 if run.agent == "other" else 0.0) for run in plan.runs]
    found = {(e.factors, e.change): e.estimate.value for e in effects(plan.runs, final_scores(runs), plan.controls)}
    assert found[("agent",), (("one", "other"),)] == 0.5
    assert found[("h",), ((1, None),)] == 0.0
    assert ("h",) in {factors for factors, change in found if change == ((1, 10),)}


def test_arms_are_compared_that_differ_in_one_thing_and_with_their_control() -> None:
    plan = planned(factors={"h": [1, 400], "k": [1, 5]}, agents=("agent",), controls=("random",))
    pairs = pairs_to_compare(plan.runs, plan.controls)
    assert ("agent h=400 k=1", "agent h=1 k=1") in pairs
    assert ("agent h=400 k=1", "random h=400 k=1") in pairs
    assert not any({"agent h=400 k=5", "agent h=1 k=1"} == set(pair) for pair in pairs)
    assert not any(arm.startswith("random") and against.startswith("agent") for arm, against in pairs)
    assert len(pairs) == len(set(pairs)) == 4 + 4 + 4


def test_a_control_that_ran_at_one_level_stands_for_all() -> None:
    plan = planned(factors={"h": [1, 400]})
    once = [run for run in plan.runs if run.agent != "random" or run.levels == {"h": 1}]
    once = [replace(run, levels={}, arm="random") if run.agent == "random" else run for run in once]
    pairs = pairs_to_compare(once, ["random"])
    assert {pair for pair in pairs if "random" in pair} == {
        ("hill-climbing h=1", "random"),
        ("hill-climbing h=400", "random"),
    }
