"""The marks that models put around their thoughts. What stands between them is no edit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genopt_gym.core.reply import fences
from genopt_gym.core.reply.functions import dedented, parses

_KINDS = "think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|antthinking|inner_monologue"
_MARK = re.compile(
    rf"<\|?(?P<tag_end>/)?(?:\w+:)?(?P<tag>{_KINDS})(?:\s[^<>\n]*)?\|?>"
    rf"|\[(?P<square_end>/)?(?P<square>{_KINDS})\]"
    r"|<\|(?P<token>begin|start|end)_(?:of_)?(?P<token_tag>thought|thinking|think)\|>"
    r"|◁(?P<arrow_end>/)?(?P<arrow>think)▷",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"(?:<\|start\|>\w*)?<\|channel\|>(\w+)[^<\n]*<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>")


class Mark:
    """A mark at which thoughts begin or end."""

    def __init__(self, found: re.Match[str]) -> None:
        self.start, self.end = found.span()
        self.words = found[0]
        self.closes = bool(
            found["tag_end"] or found["square_end"] or found["arrow_end"] or (found["token"] or "").lower() == "end"
        )
        self.kind = (found["tag"] or found["square"] or found["arrow"] or found["token_tag"]).lower()


def mark_in(text: str, start: int, end: int) -> Mark | None:
    """The first mark between two places that is not only spoken of: in backticks, or inside a string."""
    line = text.rfind("\n", 0, start) + 1
    for found in _MARK.finditer(text, start, end):
        before = text[max(line, text.rfind("\n", 0, found.start()) + 1) : found.start()]
        if before.count("`") % 2 == 0 and (before.count('"') - before.count('\\"')) % 2 == 0:
            return Mark(found)
    return None


def thoughts_end(text: str, opening: Mark) -> int | None:
    """Where the thoughts end that a mark opens; None if they never do."""
    other = None
    for found in _MARK.finditer(text, opening.end):
        mark = Mark(found)
        quoted = text[found.start() - 1 : found.start()] == text[found.end() : found.end() + 1] == "`"
        if mark.closes and not quoted:
            if mark.kind == opening.kind:
                return mark.end
            other = other or mark.end
    return other


def only_answer(text: str) -> str:
    """What a model says in its channel for the answer, if it speaks in channels; else the text as it is."""
    channels = list(_CHANNEL.finditer(text))
    if not channels or not text.lstrip().startswith("<|"):
        return text
    if channels[-1][1] != "final":
        return ""
    answer = text[channels[-1].end() :]
    end = _CHANNEL_END.search(answer)
    return answer[: end.start()] if end else answer


def stray_end(lines: Sequence[str], start: int, last: int) -> int | None:
    """The line of a closing mark inside a block, where the block is a draft that was begun in thoughts.

    A component may speak of thoughts: then its text has both marks, or the block ends as it should.
    """
    opening = fences.fence(lines[start])
    assert opening is not None
    closed = last < len(lines) and (found := fences.fence(lines[last])) is not None and found.closes(opening)
    python = fences.language(opening.info) in fences.PYTHON
    opened = False
    for number in range(start + 1, last):
        line = lines[number].strip()
        mark = mark_in(line, 0, len(line)) if line[:1] in ("<", "[", "◁") else None
        if mark is None:
            continue
        opened = opened or not mark.closes
        if not mark.closes or opened:
            continue
        if not closed or _next_opens(lines, number):
            return number
        if python and not parses(dedented(fences.block_text(lines[start + 1 : last], opening))):
            return number
    return None


def _next_opens(lines: Sequence[str], number: int) -> bool:
    """Whether the next fence after a line opens a block."""
    following = next((found for line in lines[number + 1 :] if (found := fences.fence(line))), None)
    return following is None or bool(following.info)
