"""The report's tables: what stored steps tell must be there, whoever has written them."""

from __future__ import annotations

from dataclasses import replace

from genopt_gym.core.edit import EditOutcome
from genopt_gym.study.analysis import tables
from genopt_gym.study.records import RunRecord
from tests.helpers.made_up_study import made, planned


def with_outcomes(*outcomes: str) -> RunRecord:
    run = planned(controls=()).runs[0]
    record = made(run, 10.0, steps=len(outcomes))
    return replace(record, steps=replace(record.steps, outcome=["ok", *outcomes]))


def test_outcomes_stand_in_their_own_order() -> None:
    table = tables.outcomes({"arm": [with_outcomes("timeout", "ok", "unparsable", "ok")]})
    assert table.columns == ["arm", "ok", "unparsable", "timeout"]
    assert table.rows == [["arm", 2, 1, 1]]


def test_outcomes_that_this_version_does_not_know_are_counted_after_the_others() -> None:
    record = with_outcomes("too_slow", "ok", "a_rule_of_my_own", "ok", *EditOutcome)
    table = tables.outcomes({"arm": [record], "other": [with_outcomes("ok")]})
    assert table.columns == ["arm", *EditOutcome, "a_rule_of_my_own", "too_slow"]
    assert table.rows[0][-2:] == [1, 1]
    assert sum(table.rows[0][1:]) == len(record.steps.outcome) - 1
    assert table.rows[1][1:] == [1, *[0] * (len(table.columns) - 2)]
