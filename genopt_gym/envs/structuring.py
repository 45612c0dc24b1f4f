"""An artifact's structure out of functions as they stand in somebody's file: signature, docstring and text."""

from __future__ import annotations

import ast
import builtins
import inspect
import symtable
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.literals import parse_python


def structure_of(
    functions: Sequence[Callable[..., Any]], texts: Mapping[str, str], workflow: str | None, *, asks_model: bool
) -> Structure:
    """The one start, ``given``, with texts before functions, and what calls them.

    Args:
        functions: in the order in which they are loaded.
        texts: components that are no code.
        workflow: source of ``def workflow(...)``; ``None`` if it only passes on to the one function there is.
        asks_model: whether components may call ``llm(prompt)``.

    Raises:
        ValueError: a component has no text of its own, or uses what its text does not define; or nothing calls them.
    """
    if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"texts must be a mapping from names to texts, got {texts!r:.200}")
    of_text = [(Component(name, f"{name}: str", "A text.", kind="text"), text) for name, text in texts.items()]
    parts = [*of_text, *(_component(function) for function in functions)]
    names = [component.name for component, _ in parts]
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise ValueError(f"components are one or more, with a Python name of their own each, got {names}")
    for component, text in parts[len(of_text) :]:
        if missing := _names_from_outside(text) - {*names, "llm"}:
            words = f"{component.name} uses {', '.join(sorted(missing))}, but only its own text is run"
            raise ValueError(f"{words}: import what it needs inside of it, and annotate with built-in types")
    if workflow is None:
        if len(functions) != 1:
            raise ValueError(f"say what calls {', '.join(names)}: workflow='def workflow(...): ...'")
        call = _call_of(parts[-1][0])
        workflow = f"def workflow({call}):\n    return {names[-1]}({call})\n"
    return Structure(
        components=tuple(component for component, _ in parts),
        workflow=workflow,
        implementations={"given": {component.name: text for component, text in parts}},
        asks_model=asks_model,
    )


def _component(function: Callable[..., Any]) -> tuple[Component, str]:
    """A function's contract and its text; the docstring moves from the text to the contract."""
    name = function.__name__
    try:
        text = inspect.getsource(function)
        node = parse_python(text).body[0]
    except (OSError, SyntaxError) as error:
        raise ValueError(f"the source of {name} cannot be read: {error}") from None
    if not isinstance(node, ast.FunctionDef) or node.name != name or node.decorator_list:
        raise ValueError(f"{name} is no component: that is a plain `def {name}(...)`, without decorators")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    signature = f"{name}({ast.unparse(node.args)}){returns}"
    documentation = ast.get_docstring(node) or ""
    first, *rest = node.body
    if documentation and rest and node.lineno < first.lineno and (first.end_lineno or 0) < rest[0].lineno:
        lines = text.splitlines(keepends=True)
        text = "".join(lines[: first.lineno - 1] + lines[first.end_lineno :])
    return Component(name, signature, documentation), text


def _names_from_outside(text: str) -> set[str]:
    """Names that a text uses, but neither defines nor finds among Python's own."""
    tables = [symtable.symtable(text, "component", "exec")]
    used: set[str] = set()
    defined: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table.get_type() == "module" or symbol.is_global():
                names = defined if symbol.is_assigned() or symbol.is_imported() else used
                names.add(symbol.get_name())
    return used - defined - set(dir(builtins)) - {"__name__"}


def _call_of(component: Component) -> str:
    """Parameters by which a workflow takes and passes on what this component takes."""
    [node] = parse_python(f"def {component.signature}: ...").body
    assert isinstance(node, ast.FunctionDef)
    a = node.args
    if a.vararg or a.kwonlyargs or a.kwarg or a.defaults:
        return "*arguments"
    return ", ".join(argument.arg for argument in a.posonlyargs + a.args)


def inputs_of(workflow: str) -> list[str]:
    """What ``def workflow`` calls its inputs; ValueError if there is no such function."""
    try:
        body = parse_python(workflow).body
    except (SyntaxError, TypeError) as error:
        raise ValueError(f"workflow is no Python: {error}") from None
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == "workflow":
            return [argument.arg for argument in node.args.posonlyargs + node.args.args]
    raise ValueError("workflow must be the text of a function called workflow: 'def workflow(...): ...'")
