"""Who answers: a backend for each kind of model name."""

from __future__ import annotations

from typing import Protocol

from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings


class Backend(Protocol):
    """Answers requests of one kind of model."""

    counts_tokens: bool
    """Whether its replies have a number of tokens, so that a budget of tokens has to bear them."""

    async def complete(self, request: Request, settings: Settings) -> Reply:
        """One attempt.

        Raises:
            Transient: it failed, but another attempt may not.
            ModelError: it failed for good.
        """

    def prices(self, model: str) -> tuple[float, float] | None:
        """US dollars per prompt token and per completion token; None if they are not known."""

    def context_tokens(self, model: str) -> int | None:
        """How many tokens prompt and reply may have together; None if it is not known."""


_backends: dict[str, Backend] = {}


def backend_of(model: str) -> Backend:
    """The backend that answers for a model of this name."""
    kind = "local" if model.startswith("local/") else "litellm"
    if kind not in _backends:
        if kind == "local":
            from genopt_gym.llm.local import LocalModels

            _backends[kind] = LocalModels()
        else:
            from genopt_gym.llm.providers import Providers

            _backends[kind] = Providers()
    return _backends[kind]
