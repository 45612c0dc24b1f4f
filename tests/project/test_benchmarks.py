"""What benchmarks are measured with is there and runs: a figure that cannot be taken again is none."""

from __future__ import annotations

import re
from pathlib import Path

import gymnasium as gym
import pytest

from genopt_gym.making import optimization_env
from genopt_gym.registration import TABLE

POLICIES = Path(__file__).parents[2] / "benchmarks" / "policies"
GAMES = {row.id: row.task.partition(":")[0].rpartition(".")[2] for row in TABLE if row.id.startswith("GenOpt/Atari-")}


@pytest.mark.parametrize("id", GAMES)
def test_each_component_of_a_games_policy_holds_what_it_needs(id: str) -> None:
    """Each is loaded with globals of its own, so a name of another's is unknown in it."""
    env = gym.make(id, start="modular/naive", max_steps=40, validation_size=1, train_size=1)
    texts = re.split(r"^# --- \w+ ---\n", (POLICIES / f"{GAMES[id]}.py").read_text(), flags=re.MULTILINE)
    env.reset(seed=0)
    components = optimization_env(env).action_space.texts
    observation, *_, info = env.step(dict(zip(components, texts, strict=True)))
    assert info["outcome"] == "ok", observation["feedback"]
