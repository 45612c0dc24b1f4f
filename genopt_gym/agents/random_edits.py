"""Random edits: the control that every comparison needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.agents.mutation import mutate

SIDE_BY_SIDE = 8
"""Edits drawn at once."""


class RandomEdits(Agent):
    """Changes numbers and comparisons of the starting artifact at random, whatever the evidence says."""

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._rng = np.random.default_rng(problem.seed)
        self._start = {name: observation["artifact"][name] for name in problem.action_space.texts}

        self._drawn: list[dict[str, str]] = []

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        if not self._drawn:
            self._drawn = [{**self._start, **mutate(self._start, self._rng)} for _ in range(SIDE_BY_SIDE)]
        return self._drawn.pop(0)

    def parents(self) -> list[dict[str, str]]:
        return [self._start]

    def ahead(self) -> list[dict[str, str]]:
        """What is drawn already."""
        return self._drawn
