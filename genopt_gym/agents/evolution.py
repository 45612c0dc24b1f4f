"""Evolution with a model as its mutation and crossover (Romera-Paredes et al. 2024, FunSearch, Nature 625)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genopt_gym.agents.base import Problem
from genopt_gym.agents.memory import Texts
from genopt_gym.agents.model_agent import Messages
from genopt_gym.agents.prompted_agent import PromptedAgent, as_blocks, prompt
from genopt_gym.core.checks import number, whole_number


@dataclass(frozen=True)
class Individual:
    """A scored artifact, and what was said of it."""

    texts: Texts
    score: float
    feedback: str


@dataclass(kw_only=True, eq=False)
class Evolution(PromptedAgent):
    """Islands of scored artifacts; the model mutates one parent or combines two.

    Parents are drawn by rank within one island, islands take turns, and now and then the worse half of the islands
    begins anew from the best of the others, as in FunSearch ("Methods"). As in AlphaEvolve (Novikov et al. 2025, arXiv
    2506.13131) an artifact has several components, and the prompt shows feedback beside scores.

    Args:
        islands: populations that evolve apart.
        population: artifacts that an island keeps, the best.
        crossover: probability that two parents are combined.
        reset_every: edits between two renewals of the worse half of the islands.
        temperature: 1.
    """

    islands: int = 3
    population: int = 6
    crossover: float = 0.3
    reset_every: int = 12
    temperature: float | None = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("islands", "population", "reset_every"):
            whole_number(name, getattr(self, name), 1)
        number("crossover", self.crossover, 0, 1)

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._rng = np.random.default_rng(problem.seed)
        start = Individual(self.editable(observation), float(observation["score"][0]), observation["feedback"])
        self._islands = [[start] for _ in range(self.islands)]
        self._parents: list[Individual] = []

    def act(self, observation: dict[str, Any]) -> Any:
        question = self.messages(observation)
        return self.ask(question, self._parents[-1].texts)

    def messages(self, observation: dict[str, Any]) -> Messages:
        self._parents = self._choose(self._islands[len(self.tried) % self.islands])
        written = self.problem.metric.format
        shown = "\n\n".join(
            f"#Parent with score {written(parent.score)}\n{as_blocks(parent.texts)}\n{parent.feedback}"
            for parent in self._parents
        )
        task = "crossover" if len(self._parents) > 1 else "mutation"
        words = {"context": observation["context"], "parents": shown, "format": self.format_words()}
        return self.chat(prompt(task, **words))

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        island = len(self.tried) % self.islands
        super().observe(observation, reward, info)
        child = self.tried[-1]
        if child.ran and child.texts is not None:
            self._add(island, Individual(child.texts, child.score, child.feedback))
        if len(self.tried) % self.reset_every == 0:
            self._renew()

    def parents(self) -> Sequence[Texts]:
        """Those that were shown, the better first: it is what an incomplete reply leaves as it is."""
        return [parent.texts for parent in reversed(self._parents)]

    def _choose(self, island: list[Individual]) -> list[Individual]:
        """One parent or two, the better last; the better an artifact's rank, the likelier."""
        count = 2 if len(island) > 1 and self._rng.random() < self.crossover else 1
        weights = 0.5 ** np.arange(len(island))
        chosen = self._rng.choice(len(island), size=count, replace=False, p=weights / weights.sum())
        return [island[i] for i in sorted(chosen, reverse=True)]

    def _add(self, island: int, child: Individual) -> None:
        others = [each for each in self._islands[island] if each.texts != child.texts]
        ranked = sorted([child, *others], key=self._merit, reverse=True)
        self._islands[island] = ranked[: self.population]

    def _renew(self) -> None:
        order = sorted(range(self.islands), key=lambda i: self._merit(self._islands[i][0]))
        worse, better = order[: self.islands // 2], order[self.islands // 2 :]
        for island in worse:
            self._islands[island] = [self._islands[int(self._rng.choice(better))][0]]

    def _merit(self, individual: Individual) -> float:
        return self.problem.metric.sign * individual.score
