"""The index tells what the run folders tell, and can be made anew from them at any time."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.study.folder import read_plan, run_path, write_error
from genopt_gym.study.index import build_index, read_index
from genopt_gym.study.records import RunRecord
from tests.conftest import Genopt

DAMAGED = "random-0"


def plain(records: list[RunRecord]) -> list[dict[str, Any]]:
    """Records as what can be compared: NaN is NaN."""
    rows = [asdict(record) for record in records]
    for row in rows:
        row["steps"] = {name: repr(np.asarray(column).tolist()) for name, column in row["steps"].items()}
    return rows


def of(records: list[RunRecord], key: str) -> RunRecord:
    return next(record for record in records if record.run.key == key)


def test_it_tells_what_the_folders_tell(study: Path) -> None:
    records = read_index(study)
    assert [record.run for record in records] == list(read_plan(study).runs)
    for record in records:
        path = run_path(study, record.run.key)
        rows = [json.loads(line) for line in (path / "steps.jsonl").read_text().splitlines()]
        costs = [json.loads(line) for line in (path / "ledger.jsonl").read_text().splitlines()]
        result = json.loads((path / "result.json").read_text())
        steps = record.steps
        assert (record.state, record.problem) == ("done", "")
        assert list(steps.outcome) == [row["outcome"] for row in rows]
        assert steps.score.tolist() == [row["score"] for row in rows]
        assert steps.horizon_shown.tolist() == [row["horizon_shown"] for row in rows]
        assert steps.trials.tolist() == [cost["trials"] for cost in costs]
        assert steps.inner_steps.tolist() == [cost["inner_steps"] for cost in costs]
        assert steps.seconds[-1] == pytest.approx(sum(cost["seconds"] for cost in costs))
        assert steps.best_validation[-1] == record.validation_score == result["validation_score"]
        assert (np.diff(steps.best_validation) >= 0).all()
        assert steps.money.tolist() == steps.tokens.tolist() == [0] * 4
        for name in ("start_score", "start_test_score", "test_score", "ended_by", "best"):
            assert getattr(record, name) == result[name]
        assert (record.metric.low, record.metric.direction) == (0, "maximize")
        assert record.versions["gymnasium"]


def test_it_can_be_deleted(study: Path) -> None:
    before = read_index(study)
    (study / "index.sqlite").unlink()
    assert plain(read_index(study)) == plain(before)
    assert (study / "index.sqlite").exists()


def test_edits_that_could_not_be_run_have_no_score(study: Path) -> None:
    path = run_path(study, DAMAGED) / "steps.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[1] |= {"validation_score": None, "outcome": "syntax_error"}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_index(study)
    steps = of(read_index(study), DAMAGED).steps
    assert np.isnan(steps.validation_score).tolist() == [False, True, False, False]
    assert not np.isnan(steps.best_validation).any()
    assert steps.outcome[1] == "syntax_error"


def test_model_calls_are_counted_by_role(study: Path) -> None:
    path = run_path(study, DAMAGED) / "ledger.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    account = {"calls": 1, "prompt_tokens": 100, "completion_tokens": 20, "lost_tokens": 3}
    rows[2]["models"] = {"proposer": account | {"money": 0.5}, "workflow": account | {"money": 0.25}}
    rows[3]["models"] = {"proposer": account | {"money": 0.5}, "workflow": account | {"money": None}}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_index(study)
    steps = of(read_index(study), DAMAGED).steps
    assert steps.prompt_tokens.tolist() == [0, 0, 100, 100]
    assert steps.tokens.tolist() == [0, 0, 246, 246]
    assert steps.money[:3].tolist() == [0, 0, 0.75]
    assert np.isnan(steps.money[3])


def test_runs_in_every_state(study: Path) -> None:
    planned, unfinished, failed, done = (run.key for run in read_plan(study).runs)
    shutil.rmtree(run_path(study, planned))
    for key in (unfinished, failed):
        (run_path(study, key) / "result.json").unlink()
    with (run_path(study, unfinished) / "steps.jsonl").open("ab") as file:
        file.write(b'{"step": 4, "outc')  # it is being written
    write_error(study, failed, "the model is gone")
    records = build_index(study)
    assert [record.state for record in records] == ["planned", "unfinished", "failed", "done"]
    assert [len(record.steps.outcome) for record in records] == [0, 4, 4, 4]
    assert [record.problem for record in records] == ["", "", "the model is gone", ""]
    assert records[1].test_score is None
    assert of(records, done).test_score is not None
    assert plain(read_index(study)) == plain(records)


def cut_config(run: Path) -> None:
    (run / "config.json").write_text("{")


def damage_step(run: Path) -> None:
    lines = (run / "steps.jsonl").read_bytes().splitlines(keepends=True)
    (run / "steps.jsonl").write_bytes(b"".join([lines[0], b"\0\0\0\n", *lines[2:]]))


def repeat_step(run: Path) -> None:
    lines = (run / "steps.jsonl").read_bytes().splitlines(keepends=True)
    (run / "steps.jsonl").write_bytes(b"".join([lines[0], lines[0], *lines[1:]]))


def drop_field(run: Path) -> None:
    (run / "ledger.jsonl").write_text('{"step": 0}\n')


def lose_steps(run: Path) -> None:
    (run / "steps.jsonl").unlink()


def cut_result(run: Path) -> None:
    (run / "result.json").write_text('{"start_score": 1}')


def swap(run: Path) -> None:
    shutil.rmtree(run)
    shutil.copytree(run.with_name("random-1"), run)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_config, "configuration in .* cannot be read"),
        (damage_step, r"line 2 of .*steps\.jsonl is damaged"),
        (repeat_step, "does not hold each step once and in order"),
        (drop_field, "missing required field `seconds`"),
        (lose_steps, "has a result, but no steps"),
        (cut_result, "missing required field"),
        (swap, "holds another run than planned"),
    ],
)
def test_a_damaged_run_is_left_out_with_its_reason(study: Path, damage: Any, words: str) -> None:
    run = run_path(study, DAMAGED)
    damage(run)
    files = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    build_index(study)
    records = read_index(study)
    assert [record.state for record in records] == ["damaged", "done", "done", "done"]
    assert len(records[0].steps.outcome) == 0
    assert re.search(words, records[0].problem)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == files


def test_an_index_of_another_version_is_refused_in_words(study: Path, genopt: Genopt) -> None:
    with sqlite3.connect(study / "index.sqlite") as database:
        database.execute("UPDATE meta SET version = 99")
    database.close()
    with pytest.raises(UserError, match=r"made by another version \(99, .*genopt study index"):
        read_index(study)
    ended = genopt("study", "index", str(study))
    assert (ended.code, ended.err) == (0, "")
    assert "4 runs (4 done), 16 steps" in ended.out
    assert len(read_index(study)) == 4


def test_a_damaged_index_is_refused_in_words(study: Path) -> None:
    (study / "index.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(UserError, match=r"cannot be read .* make it anew"):
        read_index(study)


def test_a_killed_build_leaves_the_old_index(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (study / "index.sqlite").read_bytes()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        build_index(study)
    assert (study / "index.sqlite").read_bytes() == before
    assert not list(study.glob("*.tmp"))
