"""An assistant in a sandbox that leaves it the workspace alone: it can do its work, and reach nothing beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.sandbox.landlock import abi
from tests.helpers.workspaces import workspace

CARTPOLE = "GenOpt/Control-CartPole-v0"
SET = ["--set", "start=one_function/naive", "--set", "validation_size=2", "--set", "test_size=2"]

ASSISTANT = """
import json, runpy, sys
from genopt_gym.sandbox.landlock import restrict

work, outside, run = sys.argv[1:]
restrict([sys.base_prefix, sys.prefix, "/usr", "/lib", "/lib64"], [work])
seen = {}
for name, path in {
    "the record": run + "/steps.jsonl", "evaluations": run + "/evaluations.bin", "a secret": outside + "/secret",
    "by the folder above": work + "/../secret", "the scorer": outside + "/none.py", "users": "/etc/passwd",
}.items():
    try:
        seen[name] = open(path).read(99)
    except OSError as error:
        seen[name] = type(error).__name__
for name, path in {"a reply in the record": run + "/replies.jsonl", "a result": run + "/result.json"}.items():
    try:
        seen[name] = str(open(path, "a").write("{}"))
    except OSError as error:
        seen[name] = type(error).__name__
with open(work + "/artifact/policy.py", "w") as file:
    file.write("def policy(obs):\\n    return int(obs['pole_velocity'] > 0)\\n")
print(json.dumps(seen), flush=True)
sys.argv = ["evaluate"]
runpy.run_path(work + "/evaluate", run_name="__main__")
"""


@pytest.mark.skipif(abi() == 0, reason="this kernel has no Landlock")
def test_it_can_work_and_reaches_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("PLANTED")
    with workspace(tmp_path, CARTPOLE, "--edits", "2", *SET) as work:
        words = [sys.executable, "-c", ASSISTANT, str(work.folder), str(tmp_path), str(work.run)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        seen, _, told = done.stdout.partition("\n")
        assert done.returncode == 0, done.stderr
        assert set(json.loads(seen).values()) <= {"PermissionError", "FileNotFoundError"}, seen
        assert "Step 1: ok" in told
        assert (work.folder / "evidence/trace.txt").read_text().startswith("Trial train/")
    assert [row["outcome"] for row in read_journal(work.run / "steps.jsonl")[0]] == ["ok", "ok"]
    assert not (work.run / "result.json").exists()
