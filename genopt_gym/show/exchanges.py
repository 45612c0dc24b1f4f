"""What models were asked in a run, and what they answered, by the step that it led to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genopt_gym.core.errors import UserError
from genopt_gym.core.journal import read_journal
from genopt_gym.runs.folder import REPLIES
from genopt_gym.runs.steps import Step

AGENTS_OWN = "proposer"
"""The role of the optimizer's calls; others are those of artifacts, thousands of them."""


def exchanges_by_step(folder: Path, steps: Sequence[Step]) -> dict[int, list[dict[str, Any]]]:
    """Step to the questions that its agent asked before it, each with its reply.

    The file of replies tells no steps. The ledger tells how many calls were made up to each step, and each reply how
    many calls it took.

    Raises:
        UserError: the file is damaged.
    """
    asked = _exchanges(folder)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    place, calls = 0, 0
    for step in steps:
        made = step.models.get(AGENTS_OWN, {}).get("calls", 0)
        while place < len(asked) and calls < made:
            found[step.step].append(asked[place])
            calls += asked[place]["calls"]
            place += 1
    return dict(found)


def _exchanges(folder: Path) -> list[dict[str, Any]]:
    try:
        rows = [row for row in read_journal(folder / REPLIES)[0] if "reply" in row and row["role"] == AGENTS_OWN]
        return [_exchange(row) for row in rows]
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder / REPLIES} cannot be read as recorded model replies: {error!r}") from None


def _exchange(row: Mapping[str, Any]) -> dict[str, Any]:
    request, reply, cost = row["request"], row["reply"], row["cost"]
    return {
        "model": request["model"],
        "messages": [{"role": each["role"], "text": message_text(each.get("content"))} for each in request["messages"]],
        "reply": reply["text"],
        "thoughts": message_text(reply.get("extra", {}).get("reasoning_content")),
        "finish": reply["finish"],
        "prompt_tokens": reply["prompt_tokens"],
        "completion_tokens": reply["completion_tokens"],
        "money": cost["money"],
        "calls": max(cost["calls"], 1),
    }


def message_text(content: Any) -> str:
    """The text of a message, whichever form it has.

    >>> message_text("Hello"), message_text([{"type": "text", "text": "Hello"}]), message_text(None)
    ('Hello', 'Hello', '')
    """
    if content is None:
        return ""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", part)) if isinstance(part, dict) else str(part) for part in content)
    return str(content)
