"""The documents of the repository, and the blocks of code in them with what is said of each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "external").glob("*.md")])
"""The hand-written pages."""
BLOCK = re.compile(r"^(?:<!-- (?P<mark>.*?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code in a document.

    Attributes:
        page: the document, from the repository's root.
        number: which block of the document, from 0.
        language: as the fence says it.
        code: its lines.
        mark: what the comment above it says; empty if a test has to run the block as it stands.
    """

    page: str
    number: int
    language: str
    code: str
    mark: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.number}"


def blocks(*paths: Path) -> Iterator[Block]:
    """Every block with a language, in these documents or in all."""
    for path in paths or DOCUMENTS:
        for number, found in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8"))):
            page = str(path.relative_to(ROOT))
            yield Block(page, number, found["language"], found["code"], found["mark"] or "")


def commands(block: Block) -> Iterator[list[str]]:
    """The words after ``genopt`` of each command in a block of shell, those within loops too."""
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line.strip(), comments=True)
        if words and words[0].rpartition("/")[2] == "genopt":
            yield words[1:]


def command_lines(block: Block) -> Iterator[list[str]]:
    """The words of each line of a block of shell; a line that goes on is one, and comments are none."""
    for line in block.code.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words


def blocks_checked_by(test: str, page: str) -> list[Block]:
    """The blocks of a page of ``docs`` that say that this test checks them."""
    return [block for block in blocks(ROOT / "docs" / page) if block.mark == f"checked by {test}"]
