"""Edits inside JSON objects and tags: names to texts, tool calls, lists of changes, ``<variable>`` blocks."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator
from typing import Any

from genopt_gym.core.parsing import parse_python
from genopt_gym.core.reply.fences import fence, strangers
from genopt_gym.core.reply.functions import FUNCTION, dedented, parses, under_name
from genopt_gym.core.reply.pieces import (
    SHOWN,
    Patch,
    Piece,
    ReplyProblem,
    Texts,
    Whole,
    is_placeholder,
    is_python,
    lookalike,
    unknown,
)

ENVELOPE = re.compile(
    r"edits?|components?|suggestions?|changes?|updates?|artifact|variables|arg(ument)?s|param(eter)?s|(tool_)?input"
    r"|function(_call)?|tool_calls?|output|result|response|answer|final|proposal|action|new",
    re.IGNORECASE,
)
"""Keys that may lie around the components."""
_NAMES = ("component", "variable", "name", "target", "path", "file", "key", "id")
_TEXTS = ("text", "code", "value", "content", "new_text", "new_value", "source", "data", "body")
_PATCHES = [
    ("search", "replace"),
    ("old", "new"),
    ("old_string", "new_string"),
    ("old_str", "new_str"),
    ("old_text", "new_text"),
    ("find", "replace"),
    ("SEARCH", "REPLACE"),
]
_DEEPEST = 6

COMMENTARY = frozenset(
    ["thinking", "thoughts", "thought", "reasoning", "plan", "explanation", "analysis", "comment", "comments", "answer"]
)
"""Keys that stand beside the components often."""

Match = re.Match[str]

OBJECT = re.compile(r'\{\s*"')


class Repeated(list[Any]):
    """The different values of a key that stands in an object more than once."""


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, each in pairs:
        if key in value and value[key] != each:
            value[key] = Repeated([*value[key], each] if isinstance(value[key], Repeated) else [value[key], each])
        else:
            value[key] = each
    return value


# Long numbers and raw line breaks are no reason to refuse.
_DECODER = json.JSONDecoder(parse_int=float, strict=False, object_pairs_hook=_object_of)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)

_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#39|apos);")
_TAGS = "variable|component|parameter|param|argument|arg|edit|item|change|file|artifact"
_VALUE = "value|text|code|content|data|source|body|new_text|new_value"
NAMED_TAG = re.compile(
    rf"<(?P<tag>{_TAGS})(?:\s+(?:name|path|id|key|component)\s*)?=\s*[\"']?(?P<name>[\w./-]+)[\"']?\s*>"
    rf"|(?:<(?:{_TAGS})>\s*)?<(?:name|component|path|id|key)>\s*(?P<inner>[\w./-]+)\s*</\w+>\s*"
    rf"(?:<(?:type|kind|language)>[^<]*</\w+>\s*)?<(?P<value>{_VALUE})>"
)


def decode(text: str, start: int) -> tuple[Any, int]:
    """The JSON value at a place, and where it ends; ValueError if there is none."""
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("too deeply nested") from None


def decode_all(text: str) -> Any:
    """A text that is one JSON value; commas before a closing bracket are let pass, and Python's own spelling is.

    Raises ValueError where it is none.
    """
    text = text.strip()
    for attempt in (text, _TRAILING_COMMA.sub(lambda m: m[1] or "", text)):
        try:
            value, end = decode(attempt, 0)
        except ValueError as error:
            problem = error
            continue
        if not attempt[end:].strip():
            return value
        problem = ValueError("more follows after its end")
    try:
        [statement] = parse_python(text).body
        return ast.literal_eval(statement.value if isinstance(statement, ast.Expr) else statement)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise problem from None


def meant_as_edit(text: str, components: Texts) -> bool:
    """Whether an object that cannot be read begins as one with an edit does."""
    key = re.match(r"\{\s*[\"'](\w+)[\"']\s*:", text[:SHOWN])
    known = key is not None and (key[1] in components or key[1].lower() in COMMENTARY)
    return known or (key is not None and ENVELOPE.fullmatch(key[1]) is not None)


def pieces_of(value: Any, components: Texts, depth: int = 0) -> list[Piece]:
    """The edits in a decoded JSON value; none if it is about something else."""
    if depth > _DEEPEST:
        return []
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = decode_all(value)  # as the arguments of a tool call are
        except ValueError:
            return []
    if isinstance(value, list):
        return [piece for each in value for piece in pieces_of(each, components, depth + 1)]
    if not isinstance(value, dict):
        return []
    if value.keys() & components.keys():
        return list(_own(value, components))
    if (item := _item(value, components)) is not None:
        return item
    inner = [each for key, each in value.items() if ENVELOPE.fullmatch(str(key))]
    return [piece for each in inner for piece in pieces_of(each, components, depth + 1)]


def unknown_names(value: Any, depth: int = 0) -> Iterator[str]:
    """Names that a JSON value without an edit may have been meant for."""
    if depth > _DEEPEST:
        return
    for each in value if isinstance(value, list) else ():
        yield from unknown_names(each, depth + 1)
    for key, each in value.items() if isinstance(value, dict) else ():
        if ENVELOPE.fullmatch(str(key)):
            yield from unknown_names(each, depth + 1)
        elif isinstance(each, str):
            yield str(key)


def _own(value: dict[str, Any], components: Texts) -> Iterator[Piece]:
    """The pieces of an object whose keys are components, commentary perhaps beside them."""
    for name, text in value.items():
        if name not in components:
            if lookalike(str(name), components) or (isinstance(text, str) and name in FUNCTION.findall(text)):
                yield ReplyProblem(unknown(str(name), components))
        elif isinstance(text, Repeated):
            yield ReplyProblem(f"{name!r} is given {len(text)} times in one object; give it once.")
        elif isinstance(text, str):
            yield from whole(name, text, components, exact=True)
        elif text is None and any(isinstance(each, str) for key, each in value.items() if key in components):
            continue  # as it is
        elif isinstance(text, list) and text and all(isinstance(line, str) for line in text):
            yield from whole(name, "\n".join(line.removesuffix("\n") for line in text), components)
        elif isinstance(text, dict | list) and (inner := _of_component(text, name)):
            yield from inner
        else:
            yield ReplyProblem(f"The text of {name!r} must be a string, not a {type(text).__name__}.")


def whole(name: str, text: str, components: Texts, *, exact: bool = False) -> list[Whole]:
    """A text given for a component: perhaps texts for several."""
    if is_placeholder(text) and not is_placeholder(components[name]):
        return []
    bare = _without_fence(text, name) if is_python(name, components[name]) else text
    exact, text = exact and bare == text, bare
    return [Whole(each, part, exact=exact) for each, part in under_name(name, text, components).items()]


def _of_component(value: dict[str, Any] | list[Any], name: str) -> list[Piece]:
    """``{"text": ...}``, or patches, under the name of a component."""
    if isinstance(value, list):
        found = [_of_component(each, name) for each in value if isinstance(each, dict)]
        return [piece for pieces in found for piece in pieces] if len(found) == len(value) and all(found) else []
    if patch := _patch(value, name):
        return [patch]
    texts = [value[key] for key in _TEXTS if isinstance(value.get(key), str)]
    return [Whole(name, texts[0], exact=True)] if len(texts) == 1 else []


def _item(value: dict[str, Any], components: Texts) -> list[Piece] | None:
    """An object that says which component it is about; None if it does not."""
    names = [value[key] for key in _NAMES if isinstance(value.get(key), str)]
    known = [name for name in names if name in components]
    calls = (value.get(key) for key in ("arguments", "parameters", "input"))
    inner: dict[str, Any] = next((each for each in calls if isinstance(each, dict)), {})
    if len(set(known)) == 1:
        pieces = _of_component(value, known[0]) or _of_component(inner, known[0])
        return pieces or None
    if not known and (patch := _patch(value, None)):
        return [patch]
    called = value.get("component", value.get("variable"))
    if not known and isinstance(called, str) and _of_component(value, called):
        return [ReplyProblem(unknown(called, components))]
    return None


def _patch(value: dict[str, Any], where: str | None) -> Patch | None:
    for old, new in _PATCHES:
        if isinstance(value.get(old), str) and isinstance(value.get(new), str):
            search, replace = (value[key].replace("\r\n", "\n").split("\n") for key in (old, new))
            return Patch(search, replace if value[new] else [], where, f"the text {value[old][:SHOWN]!r}")
    return None


def tagged(found: Match, text: str, components: Texts) -> tuple[list[Piece], int] | None:
    """The edit in a tag that names a component, and where it ends; None if it is no such tag, or never closes."""
    name = (found["name"] or found["inner"]).rsplit("/", 1)[-1].removesuffix(".py").removesuffix(".txt")
    closing = f"</{found['tag'] or found['value']}>"
    end = text.find(closing, found.end())
    if name not in components:
        meant = (found["tag"] or "variable") in ("variable", "component") or lookalike(name, components)
        return ([ReplyProblem(unknown(name, components))], found.end()) if meant and end >= 0 else None
    if end < 0:
        return [ReplyProblem(f"The text of {name} lacks its closing {closing}.")], len(text)
    body = text[found.end() : end].strip("\n").removeprefix("<![CDATA[").removesuffix("]]>")
    body = body.strip() if "\n" not in body.strip() else body.rstrip().lstrip("\n")
    body = _without_fence(body, name)
    if is_python(name, components[name]):
        body = dedented(body)
        if _ENTITY.search(body) and parses(plain := html.unescape(body)):
            body = plain
    return [*whole(name, body, components)], end + len(closing)


def _without_fence(text: str, name: str) -> str:
    """The text of a fenced block, if the text is nothing else."""
    lines = text.strip().split("\n")
    opening, last = fence(lines[0]), fence(lines[-1])
    if opening and last and len(lines) > 1 and last.closes(opening) and not set(strangers(opening.info)) - {name}:
        return "\n".join(lines[1:-1])
    return text
