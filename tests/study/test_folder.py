"""A study's folder belongs to one plan and one driver at a time."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.study.folder import StorageError, StudyFolder, Superseded, read_error, read_plan, write_error
from tests.helpers.small_study import small_plan

PLAN = small_plan()


def test_the_plan_is_kept_as_it_is(tmp_path: Path) -> None:
    StudyFolder(tmp_path / "study", PLAN, "tasks: []\n").close()
    assert read_plan(tmp_path / "study") == PLAN
    assert (tmp_path / "study" / "plan.yaml").read_text() == "tasks: []\n"


def test_the_same_plan_may_come_again_and_another_may_not(tmp_path: Path) -> None:
    StudyFolder(tmp_path, PLAN).close()
    StudyFolder(tmp_path, PLAN).close()
    for other in (small_plan(seeds=3), small_plan(edits=4), replace(PLAN, question="Another?")):
        with pytest.raises(UserError, match="holds another study"):
            StudyFolder(tmp_path, other)
    assert read_plan(tmp_path) == PLAN


def test_the_budget_may_be_raised(tmp_path: Path) -> None:
    StudyFolder(tmp_path, replace(PLAN, budget={"tokens": 100})).close()
    StudyFolder(tmp_path, replace(PLAN, budget={"tokens": 200})).close()
    assert read_plan(tmp_path).budget == {"tokens": 200}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something that is no study"):
        StudyFolder(tmp_path, PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_driver_killed_before_the_plan_was_written_can_begin_again(tmp_path: Path) -> None:
    for name in ("lock", "plan.yaml", "plan.json.tmp"):
        (tmp_path / name).write_text("half a pl")
    StudyFolder(tmp_path, PLAN).close()
    assert read_plan(tmp_path) == PLAN


def test_two_drivers_on_one_study_are_refused(tmp_path: Path) -> None:
    first = StudyFolder(tmp_path, PLAN)
    with pytest.raises(UserError, match=rf"process {os.getpid()} on .* runs the study in .*; wait for it, or stop it"):
        StudyFolder(tmp_path, PLAN)
    first.fence()
    first.close()
    StudyFolder(tmp_path, PLAN).close()


def test_a_newer_driver_stops_the_runs_of_an_older_one(tmp_path: Path) -> None:
    old = StudyFolder(tmp_path, PLAN)
    old.close()  # as when it dies while a run of its own goes on elsewhere
    with closing(StudyFolder(tmp_path, PLAN)) as new:
        new.fence()
        with pytest.raises(Superseded, match="another driver has taken over"):
            old.fence()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
def test_a_damaged_plan_is_named(tmp_path: Path, text: str) -> None:
    StudyFolder(tmp_path, PLAN).close()
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=r"the plan in .* cannot be read"):
        StudyFolder(tmp_path, PLAN)
    assert (tmp_path / "plan.json").read_text() == text


def test_a_damaged_driver_file_stops_everything(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path, PLAN)
    (tmp_path / "driver.json").write_text("{")
    with pytest.raises(UserError, match=r"driver\.json cannot be read"):
        folder.fence()
    folder.close()


def test_what_is_no_study_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not a study: it has no plan\.json"):
        read_plan(tmp_path)
    with pytest.raises(UserError, match="is not a study"):
        read_plan(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write to .*file/study"):
        StudyFolder(tmp_path / "file" / "study", PLAN)


@pytest.mark.parametrize("key", ["", ".", "..", "a/b", ".hidden"])
def test_a_key_makes_a_folder_name(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="would not make a folder's name"):
        StudyFolder(tmp_path, replace(PLAN, runs=[replace(PLAN.runs[0], key=key)]))


def test_keys_are_unique(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same key"):
        StudyFolder(tmp_path, replace(PLAN, runs=[PLAN.runs[0], PLAN.runs[0]]))


def test_errors_are_kept_until_they_are_mended(tmp_path: Path) -> None:
    assert read_error(tmp_path, "a") == ""
    write_error(tmp_path, "a", "it broke: \ud800")
    assert read_error(tmp_path, "a") == "it broke: ?"
    write_error(tmp_path, "a", "")
    assert read_error(tmp_path, "a") == ""
