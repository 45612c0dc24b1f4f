"""What dotted names of imported modules stand for, and what they reach."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from genopt_gym.core import harmless
from genopt_gym.core.harmless import FILES, HARMLESS, IN_PART, KEEPS_STATE, LIBRARIES, READ, SETTINGS


def of_path(path: str, from_import: bool = False) -> Iterator[tuple[str, bool]]:
    """What a dotted name reaches that begins with a module."""
    root, *names = path.split(".")
    if root in KEEPS_STATE and names[:1] and names[0] in KEEPS_STATE[root]:
        yield f"{path} outlives a trial", False
    elif root in IN_PART.keys() | KEEPS_STATE.keys():
        if not (names and names[0] in IN_PART.get(root, ())):
            yield f"{path} is used", True
    elif root not in HARMLESS | LIBRARIES:
        if from_import:
            yield f"{root} is imported", True
    else:
        for name in names if not path.startswith(harmless.PANDAS_TYPES) else ():
            module = name.strip("_")
            foreign = module in sys.stdlib_module_names and module not in HARMLESS
            if foreign or (name.startswith("_") and not is_dunder(name)):
                yield f"{path} is used", True
            elif leads_on(name) or (is_dunder(name) and name not in ("__version__", "__name__", "__future__")):
                yield f"{name} is used", True
            elif name in SETTINGS | FILES:
                yield f"{path} is used", name in SETTINGS
        if len(names) >= 1 and root in HARMLESS and isinstance(value_of(path), dict | list | set | bytearray):
            yield f"{path} is shared", True


def value_of(path: str) -> Any:
    """What a dotted name of a harmless module stands for, or None."""
    root, *names = path.split(".")
    if root not in HARMLESS:
        return None
    try:
        value: Any = importlib.import_module(root)
        for name in names:
            if not hasattr(value, name):
                value = importlib.import_module(f"{value.__name__}.{name}")
            else:
                value = getattr(value, name)
    except Exception:
        return None
    return value


def is_module(path: str) -> bool:
    return isinstance(value_of(path), type(sys)) or path in LIBRARIES or path in IN_PART or path in KEEPS_STATE


def can_be_changed(path: str) -> bool:
    """Whether it is a function or class written in Python, whose attributes can be set."""
    value = value_of(path)
    return isinstance(value, FunctionType) or (isinstance(value, type) and bool(value.__flags__ & (1 << 9)))


def is_builtin_call(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and hasattr(builtins, call.func.id)


def is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and len(name) > 4


def leads_on(name: str) -> bool:
    return name in harmless.LEADS_ON or (is_dunder(name) and name not in READ)


def is_plain_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and not leads_on(node.value)
