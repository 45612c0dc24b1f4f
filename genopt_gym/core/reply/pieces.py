"""What a reply is made of, once it is read: new texts, patches, and what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Texts = Mapping[str, str]  # from component names

SHOWN = 100  # characters of somebody else's text that a message repeats
MAX_TRIES = 200  # for what costs a pass over the whole reply, or a search for similar names

_NOTHING = re.compile(r"\W*N[Oo][ _-]?(?:EDITS?|[Ee]dits?)\W*")
_REVERT = re.compile(
    r"\W*REVERT(?:[ :]+(?:to[ :]+)?(?:the[ ]+)?(?:(?P<best>best)(?:[ ]+so[ ]+far)?|(?P<start>start)"
    r"|(?:edit[ ]*)?\W?(?P<number>\d{1,6})))?\W*",
    re.IGNORECASE,
)
_DOTS = ("...", "…")


class UnparsableEdit(ValueError):
    """A reply holds no edit, or a malformed one; the message tells its writer why, in one sentence."""


@dataclass(frozen=True)
class Whole:
    """The whole new text of a component.

    Attributes:
        label: the line before it, where that says that the text is no edit, such as "The old version:".
        exact: whether the text ends just as it was meant to, as inside a JSON string.
    """

    name: str
    text: str
    label: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Patch:
    """Lines to look for, and lines to put in their place.

    Attributes:
        where: the one component to look in; ``None`` is any.
        what: how messages call it.
    """

    search: list[str]
    replace: list[str]
    where: str | None = None
    what: str = "the SEARCH text"


@dataclass(frozen=True)
class NoEdit:
    """The writer says that nothing is to change."""


@dataclass(frozen=True)
class Revert:
    """The writer goes back to an earlier version: that of an edit (0 is the start), or the best so far (``None``)."""

    to: int | None


@dataclass(frozen=True)
class ReplyProblem:
    """Why a part of the reply, which was meant as an edit, cannot be taken for one."""

    words: str


Piece = Whole | Patch | NoEdit | Revert | ReplyProblem


def says_no_edit(text: str) -> bool:
    return _NOTHING.fullmatch(text.strip()) is not None


def reversion(text: str) -> Revert | None:
    """The reversion that a line asks for, which is nothing but that; None for any other line.

    >>> reversion("**REVERT to edit 3**"), reversion("REVERT"), reversion("Revert it all.")
    (Revert(to=3), Revert(to=None), None)
    """
    found = _REVERT.fullmatch(text.strip()) if "REVERT" in text[:SHOWN] else None
    if found is None:
        return None
    if found["start"]:
        return Revert(0)
    return Revert(int(found["number"]) if found["number"] else None)


def is_placeholder(text: str) -> bool:
    """Whether a text only stands for one, as in the form that the prompt shows."""
    return text.strip() in _DOTS


def is_python(name: str, text: str) -> bool:
    """Whether a component's present text is the function of that name."""
    return re.search(rf"^(?:async )?def {re.escape(name)}\b", text, re.MULTILINE) is not None


def lookalike(word: str, components: Iterable[str]) -> bool:
    """Whether a name is a component's, misspelt."""
    return _lookalike(word[:SHOWN].lower(), tuple(name.lower() for name in components))


@lru_cache(maxsize=1024)
def _lookalike(word: str, names: tuple[str, ...]) -> bool:
    return bool(difflib.get_close_matches(word, names, n=1, cutoff=0.8))


def unknown(name: str, components: Texts) -> str:
    nearest = difflib.get_close_matches(name[:SHOWN], components, n=1, cutoff=0)
    hint = f"the nearest is {nearest[0]!r}, of {', '.join(components)}" if nearest else "there are none"
    return f"{name[:SHOWN]!r} is not an editable component; {hint}."
