"""An artifact as one Python file that does what the artifact does.

Where the texts stay out of each other's way they simply follow one another. Where they do not (two have a helper of one
name, one uses ``from __future__``), each is loaded into a namespace of its own, as it is when it is scored.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from genopt_gym.core.global_names import global_names
from genopt_gym.core.parsing import parse_python

Part = tuple[str, str, str]
"""Name, kind and text of a component."""

LOADER = '''\
"""The components' texts use the same names: each is loaded into a namespace of its own, as when it was scored."""

import builtins

_visible = dict(vars(builtins))


def _load(name, text):
    namespace = {"__name__": "artifact", "__builtins__": _visible}
    exec(compile(text, f"<component {name}>", "exec", dont_inherit=True), namespace)
    _visible[name] = namespace[name]
    return namespace[name]
'''
CODING = re.compile(r"[ \t\f]*#.*?coding[:=]")
"""A line that Python reads as the encoding of a file, if it is one of the first two."""
DEPENDS_ON_PLACE = frozenset(
    ("__name__", "__file__", "__builtins__", "__annotations__", "__doc__", "globals", "locals", "vars", "exec", "eval")
)
"""Names by which a text may find out, or change, what stands beside it."""


def listing(components: Sequence[Part], workflow: str) -> str:
    """The texts one after another: text components as constants, then functions, then the workflow."""
    texts = [f"{name} = {text!r}" if kind == "text" else text.strip("\n") for name, kind, text in components]
    return "\n\n\n".join([*texts, workflow.strip("\n")]) + "\n"


def script(components: Sequence[Part], workflow: str) -> str:
    """A Python file with the function ``workflow``; it does what the artifact does.

    >>> print(script([("act", "python", "def act(x): return -x")], "def workflow(x): return act(x)"))
    def act(x): return -x
    <BLANKLINE>
    <BLANKLINE>
    def workflow(x): return act(x)
    <BLANKLINE>
    """
    plain = listing(components, workflow)
    try:
        if _stay_apart(components, workflow) and not any(map(CODING.match, plain.splitlines()[:2])):
            parse_python(plain)
            return plain
    except SyntaxError:
        pass
    parts = [LOADER]
    for name, kind, text in components:
        if kind == "text":
            parts.append(f'{name} = _visible["{name}"] = {text!r}\n')
        else:
            parts.append(f'{name} = _load("{name}", {quoted(text)})\n')
    return "\n\n".join([*parts, workflow.strip("\n") + "\n"])


def _stay_apart(components: Sequence[Part], workflow: str) -> bool:
    """Whether no text binds a name that another one uses, but for its component."""
    texts = [(name, text) for name, kind, text in components if kind == "python"] + [("workflow", workflow)]
    if any(re.search(r"__future__|^[ \t]*from\b.*\bimport[ \t(]*\*", text, re.MULTILINE) for _, text in texts):
        return False
    bound = {name: {name: name} for name, _, _ in components}
    used: dict[str, set[str]] = {}
    for name, text in texts:
        binds, used[name] = global_names(text)
        if used[name] & DEPENDS_ON_PLACE:
            return False
        imports = _imports(text)
        bound[name] = {each: imports.get(each, name) for each in binds}
    return not any(
        # Another's component may be used; any other name must be the same import in both.
        each in bound[other].keys() | used.get(other, set()) and what != bound[other].get(each) and each != one
        for one, names in bound.items()
        for each, what in names.items()
        for other in bound
        if one != other
    ) and not any(one in bound[other] for one in bound for other in bound if one != other)


def _imports(text: str) -> dict[str, str]:
    """Names that a text binds by nothing but an import at its top level, and to what."""
    tree = parse_python(text)
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module} " if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = f"{found.get(name, '')} import {module}{alias.name} {bool(alias.asname)}"
    for each in ast.walk(tree):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            found.pop(each.id, None)
        elif isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.pop(each.name, None)
    return found


def quoted(text: str) -> str:
    """A text as a Python literal that reads like the text wherever that can be."""
    for quotes in ('"""', "'''"):
        if "\r" in text or quotes in text or text.endswith((quotes[0], "\\")) or text.startswith(quotes[0]):
            continue
        return f"r{quotes}{text}{quotes}" if "\\" in text else f"{quotes}{text}{quotes}"
    lines = "\n".join(f"    {line!r}" for line in text.splitlines(keepends=True))
    return f"(\n{lines}\n)"
