"""``steps.jsonl`` keeps why an edit failed, and nothing of what is hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from tests.helpers.loops import CARTPOLE

FAILS_AT_ONCE = "def policy(obs):\n    return obs['nothing']\n"
FAILS_LATER = """\
from itertools import count

steps = count()

def policy(obs):
    if next(steps) == 8:
        raise ValueError("told to")
    return 1 if obs['pole_angle'] > 0 else 0
"""


def run(folder: Path, edits: list[Any], **parameters: Any) -> list[dict[str, Any]]:
    settings = {"start": "one_function/naive", "validation_size": 2, "test_size": 1, "credit_horizon": 5, **parameters}
    start_run(
        Config(CARTPOLE, "scripted", edits=len(edits), parameters=settings, agent_options={"edits": edits}), folder
    )
    return read_journal(folder / "steps.jsonl")[0]


def test_each_problem_is_kept_with_its_step(tmp_path: Path) -> None:
    edits = [{"policy": FAILS_AT_ONCE}, "no edit at all", {"policy": "def policy("}, {"policy": FAILS_LATER}, {}]
    rows = run(tmp_path / "run", edits)
    assert rows[0]["problem"] is None
    assert rows[1]["problem"].startswith("KeyError: 'nothing' in policy, line 2 (`return obs['nothing']`), at inner st")
    assert "has no new text for any of the components policy" in rows[2]["problem"]
    assert rows[3]["problem"].startswith("line 1 of policy: ")
    assert rows[4]["problem"].startswith("ValueError: told to in policy, line 7")


def test_hidden_failure_of_validation_is_no_problem_under_credit(tmp_path: Path) -> None:
    rows = run(tmp_path / "run", [{"policy": FAILS_LATER}], feedback_horizon="credit")
    assert (rows[1]["outcome"], rows[1]["problem"], rows[1]["score"]) == ("ok", None, 5)
    assert rows[1]["validation_score"] == 0


def test_run_that_was_written_without_them_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    rows = run(folder, [{"policy": FAILS_AT_ONCE}, {}])
    for row in rows:
        del row["problem"]
    (folder / "steps.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows[:2]))
    (folder / "result.json").unlink()
    resume_run(folder)
    written = read_journal(folder / "steps.jsonl")[0]
    assert ["problem" in row for row in written] == [False, False, True]
