"""Nothing stale is scored: changed code gets new workers, and a run does not go on over it in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HELPER = "BONUS = 0.{}\n\n\ndef scale(x):\n    return x / 2 + BONUS\n"
SCORING = '''\
def score(workflow, seed):
    """Say a high number."""
    from stale_helper import scale

    return scale(workflow())


def say():
    return 0.2
'''
EDITS = 'import genopt_gym\n\n\nclass Fixed(genopt_gym.Agent):\n    """Says 0.4, then 0.6."""\n\n' + (
    "    number = 0\n\n    def act(self, observation):\n        self.number += 1\n"
    '        return {"say": f"def say():\\n    return {0.2 + 0.2 * self.number:.1f}\\n"}\n'
)
NOTEBOOK = """\
import genopt_gym, stale_scoring
def first():
    env = genopt_gym.wrap(stale_scoring.score, [stale_scoring.say], low=0, high=1)
    return env, float(env.reset(seed=0)[0]["score"][0])
if __name__ == "__main__":
    env, before = first()
    with open("stale_helper.py") as file: text = file.read()
    with open("stale_helper.py", "w") as file: file.write(text.replace("0.1", "0.5"))
    print(before, first()[1])
    try: print(env.step({"say": "def say(): return 0.8"})[0]["score"])
    except genopt_gym.UserError as error: print(error)
"""
PLAN = """\
name: stale
tasks: {GenOpt/Function-Any-v0: {function: "stale_scoring:score", components: ["stale_scoring:say"], low: 0, high: 1}}
agents: [{label: fixed, agent: "stale_agent:Fixed"}]
controls: []
seeds: 1
edits: 2
"""
RUN = ["run", "GenOpt/Function-Any-v0", "--agent", "stale_agent:Fixed", "--edits", "2", "--out", "run"]
RUN += ["--set", "function=stale_scoring:score", "--set", 'components=["stale_scoring:say"]']
RUN += ["--set", "low=0", "--set", "high=1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stale_helper.py").write_text(HELPER.format(1))
    (tmp_path / "stale_scoring.py").write_text(SCORING)
    (tmp_path / "stale_agent.py").write_text(EDITS)
    return tmp_path


def genopt(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "-m", "genopt_gym", *words)


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"GENOPT_WORKERS": "1"}
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, env=environment)


def scores(folder: Path) -> list[float]:
    return [json.loads(line)["score"] for line in (folder / "run" / "steps.jsonl").read_text().splitlines()]


def cut_after(folder: Path, steps: int) -> None:
    """As if the run had been killed."""
    (folder / "run" / "result.json").unlink()
    for name in ("steps.jsonl", "ledger.jsonl"):
        lines = (folder / "run" / name).read_text().splitlines(keepends=True)
        (folder / "run" / name).write_text("".join(lines[:steps]))


def test_in_one_process_a_helper_that_was_edited_gets_new_workers(folder: Path) -> None:
    (folder / "notebook.py").write_text(NOTEBOOK)
    ended = python(folder, "notebook.py")
    assert ended.stdout.splitlines()[0] == "0.2 0.6", ended.stderr
    assert "stale_helper.py has been edited since this environment was made" in ended.stdout


@pytest.mark.slow
def test_a_run_does_not_go_on_over_changed_code_unless_that_is_said(folder: Path) -> None:
    assert genopt(folder, *RUN).returncode == 0
    assert scores(folder) == [0.2, pytest.approx(0.3), pytest.approx(0.4)]
    evaluations = (folder / "run" / "evaluations.bin").stat().st_size
    assert genopt(folder, "run", "--resume", "run").returncode == 0
    assert (folder / "run" / "evaluations.bin").stat().st_size == evaluations, "unchanged code keeps its cache"

    cut_after(folder, 2)
    (folder / "stale_helper.py").write_text(HELPER.format(5))
    refused = genopt(folder, "run", "--resume", "run")
    assert refused.returncode == 2
    assert refused.stderr.startswith("genopt: stale_helper.py has changed since the run in run was last at work")
    assert "--accept-changes" in refused.stderr

    accepted = genopt(folder, "run", "--resume", "run", "--accept-changes")
    assert accepted.returncode == 0, accepted.stderr
    assert scores(folder) == [0.2, pytest.approx(0.3), pytest.approx(0.8)]
    versions = json.loads((folder / "run" / "config.json").read_text())["sources"]
    assert [(version["step"], list(version["agent"])) for version in versions] == [
        (0, ["stale_agent.py"]),
        (2, ["stale_agent.py"]),
    ]
    assert genopt(folder, "run", "--resume", "run").returncode == 0

    verified = genopt(folder, "verify", "run", "--all")
    assert verified.returncode == 0, verified.stdout
    assert "steps 0 to 1 are of another stale_helper.py (" in verified.stdout
    assert " 0 changed" in verified.stdout


@pytest.mark.slow
def test_a_study_does_not_go_on_over_changed_code_unless_that_is_said(folder: Path) -> None:
    (folder / "plan.yaml").write_text(PLAN)
    begun = genopt(folder, "study", "run", "plan.yaml", "--out", "study")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    (folder / "run").symlink_to(next((folder / "study" / "runs").iterdir()))
    cut_after(folder, 2)
    (folder / "stale_helper.py").write_text(HELPER.format(5))
    refused = genopt(folder, "study", "run", "study")
    assert refused.returncode == 1
    assert "stale_helper.py has changed since the run" in refused.stdout
    assert "--accept-changes" in refused.stdout
    assert scores(folder) == [0.2, pytest.approx(0.3)]

    accepted = genopt(folder, "study", "run", "study", "--accept-changes")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert scores(folder) == [0.2, pytest.approx(0.3), pytest.approx(0.8)]


@pytest.mark.slow
def test_a_change_of_the_start_cannot_be_accepted(folder: Path) -> None:
    genopt(folder, *RUN)
    cut_after(folder, 2)
    (folder / "stale_scoring.py").write_text(SCORING.replace("return 0.2", "return 0.1"))
    ended = genopt(folder, "run", "--resume", "run", "--accept-changes")
    assert ended.returncode == 2
    assert "comes out differently with what has changed, so this change cannot be accepted" in ended.stderr
