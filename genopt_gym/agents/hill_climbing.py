"""Hill climbing: mutate the best texts seen, keep what does not lose."""

from __future__ import annotations

from typing import Any

import numpy as np

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.agents.mutation import mutate


class HillClimbing(Agent):
    """A (1+1) evolution strategy over the numbers and comparisons of the source text."""

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._rng = np.random.default_rng(problem.seed)
        self._best = {name: observation["artifact"][name] for name in problem.action_space.texts}
        self._best_score = float(observation["score"][0])

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        self._parent = self._best
        self._tried = {**self._best, **mutate(self._best, self._rng)}
        return self._tried

    def parents(self) -> list[dict[str, str]]:
        return [self._parent]

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        score = float(observation["score"][0])
        if not self.problem.metric.better(self._best_score, score):
            self._best, self._best_score = self._tried, score
