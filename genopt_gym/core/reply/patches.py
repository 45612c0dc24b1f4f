"""SEARCH/REPLACE blocks and unified diffs: both become lines to look for and lines to put there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genopt_gym.core.reply.pieces import SHOWN, Patch, Piece, ReplyProblem, is_placeholder

_OPENING = re.compile(r"([ \t]*)<{5,9} ?(?:SEARCH|ORIGINAL):?[ \t]*")
_MIDDLE = re.compile(r"[ \t]*={5,9}[ \t]*")
_CLOSING = re.compile(r"[ \t]*>{5,9} ?(?:REPLACE|UPDATED):?[ \t]*")
_HUNK = re.compile(r"@@(?:.*?@@)?")
_HEADER = re.compile(r"(?:diff --git |index [0-9a-f]|new file|deleted file|similarity|rename |--- |\+\+\+ )")
_DIFF_LINES = tuple(" +-@\\")
_NO_NEWLINE = "\\ No newline"


def opens_patch(line: str) -> bool:
    return _OPENING.fullmatch(line) is not None


def patch_end(lines: Sequence[str], start: int) -> int | None:
    """The line after the SEARCH/REPLACE block that begins at ``start``; None if it lacks a line."""
    middle = False
    for number in range(start + 1, len(lines)):
        line = lines[number]
        if _OPENING.fullmatch(line):
            return None
        if _MIDDLE.fullmatch(line):
            middle = True
        elif _CLOSING.fullmatch(line):
            return number + 1 if middle else None
    return None


def lacking_line(lines: Sequence[str], start: int) -> str:
    """Which line an unfinished block lacks."""
    for number in range(start + 1, len(lines)):
        if _OPENING.fullmatch(lines[number]) or _CLOSING.fullmatch(lines[number]):
            break
        if _MIDDLE.fullmatch(lines[number]):
            return ">>>>>>> REPLACE"
    return "======="


def read_patch(lines: Sequence[str], where: str | None, what: str) -> list[Piece]:
    """A whole SEARCH/REPLACE block.

    Several lines that could divide it make several readings; which of them is meant, only the texts can tell.
    """
    opening = _OPENING.fullmatch(lines[0])
    assert opening is not None
    lines = [line.removeprefix(opening[1]) for line in lines]
    middles = [number for number, line in enumerate(lines) if _MIDDLE.fullmatch(line)]
    if len(middles) > 1:
        middles = [number for number in middles if lines[number].rstrip() == "======="] or middles
    if len(middles) > 1:
        return [
            ReplyProblem(f"{what} is not plain: its block has {len(middles)} lines '======='; give the text whole.")
        ]
    search, replace = lines[1 : middles[0]], lines[middles[0] + 1 : -1]
    if is_placeholder("\n".join(search)) and is_placeholder("\n".join(replace)):
        return []  # the form, as the prompt shows it
    shown = "\n".join(search)[:SHOWN]
    return [Patch(search, replace, where, f"{what}, {shown!r},")]


def looks_like_diff(text: str) -> bool:
    """Whether a text is a unified diff: with its ``@@``, and nothing but lines of one."""
    lines = [line for line in text.split("\n") if line.strip()]
    return any(_HUNK.match(line) for line in lines) and all(
        line[0] in _DIFF_LINES or _HEADER.match(line) for line in lines
    )


def diff_path(line: str) -> str:
    """The path in a header line of a diff; empty if it names none."""
    if not line.startswith(("+++ ", "--- ")):
        return ""
    path = line[4:].split("\t")[0].strip()
    return "" if path == "/dev/null" else re.sub(r"^[ab]/", "", path)


def diff_end(lines: Sequence[str], start: int) -> int:
    """The line after a diff that stands in prose."""
    end = start + 1
    while end < len(lines) and lines[end][:1] in _DIFF_LINES:
        end += 1
    return end


def files_of(diff: str) -> list[list[str]]:
    """The lines of each file in a diff."""
    files: list[list[str]] = [[]]
    lines = diff.split("\n")
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("diff --git ") or (line.startswith("--- ") and after.startswith("+++ ")):
            files.append([])
        files[-1].append(line)
    return [lines for lines in files if lines]


def read_diff(text: str, where: str | None) -> list[Patch]:
    """The hunks of a diff, by what they say and not by their line numbers, which are seldom right."""
    hunks: list[Patch] = []
    search: list[str] = []
    replace: list[str] = []

    def finish() -> None:
        if search != replace:
            hunks.append(_hunk(search, replace, where, len(hunks) + 1))
        search.clear()
        replace.clear()

    lines = text.strip("\n").split("\n")
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if _HUNK.match(line) or _is_header(line, lines[number - 1] if number else "", following):
            finish()
        elif line.startswith("+"):
            replace.append(line[1:])
        elif line.startswith("-"):
            search.append(line[1:])
        elif not line.startswith(_NO_NEWLINE):
            search.append(line.removeprefix(" "))
            replace.append(line.removeprefix(" "))
    finish()
    return hunks


def _is_header(line: str, before: str, after: str) -> bool:
    """``--- `` may also remove a line that begins with ``-- ``, so what stands around it has to fit."""
    if line.startswith("--- "):
        return after.startswith("+++ ")
    if line.startswith("+++ "):
        return before.startswith("--- ")
    return _HEADER.match(line) is not None


def _hunk(search: list[str], replace: list[str], where: str | None, number: int) -> Patch:
    search, replace = list(search), list(replace)
    # Editors strip the blank of an empty line of context, and lines at the ends may not belong to it at all.
    while search and replace and not search[-1].strip() and not replace[-1].strip():
        search.pop()
        replace.pop()
    return Patch(search, replace, where, f"hunk {number} of the diff, {_shown(search)!r},")


def _shown(lines: list[str]) -> str:
    return "\n".join(lines)[:SHOWN]
