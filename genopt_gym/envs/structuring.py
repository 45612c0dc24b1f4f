"""An artifact's structure out of functions as they stand in somebody's file: signature, docstring and text."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from genopt_gym.core.artifact import Component, Structure
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.global_names import names_from_outside
from genopt_gym.core.parsing import parse_python
from genopt_gym.core.scored import Text


def structure_of(
    functions: Sequence[Callable[..., Any]], texts: Mapping[str, Any], workflow: str | None, *, asks_model: bool
) -> Structure:
    """The one start, ``given``, with texts before functions, and what calls them.

    Args:
        functions: in the order in which they are loaded.
        texts: components that are no code: texts, or what ``Text`` takes.
        workflow: source of ``def workflow(...)``; ``None`` if it only passes on to the one function there is, or only
            fills in the one text and asks the model.
        asks_model: whether components may call ``llm(prompt)``.

    Raises:
        ValueError: a component has no text of its own, or uses what its text does not define; or nothing calls them.
    """
    if not isinstance(texts, Mapping):
        raise ValueError(f"texts must be a mapping from names to texts, got {texts!r:.200}")
    asking = workflow is None and not functions and len(texts) == 1 and asks_model
    of_text = [_of_text(name, text, asking) for name, text in texts.items()]
    parts = [*of_text, *(_component(function) for function in functions)]
    names = [component.name for component, _ in parts]
    if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
        raise ValueError(f"components are one or more, with a Python name of their own each, got {names}")
    for component, text in parts[len(of_text) :]:
        if missing := names_from_outside(text) - {*names, "llm"}:
            words = f"{component.name} uses {', '.join(sorted(missing))}, but only its own text is run"
            raise ValueError(f"{words}: import what it needs inside of it, and annotate with built-in types")
    if asking:
        workflow = _asking(of_text[0][0])
    if workflow is None:
        if not functions and len(names) == 1:
            raise ValueError(
                f"say which model {names[0]} is put to, as in model='openai/NAME', or what calls it: workflow="
            )
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


def _of_text(name: str, given: Any, asking: bool) -> tuple[Component, str]:
    """A text's contract and the text, of a text or of what ``Text`` takes.

    What a mere text has in braces is taken for placeholders only where it is filled in for it (``asking``).
    """
    try:
        plain = Text(given, placeholders=None if asking else ()) if isinstance(given, str) else None
        text = plain or Text(**given)
    except TypeError:
        raise ParameterError(
            "texts must be a mapping from names to texts, or to text, documentation, placeholders and max_chars; "
            f"{name} is {given!r:.100}",
            "texts",
        ) from None
    found = re.findall(r"\{([^\W\d]\w*)\}", text.text)
    placeholders = tuple(dict.fromkeys(found if text.placeholders is None else text.placeholders))
    limit = "" if text.max_chars is None else f" of at most {text.max_chars:,} characters"
    documentation = text.documentation or "A text."
    if placeholders:
        names = ", ".join(f"{{{each}}}" for each in placeholders)
        documentation += f"\nIt has to hold {names}, as it stands here: what a trial has is put there."
    component = Component(name, f"{name} (a text{limit})", documentation, "text", placeholders, text.max_chars)
    return component, text.text


def _asking(text: Component) -> str:
    """The workflow that fills in a text and puts it to the model."""
    names = text.placeholders
    if not names:
        raise ValueError(f"{text.name} has no {{placeholder}} for what is to be asked: write one, or say workflow=")
    given = ", ".join(names)
    if len(names) == 1:
        return f'def workflow({given}):\n    return llm({text.name}.replace("{{{given}}}", str({given})))\n'
    values = ", ".join(f'"{name}": {name}' for name in names)
    pattern = "|".join(names)
    return (
        f"def workflow({given}):\n    import re\n\n    given = {{{values}}}\n"
        f'    return llm(re.sub(r"\\{{({pattern})\\}}", lambda found: str(given[found[1]]), {text.name}))\n'
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
