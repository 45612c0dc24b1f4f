"""Optimization by prompting: a sorted history of artifacts and scores (Yang et al. 2023, arXiv 2309.03409)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genopt_gym.agents.base import Problem
from genopt_gym.agents.memory import Texts
from genopt_gym.agents.model_agent import Messages
from genopt_gym.agents.prompted_agent import PromptedAgent, as_blocks, prompt
from genopt_gym.core.checks import whole_number


@dataclass(kw_only=True, eq=False)
class Opro(PromptedAgent):
    """Shows the model the best artifacts so far, worst first, with their scores, and asks for a better one.

    As in section 3 of the paper the model sees no trace: the history alone has to tell it where to go.

    Args:
        memory: how many artifacts the history shows (the paper's 20); those that do not fit give way, worst first.
        temperature: the paper's 1.
    """

    memory: int = 20

    def __post_init__(self) -> None:
        whole_number("memory", self.memory, 1)
        super().__post_init__()

    temperature: float | None = 1.0

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self._start = (float(observation["score"][0]), self.editable(observation))

    def act(self, observation: dict[str, Any]) -> Mapping[str, str] | str:
        question = self.messages(observation)
        return self.ask(question, self._sorted()[-1][1])

    def messages(self, observation: dict[str, Any]) -> Messages:
        history = self._sorted()[-self.memory :]
        while len(history) > 1 and not self.fits(self._question(observation, history)):
            history = history[1:]
        return self.chat(self._question(observation, history))

    def _sorted(self) -> list[tuple[float, Texts]]:
        """Distinct artifacts that ran, best last."""
        scored = [self._start, *((t.score, t.texts) for t in self.tried if t.ran and t.texts is not None)]
        distinct = {tuple(texts.items()): (score, texts) for score, texts in scored}
        return sorted(distinct.values(), key=lambda pair: self.problem.metric.sign * pair[0])

    def _question(self, observation: dict[str, Any], history: list[tuple[float, Texts]]) -> str:
        return prompt(
            "opro",
            context=observation["context"],
            history="\n\n".join(
                f"#Score {self.problem.metric.format(score)}\n{as_blocks(texts)}" for score, texts in history
            ),
            format=self.format_words(),
        )
