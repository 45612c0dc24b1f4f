"""What a run tells after its last edit, and what its seconds leave out."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from genopt_gym.agents.manual import Manual
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.callbacks import Callback
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from genopt_gym.runs.progress import ProgressDisplay
from genopt_gym.runs.stages import Stage
from tests.agents.test_manual import EDIT, config
from tests.helpers.loops import CARTPOLE, UPRIGHT
from tests.helpers.somebody import somebody

PONG = "GenOpt/Atari-Pong-v0"


class Listening(Callback):
    """Keeps the stages that it is told of."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    def on_stage(self, stage: Stage) -> None:
        self.stages.append(stage)


def scripted(id: str, edit: dict[str, str], **parameters: Any) -> Config:
    return Config(id, "scripted", edits=1, parameters=parameters, agent_options={"edits": [edit]})


def test_test_scores_and_film_tell_how_far_they_are(tmp_path: Path) -> None:
    listening = Listening()
    text = "def select_action(obs, predicted_ball_y):\n    return 3\n"
    small = {"start": "modular/naive", "max_steps": 40, "validation_size": 1, "test_size": 9}
    start_run(scripted(PONG, {"select_action": text}, **small), tmp_path / "run", [listening])
    told = [(stage.what, stage.done, stage.total) for stage in listening.stages]
    assert {"test score of the start", "film of the best"} <= {what for what, _, _ in told}
    start = [(done, total) for what, done, total in told if what == "test score of the start"]
    assert start[0] == (0, 0)
    assert start[-1] == (3, 3)
    film = [(done, total) for what, done, total in told if what == "film of the best"]
    assert film[-1] == (14, 14)


def test_estimate_goes_by_the_pace_so_far() -> None:
    assert str(Stage("film of the best", 0, 0, 0.0)) == "film of the best ..."
    assert str(Stage("film of the best", 100, 300, 8.0)) == "film of the best: 100 of 300 parts, about 16 s left"
    assert str(Stage("film of the best", 300, 300, 24.0)) == "film of the best: 300 of 300 parts"


def test_console_says_what_is_under_way_and_what_its_scores_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 10}
    blind = scripted(CARTPOLE, {"policy": UPRIGHT}, **parameters, feedback_horizon="credit")
    start_run(blind, tmp_path / "run", [ProgressDisplay(Console(file=io.StringIO()))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == (
        "score: steps the pole stayed up in the shown 10 steps of an episode, mean over the shown episodes; on train. "
        "Which artifact is kept is decided by validation, which is another score"
    )
    assert "test score of the best ..." in lines


def test_scores_keep_the_digits_that_tell_them_apart(tmp_path: Path) -> None:
    console = Console(force_terminal=True, width=120, height=40, file=io.StringIO(), color_system=None)
    parameters = {"start": "one_function/naive", "validation_size": 16, "test_size": 1}
    start_run(scripted(CARTPOLE, {}, **parameters), tmp_path / "run", [ProgressDisplay(console)])
    score = read_journal(tmp_path / "run" / "steps.jsonl")[0][0]["score"]
    assert isinstance(console.file, io.StringIO)
    assert f"{score:.2f}".rstrip("0").rstrip(".") in console.file.getvalue()


def test_seconds_of_a_step_leave_out_the_wait_for_a_person(tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"
    agent = Manual(exchange=str(exchange))
    prepared = config(exchange, edits=1).prepare(agent)
    began = time.monotonic()
    with somebody(exchange, EDIT.format(0.1)):
        start_run(prepared, tmp_path / "run")
    took = time.monotonic() - began
    steps = [row["seconds"] for row in read_journal(tmp_path / "run" / "ledger.jsonl")[0]]
    assert agent.waited >= 1  # a reply is read when it has stopped growing
    assert sum(steps) + agent.waited <= took
