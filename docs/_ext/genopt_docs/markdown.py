"""Small pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

CODE = re.compile(r"(`+)(.+?)\1")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already.

    >>> print(table(["a", "b"], [["1", "x | y"]]), end="")
    | a | b |
    | --- | --- |
    | 1 | x \\| y |
    """
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def plain(text: str) -> str:
    """Words that are no Markdown, as Markdown; what stands in one or two back quotes is code.

    >>> plain("of ``a<b>`` and <c> by *one*")
    'of `a<b>` and \\\\<c> by \\\\*one\\\\*'
    """
    parts, done = [], 0
    for found in CODE.finditer(text):
        parts += [_escaped(text[done : found.start()]), f"`{found[2]}`"]
        done = found.end()
    return "".join([*parts, _escaped(text[done:])])


def _escaped(text: str) -> str:
    return re.sub(r"([\\<*\[\]$_])", r"\\\1", text)


def code(text: str, language: str = "python") -> str:
    """A block of code, whatever fences there are in it."""
    longest = max((len(found) for found in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def folded(title: str, body: str) -> str:
    """What is seen only by those who open it."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n</details>\n"


ALONE = "---\norphan: true\n---\n\n"
"""Head of a page that the table at the side leaves out: hundreds of entries on every page take most of a build."""


def listed(pages: Iterable[str], depth: int = 1) -> str:
    """The pages below this one, for the table at the side alone."""
    names = "\n".join(pages)
    return f"```{{toctree}}\n:hidden:\n:maxdepth: {depth}\n\n{names}\n```\n"
