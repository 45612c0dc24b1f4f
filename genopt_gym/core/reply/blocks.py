"""What a fenced block holds: a component's text, a program, an object, a diff, or a reply within the reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from genopt_gym.core.reply import envelopes, fences, labels, patches
from genopt_gym.core.reply.functions import FUNCTION, by_function, dedented
from genopt_gym.core.reply.pieces import (
    MAX_TRIES,
    NoEdit,
    Piece,
    ReplyProblem,
    Texts,
    Whole,
    is_placeholder,
    is_python,
    lookalike,
    reversion,
    says_no_edit,
    unknown,
)

DEEPEST = 3  # blocks within blocks


@dataclass(frozen=True)
class ReplyBlock:
    """A fenced block.

    Attributes:
        info: what its first line says.
        label: the line of prose before it.
        where: the component that a block around it names.
    """

    info: str
    body: str
    label: str
    where: str | None = None


@dataclass
class Contents:
    """What was found in a block or an object; see ``Findings``."""

    pieces: list[Piece] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def component_of(block: ReplyBlock, components: Texts) -> str | None:
    """The component that a block is for, as far as its first line or that of a block around it says so."""
    return fences.named(block.info, components) or block.where


def shows_present(block: ReplyBlock, components: Texts) -> bool:
    """Whether a block is a component as it stands: whatever that looks like, it is nothing else."""
    name = component_of(block, components)
    return name is not None and block.body.strip("\n") == components[name].replace("\r\n", "\n").strip("\n")


def is_wrapper(block: ReplyBlock, components: Texts) -> bool:
    """Whether a block is to be read as a reply itself: it holds SEARCH/REPLACE blocks, or is nothing else."""
    name = component_of(block, components)
    if shows_present(block, components):
        return False
    if _has_patches(block.body):
        # The text of a component that shows such blocks may show them again.
        return name is None or not _has_patches(components[name])
    if name is not None or fences.strangers(block.info) or fences.language(block.info) not in fences.WRAPPERS:
        return False
    if any(map(fences.fence, block.body.split("\n"))) and not by_function(block.body, components, strict=True):
        return True
    return not read_block(block, components).pieces


def read_block(block: ReplyBlock, components: Texts) -> Contents:
    """The contents of a block that is no wrapper."""
    body, kind = block.body, fences.language(block.info)
    name = component_of(block, components)
    if name is not None and shows_present(block, components):
        return Contents([Whole(name, body, labels.says_old(block.label))])
    if kind in fences.DIFFS or patches.looks_like_diff(body):
        return Contents(diff_pieces(body, components, name))
    if says_no_edit(body):
        return Contents([NoEdit()])
    if (back := reversion(body)) is not None:
        return Contents([back])
    if name is not None:
        return _of_component(name, block, components)
    if body.lstrip()[:1] in ("{", "[") and kind in fences.OBJECTS and (contents := _object(body, components)):
        return contents
    old = labels.says_old(block.label)
    if kind in fences.PYTHON and (found := by_function(body, components)):
        return Contents([Whole(each, part, old) for each, part in found.items()])
    if (name := labels.names_component(block.label, components, block.info)) is not None:
        return _of_component(name, block, components)
    return _stranger(block, components)


def diff_pieces(body: str, components: Texts, where: str | None) -> list[Piece]:
    """The hunks of a diff; each file's belong to the component that the file is called after."""
    pieces: list[Piece] = []
    for part in patches.files_of(body):
        paths = [path for line in part[:6] if (path := patches.diff_path(line))]
        name = where or next((found for path in paths if (found := fences.named(path, components))), None)
        pieces += patches.read_diff("\n".join(part), name)
    return pieces


def object_pieces(value: Any, components: Texts) -> Contents:
    found = envelopes.pieces_of(value, components)
    return Contents(found, [] if found else list(envelopes.unknown_names(value)))


def _has_patches(text: str) -> bool:
    return any(map(patches.opens_patch, text.split("\n")))


def _of_component(name: str, block: ReplyBlock, components: Texts) -> Contents:
    body = dedented(block.body) if is_python(name, components[name]) else block.body
    if is_placeholder(body) and not is_placeholder(components[name]):
        return Contents(remarks=[f"The block for {name} holds only {body.strip()!r}; give its whole text."])
    old = labels.says_old(block.label)
    return Contents([Whole(piece.name, piece.text, old) for piece in envelopes.whole(name, body, components)])


def _object(body: str, components: Texts) -> Contents | None:
    """The contents of a block that is one object, or was meant to be; None if it is something else."""
    try:
        value = envelopes.decode_all(body)
    except ValueError as error:
        meant = envelopes.meant_as_edit(body.lstrip(), components)
        return Contents(remarks=[f"The JSON object cannot be read: {str(error)[:80]}."]) if meant else None
    return object_pieces(value, components) if isinstance(value, dict | list) else None


def _stranger(block: ReplyBlock, components: Texts) -> Contents:
    """A block that names no component: passed over, unless it was meant for one."""
    words = fences.strangers(block.info)[:MAX_TRIES]
    for word in words:
        if lookalike(word, components) or word in FUNCTION.findall(block.body):
            return Contents([ReplyProblem(unknown(word, components))])
    return Contents(names=words)
