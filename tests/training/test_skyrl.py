"""SkyRL-gym's environments of the suite, made and stepped as SkyRL does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("skyrl_gym")

import gymnasium as gym
import skyrl_gym

from genopt_gym.core.errors import UserError
from genopt_gym.training.skyrl import NAME, register, rows
from genopt_gym.training.splits import SPLITS

CARTPOLE = "GenOpt/Control-CartPole-v0"
SMALL: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 3}
REPLIES = [
    "I would first look at more episodes.",
    "Velocity:\n```python policy\ndef policy(obs):\n    return int(obs['pole_velocity'] > 0)\n```",
    "```python policy\ndef policy(obs):\n    return 1 / 0\n```",
]


def agent_loop(row: dict[str, Any], replies: list[str], max_turns: int = 20) -> tuple[list[float], list[Any], Any]:
    """One trajectory, with the calls that ``SkyRLGymGenerator.agent_loop`` makes and in their order."""
    env = skyrl_gym.make(row["env_class"], env_config={}, extras={**row, "max_turns": max_turns})
    chat, _ = env.init(list(row["prompt"]))
    chat, rewards, done = list(chat), [], False
    for reply in replies:
        output = env.step(reply)
        chat += [{"role": "assistant", "content": reply}, *output["observations"]]
        rewards.append(output["reward"])
        if done := output["done"]:
            break
    assert done
    metrics = env.get_metrics()
    env.close()
    return rewards, chat, metrics


@pytest.fixture(autouse=True)
def _registered() -> None:
    register()
    register()


def test_rewards_are_those_of_the_environment_in_many_threads() -> None:
    batch = rows(CARTPOLE, "train", count=3, edits=len(REPLIES), **SMALL) + rows(CARTPOLE, "test", 1, 3, **SMALL)
    with ThreadPoolExecutor(8) as pool:
        loops = list(pool.map(lambda row: agent_loop(row, REPLIES), [row for row in batch for _ in range(2)]))
    for (rewards, chat, metrics), row in zip(loops, [row for row in batch for _ in range(2)], strict=True):
        env = gym.make(CARTPOLE, max_episode_steps=len(REPLIES), **row["parameters"])
        observation, _ = env.reset(seed=row["seed"])
        assert observation["trace"] in chat[1]["content"]
        steps = [env.step(reply) for reply in REPLIES]
        assert rewards == [step[1] for step in steps]
        assert metrics["gain"] == pytest.approx(sum(rewards))
        assert metrics["best_score"] == steps[-1][4]["best_score"]
        assert [message["role"] for message in chat] == ["system", *["user", "assistant"] * len(REPLIES)]
    traces = [chat[1]["content"] for _, chat, _ in loops]
    assert traces[0::2] == traces[1::2]
    assert len(set(traces)) == len(batch)


def test_the_turns_that_skyrl_allows_end_an_episode_too() -> None:
    [row] = rows(CARTPOLE, "train", count=1, edits=9, **SMALL)
    rewards, _, metrics = agent_loop(row, REPLIES, max_turns=2)
    assert len(rewards) == metrics["turns"] == 2


def test_rows_hold_the_tasks_of_a_split() -> None:
    for split, count in SPLITS.items():
        batch = rows(CARTPOLE, split)
        assert len(batch) == count
        assert {row["env_class"] for row in batch} == {NAME}
    with pytest.raises(UserError, match="the splits are train and test"):
        rows(CARTPOLE, "validation")


def test_a_row_without_what_it_takes_is_refused_in_words() -> None:
    with pytest.raises(UserError, match=r"a row needs environment and seed: genopt_gym\.training\.skyrl\.rows"):
        skyrl_gym.make(NAME, extras={"prompt": []})
    with pytest.raises(UserError, match="CartPole"):
        skyrl_gym.make(NAME, extras={"environment": "GenOpt/Control-CartPol-v0", "seed": 0})
    for seed in (-1, 0.5, True, "7"):
        with pytest.raises(UserError, match="seed must be a whole number from 0, got"):
            skyrl_gym.make(NAME, extras={"environment": CARTPOLE, "seed": seed})
