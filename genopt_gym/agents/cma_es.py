"""CMA-ES over the numeric literals of the artifact (Hansen 2016, arXiv 1604.00772; package ``cmaes``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from cmaes import CMA

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.literals import find_literals, replace_literals


class CmaEs(Agent):
    """Searches the numbers that stand in the starting artifact; the code around them stays.

    Each number is searched in units of its own size (at least ``smallest``), from where it starts.

    Args:
        sigma: initial step size in those units.
        population: edits per generation, at least 4; ``None`` takes the method's own choice,
            4 + 3 ln(n), or half the run if that is less.
        smallest: least unit, so that zeros can move.
    """

    def __init__(self, sigma: float = 0.5, population: int | None = None, smallest: float = 1.0) -> None:
        number("sigma", sigma, above=0)
        number("smallest", smallest, above=0)
        if population is not None:
            whole_number("population", population, 4)
        self._sigma = sigma
        self._population = population
        self._smallest = smallest

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._texts = {name: observation["artifact"][name] for name in problem.action_space.texts}
        literals = {name: find_literals(text) for name, text in self._texts.items()}
        self._start = np.array([float(literal.value) for name in literals for literal in literals[name]])
        self._counts = {name: len(found) for name, found in literals.items()}
        if not len(self._start):
            raise ValueError("CMA-ES needs numbers to search, and this artifact has none: try another start")
        self._unit = np.maximum(np.abs(self._start), self._smallest)
        dimensions = max(len(self._start), 2)
        population = self._population or 4 + int(3 * np.log(dimensions))
        if self._population is None and problem.updates is not None:
            population = max(min(population, problem.updates // 2), 4)
        self._cma = CMA(np.zeros(dimensions), self._sigma, seed=problem.seed, population_size=population)
        self._generation: list[tuple[Any, float]] = []
        self._asked: list[Any] = []

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        if not self._asked:
            self._asked = [self._cma.ask() for _ in range(self._cma.population_size)]
        self._point = self._asked.pop(0)
        return self._edit(self._point)

    def parents(self) -> list[dict[str, str]]:
        return []

    def ahead(self) -> list[dict[str, str]]:
        """The rest of the generation."""
        return [self._edit(point) for point in self._asked]

    def _edit(self, point: Any) -> dict[str, str]:
        values = self._start + point[: len(self._start)] * self._unit
        edit, used = {}, 0
        for name, text in self._texts.items():
            rounded = [float(f"{value:.6g}") for value in values[used : used + self._counts[name]]]
            edit[name] = replace_literals(text, rounded)
            used += self._counts[name]
        return edit

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        loss = -self.problem.metric.sign * float(observation["score"][0])
        self._generation.append((self._point, loss))
        if len(self._generation) == self._cma.population_size:
            self._cma.tell(self._generation)
            self._generation = []
