"""What a component's text may reach beyond its own names, told without running it.

Components have namespaces of their own, and so have trials; but they share a process, and in Python whoever reaches a
frame, a module's attributes or the garbage collector reaches everything in it. So whatever a text does that could lead
there is found here. It costs two things: the trials of such a text get a process each, and where some components are
fixed it is no edit of the others (outcome ``forbidden``). It errs towards finding too much.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from genopt_gym.core import harmless
from genopt_gym.core.harmless import DEFINED, FILES, HARMLESS, IN_PART, KEEPS_STATE, LIBRARIES, READ, SETTINGS
from genopt_gym.core.imported import (
    can_be_changed,
    is_builtin_call,
    is_dunder,
    is_module,
    is_plain_text,
    leads_on,
    of_path,
)
from genopt_gym.core.parsing import parse_python


class Reach(NamedTuple):
    """One thing in a text that reaches beyond its own names.

    Attributes:
        line: where, from 1.
        what: in words.
        others: whether it may lead to other components; if not, it only leaves something in the process.
    """

    line: int
    what: str
    others: bool


@lru_cache(512)
def reaches(text: str) -> tuple[Reach, ...]:
    """All that a Python text does that may reach beyond its own names; nothing where it cannot be compiled.

    >>> reaches("import math\\ndef act(x): return math.sqrt(x)")
    ()
    >>> [found] = reaches("import math\\nmath.pi = 3\\n")
    >>> found.line, found.what
    (2, 'math.pi is changed')
    """
    try:
        tree = parse_python(text)
    except SyntaxError:
        return ()
    return tuple(sorted(set(_Search(tree).found())))


class _Search:
    """One walk over a text."""

    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._parents = {child: node for node in self._nodes for child in ast.iter_child_nodes(node)}
        self._imports: dict[str, str] = {}
        """Names that stand for something imported, and for what."""
        self._bound: set[str] = set()
        for node in self._nodes:
            self._bind(node)
        for node in self._nodes:  # A second name for something imported is as good as the first.
            if isinstance(node, ast.Assign) and (path := self._path(node.value)):
                self._imports |= {t.id: path for t in node.targets if isinstance(t, ast.Name)}
        stored = [n for n in self._nodes if isinstance(n, ast.Attribute) and not isinstance(n.ctx, ast.Load)]
        self._attributes = {node.attr for node in stored}
        self._attributes |= {n.name for n in self._nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        self._sets_attributes = any(not self._is_self(node.value) for node in stored)

    def found(self) -> Iterator[Reach]:
        for node in self._nodes:
            for what, others in self._of(node):
                yield Reach(getattr(node, "lineno", 1), what, others)

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                path = f"{module}.{alias.name}".lstrip(".")
                whole = path if alias.asname or module else path.partition(".")[0]
                self._imports[alias.asname or whole.rpartition(".")[2]] = whole
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            self._bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._bound.add(node.name)
        elif isinstance(node, ast.arg):
            self._bound.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            self._bound.add(node.name)

    def _of(self, node: ast.AST) -> Iterator[tuple[str, bool]]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from self._of_import(node)
        elif isinstance(node, ast.Attribute):
            yield from self._of_attribute(node)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if path := self._root_path(node.value):
                yield f"{path} is changed", True
        elif isinstance(node, ast.Name):
            yield from self._of_name(node)
        elif isinstance(node, ast.Call):
            yield from self._of_call(node)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and is_dunder(node.name) and node.name not in DEFINED:
            yield f"{node.name} is defined", True
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_dunder(node.value):
            if node.value not in READ | {"__main__"}:
                yield f"{node.value} is named", True
        elif isinstance(node, ast.MatchClass):
            yield from ((f"{name} is used", True) for name in node.kwd_attrs if leads_on(name))

    def _of_import(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, bool]]:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                yield from of_path(f"{node.module or ''}.{alias.name}", from_import=True)
            else:
                root = alias.name.partition(".")[0]
                if root not in HARMLESS | LIBRARIES | IN_PART.keys() | KEEPS_STATE.keys():
                    yield f"{root} is imported", True

    def _of_attribute(self, node: ast.Attribute) -> Iterator[tuple[str, bool]]:
        path = self._path(node)
        if not isinstance(node.ctx, ast.Load):
            yield from self._of_change(node)
        elif path:
            yield from of_path(path)
            yield from self._of_escape(node, path)
        if node.attr == "__dict__" and self._is_own(node.value):
            return
        call = self._parents[node]
        of_self = isinstance(call, ast.Call) and call.func is node and call.args and self._is_self(call.args[0])
        if node.attr == "__setattr__" and of_self:
            return
        if leads_on(node.attr):
            yield f"{node.attr} is used", True
        elif not path and node.attr in SETTINGS | FILES:
            yield f"{node.attr} is used", node.attr in SETTINGS
        elif self._is_foreign_private(node):
            yield f"{node.attr} is used", True
        elif node.attr == "__class__" and not self._is_self(node.value):
            yield from self._of_class(node)

    def _of_change(self, node: ast.Attribute) -> Iterator[tuple[str, bool]]:
        """An attribute that is set or deleted: it must be one of an object of the text's own."""
        root: ast.expr = node.value
        through_class = isinstance(root, ast.Attribute) and root.attr == "__class__"
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
            through_class |= isinstance(root, ast.Attribute) and root.attr == "__class__"
        if path := self._root_path(node.value):
            yield f"{path}.{node.attr} is changed", True
        elif not isinstance(root, ast.Name) or (through_class and not self._is_self(root)):
            yield f"the attribute {node.attr} of a result is changed", True
        elif root.id not in self._bound:
            yield f"{root.id}.{node.attr} is changed", True

    def _of_name(self, node: ast.Name) -> Iterator[tuple[str, bool]]:
        if is_dunder(node.id):
            allowed = READ | {"__debug__"} if isinstance(node.ctx, ast.Load) else DEFINED
            if node.id not in allowed:
                yield f"{node.id} is used", True
        elif not isinstance(node.ctx, ast.Load):
            return
        elif path := self._imports.get(node.id):
            parent = self._parents[node]
            if is_module(path) and not isinstance(parent, ast.Attribute):
                yield f"the module {path} is handed around", True
            yield from self._of_escape(node, path)
        elif node.id in harmless.BUILTINS and not self._is_tame(node):
            yield f"{node.id} is used", harmless.BUILTINS[node.id]

    def _is_tame(self, node: ast.Name) -> bool:
        """Whether one of the built-in functions is used in a way that stays with the text's own names."""
        call = self._parents[node]
        if not isinstance(call, ast.Call) or call.func is not node:
            # A variable of that name, if the text has one: it is looked into, and not called or handed on.
            return node.id in self._bound and isinstance(call, ast.Subscript | ast.Attribute | ast.Compare | ast.BinOp)
        if node.id == "globals":
            use = self._parents[call]
            index = use.slice if isinstance(use, ast.Subscript) and use.value is call else None
            if isinstance(use, ast.Attribute) and use.attr in ("get", "setdefault", "pop"):
                lookup = self._parents[use]
                index = lookup.args[0] if isinstance(lookup, ast.Call) and lookup.args else None
            tested = isinstance(use, ast.Compare) and call in use.comparators
            return tested or is_plain_text(index)
        if node.id in ("getattr", "setattr", "delattr"):
            owned = node.id == "getattr" or (bool(call.args) and self._is_own(call.args[0]))
            return owned and len(call.args) > 1 and is_plain_text(call.args[1]) and not self._path(call.args[0])
        return False

    def _is_foreign_private(self, node: ast.Attribute) -> bool:
        """Whether it is a private attribute that is none of this text's own."""
        own = node.attr in self._attributes | self._bound or self._is_self(node.value)
        private = node.attr.startswith("_") and not is_dunder(node.attr)
        return private and not own and node.attr not in harmless.OF_NAMED_TUPLES

    def _of_class(self, node: ast.expr) -> Iterator[tuple[str, bool]]:
        """The class of some value, in a text that sets attributes of things: it may be one that others use."""
        looked_at = isinstance(self._parents[node], ast.Attribute | ast.Compare)
        if self._sets_attributes and not looked_at:
            yield "the class of a value is handed around where attributes are set", True

    def _of_call(self, node: ast.Call) -> Iterator[tuple[str, bool]]:
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1:
            yield from self._of_class(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in harmless.CHANGES:
            owner = self._root_path(node.func.value)
            if owner and not is_module(owner):
                yield f"{owner} is changed", True
        path = self._path(node.func) or ""
        if path.rpartition(".")[2] in harmless.CHANGES_CLASS:
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            foreign = [value for value in values if self._path(value)]
            if foreign or (path.endswith(("wraps", "update_wrapper")) and node.keywords):
                yield f"{path} changes what is not the text's own", True

    def _of_escape(self, node: ast.expr, path: str) -> Iterator[tuple[str, bool]]:
        """A class or function of a module, handed around in a text that sets attributes of things it was handed."""
        parent = self._parents[node]
        passed = isinstance(parent, ast.Tuple | ast.List | ast.Dict | ast.Return | ast.Starred)
        passed = passed or (isinstance(parent, ast.Call) and node in parent.args and not is_builtin_call(parent))
        if passed and self._sets_attributes and can_be_changed(path):
            yield f"{path} is handed around where attributes are set", True

    def _path(self, node: ast.AST) -> str | None:
        """What an expression names, if that was imported: ``json.loads`` for ``j.loads`` after ``import json as j``."""
        if isinstance(node, ast.Name):
            return self._imports.get(node.id)
        if isinstance(node, ast.Attribute) and (path := self._path(node.value)):
            return f"{path}.{node.attr}"
        return None

    def _root_path(self, node: ast.expr) -> str | None:
        """The same for what lies in it: ``sys.path`` for ``sys.path[0]``."""
        while isinstance(node, ast.Subscript):
            node = node.value
        path = self._path(node)
        if path is None and isinstance(node, ast.Attribute):
            return self._root_path(node.value)
        return path

    def _is_self(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in ("self", "cls")

    def _is_own(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in self._bound and node.id not in self._imports
