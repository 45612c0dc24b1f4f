"""``genopt trace RUN STEP``: evidence in the terminal."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from genopt_gym.cli import tracing
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from genopt_gym.runs.run import Run
from tests.conftest import Genopt


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that runs, then one that raises, with a text that would colour a terminal."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    broken = "def policy(obs):\n    raise ValueError('\\x1b[31m' + '\\u202e')\n"
    parameters = {
        "start": "one_function/naive",
        "credit_horizon": 5,
        "trace_window": "first",
        "validation_size": 1,
        "test_size": 1,
    }
    config = Config("GenOpt/Control-CartPole-v0", "scripted", 0, 1, parameters, {"edits": [{"policy": broken}]})
    start_run(config, folder)
    return folder


def test_it_prints_a_row_for_each_inner_step(genopt: Genopt, run: Path) -> None:
    ended = genopt("trace", str(run), "0")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("Step 0: ok, score ")
    heads, *rows = [line.split("\t") for line in ended.out.splitlines() if "\t" in line]
    assert heads[:3] == ["step", "reward", "action"]
    assert "pole_angle" in heads
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4"]


def test_a_failure_is_told_with_its_line_and_no_letter_of_it_moves_the_cursor(genopt: Genopt, run: Path) -> None:
    out = genopt("trace", str(run), "1").out
    assert "ValueError: <U+001B>[31m<U+202E> in policy, line 2" in out
    assert "\x1b" not in out


def test_as_the_agent_saw_it(genopt: Genopt, run: Path) -> None:
    assert genopt("trace", str(run), "0", "--text").out.strip() == Run(run).trace(0).strip()


def test_on_a_terminal_it_is_a_table_a_page_at_a_time(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(tracing, "Console", lambda: screen)
    monkeypatch.setattr("pydoc.pager", shown.append)
    tracing.show_trace(run, 0, False)
    assert len(shown) == 1
    assert "pole_angle" in shown[0]
    assert "\x1b[" in shown[0]


def test_a_step_that_there_is_not_is_told(genopt: Genopt, run: Path) -> None:
    ended = genopt("trace", str(run), "7")
    assert ended.code == 2
    assert "has steps 0 to 1, not 7" in ended.err


def test_evidence_that_is_gone_is_told(genopt: Genopt, run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    (copy / "evaluations.bin").unlink()
    ended = genopt("trace", str(copy), "1")
    assert ended.code == 2
    assert "there is no evidence of step 1: the run's folder has no evaluations.bin" in ended.err
