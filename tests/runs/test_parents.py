"""A run stores which of its artifacts each edit was made from: what the agent's model was really shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.agents import Agent
from genopt_gym.core.literals import find_literals, replace_literals
from genopt_gym.runs.config import Config
from genopt_gym.runs.folder import read_artifact
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.run import Run
from genopt_gym.show.facts import StepRows
from tests.helpers.loopback import Case, run, steps
from tests.helpers.model_server import Answer, ModelServer

CARTPOLE = Case(
    "GenOpt/Control-CartPole-v0",
    {"start": "one_function/naive", "validation_size": 2, "test_size": 2, "credit_horizon": 20},
)
SMALL = {"validation_size": 2, "test_size": 2}


def answer(body: dict[str, Any], number: int) -> Answer:
    """For each question a policy that is a little better than the last."""
    weight = 0.005 + 0.002 * number
    text = f"def policy(obs):\n    return 1 if obs['pole_angle'] + {weight} * obs['pole_velocity'] > 0 else 0\n"
    if "EVOLVE-BLOCK-START policy" in body["messages"][-1]["content"]:
        return Answer(f"```python\n# EVOLVE-BLOCK-START policy\n{text}# EVOLVE-BLOCK-END\n```")
    return Answer(f"```\n{text}```")


def prompts(server: ModelServer) -> list[str]:
    return [body["messages"][-1]["content"] for body in server.bodies]


@pytest.mark.parametrize(
    ("agent", "options"),
    [
        ("proposer", {}),
        ("opro", {}),
        ("evolution", {"islands": 1, "crossover": 1.0}),
        ("gepa", {"selection": "current_best"}),
        ("openevolve", {"islands": 1, "diffs": False}),
    ],
)
def test_parents_are_what_the_model_was_shown(tmp_path: Path, agent: str, options: dict[str, Any]) -> None:
    if agent in ("gepa", "openevolve"):
        pytest.importorskip(agent)
    folder = tmp_path / "run"
    _, server = run(folder, CARTPOLE, agent, answer, 5, options)
    rows = steps(folder)
    assert "parents" not in rows[0]
    assert len(rows) == len(server.bodies) + 1 == 6
    made = [row["artifact"] for row in rows]
    for row, prompt in zip(rows[1:], prompts(server), strict=True):
        assert row["parents"]
        assert {*row["parents"]} <= {*made[: row["step"]]}
        for parent in row["parents"]:
            assert read_artifact(folder, parent)["policy"].strip() in prompt
    assert len({row["parents"][0] for row in rows[1:]}) > 1
    assert (max(len(row["parents"]) for row in rows[1:]) == 2) == (agent == "evolution")


def test_agents_of_numbers_tell_too_and_a_distribution_has_no_parent(tmp_path: Path) -> None:
    parameters = {"start": "one_function/parametric", "credit_horizon": 20, **SMALL}
    for agent in ("hill-climbing", "random", "cma-es", "scripted"):
        options = {"edits": [{"policy": "def policy(obs):\n    return 1\n"}] * 3} if agent == "scripted" else {}
        start_run(Config("GenOpt/Control-CartPole-v0", agent, 0, 3, parameters, options), tmp_path / agent)
    first = steps(tmp_path / "random")[0]["artifact"]
    assert [row["parents"] for row in steps(tmp_path / "random")[1:]] == [[first]] * 3
    assert [row["parents"] for row in steps(tmp_path / "cma-es")[1:]] == [[]] * 3
    assert all("parents" not in row for row in steps(tmp_path / "scripted"))
    best = first
    score = steps(tmp_path / "hill-climbing")[0]["score"]
    for row in steps(tmp_path / "hill-climbing")[1:]:
        assert row["parents"] == [best]
        if row["score"] >= score:
            best, score = row["artifact"], row["score"]


def test_a_resumed_run_stores_the_same_bytes_and_an_older_one_goes_on(tmp_path: Path) -> None:
    parameters = {"start": "one_function/parametric", "credit_horizon": 20, **SMALL}
    whole = tmp_path / "whole"
    start_run(Config("GenOpt/Control-CartPole-v0", "hill-climbing", 0, 5, parameters), whole)
    stored = (whole / "steps.jsonl").read_bytes()
    old = [{name: row[name] for name in row if name != "parents"} for row in steps(whole)]
    for name, rows in (("cut", steps(whole)[:3]), ("old", old[:3])):
        folder = shutil.copytree(whole, tmp_path / name)
        (folder / "result.json").unlink()
        (folder / "steps.jsonl").write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
        resume_run(folder)
    assert [json.loads(line) for line in stored.splitlines()] == steps(tmp_path / "cut")
    assert steps(tmp_path / "old") == [*old[:3], *steps(whole)[3:]]
    told = [row["told"] for row in StepRows(tmp_path / "old").read(Run(tmp_path / "old").steps)]
    assert told == [False] * 3 + [True] * 3


class FromTheFirstOfTwo(Agent):
    """Tells that it builds on the start and on the last edit, whatever looks nearest."""

    def reset(self, observation: dict[str, Any], problem: Any) -> None:
        super().reset(observation, problem)
        self._start, self._count = dict(observation["artifact"]), 0
        self._last = self._start

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        self._parents = [self._start, self._last]
        self._count += 1
        text = self._start["policy"]
        values = [float(literal.value) + self._count / 10 for literal in find_literals(text)]
        self._last = {"policy": replace_literals(text, values)}
        return self._last

    def parents(self) -> list[dict[str, str]]:
        return self._parents


def test_the_page_has_the_true_lineage_where_it_was_told(tmp_path: Path) -> None:
    parameters = {"start": "one_function/parametric", "credit_horizon": 20, **SMALL}
    config = Config("GenOpt/Control-CartPole-v0", "tests.runs.test_parents:FromTheFirstOfTwo", 0, 3, parameters)
    start_run(config, tmp_path / "run")
    rows = StepRows(tmp_path / "run").read(Run(tmp_path / "run").steps)
    assert [(row["parent"], list(row["others"]), row["told"]) for row in rows] == [
        (None, [], False),
        (0, [], True),
        (0, [1], True),
        (0, [2], True),
    ]
