"""Stored scores are held against what the stored artifacts score now."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.study.folder import run_path
from genopt_gym.study.verify import verify_run
from tests.conftest import Genopt

KEY = "hill-climbing-0"


@pytest.fixture
def run(study: Path) -> Path:
    return run_path(study, KEY)


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "steps.jsonl").read_text().splitlines()]


def change_step(run: Path, number: int, change: Callable[[float], float]) -> None:
    """Plant another validation score."""
    changed = rows(run)
    changed[number]["validation_score"] = change(changed[number]["validation_score"])
    (run / "steps.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))


def change_result(run: Path, name: str, value: Any) -> None:
    facts = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps(facts | {name: value}))


def test_an_honest_study_holds(study: Path, genopt: Genopt) -> None:
    ended = genopt("verify", str(study), "--all")
    assert (ended.code, ended.err) == (0, "")
    # Each run has four steps, and four scores in its result.
    assert ended.out.splitlines()[-1] == "48 scores of 4 runs checked, 0 changed; 0 runs skipped"


@pytest.mark.parametrize("name", ["start_score", "validation_score", "start_test_score", "test_score"])
def test_a_planted_result_is_found(run: Path, name: str) -> None:
    stored = json.loads((run / "result.json").read_text())[name]
    change_result(run, name, stored + 0.5)
    [(claim, now)] = verify_run(run).changed
    assert (claim.where, claim.score, now) == (f"result.json, {name}", stored + 0.5, stored)


def test_a_planted_step_is_found_and_told_with_both_versions(study: Path, run: Path, genopt: Genopt) -> None:
    stored = rows(run)[2]
    change_step(run, 2, lambda score: score + 1)
    config = json.loads((run / "config.json").read_text())
    config["versions"]["gymnasium"] = "0.0.1"
    (run / "config.json").write_text(json.dumps(config))
    ended = genopt("verify", str(study), "--all")
    assert ended.code == 1
    told, made, now, summary = ended.out.splitlines()
    score = stored["validation_score"]
    assert told == (f"changed  {run}: step 2: {score + 1!r} is stored, validation of {stored['artifact']} is {score!r}")
    assert "stored with" in made
    assert "gymnasium 0.0.1" in made
    assert "now with" in now
    assert "gymnasium 0.0.1" not in now
    assert summary == "48 scores of 4 runs checked, 1 changed; 0 runs skipped"


def test_a_step_raised_above_the_best_is_found_without_all(run: Path) -> None:
    change_step(run, 1, lambda score: 1000.0)
    assert [claim.where for claim, _ in verify_run(run).changed] == ["step 1"]


def test_an_artifact_changed_under_its_name_is_found(run: Path) -> None:
    best = json.loads((run / "result.json").read_text())["best"]
    path = run / "artifacts" / f"{best}.json"
    path.write_text(path.read_text().replace("return", "return  "))
    verification = verify_run(run)
    assert not verification.holds
    assert f"artifact {best} " in verification.problem
    assert "other texts than its name says" in verification.problem


def test_a_damaged_run_does_not_hold(study: Path, run: Path, genopt: Genopt) -> None:
    (run / "config.json").write_text("{")
    ended = genopt("verify", str(study))
    assert ended.code == 1
    assert "damaged" in ended.out
    assert "0 changed" in ended.out


@pytest.mark.parametrize("name", ["result.json", "artifacts"])
def test_what_is_missing_is_named(run: Path, name: str) -> None:
    if name == "artifacts":
        for path in (run / name).iterdir():
            path.unlink()
    else:
        (run / name).write_text("{}")
    assert verify_run(run).problem.startswith("artifact " if name == "artifacts" else f"{run} is damaged")


def test_a_run_in_progress_is_verified_as_far_as_it_is(run: Path) -> None:
    (run / "result.json").unlink()
    verification = verify_run(run)
    assert verification.holds
    assert verification.checked >= 2


def test_a_single_run_can_be_verified(run: Path, genopt: Genopt) -> None:
    ended = genopt("verify", str(run))
    assert ended.code == 0
    assert "of 1 runs checked, 0 changed" in ended.out


@pytest.mark.parametrize(
    ("task", "words"), [("WobblyGuess", "not deterministic"), ("Oracle", "ask a model")], ids=["wobbly", "asking"]
)
def test_scores_that_cannot_come_again_are_skipped(run: Path, task: str, words: str) -> None:
    facts = json.loads((run / "config.json").read_text())
    facts["run"] = {"id": f"tests.helpers.toys:Toy/{task}-v0", "agent": "random"}
    (run / "config.json").write_text(json.dumps(facts))
    verification = verify_run(run)
    assert verification.holds
    assert verification.checked == 0
    assert words in verification.skipped


def test_a_folder_of_nothing_is_refused(tmp_path: Path, genopt: Genopt) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        ended = genopt("verify", str(path))
        assert ended.code == 2
    assert "there is no study or run in" in ended.err
