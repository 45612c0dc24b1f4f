"""What a run is made of: environment, agent, seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.agents import Agent, agent_class, make_agent
from genopt_gym.agents.session import PREFIX, agent_name
from genopt_gym.core.errors import ParameterError, UserError
from genopt_gym.core.extras import words_of
from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
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
        agent: a name of ``genopt_gym.agents``, or ``module:Class``; a class that others can import becomes that.
        seed: of ``reset``, and of the agent if it has none of its own.
        edits: updates of the run; ``None`` takes the id's own.
        parameters: keyword arguments of ``gym.make``.
        agent_options: keyword arguments of the agent.
        agent_seed: of the agent; ``None`` takes ``seed``.
        replay: run folder, or file of recorded replies, that answers for the model; nothing is asked then.

    Raises:
        UserError: the agent is an object that no name leads back to.
    """

    id: str
    agent: str
    seed: int = 0
    edits: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    agent_options: dict[str, Any] = field(default_factory=dict)
    agent_seed: int | None = None
    replay: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.agent, str):
            name = agent_name(self.agent)
            if name.startswith(PREFIX):
                raise UserError(
                    f"a configuration cannot hold {self.agent!r}: name a class that can be imported, or give it to "
                    "genopt_gym.run"
                )
            object.__setattr__(self, "agent", name)
        if not isinstance(self.id, str):
            raise UserError(f"a configuration names its environment by its id, not by {self.id!r}")

    def make(self) -> gym.Env[Any, Any]:
        """The environment.

        Raises:
            UserError: the id, a keyword or a value is wrong.
        """
        for name in self.parameters:
            if name in ELSEWHERE:
                raise ParameterError(f"{name} cannot be set for a run: {ELSEWHERE[name]}", name)
        limit = {} if self.edits is None else {"max_episode_steps": self.edits}
        try:
            env = gym.make(self.id, disable_env_checker=True, **limit, **self.parameters)
        except TypeError as error:
            # Gymnasium raises it anew, with where it comes from; what was said first is its cause.
            said = error.__cause__ if isinstance(error.__cause__, TypeError) else error
            raise UserError(str(said)) from error
        except ImportError as error:
            raise UserError(words_of(error, self.id) or str(error)) from error
        except (gym.error.Error, ValueError) as error:
            raise UserError(str(error)) from error
        optimization_env(env)
        return env

    def agent_class(self) -> type[Agent]:
        """The agent's class; UserError if there is none."""
        return agent_class(self.agent)

    def make_agent(self) -> Agent:
        """The agent.

        Raises:
            UserError: the name, an option or its value is wrong.
        """
        try:
            return make_agent(self.agent, self.agent_options)
        except UserError:
            raise
        except (ValueError, TypeError, OSError, ImportError, AttributeError) as error:
            raise UserError(str(error)) from error

    def prepare(self, agent: Agent | None = None) -> PreparedRun:
        """Agent and environment, made once, with no longer traces than the agent can read.

        Args:
            agent: in place of the one that the configuration names.

        Raises:
            UserError: something in the configuration is wrong.
        """
        if self.replay is not None:
            open_replay(self.replay)
        agent = self.make_agent() if agent is None else agent
        env = self.make()
        core = optimization_env(env)
        limit = agent.trace_limit(core.context, core.start)
        if limit is not None and limit < core.parameters.max_trace_chars:
            core.limit_trace(limit)
        return PreparedRun(self, agent, agent.wrapped(env))


@dataclass(frozen=True)
class PreparedRun:
    """A run that could begin: everything that it needs is there, and nothing has been run."""

    config: Config
    agent: Agent
    env: gym.Env[Any, Any]

    @property
    def core(self) -> OptimizationEnv:
        """The environment without its wrappers."""
        return optimization_env(self.env)

    @property
    def updates(self) -> int | None:
        """Edits of the run; ``None`` if it has no end."""
        return None if self.env.spec is None else self.env.spec.max_episode_steps


def read_run(path: Path) -> Config:
    """The configuration of the run in a folder; UserError if there is none."""
    try:
        return Config(**read_config(path)["run"])
    except (KeyError, TypeError) as error:
        raise UserError(f"the configuration in {path} cannot be read: {error!r}") from None


def extended(config: Config, updates: int | None, more: int) -> Config:
    """The same run with more edits; UserError if it has no number of edits."""
    if updates is None:
        raise UserError(f"a run of {config.id} has no number of edits, so there is nothing to add to")
    return replace(config, edits=updates + more)
