"""The skill is true: its commands run as they stand there, and what it names is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from genopt_gym.core.edit import EditOutcome
from genopt_gym.runs.folder import read_result
from genopt_gym.serve.tools import TOOLS
from tests.conftest import Genopt

SKILL = (files("genopt_gym.serve") / "templates" / "skill.txt").read_text(encoding="utf-8")


def test_it_is_written_once(genopt: Genopt, tmp_path: Path) -> None:
    assert genopt("skill", "skills/genopt").code == 0
    assert (tmp_path / "skills/genopt/SKILL.md").read_text() == SKILL
    again = genopt("skill", "skills/genopt")
    assert (again.code, "is there already" in again.err) == (2, True)


def test_its_head_is_what_assistants_read() -> None:
    head = re.match(r"---\nname: ([a-z-]+)\ndescription: (.+)\n---\n", SKILL)
    assert head
    assert len(head[2]) <= 1024


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path) -> None:
    script = "set -e\n" + "\n".join(re.findall(r"```bash\n(.*?)```", SKILL, re.S))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "Test: start" in done.stdout
    assert read_result(tmp_path / "runs/control-cartpole-mcp-seed0")["ended_by"] in ("agent", "solved")


def test_the_tools_and_outcomes_that_it_names_are_there() -> None:
    named = set(re.findall(r"`([a-z_]+)`", SKILL))
    assert set(TOOLS) <= named
    others = named - set(TOOLS) - {str(outcome) for outcome in EditOutcome}
    assert others == {"genopt", "context", "trace", "feedback", "steps"}
