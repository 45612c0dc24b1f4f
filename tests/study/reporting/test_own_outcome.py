"""An edit outcome that only a task from outside the package has, from its trial to a study's table, figure and page."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from genopt_gym.runs.config import Config
from genopt_gym.study.index import build_index
from genopt_gym.study.records import Plan, PlannedRun
from genopt_gym.study.reporting.report import save_report
from tests.helpers.extensions import HERE
from tests.helpers.small_study import Inline, run_small

pytest.importorskip("jinja2")


def test_outcome_of_a_tasks_own_is_counted_drawn_and_told(tmp_path: Path) -> None:
    edits = [{"hint": "0"}, {"hint": "4"}, {"hint": "0"}]
    parameters = {"validation_size": 2, "test_size": 2}
    config = Config(f"{HERE}:Own/Strict-v0", "scripted", 0, 3, parameters, {"edits": edits})
    plan = Plan("own", "Is it kept?", [PlannedRun("one", config, "scripted", {}, "scripted", 0)])
    run_small(tmp_path / "study", plan, Inline())
    records = build_index(tmp_path / "study")
    assert list(records[0].steps.outcome) == ["ok", "far_off", "ok", "far_off"]

    page = save_report(tmp_path / "study", plan, records, {}).page
    with (page.parent / "outcomes.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["arm", "ok", "far_off"], ["scripted", "1", "2"]]
    figure = page.read_text(encoding="utf-8").partition("Outcomes of edits by arm")[2].partition("</svg>")[0]
    assert "far_off" in figure
    assert "(3 edits)" in figure
