"""A plan's text: YAML as plain values, each of which knows its line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from genopt_gym.core.errors import UserError

if TYPE_CHECKING:
    import yaml

T = TypeVar("T")
Place = tuple[str | int, ...]
"""Where a value stands: the keys and positions that lead to it."""

WORDS = {"array": "list", "object": "mapping", "str": "text", "int": "whole number", "float": "number"}
"""Of types, as a reader of YAML knows them."""


@dataclass(frozen=True)
class Source:
    """What a plan says, before anything is made of it.

    Attributes:
        name: of the file or preset, for messages.
        value: plain JSON values.
        lines: line number, from 1, by place; empty where there was no text.
    """

    name: str
    value: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def error(self, place: Place, message: str) -> UserError:
        """What is wrong at a place, with the line of the nearest thing that has one."""
        while place and place not in self.lines:
            place = place[:-1]
        line = f", line {self.lines[place]}" if place else ""
        return UserError(f"{self.name}{line}: {message}")

    def replaced(self, key: str, value: Any) -> Source:
        """The same with another value for a key of the top level; that one has no line."""
        lines = {place: line for place, line in self.lines.items() if place[:1] != (key,)}
        return replace(self, value={**self.value, key: value}, lines=lines)

    def decode(self, kind: type[T]) -> T:
        """The value as ``kind``; UserError with the line where it is none."""
        try:
            return msgspec.convert(self.value, kind)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `")
            place = tuple(int(i) if i else key for key, i in re.findall(r"\.(\w+)|\[(\d+)\]", path))
            message = message.replace("Object missing required field", "there has to be a key").replace("`", "")
            message = re.sub(rf"\b({'|'.join(WORDS)})\b", lambda word: WORDS[word[0]], message.replace(" | ", " or "))
            subject = ".".join(str(key) for key in place if isinstance(key, str))
            raise self.error(place, f"{subject}: {message}" if subject else message) from None


def read_yaml(text: str, name: str) -> Source:
    """The plan in a text.

    Raises:
        UserError: it is no YAML, or holds what JSON could not hold; with the line.

    >>> source = read_yaml("edits: 5\\ntasks:\\n- Pong", "plan.yaml")
    >>> source.value, source.lines["tasks", 0]
    ({'edits': 5, 'tasks': ['Pong']}, 3)
    """
    try:
        import yaml
    except ImportError:
        raise UserError("plans are YAML, which needs an extra: pip install 'genopt-gym[study]'") from None
    reader = None
    try:
        reader = _Reader(yaml.SafeLoader(text))
        value = reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(f"{name}{line}: this cannot be read as YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        message = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise UserError(f"{name}: this cannot be read as YAML: {message}") from None
    except _Unfit as unfit:
        raise UserError(f"{name}, line {unfit.line}: {unfit}") from None
    return Source(name, value, reader.lines)


class _Unfit(Exception):
    """YAML that is no JSON."""

    def __init__(self, node: yaml.Node, message: str) -> None:
        super().__init__(message)
        self.line = node.start_mark.line + 1


class _Reader:
    """Walks through the nodes of one document; the values' own lines are lost in an ordinary load."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._within: list[yaml.Node] = []
        self.lines: dict[Place, int] = {}

    def read(self) -> Any:
        node = self._loader.get_single_node()
        return None if node is None else self._plain(node, ())

    def _plain(self, node: yaml.Node, place: Place) -> Any:
        import yaml

        # That of a key is known already, and is where a reader looks.
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node in self._within:
            raise _Unfit(node, "this refers to itself")
        self._within.append(node)
        value: Any
        if isinstance(node, yaml.SequenceNode):
            value = [self._plain(child, (*place, index)) for index, child in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            value = {}
            for key_node, child in node.value:
                key = self._scalar(key_node)
                if not isinstance(key, str):
                    raise _Unfit(key_node, f"the key {key!r} is no text: put it in quotes")
                if key in value:
                    raise _Unfit(key_node, f"the key {key!r} is there twice")
                self.lines[*place, key] = key_node.start_mark.line + 1
                value[key] = self._plain(child, (*place, key))
        else:
            value = self._scalar(node)
        self._within.pop()
        return value

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value = self._loader.construct_object(node, deep=True)
        except ValueError:
            value = ...
        if not isinstance(value, str | int | float | None) or (isinstance(value, float) and not math.isfinite(value)):
            raise _Unfit(node, f"{node.value!s:.40} is neither text nor a number here: put it in quotes")
        return value
