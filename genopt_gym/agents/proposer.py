"""The learning loop of Nie et al. 2026 (arXiv 2603.23994): a model reads the evidence and proposes the next edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genopt_gym.agents.model_agent import Messages
from genopt_gym.agents.prompted_agent import Attempt, PromptedAgent, as_blocks, as_diff, prompt
from genopt_gym.core.checks import whole_number


@dataclass(kw_only=True, eq=False)
class Proposer(PromptedAgent):
    """Shows the model the problem, the components, the trace, the feedback, and the last edits with their scores.

    The prompt is laid out as OptoPrime's view of a problem (Cheng, Nie and Swaminathan 2024, arXiv 2406.16218, section
    4): instruction, code and documentation, variables, what happened, outputs and feedback.

    Args:
        memory: how many of the last edits it remembers; those that do not fit the model's context give way.
    """

    memory: int = 5

    def __post_init__(self) -> None:
        whole_number("memory", self.memory, 0)
        super().__post_init__()

    def messages(self, observation: dict[str, Any]) -> Messages:
        remembered = self.tried[-self.memory :] if self.memory else []
        while remembered and not self.fits(self._question(observation, remembered)):
            remembered = remembered[1:]
        return self.chat(self._question(observation, remembered))

    def _question(self, observation: dict[str, Any], remembered: list[Attempt]) -> str:
        return prompt(
            "proposer",
            context=observation["context"],
            components=as_blocks(self.editable(observation)),
            trace=observation["trace"],
            feedback=observation["feedback"],
            memory="".join(map(_remembered, remembered)),
            format=self.format_words(),
        )


def _remembered(tried: Attempt) -> str:
    if tried.texts is not None:
        change = as_diff(tried.before, tried.texts)
    else:
        change = "(nothing)" if tried.outcome == "unchanged" else "the reply held no edit"
    return f"\n#Edit {tried.number}: {tried.outcome}, score {tried.score:.5g}\n{change}\n"
