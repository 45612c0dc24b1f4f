"""An episode over OpenEnv is the episode of ``gym.make``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openenv")

import gymnasium as gym
from openenv import GenericEnvClient

from genopt_gym.training.splits import SPLITS
from tests.helpers.openenv_server import BETTER, CARTPOLE, FALLING, Server, serving

pytestmark = pytest.mark.timeout(900)

EDITS: list[Any] = [
    {"policy": FALLING},
    f"Nothing new:\n```python policy\n{FALLING}```",
    {"policy": "def policy(obs):\n    return obs['no_such_thing']\n"},
    {"policy": "def policy(obs:\n"},
    "I have no idea.",
    {},
    {"policy": BETTER},
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--edits", str(len(EDITS)), "--set", "split_seed=5") as server:
        yield server


def made(split_seed: int) -> gym.Env[Any, Any]:
    sizes: dict[str, Any] = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 3}
    return gym.make(CARTPOLE, max_episode_steps=len(EDITS), split_seed=split_seed, **sizes)


@pytest.mark.parametrize(
    ("asked", "seed", "split_seed"),
    [
        ({"seed": 3}, 3, 5),
        ({"split": "train", "index": 3}, 3, 5),
        ({"split": "test", "index": 2}, 2, 8),
        ({"split": "test", "index": 2, "seed": 9}, 9, 8),
    ],
)
def test_observations_and_rewards_are_those_of_the_environment(
    server: Server, asked: dict[str, Any], seed: int, split_seed: int
) -> None:
    env = made(split_seed)
    observation, _ = env.reset(seed=seed)
    with GenericEnvClient(base_url=server.url).sync() as client:
        seen = client.reset(**asked)
        assert seen.observation["trace"] == observation["trace"]
        assert (seen.reward, seen.done) == (None, False)
        for edit in EDITS:
            observation, reward, terminated, truncated, info = env.step(edit)
            seen = client.step({"edit": edit})
            for name in ("context", "artifact", "trace", "feedback"):
                assert seen.observation[name] == observation[name]
            assert seen.observation["score"] == observation["score"][0]
            assert seen.observation["best_score"] == observation["best_score"][0]
            assert seen.observation["outcome"] == info["outcome"]
            assert (seen.reward, seen.done) == (reward, terminated or truncated)
            assert (seen.metadata["truncated"], seen.metadata["accepted"]) == (truncated, info["accepted"])
        assert (seen.done, seen.observation["outcome"]) == (True, "ok")


def test_an_episode_that_has_ended_takes_no_edit_until_the_next_reset(server: Server) -> None:
    session = server.dial()
    session.reset(seed=0)
    assert [session.edit({})["done"] for _ in EDITS] == [False] * (len(EDITS) - 1) + [True]
    refused = session.ask("step", {"edit": {}})
    assert (refused["type"], "call reset first" in refused["data"]["message"]) == ("error", True)
    assert not session.reset(seed=0)["done"]
    assert not session.edit({})["done"]


def test_the_state_counts_steps_and_names_the_task(server: Server) -> None:
    session = server.dial()
    before = session.ask("state")["data"]
    assert (before["episode_id"], before["step_count"], before["edits"]) == (None, 0, len(EDITS))
    session.reset(split="test", index=1, episode_id="mine")
    session.edit({"policy": FALLING})
    state = session.ask("state")["data"]
    assert (state["episode_id"], state["step_count"], state["outcome"]) == ("mine", 1, "ok")
    assert (state["split"], state["index"], state["seed"], state["split_seed"]) == ("test", 1, 1, 7)
    assert (state["environment"], state["confinement"]) == (CARTPOLE, before["confinement"])
    assert state["start_seconds"] > 0


def test_without_a_seed_episodes_differ_and_tell_theirs(server: Server) -> None:
    session = server.dial()
    seeds = set()
    for _ in range(3):
        trace = session.reset()["observation"]["trace"]
        seeds.add(seed := session.ask("state")["data"]["seed"])
        assert session.reset(seed=seed)["observation"]["trace"] == trace
    assert len(seeds) == 3


def test_the_task_api_lists_the_tasks_that_reset_takes(server: Server) -> None:
    import requests

    def post(what: str, **body: Any) -> Any:
        answer = requests.post(f"{server.url}/genopt_control_cartpole_v0/{what}", json=body, timeout=300)
        return answer.status_code, answer.json()

    splits = requests.get(f"{server.url}/genopt_control_cartpole_v0/splits", timeout=300).json()
    assert [split["name"] for split in splits] == list(SPLITS)
    for split, count in SPLITS.items():
        assert post("num_tasks", split=split) == (200, {"num_tasks": count})
        tasks = post("tasks", split=split)[1]["tasks"]
        assert [task["index"] for task in tasks] == list(range(count))
        assert post("task", split=split, index=1) == (200, {"task": tasks[1]})
        assert post("task_range", split=split, start=3, stop=5) == (200, {"tasks": tasks[3:5]})
        assert post("task", split=split, index=count)[0] == 400
    train, test = ({task["split_seed"] for task in post("tasks", split=split)[1]["tasks"]} for split in SPLITS)
    assert train == {5}
    assert len(test) == SPLITS["test"]
    assert not train & test
    assert post("tasks", split="validation")[0] == 400


def test_what_the_server_offers_is_told_at_start_and_over_http(server: Server) -> None:
    import requests

    assert f"{CARTPOLE}: artifact code is confined by tier" in server.told
    assert "the starting artifact takes" in server.told
    metadata = requests.get(f"{server.url}/metadata", timeout=300).json()
    assert metadata["name"] == CARTPOLE
    assert "confined by tier" in metadata["description"]
