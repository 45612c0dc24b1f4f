"""Folders that older versions have written stay readable and verifiable; those of a newer one are refused.

Every format has a pair of folders under ``tests/stored``, written by the last version that wrote it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import read_run
from genopt_gym.runs.folder import read_config, read_result
from genopt_gym.runs.formats import FORMAT
from genopt_gym.runs.loop import read_best, resume_run
from genopt_gym.study.folder import read_plan
from genopt_gym.study.index import build_index
from tests.conftest import Genopt

STORED = Path(__file__).parents[1] / "stored"

every_format = pytest.mark.parametrize("number", range(FORMAT + 1))


@pytest.fixture
def run(number: int, tmp_path: Path) -> Path:
    """A copy of the stored run."""
    return Path(shutil.copytree(STORED / f"run-format-{number}", tmp_path / "run"))


@pytest.fixture
def study(number: int, tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORED / f"study-format-{number}", tmp_path / "study"))


def change(path: Path, **facts: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


@every_format
def test_a_run_of_every_format_is_read_in_todays_words(run: Path, number: int) -> None:
    config = read_run(run)
    assert config.parameters["trial_start"] == "continue"
    assert "between" not in config.parameters
    assert read_config(run).get("format", 0) == number


@every_format
def test_a_finished_run_of_every_format_can_be_shown(run: Path) -> None:
    best, spec = read_best(run)
    assert best.id == read_result(run)["best"]
    assert spec.entry == "genopt_gym.envs.control.cart_pole:CartPole"


@every_format
def test_a_run_of_every_format_is_verified(genopt: Genopt, run: Path) -> None:
    ended = genopt("verify", str(run), "--all")
    assert ended.code == 0, ended.out + ended.err
    assert " 0 changed" in ended.out


@every_format
def test_a_study_of_every_format_is_verified(genopt: Genopt, study: Path) -> None:
    ended = genopt("verify", str(study))
    assert ended.code == 0, ended.out + ended.err
    assert " 0 changed" in ended.out


@every_format
def test_a_study_of_every_format_has_an_index_and_is_done(genopt: Genopt, study: Path) -> None:
    assert {record.state for record in build_index(study)} == {"done"}
    ended = genopt("study", "run", str(study))
    assert (ended.code, ended.err) == (0, "")
    assert "6 of 6 runs are done" in ended.out


@every_format
def test_an_interrupted_run_of_every_format_comes_to_the_same_end(run: Path, number: int) -> None:
    """A version that plays otherwise may refuse it instead, and has to say which version does not."""
    steps, result = (run / "steps.jsonl").read_bytes().splitlines(keepends=True), read_result(run)
    (run / "steps.jsonl").write_bytes(b"".join(steps[:-2]))
    (run / "result.json").unlink()
    resume_run(run)
    made = (run / "steps.jsonl").read_bytes().splitlines(keepends=True)
    assert len(made) == len(steps)
    assert made[: len(steps) - 2] == steps[:-2]
    # What was made anew may tell more than that version did; what it told is the same.
    for now, stored in zip([*map(json.loads, made), read_result(run)], [*map(json.loads, steps), result], strict=True):
        assert {name: value for name, value in now.items() if name in stored} == stored


@pytest.mark.parametrize("number", [0])
def test_a_run_that_comes_out_differently_now_is_refused_with_the_version_that_wrote_it(run: Path) -> None:
    steps = run / "steps.jsonl"
    steps.write_text(steps.read_text().replace('"score": 10.0', '"score": 11.0'))
    change(run / "config.json", versions={"genopt-gym": "0.0.7"})
    words = r"step 1 of the run in .* comes out differently now .*resume it with genopt_gym 0\.0\.7, which wrote it"
    with pytest.raises(UserError, match=words):
        resume_run(run)


@pytest.mark.parametrize("number", [FORMAT])
def test_a_run_of_a_newer_format_is_refused_in_a_sentence(genopt: Genopt, run: Path) -> None:
    change(run / "config.json", format=FORMAT + 1, versions={"genopt-gym": "7.2.0"}, run={"unknown": "keys"})
    for words in (["run", "--resume", str(run)], ["verify", str(run)]):
        ended = genopt(*words)
        assert ended.code != 0
        assert f"{run} was written by genopt_gym 7.2.0 in format {FORMAT + 1}, and genopt_gym " in ended.out + ended.err
        assert "Traceback" not in ended.err


@pytest.mark.parametrize("number", [FORMAT])
def test_a_study_of_a_newer_format_is_refused_in_a_sentence(genopt: Genopt, study: Path) -> None:
    change(study / "plan.json", **{"format": FORMAT + 1, "genopt-gym": "7.2.0", "runs": "unknown"})
    ended = genopt("study", "run", str(study))
    assert ended.code == 2
    assert ended.err.startswith(f"genopt: {study} was written by genopt_gym 7.2.0 in format {FORMAT + 1}")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("number", [FORMAT])
@pytest.mark.parametrize("told", [-1, "1", True, None])
def test_a_format_that_is_none_is_told(run: Path, study: Path, told: Any) -> None:
    change(run / "config.json", format=told)
    change(study / "plan.json", format=told)
    for read, path in ((read_run, run), (read_plan, study)):
        with pytest.raises(UserError, match=f"{path} says that its format is .*, which is none"):
            read(path)
