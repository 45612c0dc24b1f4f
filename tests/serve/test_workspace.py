"""A folder in which an assistant edits files: each ``./evaluate`` is a step, and nothing in it gains a score."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import read_config, read_result
from genopt_gym.runs.loop import start_run
from genopt_gym.serve.sessions import Rules, Sessions
from genopt_gym.serve.workspace import check_place, lay_out
from tests.conftest import Genopt
from tests.helpers.workspaces import workspace

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL = {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 3}
SET = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
POLICY = "def policy(obs):\n    return int(obs['pole_velocity'] > {})\n"


def rows(folder: Path) -> list[dict[str, object]]:
    return read_journal(folder / "steps.jsonl")[0]


def test_a_whole_run_by_files_has_the_steps_that_the_same_edits_have(tmp_path: Path) -> None:
    edits = [POLICY.format(0), "def (", POLICY.format(0.3)]
    with workspace(tmp_path, CARTPOLE, "--edits", "5", *SET) as work:
        readme = (work.folder / "README.md").read_text()
        assert "Component `policy`:" in readme
        assert (work.folder / "artifact/policy.py").read_text().startswith("def policy")
        assert "Step 0: ok" in work.evaluate("status").out
        for text in edits:
            work.write(text)
            told = work.evaluate()
            assert (told.code, "edits left" in told.out or "edit left" in told.out) == (0, True), told
        assert (work.folder / "evidence/trace.txt").read_text().startswith("Trial train/")
        assert "syntax_error" in (work.folder / "evidence/steps.txt").read_text()
        work.write("def policy(obs): return 1")
        assert work.evaluate("revert").code == 0
        best = max(rows(work.run), key=lambda row: float(str(row["score"])))
        assert f"best {best['score']:.6g}" in (work.folder / "evidence/steps.txt").read_text()
        assert (work.folder / "artifact/policy.py").read_text() in edits
        ended = work.evaluate("finish")
        assert "Test: start" in ended.out
        work.process.wait(timeout=60)
        assert work.process.returncode == 0
        assert "nobody answers" in work.evaluate().err
    last = (work.folder / "artifact/policy.py").read_text()
    options = {"edits": [{"policy": text} for text in [*edits, last]]}
    start_run(Config(CARTPOLE, "scripted", 0, 5, dict(SMALL), options), tmp_path / "scripted")
    stored, same = ((folder / "steps.jsonl").read_bytes() for folder in (work.run, tmp_path / "scripted"))
    assert same.startswith(stored)
    assert len(rows(work.run)) == 5
    assert read_config(work.run)["run"]["agent"] == "mcp"


@pytest.mark.slow
def test_a_run_that_was_left_goes_on_in_another_folder(tmp_path: Path) -> None:
    with workspace(tmp_path, CARTPOLE, "--edits", "3", *SET) as work:
        work.write(POLICY.format(0))
        work.evaluate()
    assert not (work.run / "result.json").exists()
    assert "go on with: --resume" in (tmp_path / "work.log").read_text()
    with workspace(tmp_path, CARTPOLE, "--resume", str(work.run), name="again") as again:
        assert (again.folder / "artifact/policy.py").read_text() == POLICY.format(0)
        assert "2 edits left" in again.evaluate("status").out
        assert work.evaluate("status").err.startswith("evaluate: nobody answers")  # the socket of the first is dead
        again.evaluate("finish")
    assert read_result(work.run)["ended_by"] == "agent"


def test_tampering_in_the_folder_gains_nothing(tmp_path: Path) -> None:
    """Whatever is written, linked or sent there, the record is what the artifact has earned."""
    with workspace(tmp_path, CARTPOLE, "--edits", "9", *SET) as work:
        secret = tmp_path / "secret"
        secret.write_text("PLANTED")
        for line in (
            b"",
            b"\n",
            b"{}\n",
            b"\xff\n",
            b"[" * 100_000 + b"\n",
            b"null\n",
            b'{"tool": "start", "arguments": {"id": "GenOpt/Control-CartPole-v0"}}\n',
            b'{"tool": "observe", "arguments": {"part": "test"}}\n',
            b'{"tool": "edit", "arguments": {"components": {}, "score": 500}}\n',
            b'{"tool": "edit", "arguments": {"components": 5}}\n',
            b'{"tool": "edit", "arguments": []}\n',
        ):
            answer = work.ask(line)
            assert (answer["ok"], answer["words"].startswith("evaluate: ")) == (False, True)
            assert "PLANTED" not in str(answer)
        other = json.dumps({"tool": "status", "arguments": {"run": "another"}}).encode() + b"\n"
        assert work.ask(other)["facts"]["run"] == work.run.name
        # Files of the folder are read by the assistant's own script alone, and nothing is written there from outside.
        (work.folder / "artifact/policy.py").unlink()
        (work.folder / "artifact/policy.py").symlink_to(secret)
        (work.folder / "evidence/trace.txt").unlink()
        (work.folder / "evidence/trace.txt").symlink_to(tmp_path / "written")
        text = json.dumps({"tool": "edit", "arguments": {"components": {"policy": POLICY.format(0)}}}).encode() + b"\n"
        assert "PLANTED" not in str(work.ask(text))
        assert not (tmp_path / "written").exists()
        # A score that the script says is the script's own.
        (work.folder / "evaluate").write_text("#!/bin/sh\necho Score 500\n")
        assert work.evaluate().out == "Score 500\n"
        assert len(rows(work.run)) == 2
        honest = rows(work.run)[1]["score"]
        # The line again, as it was: another step, with the same score.
        assert work.ask(text)["facts"]["score"] == honest
        # The socket replaced by one's own: nobody else listens to it.
        (work.folder / ".genopt/socket").unlink()
        (work.folder / ".genopt/socket").write_text("mine")
        assert not (work.run / "result.json").exists()
    assert [row["score"] for row in rows(work.run)][1:] == [honest, honest]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([CARTPOLE, "here/work", "--out", "here"], "have to lie apart"),
        ([CARTPOLE, "here", "--out", "here/runs"], "have to lie apart"),
        ([CARTPOLE, "full"], "full is not empty; a workspace needs a new folder"),
        (["GenOpt/Control-CartPol-v0", "new"], "Control-CartPol"),
        ([CARTPOLE, "new", "--set", "batch_size=0"], "batch_size must be a whole number from 1"),
        ([CARTPOLE, "new", "--resume", "runs/none"], "is not a run folder"),
        ([CARTPOLE, "."], "have to lie apart"),
    ],
)
def test_what_cannot_be_laid_out_is_told(words: list[str], message: str, genopt: Genopt, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("")
    ended = genopt("workspace", *words)
    assert ended.code == 2
    assert re.search(message, ended.err), ended.err


def test_a_folder_from_which_python_imports_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    with pytest.raises(UserError, match="is where Python looks for modules"):
        check_place(tmp_path / "work")


def test_what_cannot_be_edited_lies_apart(tmp_path: Path) -> None:
    sessions = Sessions(Rules(out=tmp_path / "runs"))
    small = {"editable": ["estimate_push"], "validation_size": 2, "credit_horizon": 3}
    session = sessions.start("GenOpt/Control-MountainCar-v0", small, 2)
    session.begun.result(60)
    folder = tmp_path / "work"
    check_place(folder)
    assert lay_out(folder, "GenOpt/Control-MountainCar-v0", session) == {"estimate_push": "estimate_push.py"}
    assert [path.name for path in (folder / "artifact").iterdir()] == ["estimate_push.py"]
    assert sorted(path.name for path in (folder / "fixed").iterdir()) == ["select_action.py", "workflow.py"]
    sessions.close()
