"""Fenced blocks: where they end, and which component their first line names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from genopt_gym.core.reply.functions import dedented, parses
from genopt_gym.core.reply.pieces import Texts, is_python

PYTHON = ("", "python", "python3", "py", "python-repl")
WRAPPERS = ("", "markdown", "md", "text", "txt", "plaintext", "plain", "xml", "html", "edit", "reply", "output")
OBJECTS = ("", "json", "jsonc", "json5", "javascript", "js", "tool_call", "tool_code", "tool", "text", *PYTHON)
DIFFS = ("diff", "patch", "udiff", "unified-diff")
LANGUAGES = frozenset([*PYTHON, *WRAPPERS, *OBJECTS, *DIFFS, "bash", "sh", "yaml", "toml", "csv", "jinja", "prompt"])

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>(?:(?!```).)*)$")
_MOST_INDENTED = 3  # columns beyond the opening line's, for a line that closes; deeper, it is text
_LOOKED_AT = 9  # lines of backticks after an opening one, where it is not plain which of them closes
_EXTENSION = re.compile(r"\.(py|txt|md|json|jinja2?|j2|prompt|tmpl|template|diff|patch)$", re.IGNORECASE)


class OpenEnded(ValueError):
    """It is not plain where a block ends."""


class CodeFence:
    """A line that opens or closes a block."""

    def __init__(self, found: re.Match[str]) -> None:
        self.indent, self.ticks, self.info = found["indent"], found["ticks"], found["info"].strip()

    def closes(self, opening: CodeFence) -> bool:
        return not self.info and self.ticks.startswith(opening.ticks) and self._beside(opening)

    def opens_within(self, opening: CodeFence) -> bool:
        return bool(self.info) and self.ticks.startswith(opening.ticks) and self._beside(opening)

    def _beside(self, opening: CodeFence) -> bool:
        return len(self.indent) <= len(opening.indent) + _MOST_INDENTED


@lru_cache(maxsize=256)
def fence(line: str) -> CodeFence | None:
    found = _FENCE.match(line)
    return CodeFence(found) if found else None


def language(info: str) -> str:
    """The first word, which is most often a language; a file of Python counts as one."""
    words = _words(info)
    first = words[0].lower() if words else ""
    return "python" if first.endswith(".py") else first


def strangers(info: str) -> list[str]:
    """The words of an info string that are no language."""
    return [word for number, word in enumerate(_words(info)) if number or word.lower() not in LANGUAGES]


def named(info: str, components: Texts) -> str | None:
    """The one component that an info string names, as in ``python act``, ``src/act.py`` or ``text [prompt]``.

    >>> named("markdown file=prompt.md", {"prompt": "", "act": ""})
    'prompt'
    """
    words = _words(info)
    hits = [(number, name) for number, word in enumerate(words) if (name := _component(word, components))]
    if len(hits) > 1 and hits[0][0] == 0 and words[0].lower() in LANGUAGES:
        hits = hits[1:]  # a component may be called as a language is
    names = {name for _, name in hits}
    return names.pop() if len(names) == 1 else None


def block_end(lines: Sequence[str], start: int, components: Texts) -> tuple[int, int]:
    """Of the block that line ``start`` opens: the line that follows its text, and that with which the rest begins.

    Blocks may hold blocks. Where the same marks serve for both, the text decides: the one that is Python, or else
    the outermost pair, if the lines around the marks do not say otherwise.

    Raises:
        OpenEnded: they say nothing.
    """
    opening = fence(lines[start])
    assert opening is not None
    first = _first_end(lines, start, opening, components)
    if first is None or first == len(lines):
        return len(lines), len(lines)
    closing = fence(lines[first])
    if closing is None or not closing.closes(opening):
        return first, first  # the next block begins, and this one was never closed
    end = _choose(lines, start, first, opening, components)
    return end, end + 1


def _first_end(lines: Sequence[str], start: int, opening: CodeFence, components: Texts) -> int | None:
    """The first line that can close a block, blocks within it aside; None if there is none."""
    own = named(opening.info, components)
    inner: list[CodeFence] = []
    sibling: int | None = None
    for number in range(start + 1, len(lines)):
        found = fence(lines[number])
        if found is None:
            continue
        if inner and found.closes(inner[-1]):
            inner.pop()
        elif found.opens_within(inner[-1] if inner else opening):
            if own is not None and not inner and sibling is None and named(found.info, components):
                sibling = number
            inner.append(found)
        elif found.closes(opening):
            if sibling is None:
                return number
            if is_python(own or "", components[own or ""]) and _is_program(lines, start, sibling, opening):
                return sibling
            raise _open_ended(own or "", opening)
    return sibling


def _pairs_after(lines: Sequence[str], first: int, opening: CodeFence) -> list[int]:
    """Closing lines after the first, up to the next block that says what it is, if they come in pairs."""
    found: list[int] = []
    for number in range(first + 1, len(lines)):
        mark = fence(lines[number])
        if mark is None:
            continue
        if not mark.closes(opening) or len(found) == _LOOKED_AT:
            break
        found.append(number)
    return found[: len(found) // 2 * 2]


def _choose(lines: Sequence[str], start: int, first: int, opening: CodeFence, components: Texts) -> int:
    """The line that closes a block, of those that can."""
    name = named(opening.info, components)
    python = is_python(name, components[name]) if name else language(opening.info) in PYTHON
    if len(opening.ticks) > len("```") or not (name or python):
        return first
    if python and (first == start + 1 or _is_program(lines, start, first, opening)):
        return first
    later = _pairs_after(lines, first, opening)
    if python or not later:
        return next((end for end in later[1::2] if _is_program(lines, start, end, opening)), first)
    assert name is not None
    outer = _looks_opening(lines, first)
    apart = _looks_opening(lines, later[0]) or not lines[first + 1].strip()
    if outer == apart:
        raise _open_ended(name, opening)
    return later[-1] if outer else first


def _is_program(lines: Sequence[str], start: int, end: int, opening: CodeFence) -> bool:
    return parses(dedented(block_text(lines[start + 1 : end], opening)))


def _open_ended(name: str, opening: CodeFence) -> OpenEnded:
    return OpenEnded(
        f"It is not plain where the block for {name} ends, since it holds lines of {opening.ticks} itself; "
        f"fence it with {opening.ticks + opening.ticks[0]}."
    )


def _looks_opening(lines: Sequence[str], number: int) -> bool:
    before, after = lines[number - 1].strip(), lines[number + 1 : number + 2]
    return (not before or before.endswith(":")) and any(line.strip() for line in after)


def block_text(lines: Sequence[str], opening: CodeFence) -> str:
    """The text of a block, without the indentation of its first line."""
    return "\n".join(line.removeprefix(opening.indent) for line in lines)


@lru_cache(maxsize=256)
def _words(info: str) -> tuple[str, ...]:
    words = (word.strip("`'\"[](){}<>*#.") for word in re.split(r"[\s:=,;|]+", info))
    return tuple(word for word in words if word)


def _component(word: str, components: Texts) -> str | None:
    base = word.replace("\\", "/").rsplit("/", 1)[-1]
    return next((name for name in (word, base, _EXTENSION.sub("", base)) if name in components), None)
