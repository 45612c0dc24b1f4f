"""What all agents that ask a model have in common: which model, how, and what its context has room for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.errors import ParameterError, UserError
from genopt_gym.core.parameters import MIN_TRACE_CHARS
from genopt_gym.llm import Request, Settings
from genopt_gym.llm.backend import backend_of
from genopt_gym.llm.request import DEFAULT_MAX_TOKENS, EXTRA, OPTIONS, option_problem

Messages = list[dict[str, str]]

_TOKEN = re.compile(r"[^\W\d_]{1,4}|\d|\n+|[^\w\s]|_| {4,}|[^\x00-\x7f]")


@dataclass(kw_only=True, eq=False)
class ModelAgent(Agent):
    """An agent that asks a model.

    Args:
        model: ``provider/name`` as litellm knows it (``openai/...``, ``anthropic/...``), or ``local/smollm2``, or
            ``local/PATH`` of a GGUF file.
        temperature: of sampling; ``None`` leaves it to the provider.
        max_tokens: most tokens of a reply, thoughts included; one that is cut off there is never adopted. ``None`` is
            16,384, or less where the model or its context does not bear that.
        context_tokens: how many tokens prompt and reply may have; ``None`` is what is known of the model. The trace
            gives way to it.
        reasoning_effort: how long a reasoning model thinks, in its provider's words (``low``, ``medium``, ...).
        extra: any other parameters of the request, as the provider calls them, as in ``{"top_p": 0.9}``.
        base_url: of an OpenAI-compatible server, as ``http://127.0.0.1:8000/v1`` (with a model ``openai/NAME``).
        timeout: seconds for one attempt of a call.
        requests_per_minute: rate limit; ``None`` is none.
        prices: US dollars for a million prompt tokens and a million reply tokens, where litellm has none.
    """

    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    context_tokens: int | None = None
    reasoning_effort: str | None = None
    extra: Mapping[str, Any] | None = None
    base_url: str | None = None
    timeout: float = 180.0
    requests_per_minute: float | None = None
    prices: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.max_tokens is not None:
            whole_number("max_tokens", self.max_tokens, 1)
        if self.context_tokens is not None:
            whole_number("context_tokens", self.context_tokens, 1)
        if self.temperature is not None:
            number("temperature", self.temperature, 0)
        if self.extra is not None and not isinstance(self.extra, Mapping):
            raise ValueError(f"extra is an object from names to values, got {self.extra!r}")
        if problem := option_problem(self.options()):
            raise ValueError(f"extra: {problem}")
        if self.prices is not None and (isinstance(self.prices, str) or not isinstance(self.prices, Sequence)):
            words = f"prices are two numbers, dollars per million prompt and reply tokens, got {self.prices!r}"
            raise ParameterError(words, "prices")
        self._settings = Settings(
            context_tokens=self.context_tokens,
            base_url=self.base_url,
            timeout=self.timeout,
            requests_per_minute=self.requests_per_minute,
            prices=None if self.prices is None else tuple(self.prices),
        )

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        self.client = problem.client.with_(self._settings)

    def options(self) -> dict[str, Any]:
        """What its requests say beside messages and length."""
        given = {"temperature": self.temperature, "reasoning_effort": self.reasoning_effort, **(self.extra or {})}
        known = {name: value for name, value in given.items() if value is not None and name in OPTIONS}
        other = {name: value for name, value in given.items() if name not in OPTIONS}
        return known | ({EXTRA: other} if other else {})

    def request(self, messages: Messages, max_tokens: int | None = None) -> Request:
        return Request(self.model, list(messages), max_tokens or self.reply_tokens, self.options())

    @property
    def reply_tokens(self) -> int:
        """Most tokens of a reply."""
        if self.max_tokens is not None:
            return self.max_tokens
        own, context = self.own_reply_tokens(), self._context_tokens()
        return min(
            DEFAULT_MAX_TOKENS, own or DEFAULT_MAX_TOKENS, DEFAULT_MAX_TOKENS if context is None else context // 2
        )

    def own_reply_tokens(self) -> int | None:
        """Most tokens that the model can reply with at all; None if it is not known."""
        return backend_of(self.model).reply_tokens(self.model)

    def fixed_prompt(self) -> str:
        """What each prompt holds beside problem, artifact and evidence."""
        return ""

    def trace_limit(self, context: str, artifact: Artifact) -> int | None:
        tokens = self._context_tokens()
        if tokens is None:
            return None
        # An artifact may grow, and a table of numbers takes up to a token a character.
        fixed = 1.2 * (estimate(context + self.fixed_prompt()) + 2 * estimate(artifact.source)) + 500
        room = int(tokens - self.reply_tokens - fixed)
        if room < MIN_TRACE_CHARS:
            needed = int(fixed) + self.reply_tokens + MIN_TRACE_CHARS
            raise UserError(
                f"the context of {self.model}, {tokens:,} tokens, is too small: this problem needs about {needed:,}, "
                f"of which {self.reply_tokens:,} are for the reply (--agent-option max_tokens=N)"
            )
        return room

    def fits(self, question: str) -> bool:
        """Whether a prompt leaves room for the reply, as far as that can be told without the model's tokenizer."""
        tokens = self._context_tokens()
        return tokens is None or estimate(question + self.fixed_prompt()) + self.reply_tokens <= tokens

    def _context_tokens(self) -> int | None:
        return self.context_tokens or backend_of(self.model).context_tokens(self.model)


def estimate(text: str) -> int:
    """About as many tokens as a text can have with the tokenizers in use: single digits, words in pieces.

    >>> estimate("lean = 0.5")
    5
    """
    return sum(1 for _ in _TOKEN.finditer(text))
