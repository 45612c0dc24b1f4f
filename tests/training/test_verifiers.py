"""verifiers' own evaluation of a scripted model, on tasks of the suite."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("verifiers")

import gymnasium as gym
from verifiers.v1.cli.eval.main import main

from genopt_gym.training.splits import SPLITS
from genopt_gym.training.verifiers import EditTaskset, EditTasksetConfig
from tests.helpers.model_server import Answer, ModelServer

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 3}
REPLIES = [
    "I would first look at more episodes.",
    "Velocity:\n```python policy\ndef policy(obs):\n    return int(obs['pole_velocity'] > 0)\n```",
    "```python policy\ndef policy(obs):\n    return 1 / 0\n```",
    "Less:\n```python policy\ndef policy(obs):\n    return int(obs['pole_angle'] > obs['pole_velocity'] / -10)\n```",
]
LINE = "from genopt_gym.training.verifiers import ChatHarness, EditsEnv, EditTaskset, __all__\n"
"""What the module's documentation asks for: verifiers finds tasksets by a module at the top."""


def scripted(body: dict[str, Any], number: int) -> Answer:
    """The next reply of the conversation that is shown."""
    return Answer(REPLIES[sum(message["role"] == "assistant" for message in body["messages"])])


class Expected(NamedTuple):
    gain: float
    best_score: float
    first_trace: str


def by_hand(seed: int, split_seed: int) -> Expected:
    """What the same replies come to through ``gym.make``."""
    env = gym.make(CARTPOLE, max_episode_steps=len(REPLIES), split_seed=split_seed, **SMALL)
    first, _ = env.reset(seed=seed)
    steps = [env.step(reply) for reply in REPLIES]
    return Expected(sum(float(step[1]) for step in steps), steps[-1][4]["best_score"], first["trace"])


@pytest.fixture
def taskset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module with the line, and a process that is as it was when verifiers' evaluation has ended."""
    (tmp_path / "genopt_edits.py").write_text(LINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["vf-eval"])
    taken = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in taken.items():
        signal.signal(number, handler)
    sys.modules.pop("genopt_edits", None)


def evaluate(tmp_path: Path, *words: str) -> list[dict[str, Any]]:
    """What ``vf-eval`` writes. It runs within this process: most of its time would be imports that are made here."""
    with ModelServer(scripted) as server:
        options = {
            "--env.taskset.environment": CARTPOLE,
            "--env.taskset.parameters": json.dumps(SMALL),
            "--env.taskset.edits": str(len(REPLIES)),
            "--model": "scripted",
            "--client.base-url": server.base_url,
            "--client.api-key-var": "NO_SUCH_KEY",
            "--output-dir": str(tmp_path / "outputs"),
            "--run.name": "run",
        }
        flags = ["genopt_edits", "--no-push", "--no-rich", *words]
        main([*flags, *(word for option in options.items() for word in option)])
    lines = (tmp_path / "outputs/run/traces.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.timeout(1000)
@pytest.mark.usefixtures("taskset")
@pytest.mark.filterwarnings("default")  # of libraries that this one does not choose
@pytest.mark.parametrize("split", ["train", "test"])
def test_an_evaluation_gives_the_rewards_of_the_environment(tmp_path: Path, split: str) -> None:
    episodes = evaluate(tmp_path, "-n", "2", "-r", "2", "--env.taskset.split", split)
    assert len(episodes) == 4
    for episode in episodes:
        [trace] = episode["traces"]
        data = episode["task"]["data"]
        expected = by_hand(data["seed"], data["parameters"]["split_seed"])
        assert episode["ok"], episode["errors"]
        assert trace["rewards"]["gain"]["score"] == pytest.approx(expected.gain)
        assert trace["metrics"]["best_score"] == expected.best_score
        messages = [node["message"] for node in trace["nodes"]]
        pages = [message["content"] for message in messages if message["role"] == "user"]
        assert [message["content"] for message in messages if message["role"] == "assistant"] == REPLIES
        assert len(pages) == len(REPLIES)
        assert expected.first_trace in pages[0]
        assert "Edit outcome: unparsable" in pages[1]
        assert "Write a policy" in pages[0]
        assert "Write a policy" not in pages[1]
    assert len({episode["task"]["data"]["seed"] for episode in episodes}) == 2


def test_a_taskset_holds_the_tasks_of_its_split() -> None:
    for split, count in SPLITS.items():
        tasks = list(EditTaskset(EditTasksetConfig(id="genopt_edits", split=split, parameters={"split_seed": 4})))
        assert len(tasks) == count
        assert len({task.key for task in tasks}) == count
        seeds = {task.data.parameters["split_seed"] for task in tasks}
        assert (seeds == {4}) == (split == "train")
        assert (4 in seeds) == (split == "train")
