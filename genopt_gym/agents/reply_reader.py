"""What came of a model's reply: an edit, or the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genopt_gym.core.edit import UnparsableEdit, parse_edit
from genopt_gym.core.reply.parsing import Versions
from genopt_gym.llm import Reply

SHOWN = 200
"""Characters of a model's own words that a message repeats."""


@dataclass(frozen=True)
class Reading:
    """A reply, read.

    Attributes:
        edit: the new texts, empty where the model says that nothing is to change; ``None`` if there is no edit.
        problem: why there is none, in words that go on "No edit could be taken from your reply: ...".
        too_long: whether it reached the most tokens that it may have.
    """

    edit: Mapping[str, str] | None
    problem: str = ""
    too_long: bool = False


def read_reply(
    reply: Reply, components: Mapping[str, str], max_tokens: int, versions: Versions | None = None
) -> Reading:
    """Read a reply to a request that allowed ``max_tokens``; one that is not whole holds no edit.

    Args:
        reply: what came.
        components: those that may be edited, with the texts that the reply is an edit of.
        max_tokens: most tokens that it may have.
        versions: earlier versions, which the reply may go back to.
    """
    if reply.truncated:
        return _cut_off(reply, max_tokens)
    text = reply.text if reply.text.strip() else _called(reply)
    if not text.strip():
        return Reading(None, _silence(reply))
    try:
        return Reading(parse_edit(text, components, versions))
    except UnparsableEdit as error:
        return Reading(None, str(error))


def _cut_off(reply: Reply, max_tokens: int) -> Reading:
    if reply.finish == "content_filter":
        return Reading(None, "it was stopped by the provider's content filter before it was whole.")
    if reply.text.strip():
        return Reading(None, f"it was cut off after {max_tokens:,} tokens, the most that it may have.", too_long=True)
    return Reading(
        None, f"its thoughts took all of the {max_tokens:,} tokens that it may have, and no answer came.", too_long=True
    )


def _called(reply: Reply) -> str:
    """The arguments of a tool that the model has called, though it was offered none."""
    calls = reply.extra.get("tool_calls")
    if not isinstance(calls, list):
        return ""
    arguments = [call.get("function", {}).get("arguments") for call in calls if isinstance(call, dict)]
    return "\n".join(_as_text(each) for each in arguments if each)


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _silence(reply: Reply) -> str:
    if refusal := str(reply.extra.get("refusal") or "").strip():
        return f"it is a refusal, {refusal[:SHOWN]!r}."
    if reply.extra.get("reasoning_content"):
        return "it is empty: thoughts came, but no text after them."
    return "it is empty."
