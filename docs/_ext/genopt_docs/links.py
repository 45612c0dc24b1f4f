"""Links between documents of the repository, as links between pages of the site.

Documents link to each other as files, so that they can be read in the repository. On the site some of these files are
pages elsewhere, and a file of source code is none.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import PurePosixPath

from genopt_docs.fingerprint import ROOT

PLACES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
    "benchmarks/results/README.md": "project/measurements/index.md",
}
"""File of the repository to page of the site."""
RESULTS = PurePosixPath("benchmarks/results")
DOCS = PurePosixPath("docs")
LINK = re.compile(r"""(\]\(|\bsrc=")([^)"\s:#]+)(#[^)"\s]*)?([)"])""")
FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


def relinked(text: str, origin: PurePosixPath, page: PurePosixPath) -> str:
    """A document's text with its links as they have to be on its page.

    Args:
        text: Markdown.
        origin: the document, from the repository's root.
        page: where its text will stand, from the folder ``docs``.

    >>> here = PurePosixPath("docs/atari.md"), PurePosixPath("atari.md")
    >>> relinked("[a](../CONTRIBUTING.md#style) and [b](bbeh.md) and [c](#speed)", *here)
    '[a](project/contributing.md#style) and [b](bbeh.md) and [c](#speed)'
    """

    def replaced(match: re.Match[str]) -> str:
        before, target, anchor, after = match.groups()
        return f"{before}{_place(target, origin, page)}{anchor or ''}{after}"

    return outside_fences(text, lambda part: LINK.sub(replaced, part))


def outside_fences(text: str, change: Callable[[str], str]) -> str:
    """The text with everything changed but its blocks of code.

    >>> outside_fences("a\\n```\\na\\n```\\na", str.upper)
    'A\\n```\\na\\n```\\nA'
    """
    parts, done = [], 0
    for block in FENCE.finditer(text):
        parts += [change(text[done : block.start()]), block[0]]
        done = block.end()
    return "".join([*parts, change(text[done:])])


def _place(target: str, origin: PurePosixPath, page: PurePosixPath) -> str:
    path = PurePosixPath(posixpath.normpath(origin.parent / target))
    if str(path) in PLACES:
        place = PurePosixPath(PLACES[str(path)])
    elif path.parent == RESULTS and path.suffix == ".md":
        place = PurePosixPath("project/measurements") / path.name
    elif path.is_relative_to(DOCS) and origin.is_relative_to(DOCS) and page == origin.relative_to(DOCS):
        return target
    elif path.is_relative_to(DOCS):
        place = path.relative_to(DOCS)
    elif (ROOT / path).exists() and path.suffix != ".png":
        return f"{_repository()}/blob/main/{path}"
    else:
        place = PurePosixPath("..") / path
    return posixpath.relpath(place, page.parent)


@cache
def _repository() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"])
