"""How models are called."""

from __future__ import annotations

from dataclasses import dataclass

from genopt_gym.core.checks import number
from genopt_gym.core.errors import ParameterError


@dataclass(frozen=True)
class Settings:
    """How models are called.

    Attributes:
        base_url: of an OpenAI-compatible server; ``None`` is the provider's own.
        timeout: seconds for one attempt.
        attempts: how often a call is tried that fails in a passing way (429, 5xx, timeout, cut connection).
        backoff: seconds before the second attempt; doubled for each further one, with jitter, up to a minute.
            A provider's ``Retry-After`` goes before it.
        concurrency: calls under way at once.
        requests_per_minute: at most so many attempts begin in a minute, evenly spaced; ``None`` is no limit.
        prices: US dollars for a million prompt tokens and a million completion tokens, where litellm has none or
            others.
        context_tokens: of a model on this machine; ``None`` is what its file says, up to 32,768.
    """

    base_url: str | None = None
    timeout: float = 180.0
    attempts: int = 6
    backoff: float = 1.0
    concurrency: int = 16
    requests_per_minute: float | None = None
    prices: tuple[float, ...] | None = None
    context_tokens: int | None = None

    def __post_init__(self) -> None:
        number("timeout", self.timeout, above=0)
        number("attempts", self.attempts, above=0)
        number("backoff", self.backoff, 0)
        number("concurrency", self.concurrency, above=0)
        if self.requests_per_minute is not None:
            number("requests_per_minute", self.requests_per_minute, above=0)
        if self.context_tokens is not None:
            number("context_tokens", self.context_tokens, above=0)
        if self.prices is not None:
            if len(self.prices) != 2:
                message = f"prices are two numbers, dollars per million prompt and reply tokens, got {self.prices!r}"
                raise ParameterError(message, "prices")
            for price, what in zip(self.prices, ("prompt", "reply"), strict=True):
                number(f"prices, in dollars per million {what} tokens,", price, 0, parameter="prices")
