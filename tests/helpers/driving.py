"""An environment after a run of an agent, without a run folder."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from genopt_gym.agents import make_agent
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.runs.learning import learn

CARTPOLE = "GenOpt/Control-CartPole-v0"


def drive(
    agent: str, edits: int, id: str = CARTPOLE, seed: int = 0, options: dict[str, Any] | None = None, **parameters: Any
) -> OptimizationEnv:
    """The environment after a run; its ``history`` and ``best`` tell how it went."""
    env = gym.make(id, max_episode_steps=edits, **parameters)
    learn(env, make_agent(agent, options), seed=seed)
    return optimization_env(env)
