"""The learning loop of Nie et al. 2026 (arXiv 2603.23994): a model reads the evidence and proposes the next edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genopt_gym.agents.memory import recalled
from genopt_gym.agents.model_agent import Messages
from genopt_gym.agents.prompted_agent import EditFormat, PromptedAgent, as_blocks, prompt
from genopt_gym.agents.shorter_trace import shorter_trace
from genopt_gym.core.checks import whole_number

COMPARISON = 3_000
"""Most characters of the difference between the best texts and those that stand, where these are worse."""


@dataclass(kw_only=True, eq=False)
class Proposer(PromptedAgent):
    """Shows the model the problem, the components, the trace, the feedback, and the last edits with their scores.

    The prompt is laid out as OptoPrime's view of a problem (Cheng, Nie and Swaminathan 2024, arXiv 2406.16218, section
    4): instruction, code and documentation, variables, what happened, outputs and feedback.

    Args:
        memory: how many of the last edits it remembers; 0 is none, and then there is no way back to any.
        memory_chars: how many characters these may take, with how the texts as they stand differ from the best ones.
            The latest changes are shown in full as far as that reaches, of the others a line: outcome, score and the
            model's own sentence.
        prompt_chars: how many characters a prompt should have. What is remembered gives way to that, then the trials of
            a trace that are texts; what was left out is told. Tables of steps stay as they are: ``max_trace_chars``
            and ``credit_horizon`` bound these.
    """

    memory: int = 20
    memory_chars: int = 8_000
    prompt_chars: int = 40_000

    def __post_init__(self) -> None:
        whole_number("memory", self.memory, 0)
        whole_number("memory_chars", self.memory_chars, 0)
        whole_number("prompt_chars", self.prompt_chars, 0)
        super().__post_init__()

    def messages(self, observation: dict[str, Any]) -> Messages:
        bare = len(self._question(observation, 0)) + len(self.fixed_prompt())
        if bare > self.prompt_chars:
            trace = shorter_trace(observation["trace"], len(observation["trace"]) + self.prompt_chars - bare)
            observation = {**observation, "trace": trace}
        room = max(0, min(self.memory_chars, self.prompt_chars - bare))
        while room and not self.fits(self._question(observation, room)):
            room //= 2
        return self.chat(self._question(observation, room))

    def format_words(self, edit_format: EditFormat | None = None) -> str:
        words = super().format_words(edit_format)
        return f"{words}\n{prompt('format_revert')}" if self.memory and self.tried else words

    def _question(self, observation: dict[str, Any], room: int) -> str:
        present = self.editable(observation)
        best = self.versions.comparison(present, min(room, COMPARISON)) if self.memory else ""
        remembered = self.tried[-self.memory :] if self.memory else []
        return prompt(
            "proposer",
            context=observation["context"],
            components=as_blocks(present),
            best=f"{best}\n" if best else "",
            trace=observation["trace"],
            feedback=observation["feedback"],
            memory=recalled(remembered, self.problem.metric, max(room - len(best), 0), present),
            format=self.format_words(),
        )
