"""The edit that a reply comes to: its pieces put together, in the order in which they stand."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from genopt_gym.core.reply import envelopes, functions, matching, thoughts
from genopt_gym.core.reply.pieces import (
    SHOWN,
    NoEdit,
    Patch,
    Piece,
    ReplyProblem,
    Revert,
    Texts,
    UnparsableEdit,
    Whole,
    is_python,
    unknown,
)
from genopt_gym.core.reply.reading import Findings, read_pieces

_BOM = "\ufeff"
_LEFT_OUT = re.compile(
    r"\s*(?:#|//|/\*|<!--|\{#|[\[(])?\s*(?:"
    r"(?:\.{3}|…).*\b(?:rest|existing|unchanged|same|remaining|remainder|omitted|as before|as is|previous)\b.*"
    r"|.*\b(?:rest|existing|remaining|remainder|as before|omitted|unchanged)\b.*(?:\.{3}|…)"
    r"|(?:the )?(?:rest|remainder)(?: of [\w ]+)? (?:is|are|stays?|remains?|goes here)\b.*"
    r"|(?:rest|remainder) (?:unchanged|as before|omitted|the same)\b.*"
    r")\s*(?:\*/|-->|#\}|[\])])?\s*",
    re.IGNORECASE,
)


Versions = Mapping[int | None, Texts]
"""Earlier versions of the components: by the number of the edit that made them, 0 for the start; ``None`` is the best
so far."""


def parse_edit(text: str, components: Mapping[str, str], versions: Versions | None = None) -> dict[str, str]:
    """Read an edit out of free text, such as a model's reply. Nothing in it is ever run.

    What a reply may hold, alone or together, and applied in the order in which it stands:

    - a Python program, and nothing else, which defines components;
    - fenced blocks: one belongs to the component that its first line names (``python act`` after the mark, or
      ``act.py``), or else to the components whose functions it defines. The outermost pair of marks counts;
    - JSON objects from component names to texts, alone, fenced or in prose, commentary beside them or an envelope
      around them (``edit``, the ``arguments`` of a tool call, a list of ``{"component": ..., "text": ...}``);
    - ``<variable><name>act</name><value>...</value></variable>`` and other tags that name a component;
    - SEARCH/REPLACE blocks and unified diffs, applied by what they say: the lines must be found exactly once;
    - ``NO EDIT``, for the empty edit;
    - ``REVERT``, ``REVERT to edit 3`` or ``REVERT to start`` on a line of its own: the texts of an earlier version take
      the place of the present ones, and all else in the reply is an edit of these.

    Of two new texts for a component the later wins; a present text never does, nor one that is announced as an old
    version. Thoughts (``<think>`` and the like) are no edit. Whatever is not plain is refused.

    Args:
        text: the reply.
        components: those that may be edited, with their present texts.
        versions: to which a reply may go back; ``None`` if there are none at hand.

    Returns:
        The new texts. Empty where the reply says that nothing is to change.

    Raises:
        UnparsableEdit: there is no edit, or it is not plain; the message says what to do, in one sentence.

    >>> parse_edit("Better stay:\\n```python\\ndef act(ball):\\n    return 0\\n```", {"act": "..."})
    {'act': 'def act(ball):\\n    return 0'}
    """
    text = text.replace("\r\n", "\n").removeprefix(_BOM)
    edit = _Edit(components)
    if program := functions.by_function(text, components, strict=True):
        # A program is nothing else, but a dict in it could be taken for JSON, or a string for thoughts.
        return edit.of(Whole(name, part) for name, part in program.items())
    answer = thoughts.only_answer(text)
    findings = read_pieces(answer, components)
    backs = [piece for piece in findings.pieces if isinstance(piece, Revert)]
    if backs:
        return _edit_of_version(answer, components, _version(backs, versions or {}))
    found = edit.of(findings.pieces)
    if not found and not edit.nothing:
        raise _nothing_found(answer, findings, edit, components)
    return found


def _version(backs: list[Revert], versions: Versions) -> Texts:
    """The one version that a reply goes back to."""
    if len({back.to for back in backs}) > 1:
        raise UnparsableEdit("The reply asks for more than one REVERT; give one.")
    if not versions:
        raise UnparsableEdit("There are no earlier versions at hand for REVERT; give the texts whole.")
    number = backs[0].to
    if number not in versions:
        known = ", ".join(str(each) for each in sorted(each for each in versions if each is not None))
        raise UnparsableEdit(f"Edit {number} left no texts that REVERT could bring back; these did: {known[:1000]}.")
    return versions[number]


def _edit_of_version(answer: str, components: Texts, version: Texts) -> dict[str, str]:
    """The texts of an earlier version, with what else the reply says done to them."""
    base = {**components, **version}
    edit = _Edit(base)
    changed = edit.of(piece for piece in read_pieces(answer, base).pieces if not isinstance(piece, Revert))
    if edit.nothing:
        raise UnparsableEdit("The reply says both NO EDIT and REVERT; give one of the two.")
    return {**base, **changed}


class _Edit:
    """New texts, as far as they have been read."""

    def __init__(self, components: Texts) -> None:
        self.nothing = False
        """Whether the writer said that nothing is to change."""
        self.old: list[Whole] = []
        """Texts that were announced as no edit."""
        self._components = components
        self._texts: dict[str, str] = {}
        self._whole: set[str] = set()

    def of(self, pieces: Iterable[Piece]) -> dict[str, str]:
        for piece in pieces:
            match piece:
                case ReplyProblem():
                    raise UnparsableEdit(piece.words)
                case NoEdit():
                    self.nothing = True
                case Whole() if piece.label:
                    self.old.append(piece)
                case Whole():
                    self._take(piece)
                case Patch():
                    self._apply(piece)
        changed = [name for name, text in self._texts.items() if text != self._components[name]]
        if self.nothing and changed:
            raise UnparsableEdit(
                f"The reply says NO EDIT, and gives a new text for {', '.join(changed)}; give one of the two."
            )
        return {} if self.nothing else self._texts

    def _take(self, piece: Whole) -> None:
        name, current = piece.name, self._components[piece.name]
        text = _written_like(current, piece.text)
        if piece.exact and text != current:
            text = piece.text
        if line := _left_out(text, current):
            raise UnparsableEdit(
                f"The text of {name} leaves something out, at `{line.strip()[:SHOWN]}`; give it whole, or as "
                "SEARCH/REPLACE blocks."
            )
        new = self._texts.get(name, current)
        if new != current and _alike(name, text, current):
            return  # the old version, repeated after the new one
        self._texts[name] = text
        self._whole.add(name)

    def _apply(self, patch: Patch) -> None:
        texts = {**self._components, **self._texts}
        try:
            name, text = matching.apply(patch, texts)
        except UnparsableEdit:
            if not self._repeats(patch):
                raise
            return
        self._texts[name] = _line_ends_like(self._components[name], text)

    def _repeats(self, patch: Patch) -> bool:
        """Whether a patch of the present text comes to a new text that was given already."""
        try:
            name, text = matching.apply(patch, self._components)
        except UnparsableEdit:
            return False
        return name in self._whole and _alike(name, text, self._texts[name])


def _written_like(current: str, text: str) -> str:
    """The text with the line ends of the current one, lest an unchanged text look changed."""
    if not current.startswith(_BOM):
        text = text.removeprefix(_BOM)
    text = text.replace("\r\n", "\n")
    ending = current.replace("\r\n", "\n")
    text = text.rstrip("\n") + ending[len(ending.rstrip("\n")) :]
    return current if text == ending else _line_ends_like(current, text)


def _line_ends_like(current: str, text: str) -> str:
    if "\r\n" in current and "\n" not in current.replace("\r\n", ""):
        return text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text


def _alike(name: str, text: str, other: str) -> bool:
    """Whether two texts differ in layout alone."""
    if [line.rstrip() for line in text.strip().splitlines()] == [line.rstrip() for line in other.strip().splitlines()]:
        return True
    return is_python(name, other) and functions.same_program(text, other)


def _left_out(text: str, current: str) -> str | None:
    """A line that only says that something stays as it was, if there is one."""
    if "..." not in text and "…" not in text and "rest" not in text.lower() and "remainder" not in text.lower():
        return None
    known = set(current.split("\n"))
    return next((line for line in text.split("\n") if line not in known and _LEFT_OUT.fullmatch(line[:300])), None)


def _nothing_found(text: str, findings: Findings, edit: _Edit, components: Texts) -> UnparsableEdit:
    for old in edit.old:
        return UnparsableEdit(
            f"The text for {old.name} stands under {old.label[:SHOWN]!r} and is taken for no edit; give the new text "
            "without such words before it."
        )
    if findings.remarks:
        return UnparsableEdit(findings.remarks[-1])
    names = itertools.islice(itertools.chain(findings.names, functions.FUNCTION.findall(text)), 1000)
    for name in names:
        if name not in components and name.lower() not in envelopes.COMMENTARY:
            return UnparsableEdit(unknown(name, components))
    if odd := functions.odd_definition(text, components):
        return UnparsableEdit(odd)
    return UnparsableEdit(
        f"The reply has no new text for any of the components {', '.join(components)}; give it as a JSON object "
        "from names to texts, as SEARCH/REPLACE blocks, or as fenced Python code."
    )
