"""A bandit over credit horizons: what it chooses is what its steps show, and can be made again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.agents import Problem, make_agent
from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config
from genopt_gym.runs.loop import resume_run, start_run
from genopt_gym.runs.replay import replay_observations
from tests.helpers.loopback import steps

PARAMETERS: dict[str, Any] = {
    "start": "modular/parametric",
    "feedback_horizon": "credit",
    "credit_horizon": 100,
    "batch_size": 2,
    "validation_size": 2,
    "test_size": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "bandit"
    options = {"horizons": [1, 100], "round_edits": 3}
    start_run(Config("GenOpt/Control-CartPole-v0", "bandit:hill-climbing", 0, 24, PARAMETERS, options), path)
    return path


def test_rounds_are_at_one_horizon_each_and_the_run_stores_which(folder: Path) -> None:
    horizons = [row.get("view", {}).get("credit_horizon", 100) for row in steps(folder)[1:]]
    rounds = [horizons[begin : begin + 4] for begin in range(0, 24, 4)]
    assert all(len({*each}) == 1 for each in rounds)
    assert [each[0] for each in rounds][:2] == [100, 1]
    for row, horizon in zip(steps(folder)[1:], horizons, strict=True):
        assert row["horizon_shown"] <= horizon


def test_where_one_step_shows_no_gain_the_longer_horizon_is_chosen(folder: Path) -> None:
    """After one step CartPole has always scored the same."""
    horizons = [row.get("view", {}).get("credit_horizon", 100) for row in steps(folder)[1::4]]
    assert horizons.count(100) > horizons.count(1)


def test_its_steps_can_be_looked_at_and_a_killed_run_goes_on_alike(folder: Path, tmp_path: Path) -> None:
    seen = list(replay_observations(folder))
    assert [info["artifact"] for _, info in seen] == [row["artifact"] for row in steps(folder)]
    cut = Path(shutil.copytree(folder, tmp_path / "cut"))
    (cut / "result.json").unlink()
    lines = (folder / "steps.jsonl").read_bytes().splitlines(keepends=True)
    (cut / "steps.jsonl").write_bytes(b"".join(lines[:11]))
    resume_run(cut)
    assert (cut / "steps.jsonl").read_bytes() == (folder / "steps.jsonl").read_bytes()


def test_its_name_tells_the_other_agent_and_options_are_checked() -> None:
    assert (
        json.loads(json.dumps(vars(Config("GenOpt/Control-CartPole-v0", "bandit:random"))))["agent"] == "bandit:random"
    )
    make_agent("bandit:random", {"round_edits": 2})
    with pytest.raises(UserError, match="no agent 'hill-climb'"):
        make_agent("bandit:hill-climb")
    with pytest.raises(ValueError, match="round_edits must be a whole number from 1"):
        make_agent("bandit:random", {"round_edits": 0})
    env: Any = gym.make("GenOpt/Control-CartPole-v0", **PARAMETERS)
    agent = make_agent("bandit:random", {"horizons": [3, 5]})
    env = agent.wrapped(env)
    observation, _ = env.reset(seed=0)
    core = env.unwrapped
    agent.reset(observation, Problem(core.action_space, core.metric, 4, 0))
    action = agent.act(observation)
    assert env.action_space["credit_horizon"].n == 2
    assert env.action_space.contains(action)
