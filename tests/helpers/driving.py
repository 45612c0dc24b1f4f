"""The learning loop in a few lines, without a run folder."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from genopt_gym.agents import Problem, make_agent
from genopt_gym.core.spaces import Edits
from genopt_gym.env import OptimizationEnv

CARTPOLE = "GenOpt/Control-CartPole-v0"


def drive(
    agent: str, edits: int, id: str = CARTPOLE, seed: int = 0, options: dict[str, Any] | None = None, **parameters: Any
) -> OptimizationEnv:
    """The environment after a run; its ``history`` and ``best`` tell how it went."""
    env = gym.make(id, max_episode_steps=edits, **parameters)
    core = env.unwrapped
    assert isinstance(core, OptimizationEnv)
    assert isinstance(core.action_space, Edits)
    optimizer = make_agent(agent, options)
    observation, _ = env.reset(seed=seed)
    optimizer.reset(observation, Problem(core.action_space, core.task.metric, edits, seed))
    over = False
    while not over:
        observation, reward, terminated, truncated, info = env.step(optimizer.act(observation))
        optimizer.observe(observation, float(reward), info)
        over = terminated or truncated
    return core
