"""Disks that are full, folders that are damaged: what stops a study, and what only a run."""

from __future__ import annotations

import resource
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from genopt_gym.study.execution.execute import Outcome
from genopt_gym.study.execution.local import LocalExecutor
from genopt_gym.study.folder import StorageError, is_done, run_path
from tests.helpers.small_study import Inline, outcome_of, run_small, small_plan

PLAN = small_plan()
ONE = replace(PLAN, runs=PLAN.runs[:1])
KEYS = [run.key for run in PLAN.runs]


@pytest.mark.slow
def test_a_full_disk_stops_the_study_and_more_room_lets_it_go_on(tmp_path: Path, finished: Path) -> None:
    """A file system that holds a part of the study."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "none", disk], capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        with pytest.raises(StorageError, match=r"No space left on device\); nothing that was stored is lost"):
            run_small(disk / "study", PLAN, LocalExecutor(1))
        assert any(is_done(run) for run in (disk / "study" / "runs").iterdir())
        subprocess.run(["mount", "-o", "remount,size=10m", disk], check=True)
        assert run_small(disk / "study", PLAN, LocalExecutor(1)) == Outcome(done=4)
        assert outcome_of(disk / "study", PLAN) == outcome_of(finished, PLAN)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(StorageError, match="Read-only file system"):
            run_small(disk / "study", PLAN, LocalExecutor(1))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_that_may_not_grow_stops_the_study(tmp_path: Path) -> None:
    """The same without a file system of its own: no file may pass 2,000 bytes, which evaluations do."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(StorageError, match="File too large"):
            run_small(tmp_path, ONE, Inline())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert run_small(tmp_path, ONE, Inline()) == Outcome(done=1)


def test_a_damaged_run_fails_and_the_others_go_on(study: Path) -> None:
    for key in KEYS[:2]:
        (run_path(study, key) / "result.json").unlink()
    (run_path(study, KEYS[0]) / "config.json").write_text("{")
    outcome = run_small(study, PLAN, Inline())
    assert outcome.done == 3
    assert "configuration" in outcome.failed[KEYS[0]]
    shutil.rmtree(run_path(study, KEYS[0]))
    assert run_small(study, PLAN, Inline()) == Outcome(done=4)
