"""Starting artifacts under a disguise: the same program under neutral names, or one that knows nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from genopt_gym.core.parsing import parse_python

KEPT_TEXTS = ("inf", "-inf", "nan")
"""Texts that mean a number to ``float``."""


def neutral_program(text: str, rename: Mapping[str, str], name: Callable[[str], str], say: Callable[[str], str]) -> str:
    """A program with other names and texts, which does the same; comments are left out.

    Args:
        text: Python source.
        rename: names that somebody else chooses, such as those of components.
        name: the neutral word for any other name that the text defines.
        say: what becomes of a text in quotes.

    >>> print(neutral_program("def f(ball):  # see\\n    return ball['x']\\n", {"f": "g"}, str.upper, str.upper))
    def g(BALL):
        return BALL['X']
    """
    tree = parse_python(text)
    names = {each: name(each) for each in _defined_names(tree)} | dict(rename)
    return ast.unparse(_Renaming(names, say).visit(tree))


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str], say: Callable[[str], str]) -> None:
        self._names = names
        self._say = say

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._names.get(node.arg, node.arg)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and node.value not in KEPT_TEXTS:
            node.value = self._say(node.value)
        return node


def with_shims(text: str, function: str, inner: str, parameters: str, undo: str, redo: str) -> str:
    """A program whose ``inner`` function is called with plain numbers, and whose action is given its code.

    Args:
        text: the program; it defines ``inner``.
        function: what the whole is called.
        parameters: of the function, ``obs`` among them if it sees the observation.
        undo: text of ``plain``; empty if the function does not see the observation.
        redo: text of ``coded``; empty if the function returns no action.
    """
    call = f"{inner}({parameters})"
    if undo:
        arguments = ", ".join("plain(obs)" if each == "obs" else each for each in parameters.split(", "))
        call = f"{inner}({arguments})"
    if redo:
        call = f"coded({call})"
    shim = f"def {function}({parameters}):\n    return {call}\n"
    return "\n\n".join(part for part in (undo, redo, f"{text}\n", shim) if part)


def _defined_names(tree: ast.AST) -> set[str]:
    """Names that a program assigns, defines or takes as parameters, but for ``obs``; not what it imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names - {"obs"}
