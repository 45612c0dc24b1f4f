"""Plays a given list of edits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.core.errors import ParameterError


class Scripted(Agent):
    """Plays ``edits`` in order, then changes nothing.

    Args:
        edits: mappings from component to text, or strings that hold an edit; or the path of a JSON file
            with such a list.
    """

    def __init__(self, edits: Sequence[Mapping[str, str] | str] | str) -> None:
        if isinstance(edits, str):
            try:
                edits = json.loads(Path(edits).read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise ValueError(f"the edits in {edits} cannot be read: {error}") from error
        if not isinstance(edits, list) or not all(isinstance(edit, str | dict) for edit in edits):
            raise ParameterError("edits must be a list of strings or of {component: text}", "edits")
        self._edits = edits

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._left = list(self._edits)

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        return self._left.pop(0) if self._left else {}
