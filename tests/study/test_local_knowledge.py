"""The recorded study with a small local model: its scores follow from its replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.journal import read_journal
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import start_run
from tests.helpers.model_server import Answer, ModelServer

RECORDED = Path(__file__).parents[2] / "benchmarks" / "results" / "local_knowledge.json"
RUNS = [run for run in json.loads(RECORDED.read_text()) if run["agent"] == "proposer"]


@pytest.mark.parametrize(
    "run", [pytest.param(run, marks=[pytest.mark.slow] if number else []) for number, run in enumerate(RUNS)]
)
def test_the_same_replies_have_the_same_scores(run: dict[str, Any], tmp_path: Path) -> None:
    def reply(body: dict[str, Any], number: int) -> Answer:
        recorded = run["replies"][number]
        return Answer(recorded["text"], finish=recorded["finish"])

    with ModelServer(reply) as server:
        options = run["options"] | {"model": "openai/recorded", "base_url": server.base_url}
        config = Config("GenOpt/Control-CartPole-v0", "proposer", run["seed"], run["edits"], run["parameters"], options)
        result = start_run(config, tmp_path / "run")
        assert len(server.bodies) == len(run["replies"])
    steps = read_journal(tmp_path / "run" / "steps.jsonl")[0]
    assert [{name: step[name] for name in run["steps"][0]} for step in steps] == run["steps"]
    assert result.test_score == run["result"]["test_score"]
