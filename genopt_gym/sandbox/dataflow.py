"""Where the arguments of a workflow's calls come from, read off its text.

By values alone sources cannot be told apart: two components that both return ``None`` or 1 return the same object.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import CodeType

Reference = dict[str, str]
"""``{"$ref": name}``: an input of the workflow, or the call that made a value (``act``, the second one ``act#2``)."""


@dataclass(frozen=True)
class Site:
    """One place in a workflow that calls a component.

    Attributes:
        component: what is called.
        name: what the place is called in the compiled workflow.
        result: how the trace refers to what it returns.
        arguments: for each argument where it comes from, or ``None`` where the text does not tell.
    """

    component: str
    name: str
    result: Reference
    arguments: tuple[Reference | None, ...]


def compile_workflow(text: str, callables: Collection[str]) -> tuple[CodeType, list[Site]]:
    """A workflow in which each call of ``callables`` has a name of its own, and these places."""
    tree = ast.parse(text)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "workflow"]
    sites = [site for function in functions[-1:] for site in _Reading(function, callables).sites]
    return compile(tree, "<workflow>", "exec", dont_inherit=True), sites


class _Reading:
    """One pass over the statements of a workflow in order; it renames the calls that it finds."""

    def __init__(self, function: ast.FunctionDef, callables: Collection[str]) -> None:
        self._callables = callables
        self._counts: dict[str, int] = {}
        self._results: dict[int, Reference] = {}
        parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        self._known = {parameter.arg: {"$ref": parameter.arg} for parameter in parameters}
        self.sites: list[Site] = []
        for statement in function.body:
            self._read(statement)

    def _read(self, statement: ast.stmt) -> None:
        simple = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr)
        within = set(_bound(statement if not simple else getattr(statement, "value", None)))
        for name in within:
            self._known.pop(name, None)
        for call in _calls(statement):
            self._note(call)
        for name in _bound(statement):
            self._known.pop(name, None)
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in targets):
            source = self._source(statement.value)
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            self._known.update(dict.fromkeys(names, source) if source else {})

    def _note(self, call: ast.Call) -> None:
        if not isinstance(call.func, ast.Name) or call.func.id not in self._callables:
            return
        component = call.func.id
        count = self._counts[component] = self._counts.get(component, 0) + 1
        result = {"$ref": component if count == 1 else f"{component}#{count}"}
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        spread = any(isinstance(value, ast.Starred) for value in values) or any(k.arg is None for k in call.keywords)
        arguments = () if spread else tuple(self._source(value) for value in values)
        call.func.id = f"{component} {count}"
        self._results[id(call)] = result
        self.sites.append(Site(component, call.func.id, result, arguments))

    def _source(self, value: ast.expr) -> Reference | None:
        if isinstance(value, ast.Name):
            return self._known.get(value.id)
        return self._results.get(id(value))


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in a node, those in the arguments of others first: in the order in which they are run."""
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)
    if isinstance(node, ast.Call):
        yield node


def _bound(node: ast.AST | None) -> Iterator[str]:
    """Names that something in a node gives a value to."""
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, ast.arg):
            yield each.arg
        elif isinstance(each, ast.FunctionDef | ast.ClassDef):
            yield each.name
