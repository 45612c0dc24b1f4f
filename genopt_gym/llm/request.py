"""What a model is asked, and what it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

SAMPLING = frozenset(["temperature", "top_p", "top_k", "min_p", "seed", "stop", "logit_bias"])
PENALTIES = frozenset(["frequency_penalty", "presence_penalty", "repetition_penalty"])
FORM = frozenset(
    ["tools", "tool_choice", "parallel_tool_calls", "response_format", "verbosity", "chat_template_kwargs"]
)
THOUGHT = frozenset(["reasoning_effort", "thinking"])
OPTIONS = SAMPLING | PENALTIES | FORM | THOUGHT
"""Never all that litellm takes: its own parameters can change address, key and number of calls."""
EXTRA = "extra_body"
"""The option under which anything else of a provider's own goes: an object, whose fields become the request's."""
NEVER_EXTRA = frozenset(
    ["model", "messages", "max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict"]
) | frozenset(["n", "best_of", "num_return_sequences", "stream", "stream_options", "extra_body", "fallbacks", "models"])
"""What may not be among these: it is ours to say, or there would be more to pay for than the budget holds."""
DEFAULT_MAX_TOKENS = 16_384
"""Most tokens of a reply, where nobody says: thoughts count, and leave room for an edit."""


CUT_OFF = frozenset(["length", "max_tokens", "content_filter"])
"""Ends of a reply that is not whole."""


class Request(msgspec.Struct, frozen=True):
    """One question to a model.

    Attributes:
        model: ``provider/name`` as litellm knows it, or ``local/...`` for a model on this machine.
        messages: the conversation so far, as in OpenAI's chat protocol: ``{"role": "user", "content": "..."}``.
        max_tokens: most tokens of the answer; what a budget reserves.
        options: what else the chat protocol knows, of ``OPTIONS``: ``temperature``, ``seed``, ``stop``, ...; and
            ``extra_body``, for fields that are a provider's own.
    """

    model: str
    messages: list[Any]
    max_tokens: int = 4096
    options: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """Content id: 32 hexadecimal digits that depend on every field."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:32]

    @property
    def prompt_bound(self) -> int:
        """More tokens than the prompt can have: every tokenizer makes a byte at least of a token.

        What a chat template adds around messages, tools and formats is some tokens each.
        """
        return len(msgspec.json.encode([self.messages, self.options])) + 16 * len(self.messages) + 64


def option_problem(options: Mapping[str, Any]) -> str | None:
    """Why options cannot be sent, if so.

    >>> option_problem({"extra_body": {"n": 50}})
    "a request cannot pass on 'n': it is ours to say"
    """
    if unknown := options.keys() - OPTIONS - {EXTRA}:
        return f"a request has no option {min(unknown)!r}; there are {', '.join(sorted(OPTIONS))}, and {EXTRA}"
    extra = options.get(EXTRA, {})
    if not isinstance(extra, dict):
        return f"{EXTRA} is an object from names to values, not {extra!r:.100}"
    if mine := extra.keys() & NEVER_EXTRA:
        return f"a request cannot pass on {min(mine)!r}: it is ours to say"
    return None


def is_text(content: Any) -> bool:
    """Whether a message is text alone: the tokens of an image have no bound that a budget could keep."""
    if content is None or isinstance(content, str):
        return True
    parts = content if isinstance(content, list) else [None]
    return all(isinstance(part, dict) and part.get("type") in ("text", "refusal") for part in parts)


class Reply(msgspec.Struct, frozen=True):
    """A model's answer.

    Attributes:
        text: what it said; empty if it said nothing.
        finish: why it ended: ``stop``, ``length``, ``content_filter``, ``tool_calls``, ...
        prompt_tokens: as the provider counts them; 0 where it does not.
        completion_tokens: as the provider counts them; 0 where it does not.
        money: in US dollars; ``None`` where the price is not known.
        extra: what the answering message holds beside its text: ``tool_calls``, ``reasoning_content``, ``refusal``.
    """

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    money: float | None
    extra: dict[str, Any] = {}

    @property
    def truncated(self) -> bool:
        """Whether it was cut off, by its length limit or by a filter; such a reply is never to become an artifact."""
        return self.finish in CUT_OFF
