"""A conversation with an agent over Trace, and how to read what it asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Problem, make_agent
from genopt_gym.agents.trial_evaluator import TrialEvaluator
from genopt_gym.llm import Client
from genopt_gym.making import optimization_env
from genopt_gym.testing.external import PreparedModel

CARTPOLE = "GenOpt/Control-CartPole-v0"
PONG = "GenOpt/Atari-Pong-v0"
SHORT: Mapping[str, Any] = {"start": "modular/naive", "validation_size": 2}


class Conversation:
    """An environment, an agent, and a model that says ``reply`` and keeps what it was asked."""

    def __init__(self, id: str, agent: str = "trace-optoprime", reply: str = "{}", **parameters: Any) -> None:
        env = optimization_env(gym.make(id, **parameters))
        self.env, self.reply, self.asked = env, reply, list[str]()
        self.observation, _ = env.reset(seed=0)
        self.agent = make_agent(agent, {"model": "prepared"})
        client = Client(env.evaluator.budget, backend=PreparedModel(self._say))
        self.agent.reset(
            self.observation, Problem(env.action_space, env.task.metric, 10, 0, client, TrialEvaluator(env))
        )

    def _say(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self.reply

    def ask(self) -> str:
        """What the model is asked next."""
        self.agent.act(self.observation)
        return self.asked[-1]

    def step(self, edit: Any = None) -> str:
        """The outcome of an edit, or else of what the agent does."""
        edit = self.agent.act(self.observation) if edit is None else edit
        self.observation, reward, _, _, info = self.env.step(edit)
        self.agent.observe(self.observation, reward, info)
        return str(info["outcome"])


def part(prompt: str, title: str) -> list[str]:
    """The lines under a title of Trace's prompt."""
    return prompt.rpartition("Now you see problem instance")[2].split(f"#{title}\n")[-1].split("\n\n#")[0].splitlines()


def suggestion(**texts: Any) -> str:
    return json.dumps({"reasoning": "Why not.", "answer": "", "suggestion": texts})
