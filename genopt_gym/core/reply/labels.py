"""What the line before a block says of it."""

from __future__ import annotations

import re

from genopt_gym.core.reply.fences import LANGUAGES, named, strangers
from genopt_gym.core.reply.pieces import Texts

_OLD = re.compile(
    r"\b(originals?|old(er)?|previous(ly)?|prior|before|for (reference|comparison)|current(ly)?|present|existing|"
    r"as (it|they) (stands?|is|are|was|were)|used to be|instead of( this| that)?|rejected|discarded|abandoned|"
    r"not recommended|(do not|don't|never) use|wrong|first (attempt|draft|try)|alternatives?|unchanged|was|drafts?|"
    r"thoughts?|thinking|scratch(pad)?|sketch|brainstorm(ing)?)\b",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"\b(new|now|improve(s|d|ment)?|update[sd]?|fix(es|ed)?|revised|better|final(ly)?|changes?|changed|edit(ed)?|"
    r"becomes?|with( this)?|after|propos(e|ed|al)|faster|rewritten|modified|correct(ed)?|my|so|i|then)\b",
    re.IGNORECASE,
)
_HEADING_OF_PROMPTS = re.compile(r"#\s*(Score|Parent with score|Edit \d)")
_MARKUP = " #*_>`-+:.\t"
_MOST_WORDS = 8


def lasts(line: str) -> bool:
    """Whether a line is the heading of a part of our prompts: it is about all the blocks that follow at once."""
    return _HEADING_OF_PROMPTS.match(line) is not None


def says_old(line: str) -> str:
    """The line, if it says that what follows is an old version, an alternative or a quotation; else nothing.

    >>> says_old("**For reference, the old version:**"), says_old("Replace the old version with:")
    ('For reference, the old version', '')
    """
    if lasts(line):
        return line
    bare = line.strip(_MARKUP)
    is_label = line.rstrip(" *_`").endswith(":") or line.startswith(("#", "**", "__")) or len(bare.split()) <= 4
    if not is_label or len(bare.split()) > _MOST_WORDS or not _OLD.search(bare):
        return ""
    rest = re.sub(r"(do not|don't|never) use", "", bare, flags=re.IGNORECASE)
    return "" if _NEW.search(rest) or re.search(r"\buse\b", rest, re.IGNORECASE) else bare


def names_component(line: str, components: Texts, info: str) -> str | None:
    """The component that a line such as ``### prompt`` or ``**act.py**:`` announces a block for, if it says no more."""
    if strangers(info):
        return None
    bare = line.strip(_MARKUP)
    if not bare or len(bare.split()) != 1 or bare.lower() in LANGUAGES - components.keys():
        return None
    return named(bare, components)
