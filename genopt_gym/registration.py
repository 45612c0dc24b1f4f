"""Every id of the suite, in one table."""

from __future__ import annotations

from typing import NamedTuple

import gymnasium as gym


class Row(NamedTuple):
    """One environment: its id, its task, and how many updates a run has unless ``gym.make`` says otherwise."""

    id: str
    task: str
    updates: int


TABLE = (
    Row("GenOpt/Control-CartPole-v0", "genopt_gym.envs.control:CartPole", 20),
    Row("GenOpt/Atari-Pong-v0", "genopt_gym.envs.atari.pong:Pong", 20),
)


def register_all() -> None:
    """Make every id known to Gymnasium; nothing heavy is imported before an environment is made."""
    for row in TABLE:
        gym.register(
            row.id,
            entry_point="genopt_gym.env:OptimizationEnv",
            max_episode_steps=row.updates,
            kwargs={"task": row.task},
        )
