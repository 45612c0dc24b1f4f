"""README and CONTRIBUTING are true: what they show runs as it stands there."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import gymnasium as gym
import pytest

from genopt_gym.registration import Row
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.S)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The task's and the agent's code as a module."""
    folder = tmp_path_factory.mktemp("modules")
    for name, mark in (("contributed_task", "class SquareRoot"), ("contributed_agent", "class Scaling")):
        (code,) = (block for block in BLOCKS if mark in block)
        assert code.count("\n") < 50
        (folder / f"{name}.py").write_text(code)
    # Workers that run already know only the paths of their start.
    from genopt_gym.evaluation.pool import shared_pool

    shared_pool().close()
    sys.path.append(str(folder))
    gym.register(
        "Contributed/SquareRoot-v0",
        "genopt_gym.env:OptimizationEnv",
        max_episode_steps=20,
        kwargs={"task": "contributed_task:SquareRoot"},
    )
    return importlib.import_module("contributed_task")


def test_the_task_and_the_agent_work_together(numbers: ModuleType, tmp_path: Path) -> None:
    result = start_run(Config("Contributed/SquareRoot-v0", "contributed_agent:Scaling"), tmp_path / "run")
    assert result.validation_score > result.start_score > 0
    assert result.test_score is not None
    assert result.test_score > 0


def test_the_readme_shows_what_its_code_prints(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, re.S)
    assert found
    exec(found[1], {})
    assert capsys.readouterr().out == found[2]


def test_the_readme_names_files_that_are_there() -> None:
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / name).is_file(), name


def test_the_rows_fit_their_tables() -> None:
    (row,) = (block for block in BLOCKS if block.strip().startswith("Row("))
    assert isinstance(eval(row.strip(), {"Row": Row}), Row)
    (entry,) = (block for block in BLOCKS if block.strip().startswith('"scaling"'))
    assert eval(f"{{{entry}}}") == {"scaling": "genopt_gym.agents.scaling:Scaling"}
