"""How models are called."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    base_url: str | None = None
    timeout: float = 180.0
    attempts: int = 6
    backoff: float = 1.0
    concurrency: int = 16
    requests_per_minute: float | None = None
    prices: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("timeout", "attempts", "concurrency", "requests_per_minute"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
                raise ValueError(f"{name} must be a number above 0, got {value!r}")
        if self.prices is not None and (
            len(self.prices) != 2 or not all(isinstance(price, int | float) and price >= 0 for price in self.prices)
        ):
            raise ValueError(
                f"prices are two numbers, dollars per million prompt and reply tokens, got {self.prices!r}"
            )
