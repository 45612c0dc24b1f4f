"""Who answers: a backend for each kind of model name. A new one is a class here or elsewhere, and a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from genopt_gym.core.registry import ExtensionError, Registry, is_reference
from genopt_gym.llm.errors import ModelError
from genopt_gym.llm.request import Reply, Request
from genopt_gym.llm.settings import Settings


class Backend(ABC):
    """Answers requests of one kind of model. A process has one of each kind, for all its threads.

    Attributes:
        counts_tokens: whether its replies have a number of tokens, so that a budget of tokens holds room for them.
    """

    counts_tokens: ClassVar[bool] = True

    @abstractmethod
    async def complete(self, request: Request, settings: Settings) -> Reply:
        """One attempt; ``request.model`` is the whole name, prefix included.

        Raises:
            Transient: it failed, but another attempt may not.
            ModelError: it failed for good.
        """

    def problem(self, model: str, base_url: str | None = None) -> str:
        """Why the model could not be asked, as far as can be told without asking; empty if nothing is in the way.

        Raises:
            ModelError: in place of an answer.
        """
        return ""

    def prices(self, model: str) -> tuple[float, float] | None:
        """US dollars per prompt token and per completion token; None if they are not known."""
        return None

    def context_tokens(self, model: str) -> int | None:
        """How many tokens prompt and reply may have together; None if it is not known."""
        return None

    def reply_tokens(self, model: str) -> int | None:
        """Most tokens that a reply may have at all; None if it is not known."""
        return None


BACKENDS: Final = Registry(
    "model backend",
    Backend,  # type: ignore[type-abstract]
    {
        "local": "genopt_gym.llm.local:LocalModels",
        "litellm": "genopt_gym.llm.providers:Providers",
    },
)
"""By what stands before the first ``/`` of a model's name; litellm has the names of all other providers."""

_backends: dict[str, Backend] = {}


def backend_of(model: str) -> Backend:
    """The backend that answers for a model of this name, such as ``local/smollm2`` or ``my_module:Backend/a-model``.

    Raises:
        ModelError: the name begins with ``module:Class``, and that is no backend.
    """
    prefix, slash, _ = model.partition("/")
    kind = prefix if slash and (prefix in BACKENDS or is_reference(prefix)) else "litellm"
    if kind not in _backends:
        try:
            _backends[kind] = BACKENDS.make(kind)
        except ExtensionError as error:
            raise ModelError(str(error)) from error
    return _backends[kind]
