"""A trace in fewer characters than it has, for prompts whose artifact has become long."""

from __future__ import annotations

import re

from genopt_gym.core.trace import share_by_need

LEAST = 1_000
"""Characters that a trial keeps, if it has them."""
NOTE_CHARS = 60
"""More than the note takes that stands for what was left out."""
LONG_LINE = 200
"""A line with more characters than these may be cut itself."""
_TRIAL = re.compile(r"^(?=Trial )", re.MULTILINE)
_TABLE = re.compile(r"^(?:step,|Objects, and which of their numbers a row gives)", re.MULTILINE)


def shorter_trace(trace: str, most_chars: int) -> str:
    """The trace, its trials cut to their two ends where it has more characters than allowed.

    Trials share what there is by need, and keep their first and last lines: how they went, and what a question asks at
    its end. Tables of many steps stay whole: a row leaves blank what is as in the row above, so none can be taken out
    here, and ``max_trace_chars`` and ``credit_horizon`` bound them where they are written.

    Args:
        trace: as an observation has it.
        most_chars: of the result, as far as tables and ``LEAST`` of each other trial allow.
    """
    if len(trace) <= most_chars:
        return trace
    parts = _TRIAL.split(trace)
    whole = [part for part in parts if _TABLE.search(part)]
    texts = [part for part in parts if not _TABLE.search(part)]
    shares = iter(share_by_need(list(map(len, texts)), most_chars - sum(map(len, whole))))
    return "".join(part if _TABLE.search(part) else _ends(part, max(LEAST, next(shares))) for part in parts)


def _ends(text: str, most_chars: int) -> str:
    """A text's two ends, in whole lines where these are short; two thirds of what is kept are from its beginning."""
    if len(text) <= most_chars:
        return text
    room = most_chars - NOTE_CHARS
    start = text[: 2 * room // 3]
    end = text[len(text) - (room - len(start)) :]
    start = start[: start.rfind("\n", len(start) - LONG_LINE) + 1] or start
    end = end[end.find("\n", 0, LONG_LINE) + 1 :]
    left_out = len(text) - len(start) - len(end)
    return f"{start.rstrip(chr(10))}\n(... {left_out:,} characters left out of this prompt ...)\n{end}"
