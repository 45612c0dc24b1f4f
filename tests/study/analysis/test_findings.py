"""What a study says of scores beyond what was published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from genopt_gym.core.task import Metric
from genopt_gym.study.analysis.findings import beyond_records
from tests.helpers.made_up_study import made, planned

OPEN = Metric("points", low=0, high=10, floor=1, reference=5, solved=None, record=7)


def test_a_score_beyond_the_record_is_told_of_the_best_run_of_its_task() -> None:
    plan = planned(("GenOpt/Discovery-CapSet8-v0", "GenOpt/Control-CartPole-v0"), factors={}, controls=(), seeds=3)
    records = [replace(made(run, score), metric=OPEN) for run, score in zip(plan.runs, (7, 9, 8, 7, 7, 7), strict=True)]
    [(shown, sentence)] = beyond_records(records)
    assert shown
    told = "Discovery-CapSet8-v0: 9 is beyond the published value, verified exactly (7); by hill-climbing, seed 1."
    assert sentence == told
    elsewhere = replace(records[3], validation_score=7.5)
    assert "verified exactly" not in beyond_records([elsewhere])[0][1]


@pytest.mark.parametrize("score", [None, 6.9, 7.0])
def test_nothing_is_told_of_other_scores(score: float | None) -> None:
    [run] = planned(("GenOpt/Discovery-CapSet8-v0",), factors={}, controls=(), seeds=1).runs
    assert beyond_records([replace(made(run, 1.0), metric=OPEN, validation_score=score)]) == []
    assert beyond_records([made(run, 99.0)]) == []  # a metric without a record
