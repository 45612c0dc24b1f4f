"""Long texts, page by page."""

from __future__ import annotations

from typing import NamedTuple

from genopt_gym.serve.errors import SessionError

PAGE_LINES = 200
PAGE_CHARS = 20_000
LINE_CHARS = 2000
"""Longer lines count as several."""


class Page(NamedTuple):
    """Some lines of a text: ``first`` to ``last`` out of so many."""

    text: str
    first: int
    last: int
    lines: int


def page(text: str, first: int = 1, last: int | None = None) -> Page:
    """The lines from ``first`` to ``last``, which count from 1 and are both shown; no more than a page holds.

    Raises:
        SessionError: there are no such lines.

    >>> page("a\\nb\\nc", 2)
    Page(text='b\\nc', first=2, last=3, lines=3)
    """
    lines = [piece for line in text.splitlines() or [""] for piece in _pieces(line)]
    last = first + PAGE_LINES - 1 if last is None else last
    if not 1 <= first <= len(lines) or last < first:
        raise SessionError(f"there are lines 1 to {len(lines)}, not {first} to {last}")
    shown: list[str] = []
    chars = 0
    for line in lines[first - 1 : min(last, first + PAGE_LINES - 1)]:
        chars += len(line) + 1
        if shown and chars > PAGE_CHARS:
            break
        shown.append(line)
    return Page("\n".join(shown), first, first + len(shown) - 1, len(lines))


def _pieces(line: str) -> list[str]:
    return [line[start : start + LINE_CHARS] for start in range(0, len(line), LINE_CHARS)] or [""]
