"""CONTRIBUTING.md, docs/writing-a-task.md and docs/writing-an-agent.md are true: what they show runs as it stands."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import gymnasium as gym
import pytest

from genopt_gym.registration import Row
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from genopt_gym.testing import ModelAgentConformance
from tests.helpers.model_server import Answer, ModelServer

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("CONTRIBUTING.md", "docs/writing-a-task.md", "docs/writing-an-agent.md")
BLOCKS = [
    block
    for name in DOCUMENTS
    for block in re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)
]


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The task's and the agent's code as a module."""
    folder = tmp_path_factory.mktemp("modules")
    for name, mark in (
        ("contributed_task", "class SquareRoot"),
        ("contributed_agent", "class Scaling"),
        ("contributed_proposer", "class Terse"),
        ("contributed_callback", "class JsonLines"),
    ):
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


def test_the_agent_that_asks_a_model_gets_better_answers_for_it(numbers: ModuleType, tmp_path: Path) -> None:
    better = "```root\ndef root(x):\n    return x ** 0.5\n```"
    with ModelServer(lambda body, number: Answer(better if number else "I would rather not.")) as server:
        options = {"model": "openai/test", "base_url": server.base_url}
        config = Config("Contributed/SquareRoot-v0", "contributed_proposer:Terse", edits=3, agent_options=options)
        result = start_run(config, tmp_path / "run")
    assert (result.ended_by, result.validation_score) == ("solved", 10)
    assert result.models["proposer"].calls == server.calls == 2
    assert [json.loads(line)["outcome"] for line in lines(tmp_path / "run" / "steps.jsonl")] == [
        "ok",
        "unparsable",
        "ok",
    ]


class TestTerse(ModelAgentConformance):
    """The contributed agent keeps to what ours keep to."""

    agent = "contributed_proposer:Terse"
    deterministic_across_seeds = True

    @pytest.fixture(autouse=True)
    def _modules(self, numbers: ModuleType) -> None:
        """It can be imported."""


def test_the_callback_writes_a_line_for_each_step(numbers: ModuleType, tmp_path: Path) -> None:
    config = Config("Contributed/SquareRoot-v0", "random", edits=2)
    start_run(config, tmp_path / "run", ["contributed_callback:JsonLines"])
    live, stored = (map(json.loads, lines(tmp_path / "run" / name)) for name in ("live.jsonl", "steps.jsonl"))
    assert [row["artifact"] for row in live] == [row["artifact"] for row in stored]


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_the_rows_fit_their_tables() -> None:
    (row,) = (block for block in BLOCKS if block.strip().startswith("Row("))
    assert isinstance(eval(row.strip(), {"Row": Row}), Row)
    (entry,) = (block for block in BLOCKS if block.strip().startswith('"scaling"'))
    assert eval(f"{{{entry}}}") == {"scaling": "genopt_gym.agents.scaling:Scaling"}
