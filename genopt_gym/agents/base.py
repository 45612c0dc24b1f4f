"""What an optimizer agent is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym

from genopt_gym.agents.trial_evaluator import TrialEvaluator
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.spaces import Edits
from genopt_gym.core.task import Metric
from genopt_gym.llm.client import Client


@dataclass(frozen=True)
class Problem:
    """What an agent is told of its run beside observations.

    Attributes:
        action_space: editable components, their starting texts and the length limit.
        metric: what scores mean; ``metric.better(a, b)`` compares two.
        updates: how many edits the run has; ``None`` if there is no fixed number.
        seed: the only source of the agent's randomness.
        client: where model calls go: it holds the run's budget and its recorded replies.
        trial_evaluator: runs artifacts beside the steps, within the run's budget, for optimizers that choose their own
            instances; it shows what the environment's parameters allow. ``None`` where the run has none to lend.
    """

    action_space: Edits
    metric: Metric
    updates: int | None
    seed: int
    client: Client = field(default_factory=Client)
    trial_evaluator: TrialEvaluator | None = None


class AgentDone(Exception):
    """Raised by an agent's ``act`` that has no further edit to offer: the run ends, in good order."""


class Agent(ABC):
    """An optimizer: it sees observations and answers with edits.

    A resumed run drives the agent again from its first step, so an agent has to act the same way on the same
    observations and seed; it needs no code to save itself.
    """

    @property
    def waited(self) -> float:
        """Seconds that it has waited for a person so far: what a step cost leaves them out."""
        return 0.0

    def claim(self) -> None:
        """Take what only one run can have, before anything of the run is written; ``close`` lets go of it.

        Raises:
            UserError: it cannot be had.
        """
        return

    def wrapped(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        """The environment as it acts in it: with wrappers of its own, if it has some. A run calls it once."""
        return env

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        """Begin a run; ``observation`` is the environment's first."""
        self.problem = problem

    @abstractmethod
    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        """The next edit.

        Raises:
            AgentDone: there is none.
        """

    def ahead(self) -> Sequence[Mapping[str, str] | str]:
        """The edits that ``act`` will give after the one it gave last, as far as no observation can change them.

        They are then run side by side; steps, their order and what they are charged stay the same.
        """
        return ()

    def parents(self) -> Sequence[Mapping[str, str]] | None:
        """The artifacts that the edit which ``act`` gave last was made from: texts by component, the main one first.

        The run stores which of its artifacts they are. Empty if it was made from none, as one that is drawn from a
        distribution; ``None`` if the agent does not tell.
        """
        return None

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        """How many characters of trace it can read of a problem with this context and starting artifact.

        A run takes it for ``max_trace_chars`` where that is more. None: as many as there are.
        """
        return None

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        """What became of the edit."""
        return

    def close(self) -> None:
        """The run is over: let go of what was started for it. May be called again."""
        return
