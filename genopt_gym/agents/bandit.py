"""A bandit over credit horizons around another agent: what choosing the horizon is worth is measured against it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym

from genopt_gym.agents.base import Agent, AgentDone, Problem
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.checks import number, whole_number
from genopt_gym.making import optimization_env
from genopt_gym.wrappers import ContextControl


class Bandit(Agent):
    """Rounds of another agent's edits, each at one credit horizon, chosen by discounted UCB.

    A round begins with the best texts of the rounds before (a step without a change, which scores them at the round's
    horizon) and is worth what it gains: the rise of the normalised score within it, all at the same horizon. Its texts
    are carried on only if they gain. The rule is that of Garivier and Moulines 2011 (ALT, arXiv 0805.3415): gains of
    old rounds count less, since the better the artifact, the less there is to gain.

    Args:
        inner: the agent that makes the edits; also written ``bandit:hill-climbing``.
        horizons: to choose from; if left out one step, a tenth and a third of the environment's horizon, and that.
        round_edits: edits of the other agent in a round.
        exploration: weight of what was seldom tried.
        discount: what a round's gain counts for after another round.
        inner_options: options of the other agent.
    """

    def __init__(
        self,
        inner: str = "hill-climbing",
        horizons: Sequence[int] | None = None,
        round_edits: int = 5,
        exploration: float = 0.5,
        discount: float = 0.9,
        inner_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._inner_name, self._inner_options = inner, dict(inner_options or {})
        self._inner = self._make_inner()
        self._horizons = None if horizons is None else [whole_number("horizons", each, 1) for each in horizons]
        self._round_edits = whole_number("round_edits", round_edits, 1)
        self._exploration = number("exploration", exploration, 0)
        self._discount = number("discount", discount, 0, 1)

    def wrapped(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        core = optimization_env(env)
        own = core.parameters.credit_horizon or core.task.max_inner_steps
        horizons = self._horizons or sorted({1, max(own // 10, 1), max(own // 3, 1), own})
        self._arms = horizons
        return ContextControl(self._inner.wrapped(env), credit_horizon=horizons)

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        return self._inner.trace_limit(context, artifact)

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._carried = self._texts(observation)
        self._counts = [0.0] * len(self._arms)
        self._gains = [0.0] * len(self._arms)
        self._rounds = 0
        self._made: int | None = None
        self._first = self._best = 0.0
        self._parents: Sequence[Mapping[str, str]] | None = None

    def act(self, observation: dict[str, Any]) -> Any:
        edit: Mapping[str, str] | str | None = None
        if self._made is not None:
            try:
                edit = self._inner.act(observation)
                self._parents = self._inner.parents()
            except AgentDone:
                self._end_round()
        if edit is None:
            self._arm = self._choose()
            edit = self._carried
            self._parents = [edit]
        return {"edit": edit, "credit_horizon": self._arm}

    def observe(self, observation: dict[str, Any], reward: float, info: dict[str, Any]) -> None:
        score = info["context"]["score"]
        if self._made is None:
            self._begin_round(observation, score)
            return
        self._inner.observe(observation, reward, info)
        if info["outcome"] in ("ok", "unchanged") and score > self._best:
            self._best, self._best_texts = score, self._texts(observation)
        self._made += 1
        if self._made >= self._round_edits:
            self._end_round()

    def parents(self) -> Sequence[Mapping[str, str]] | None:
        return self._parents

    def close(self) -> None:
        self._inner.close()

    def _make_inner(self) -> Agent:
        from genopt_gym.agents import make_agent

        return make_agent(self._inner_name, self._inner_options)

    def _texts(self, observation: dict[str, Any]) -> dict[str, str]:
        return {name: observation["artifact"][name] for name in self.problem.action_space.texts}

    def _begin_round(self, observation: dict[str, Any], score: float) -> None:
        """The other agent begins anew at the texts that were carried on."""
        self._inner.close()
        self._inner = self._make_inner()
        seed = (self.problem.seed * 1_000_003 + self._rounds) % 2**31
        problem = dataclasses.replace(self.problem, seed=seed, updates=self._round_edits)
        self._inner.reset(observation, problem)
        self._first = self._best = score
        self._best_texts = self._carried
        self._made = 0

    def _end_round(self) -> None:
        gain = max(self._best - self._first, 0.0)
        self._counts = [self._discount * count for count in self._counts]
        self._gains = [self._discount * each for each in self._gains]
        self._counts[self._arm] += 1
        self._gains[self._arm] += gain
        if gain > 0:
            self._carried = self._best_texts
        self._rounds += 1
        self._made = None

    def _choose(self) -> int:
        """Each horizon once, the longest first; then the one with the highest bound on its gain."""
        for arm in reversed(range(len(self._arms))):
            if self._counts[arm] == 0:
                return arm
        means = [gain / count for gain, count in zip(self._gains, self._counts, strict=True)]
        size = max(means) or 1.0
        total = math.log(max(sum(self._counts), math.e))
        bounds = [
            mean / size + self._exploration * math.sqrt(2 * total / count)
            for mean, count in zip(means, self._counts, strict=True)
        ]
        return max(range(len(bounds)), key=lambda arm: (bounds[arm], arm))
