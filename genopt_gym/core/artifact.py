"""The artifact: named components, each with a contract, called by a fixed workflow."""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import msgspec

from genopt_gym.core.parsing import parse_python
from genopt_gym.core.script import listing, script

Kind = Literal["python", "text"]
Documentation = Literal["full", "signature", "none"]


@dataclass(frozen=True)
class Component:
    """One editable part of an artifact, with its contract.

    Attributes:
        name: how the workflow calls it; a Python identifier.
        signature: for a Python component the call it must answer, as in ``select_action(obs) -> int``.
        documentation: what arguments and result mean: the part of the contract that ``documentation="full"`` adds.
        kind: ``python`` (a function of that name) or ``text`` (bound to the name as a string).
        placeholders: names that have to stand in a text, in braces.
        max_chars: most characters of a text; ``None`` is the limit of all components.
    """

    name: str
    signature: str
    documentation: str
    kind: Kind = "python"
    placeholders: tuple[str, ...] = ()
    max_chars: int | None = None

    def contract(self, level: Documentation) -> str:
        """The contract as the optimizer reads it."""
        if level == "none" and self.kind == "python":
            return _without_types(self.signature)
        if level != "full":
            return self.signature
        body = "\n".join(f"    {line}".rstrip() for line in self.documentation.strip().splitlines())
        return f"{self.signature}\n{body}"


def _without_types(signature: str) -> str:
    """The call alone: ``act(obs: dict) -> int`` is ``act(obs)``."""
    [function] = parse_python(f"def {signature}: ...").body
    assert isinstance(function, ast.FunctionDef)
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            node.annotation = None
    return f"{function.name}({ast.unparse(function.args)})"


@dataclass(frozen=True)
class Structure:
    """How an artifact is cut into components, what calls them, and where they may start.

    Each component has a namespace of its own: of another's helpers, imports and variables it sees nothing. What passes
    between components is what the workflow hands them; beyond that a component can read the texts and call the other
    components by name, but to bind such a name, or to change what it finds there, has no effect outside.

    Attributes:
        components: in the order in which they are loaded and shown.
        workflow: source of ``def workflow(...)``, the fixed code that calls the components.
        implementations: name (``naive``, ``stub``, ...) to component name to text.
        asks_model: whether workflow and components may call ``llm(prompt)``.
    """

    components: tuple[Component, ...]
    workflow: str
    implementations: Mapping[str, Mapping[str, str]]
    asks_model: bool = False


class Program(msgspec.Struct, frozen=True):
    """What a confined process needs to run an artifact: the texts, and nothing about scores."""

    components: list[tuple[str, str, str]]
    """``(name, kind, text)`` in loading order."""
    workflow: str
    asks_model: bool = False


@dataclass(frozen=True)
class Artifact:
    r"""An immutable artifact; an edit makes a new one.

    >>> double = Component("double", "double(x)", "Twice x.")
    >>> artifact = Artifact((double,), "def workflow(x):\n    return double(x)\n", {"double": "def double(x): ..."})
    >>> artifact.edited({"double": "def double(x): return 2 * x"}).texts["double"]
    'def double(x): return 2 * x'
    """

    components: tuple[Component, ...]
    workflow: str
    texts: Mapping[str, str] = field(hash=False)
    asks_model: bool = False

    def __post_init__(self) -> None:
        names = [component.name for component in self.components]
        if set(names) != set(self.texts):
            raise ValueError(f"an artifact of {names} needs a text for each, got {sorted(self.texts)}")

    @cached_property
    def id(self) -> str:
        """Content id: 16 hexadecimal digits that depend on texts and workflow alone."""
        content = [self.workflow, [[c.name, c.kind, self.texts[c.name]] for c in self.components]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]

    @cached_property
    def program(self) -> Program:
        """What the confined process loads: the components' texts and the workflow."""
        components: list[tuple[str, str, str]] = [(c.name, c.kind, self.texts[c.name]) for c in self.components]
        return Program(components, self.workflow, self.asks_model)

    def edited(self, edit: Mapping[str, str]) -> Artifact:
        """This artifact with new text for some components; a kind of ``str`` becomes a plain one."""
        return replace(self, texts={**self.texts, **{str.__str__(n): str.__str__(text) for n, text in edit.items()}})

    @cached_property
    def source(self) -> str:
        """The artifact as one Python file that does the same; see ``script``."""
        return script(self.program.components, self.workflow)

    def diff(self, start: Artifact) -> str:
        """Unified diff of the texts from ``start`` to this artifact."""
        before, after = (listing(each.program.components, each.workflow) for each in (start, self))
        lines = difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), "start", self.id
        )
        return "".join(lines)
