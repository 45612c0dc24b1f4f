"""Somebody outside as the optimizer, edit by edit: a coding assistant over MCP or in a workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from genopt_gym.agents.base import Agent, AgentDone, Problem
from genopt_gym.core.ledger import ModelAccount
from genopt_gym.llm import Reply, Request
from genopt_gym.llm.replies import Recorded

Edit = Mapping[str, str] | str

FINISHED = "finished"
"""What is recorded where whoever is outside has ended the run."""


class Desk(Protocol):
    """Where a run and whoever is outside meet; the run's side of it."""

    def take(self) -> Edit | None:
        """Wait for the next edit; ``None`` says that there will be none."""

    def show(self, observation: Mapping[str, Any]) -> None:
        """What is to be seen now."""


class Remote(Agent):
    """Edits come from outside, one by one (`genopt mcp`, `genopt workspace`), and are recorded before they are tried.

    By itself, as in ``genopt run --resume``, it plays the recorded edits again, and then has no further one.
    """

    def __init__(self) -> None:
        self.desk: Desk | None = None

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._number = 0
        self._show(observation)

    def act(self, observation: dict[str, Any]) -> Edit:
        self._number += 1
        # The artifact and the evidence are the run's own; what was recorded depends on nothing but its place.
        request = Request("mcp", [{"role": "user", "content": f"edit {self._number}"}])
        replies = self.problem.client.replies
        key = replies.occurrence(request) if replies else ("", 0)
        recorded = replies.get(key) if replies else None
        if recorded is not None:
            return _edit(recorded.reply.text)
        if replies is not None and replies.mode == "replay":
            raise replies.miss(request, key)
        edit = None if self.desk is None else self.desk.take()
        if replies is not None:
            said = json.dumps({FINISHED: True} if edit is None else {"edit": edit})
            replies.add(key, "proposer", request, Recorded(Reply(said, "stop", 0, 0, None), ModelAccount()))
        if edit is None:
            raise AgentDone
        return edit

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        self._show(observation)

    def _show(self, observation: dict[str, Any]) -> None:
        if self.desk is not None:
            self.desk.show(observation)


def _edit(recorded: str) -> Edit:
    said = json.loads(recorded)
    if said.get(FINISHED):
        raise AgentDone
    edit: Edit = said["edit"]
    return edit
