"""Libraries that own their loop: what they get, what it costs, how they end, and that nothing of them remains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import psutil
import pytest

from genopt_gym.agents import external
from genopt_gym.agents.external import TESTED, bridge, need
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import read_artifact
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.result import Result
from genopt_gym.runs.steps import Step
from genopt_gym.testing.transcript import still_running
from tests.helpers import toy_loops
from tests.helpers.model_server import Answer, ModelServer, Script
from tests.helpers.watching import Watching

CARTPOLE = toy_loops.CARTPOLE
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 8}


def config(loop: str, edits: int = 4, agent: str = "Toy", base_url: str | None = None, **parameters: Any) -> Config:
    options = {"loop": loop, "base_url": base_url or "http://127.0.0.1:9/v1", "max_tokens": 100}
    return Config(CARTPOLE, f"{toy_loops.__name__}:{agent}", 0, edits, {**SMALL, **parameters}, options)


def run(folder: Path, loop: str, edits: int = 4, **parameters: Any) -> Result:
    return start_run(config(loop, edits, **parameters), folder)


def steps(folder: Path) -> list[dict[str, Any]]:
    return read_journal(folder / "steps.jsonl")[0]


def edits(folder: Path) -> list[str]:
    return [read_artifact(folder, row["artifact"])["policy"] for row in steps(folder)[1:]]


def told(edit: str) -> Any:
    """What a toy loop says in a comment of an edit's."""
    return json.loads(next(line for line in edit.splitlines() if line.startswith("# "))[2:])


def processes_of_the_library(run: int) -> list[tuple[int, float]]:
    """Pid and start time of the process that a run has started for it, and of its children."""
    [own] = [child for child in psutil.Process(run).children() if bridge.__name__ in child.cmdline()]
    return [(process.pid, process.create_time()) for process in (own, *own.children())]


def reply(body: dict[str, Any], number: int) -> Answer:
    return Answer(f"```python\n{toy_loops.policy(number)['policy']}```")


def test_each_proposal_is_a_step_and_its_result_comes_back(tmp_path: Path) -> None:
    result = run(tmp_path / "run", "climb", edits=10)
    assert result.ended_by == "agent"
    rows = steps(tmp_path / "run")
    assert [row["outcome"] for row in rows] == ["ok"] * 5
    outcome, score, value, trials = told(edits(tmp_path / "run")[1])
    assert (outcome, score) == ("ok", rows[1]["score"])
    assert value < 1
    names = ["train/0", "train/1", "validation/0", "validation/1"]
    assert [trial[:2] for trial in trials] == [[name, "ok"] for name in names]
    assert [shown for *_, shown in trials] == [True, True, False, False]
    assert sum(trial[2] for trial in trials[2:]) / 2 == score
    # A step's train trial and two of validation; then two train trials of the library's own choice, and for the two of
    # validation nothing more.
    ledger = read_journal(tmp_path / "run" / "ledger.jsonl")[0]
    assert [row["trials"] for row in ledger] == [3, 6, 11, 16, 21]


def test_validation_that_selects_silently_is_hidden(tmp_path: Path) -> None:
    run(tmp_path / "run", "climb", edits=2, feedback_horizon="credit")
    *_, trials = told(edits(tmp_path / "run")[1])
    assert [name for name, *_ in trials] == ["train/0", "train/1"]
    assert all(score <= SMALL["credit_horizon"] for _, _, score, _ in trials)


def test_test_instances_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no instance 'test/0' to see; there are those of train and validation"):
        run(tmp_path / "run", "peek")


def test_updates_end_a_loop_without_end(tmp_path: Path) -> None:
    with ModelServer(reply) as server:
        result = start_run(config("ask", 3, base_url=server.base_url), tmp_path / "run")
        assert (result.ended_by, server.calls) == ("updates", 3)


@pytest.mark.parametrize("agent", [pytest.param("Toy", marks=pytest.mark.slow), "HttpToy"])
def test_spent_tokens_stop_it_whatever_it_swallows(tmp_path: Path, agent: str) -> None:
    with ModelServer(reply) as server:
        loop = "ask" if agent == "Toy" else "ask_by_http"
        whole = config(loop, 500, agent, server.base_url, budget={"tokens": 2500})
        result = start_run(whole, tmp_path / "run")
        assert result.ended_by == "budget of tokens"
        assert len(steps(tmp_path / "run")) > 2
        cost = result.models["proposer"]
        assert (cost.calls, cost.tokens) == (server.calls, server.tokens)
        assert server.tokens <= 2500


@pytest.mark.parametrize("agent", ["Toy", pytest.param("HttpToy", marks=pytest.mark.slow)])
def test_model_that_fails_is_told_and_the_run_can_be_gone_on_with(tmp_path: Path, agent: str) -> None:
    script: Script = lambda body, number: Answer(fault="401") if number == 2 else reply(body, number)  # noqa: E731
    with ModelServer(script) as server:
        loop = "ask" if agent == "Toy" else "ask_by_http"
        with pytest.raises(UserError, match="key"):
            start_run(config(loop, 4, agent, server.base_url), tmp_path / "run")
        assert len(steps(tmp_path / "run")) == 3
        result = resume_run(tmp_path / "run")
        assert result.ended_by == "updates"
        # By HTTP it may have asked once more before it was stopped.
        assert server.calls == 5 if agent == "Toy" else server.calls in (5, 6)


@pytest.mark.slow
def test_resumed_run_is_as_one_that_was_never_broken_off(tmp_path: Path) -> None:
    script: Script = lambda body, number: Answer(fault="401") if number == 1 else reply(body, 7)  # noqa: E731
    with ModelServer(script) as server, pytest.raises(UserError):
        start_run(config("ask", 3, base_url=server.base_url), tmp_path / "broken")
    with ModelServer(lambda body, number: reply(body, 7)) as server:
        start_run(config("ask", 3, base_url=server.base_url), tmp_path / "whole")
        stored = json.loads((tmp_path / "broken" / "config.json").read_text())
        stored["run"]["agent_options"]["base_url"] = server.base_url
        (tmp_path / "broken" / "config.json").write_text(json.dumps(stored))
        resume_run(tmp_path / "broken")
    assert (tmp_path / "broken" / "steps.jsonl").read_bytes() == (tmp_path / "whole" / "steps.jsonl").read_bytes()


def test_resume_of_a_library_that_does_not_repeat_itself_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "run", "roll_dice")
    with pytest.raises(UserError, match=r"step 1 of the run .* comes out differently now than it is stored"):
        resume_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("loop", "words"),
    [("fail", "toy failed: LookupError: no such frontier"), ("crash", "(?s)toy failed: .* code -9.*about to crash")],
)
def test_library_that_fails_is_told(tmp_path: Path, loop: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        run(tmp_path / "run", loop)


def test_it_has_no_keys_and_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("SOME_TOKEN", "sk-secret")
    run(tmp_path / "run", "tell_surroundings")
    surroundings = told(edits(tmp_path / "run")[0])
    assert "sk-secret" not in json.dumps(surroundings)
    assert surroundings["folder"] == surroundings["environment"]["HOME"]
    assert not Path(surroundings["folder"]).exists()


@pytest.mark.slow
def test_processes_and_threads_of_a_library_can_call_side_by_side(tmp_path: Path) -> None:
    result = run(tmp_path / "run", "work_in_processes", edits=10)
    assert result.ended_by == "agent"
    assert sorted(edits(tmp_path / "run")) == sorted(toy_loops.policy(number)["policy"] for number in (1, 2, 3, 4))


def test_all_that_it_has_started_ends_with_the_run(tmp_path: Path) -> None:
    started: list[tuple[int, float]] = []

    def look(step: Step) -> None:
        if step.step == 1:
            started.extend(processes_of_the_library(os.getpid()))

    start_run(config("start_others", 2), tmp_path / "run", [Watching(look)])
    assert len(started) == 3
    assert still_running(started) == 0


@pytest.mark.slow
def test_it_dies_when_its_run_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", toy_loops.__name__, str(tmp_path / "run"), "start_others"]
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as killed:
        while not (tmp_path / "run" / "steps.jsonl").exists() or len(steps(tmp_path / "run")) < 3:
            assert killed.poll() is None
            time.sleep(0.05)
        started = processes_of_the_library(killed.pid)
        killed.kill()
    assert len(started) == 3
    assert still_running(started) == 0


def test_the_versions_that_were_tested_are_those_of_the_extras() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    for extra, (package, least, below) in TESTED.items():
        assert f"{package}>={least},<{below}" in project["optional-dependencies"][extra]


def test_missing_library_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(external, "version", missing)
    with pytest.raises(UserError, match=r"the agent gepa needs the package gepa: pip install 'genopt-gym\[gepa\]'"):
        need("gepa", "gepa")


@pytest.mark.parametrize(("found", "fits"), [("0.1.3", False), ("0.1.4", True), ("0.1.10", True), ("0.2.0rc1", False)])
def test_version_that_was_not_tested_is_told(monkeypatch: pytest.MonkeyPatch, found: str, fits: bool) -> None:
    monkeypatch.setattr(external, "version", lambda package: found)
    if fits:
        need("gepa", "gepa")
    else:
        with pytest.raises(UserError, match=f"gepa from 0.1.4 to before 0.2, not with the {found} that is installed"):
            need("gepa", "gepa")
