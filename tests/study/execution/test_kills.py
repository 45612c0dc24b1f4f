"""Whenever a study's processes are killed, the same command goes on, and it ends as an unbroken one."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from genopt_gym.study.folder import is_done, run_path
from genopt_gym.study.index import read_index
from genopt_gym.study.records import Plan
from tests.helpers.small_study import Inline, outcome_of, run_small, small_plan
from tests.runs.test_interruption import COMMAND, adopted, wait_until

KILLING = Path(__file__).parents[3] / "tests" / "helpers" / "killing"


PLAN = small_plan(agents=["hill-climbing"], seeds=2, edits=2)


def two_studies(plan: Plan, path: Path) -> tuple[Path, Path]:
    """A folder in which the study is about to begin, and one in which it has been run unbroken."""
    run_small(path / "unbroken", plan, Inline())
    (path / "broken").mkdir()
    (path / "broken" / "plan.json").write_bytes((path / "unbroken" / "plan.json").read_bytes())
    return path / "broken", path / "unbroken"


def command(study: Path) -> list[str]:
    return [*COMMAND, "study", "run", str(study), "--workers", "2"]


def run_dying(study: Path, boundary: str) -> tuple[list[str], int]:
    """Run the study, and again as often as it dies; where it died, and how often it was run."""
    died = study.with_name("died")
    died.touch()
    environment = os.environ | {"PYTHONPATH": str(KILLING), "GENOPT_TEST_BOUNDARY": boundary}
    environment |= {"GENOPT_TEST_STUDY": str(study), "GENOPT_TEST_DIED": str(died)}
    drivers = 0
    with adopted() as alive:
        while True:
            drivers += 1
            before = died.read_bytes()
            code = subprocess.run(command(study), env=environment, capture_output=True).returncode
            if code == 0:
                break
            assert died.read_bytes() != before, "the study did not end, though nothing was killed"
        assert wait_until(lambda: not alive()), alive()
    return died.read_text().splitlines(), drivers


def check(study: Path, unbroken: Path, plan: Plan) -> None:
    """All finished steps are there once, and all is as in the unbroken study."""
    assert outcome_of(study, plan) == outcome_of(unbroken, plan)
    for run in plan.runs:
        for name in ("steps.jsonl", "ledger.jsonl"):
            rows, whole = ((run_path(path, run.key) / name).read_text().splitlines() for path in (study, unbroken))
            assert [json.loads(row)["step"] for row in rows] == list(range(len(whole)))
        for name in ("best.py", "best.diff"):
            path = run_path(study, run.key) / name
            assert path.read_bytes() == (run_path(unbroken, run.key) / name).read_bytes()
    assert [record.state for record in read_index(study)] == ["done"] * len(plan.runs)


def test_a_run_killed_in_the_middle_of_a_line_goes_on(tmp_path: Path) -> None:
    plan = small_plan(agents=["hill-climbing"], seeds=1, edits=1)
    study, unbroken = two_studies(plan, tmp_path)
    died, drivers = run_dying(study, r"steps\.jsonl@0 half")
    assert (len(died), drivers) == (1, 1)
    check(study, unbroken, plan)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_every_write_boundary(tmp_path: Path) -> None:
    study, unbroken = two_studies(PLAN, tmp_path)
    died, _ = run_dying(study, "")
    assert len(died) == len(set(died)) > 150
    for name in ("plan.json", "driver.json", "index.sqlite", "steps.jsonl", "ledger.jsonl", "evaluations.bin"):
        assert any(name in boundary for boundary in died), name
    for name in ("artifacts/", "config.json", "result.json", "best.py", "errors/"):
        assert any(name in boundary for boundary in died), name
    check(study, unbroken, PLAN)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_driver_and_workers_killed_at_20_random_moments(tmp_path: Path) -> None:
    plan = small_plan(agents=["random"], seeds=2, edits=200)
    study, unbroken = two_studies(plan, tmp_path)
    rng, killed, killed_in_loop = random.Random(0), 0, 0
    runs = [run_path(study, run.key) for run in plan.runs]
    began = time.monotonic()
    subprocess.run(command(study), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    shutil.rmtree(study / "runs")
    with adopted() as alive:
        while killed < 20:
            process = subprocess.Popen(command(study), stdout=subprocess.DEVNULL)
            try:
                assert process.wait(rng.uniform(0.2, seconds)) == 0
            except subprocess.TimeoutExpired:
                everyone = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                for victim in rng.sample(everyone, len(everyone)):
                    if victim.is_running():
                        victim.kill()
                process.wait()
                killed += 1
                killed_in_loop += any((run / "steps.jsonl").exists() and not is_done(run) for run in runs)
            else:
                # It came to its end: another study, another chance.
                check(study, unbroken, plan)
                shutil.rmtree(study / "runs")
            assert wait_until(lambda: not alive()), alive()
        subprocess.run(command(study), check=True, stdout=subprocess.DEVNULL)
        assert wait_until(lambda: not alive()), alive()
    check(study, unbroken, plan)
    assert killed_in_loop >= 5
