"""What a run is made of: environment, agent, seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent, agent_class, make_agent
from genopt_gym.core.errors import UserError
from genopt_gym.env import OptimizationEnv
from genopt_gym.runs.folder import open_replay, read_config

ELSEWHERE = {
    "task": "the id says which task it is",
    "render_mode": "a run draws its own pictures",
    "max_episode_steps": "the number of edits says it",
}
"""Keywords of ``gym.make`` that are no design choices of the loop."""


@dataclass(frozen=True)
class Config:
    """What a run is made of; the same configuration gives the same steps.

    Attributes:
        id: the environment.
        agent: a name of ``genopt_gym.agents``.
        seed: of ``reset``, and of the agent if it has none of its own.
        edits: updates of the run; ``None`` takes the id's own.
        parameters: keyword arguments of ``gym.make``.
        agent_options: keyword arguments of the agent.
        agent_seed: of the agent; ``None`` takes ``seed``.
        replay: run folder, or file of recorded replies, that answers for the model; nothing is asked then.
    """

    id: str
    agent: str
    seed: int = 0
    edits: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    agent_options: dict[str, Any] = field(default_factory=dict)
    agent_seed: int | None = None
    replay: str | None = None

    def make_for(self, agent: Agent) -> gym.Env[Any, Any]:
        """The environment, with no longer traces than the agent can read. Raises as ``make``."""
        env = self.make()
        core = env.unwrapped
        assert isinstance(core, OptimizationEnv)
        limit = agent.trace_limit(core.context, core.start)
        if limit is None or limit >= core.parameters.max_trace_chars:
            return env
        return replace(self, parameters={**self.parameters, "max_trace_chars": limit}).make()

    def make(self) -> gym.Env[Any, Any]:
        """The environment.

        Raises:
            UserError: the id, a keyword or a value is wrong.
        """
        for name in self.parameters:
            if name in ELSEWHERE:
                raise UserError(f"{name} cannot be set for a run: {ELSEWHERE[name]}")
        limit = {} if self.edits is None else {"max_episode_steps": self.edits}
        try:
            env = gym.make(self.id, disable_env_checker=True, **limit, **self.parameters)
        except (gym.error.Error, TypeError, ValueError, ImportError) as error:
            # Gymnasium adds to a TypeError where it comes from; the sentence is before that.
            raise UserError(str(error).split(" was raised from the environment creator")[0]) from error
        if not isinstance(env.unwrapped, OptimizationEnv):
            raise UserError(f"{self.id} is an environment, but none whose steps are edits")
        return env

    def agent_class(self) -> Any:
        """The agent's class; UserError if there is none."""
        try:
            return agent_class(self.agent)
        except (ValueError, ImportError, AttributeError) as error:
            raise UserError(str(error)) from error

    def make_agent(self) -> Agent:
        """The agent.

        Raises:
            UserError: the name, an option or its value is wrong.
        """
        try:
            agent = make_agent(self.agent, self.agent_options)
        except (ValueError, TypeError, OSError, ImportError, AttributeError) as error:
            raise UserError(str(error)) from error
        if not isinstance(agent, Agent):
            raise UserError(f"{self.agent} is not an Agent")
        return agent

    def check(self) -> int | None:
        """UserError if something is wrong; else how many edits the run has, ``None`` if it has no end."""
        if self.replay is not None:
            open_replay(self.replay)
        spec = self.make_for(self.make_agent()).spec
        return None if spec is None else spec.max_episode_steps


def read_run(path: Path) -> Config:
    """The configuration of the run in a folder; UserError if there is none."""
    try:
        return Config(**read_config(path)["run"])
    except (KeyError, TypeError) as error:
        raise UserError(f"the configuration in {path} cannot be read: {error!r}") from None
