"""What all agents that ask a model have in common: which model, how, and what its context has room for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.errors import UserError
from genopt_gym.core.parameters import MIN_TRACE_CHARS
from genopt_gym.llm import Request, Settings
from genopt_gym.llm.backend import backend_of

Messages = list[dict[str, str]]

_TOKEN = re.compile(r"[^\W\d_]{1,4}|\d|\n+|[^\w\s]|_| {4,}|[^\x00-\x7f]")


@dataclass(kw_only=True, eq=False)
class ModelAgent(Agent):
    """An agent that asks a model.

    Args:
        model: ``provider/name`` as litellm knows it (``openai/...``, ``anthropic/...``), or ``local/smollm2``, or
            ``local/PATH`` of a GGUF file.
        temperature: of sampling; ``None`` leaves it to the provider.
        max_tokens: most tokens of a reply; one that is cut off there is never adopted.
        context_tokens: how many tokens prompt and reply may have; ``None`` asks litellm. The trace gives way to it.
        base_url: of an OpenAI-compatible server, as ``http://127.0.0.1:8000/v1`` (with a model ``openai/NAME``).
        timeout: seconds for one attempt of a call.
        requests_per_minute: rate limit; ``None`` is none.
        prices: US dollars for a million prompt tokens and a million reply tokens, where litellm has none.
    """

    model: str
    temperature: float | None = None
    max_tokens: int = 4096
    context_tokens: int | None = None
    base_url: str | None = None
    timeout: float = 180.0
    requests_per_minute: float | None = None
    prices: Sequence[float] | None = None

    def __post_init__(self) -> None:
        whole_number("max_tokens", self.max_tokens, 1)
        if self.context_tokens is not None:
            whole_number("context_tokens", self.context_tokens, 1)
        if self.temperature is not None:
            number("temperature", self.temperature, 0)
        self._settings = Settings(
            base_url=self.base_url,
            timeout=self.timeout,
            requests_per_minute=self.requests_per_minute,
            prices=None if self.prices is None else tuple(self.prices),
        )

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self.client = problem.client.with_(self._settings)

    def request(self, messages: Messages) -> Request:
        options = {} if self.temperature is None else {"temperature": self.temperature}
        return Request(self.model, list(messages), self.max_tokens, options)

    def fixed_prompt(self) -> str:
        """What each prompt holds beside problem, artifact and evidence."""
        return ""

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        tokens = self._context_tokens()
        if tokens is None:
            return None
        # An artifact may grow, and a table of numbers takes up to a token a character.
        fixed = 1.2 * (estimate(context + self.fixed_prompt()) + 2 * estimate(artifact.source)) + 500
        room = int(tokens - self.max_tokens - fixed)
        if room < MIN_TRACE_CHARS:
            needed = int(fixed) + self.max_tokens + MIN_TRACE_CHARS
            raise UserError(
                f"the context of {self.model}, {tokens:,} tokens, is too small: this problem needs about {needed:,}, "
                f"of which {self.max_tokens:,} are for the reply (--agent-option max_tokens=N)"
            )
        return room

    def fits(self, question: str) -> bool:
        """Whether a prompt leaves room for the reply, as far as that can be told without the model's tokenizer."""
        tokens = self._context_tokens()
        return tokens is None or estimate(question + self.fixed_prompt()) + self.max_tokens <= tokens

    def _context_tokens(self) -> int | None:
        return self.context_tokens or backend_of(self.model).context_tokens(self.model)


def estimate(text: str) -> int:
    """About as many tokens as a text can have with the tokenizers in use: single digits, words in pieces.

    >>> estimate("lean = 0.5")
    5
    """
    return sum(1 for _ in _TOKEN.finditer(text))
