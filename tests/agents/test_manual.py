"""Somebody in another window as the proposer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.agents import manual
from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import read_artifact
from genopt_gym.runs.loop import resume_run, start_run
from tests.helpers.somebody import somebody

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}
EDIT = "```python policy\ndef policy(obs):\n    return int(obs['pole_velocity'] > {})\n```\n"


@pytest.fixture(autouse=True)
def quickly_still(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies of these tests appear whole, unless the test is about one that does not."""
    if "growing" not in request.node.name:
        monkeypatch.setattr(manual, "STILL", 0.2)


def config(exchange: Path, edits: int = 2, **options: Any) -> Config:
    return Config(CARTPOLE, "manual", 0, edits, SMALL, {"exchange": str(exchange), **options})


def outcomes(folder: Path) -> list[str]:
    return [row["outcome"] for row in read_journal(folder / "steps.jsonl")[0]]


def test_replies_in_files_become_edits(tmp_path: Path) -> None:
    with somebody(tmp_path / "exchange", EDIT.format(0.1), EDIT.format(-0.1)):
        result = start_run(config(tmp_path / "exchange"), tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok"] * 3
    question = (tmp_path / "exchange/prompt-0002.md").read_text()
    assert question.startswith("# System")
    assert "#Edit 1: ok" in question
    assert result.models["proposer"].calls == 2
    assert result.models["proposer"].tokens == 0


def test_reply_is_read_when_it_has_stopped_growing(tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"

    def write_slowly() -> None:
        while not (exchange / "prompt-0001.md").exists():
            time.sleep(0.01)
        with (exchange / "reply-0001.md").open("w") as file:
            for part in EDIT.format(0.1).splitlines(keepends=True):
                file.write(part)
                file.flush()
                time.sleep(0.4)

    writer = threading.Thread(target=write_slowly, daemon=True)
    writer.start()
    start_run(config(exchange, edits=1), tmp_path / "run")
    writer.join(timeout=30)
    [step] = read_journal(tmp_path / "run/steps.jsonl")[0][1:]
    assert read_artifact(tmp_path / "run", step["artifact"])["policy"] == EDIT.format(0.1).split("policy\n")[1][:-4]


def test_garbage_is_asked_for_once_more_and_then_unparsable(tmp_path: Path) -> None:
    with somebody(tmp_path / "exchange", "\x00\xff what?", "still nothing"):
        start_run(config(tmp_path / "exchange", edits=1), tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok", "unparsable"]
    assert "No edit could be taken from your reply" in (tmp_path / "exchange/prompt-0002.md").read_text()


def test_waiting_in_vain_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    """And what was answered before is not asked again."""
    with somebody(tmp_path / "exchange", EDIT.format(0.1)), pytest.raises(UserError, match=r"no reply-0002.md came"):
        start_run(config(tmp_path / "exchange", timeout=0.3), tmp_path / "run")
    (tmp_path / "exchange/reply-0002.md").unlink(missing_ok=True)
    (tmp_path / "exchange/prompt-0001.md").unlink()
    (tmp_path / "exchange/reply-0001.md").unlink()
    with somebody(tmp_path / "exchange", EDIT.format(-0.2)):
        resume_run(tmp_path / "run")
    assert outcomes(tmp_path / "run") == ["ok"] * 3


def test_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir()
    lock = str(tmp_path / "exchange/lock")
    script = f"import fcntl, time; f = open({lock!r}, 'w'); fcntl.flock(f, 2); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(UserError, match="is in use by another run"):
            start_run(config(tmp_path / "exchange"), tmp_path / "run")
        assert not (tmp_path / "run").exists()
        other.kill()


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write to the exchange folder"):
        start_run(config(tmp_path / "file/exchange"), tmp_path / "run")


def test_reply_before_its_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange/reply-0001.md").write_text("old")
    with pytest.raises(UserError, match="was there before its prompt"):
        start_run(config(tmp_path / "exchange"), tmp_path / "run")


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    words = ["run", CARTPOLE, "--agent", "manual", "--exchange", "exchange", "--edits", "1", "--out", "run"]
    for name, value in SMALL.items():
        words += ["--set", f"{name}={value}"]
    genopt = [str(Path(sys.executable).with_name("genopt"))]
    with subprocess.Popen([*genopt, *words], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while not (tmp_path / "exchange/prompt-0001.md").exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert re.search(r"stopped; go on with: genopt run --resume run", errors.decode())
    (tmp_path / "exchange/prompt-0001.md").unlink()
    with somebody(tmp_path / "exchange", EDIT.format(0.1)):
        done = subprocess.run([*genopt, "run", "--resume", "run"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert outcomes(tmp_path / "run") == ["ok", "ok"]
