"""Best of n: independent proposals from the start, and nothing learned on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from genopt_gym.agents.base import Problem
from genopt_gym.agents.memory import Texts
from genopt_gym.agents.model_agent import Messages
from genopt_gym.agents.prompted_agent import whole
from genopt_gym.agents.proposer import Proposer
from genopt_gym.agents.reply_reader import read_reply
from genopt_gym.llm import Reply


@dataclass(kw_only=True, eq=False)
class BestOfN(Proposer):
    """Asks the same question for every edit: the proposer's about the start. What it gains, no loop has gained.

    The control that every study of iteration needs: as many model calls and trials as a loop, without feedback.

    Args:
        temperature: 1, since the answers to one question have to differ.
    """

    temperature: float | None = 1.0
    memory: int = 0

    parallel: ClassVar[int] = 8

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._first = observation
        self._waiting: list[Reply] = []

    def messages(self, observation: dict[str, Any]) -> Messages:
        return super().messages(self._first)

    def act(self, observation: dict[str, Any]) -> Any:
        question = self.messages(observation)
        if not self._waiting:
            left = self.parallel if self.problem.updates is None else self.problem.updates - len(self.tried)
            requests = [self.request(question)] * max(min(self.parallel, left), 1)
            self._waiting = self.client.complete_all(requests)
        return self.ask(question, self.editable(self._first), self._waiting.pop(0))

    def ahead(self) -> list[Texts]:
        """The replies that have come, up to the first that cannot be read: about that one the model is asked again."""
        base, edits = self.editable(self._first), []
        for reply in self._waiting:
            edit = read_reply(reply, base, self.reply_tokens, self.versions.by_number).edit
            if edit is None:
                break
            edits.append(whole(base, edit))
        return edits
