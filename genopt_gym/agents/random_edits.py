"""Random edits: the control that every comparison needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.agents.mutation import mutate


class RandomEdits(Agent):
    """Changes numbers and comparisons of the starting artifact at random, whatever the evidence says."""

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._rng = np.random.default_rng(problem.seed)
        self._start = {name: observation["artifact"][name] for name in problem.action_space.texts}

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        return {**self._start, **mutate(self._start, self._rng)}
