"""Functions of a notebook: their source, with what it needs of the notebook, as one text that stands alone."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from genopt_gym.core.global_names import names_from_outside

MAX_VALUE_CHARS = 100_000
"""Longest value of the notebook's that is written into a source."""


def source_of(function: Callable[..., Any], *, alone: bool = False) -> str:
    """The source of a function, after the imports, values and functions of its notebook that it uses.

    Values are those of now: what the notebook makes of them later is not seen.

    Args:
        function: of a cell, or of a script that no other process could import.
        alone: its own text and nothing else.

    Raises:
        ValueError: there is no source, or it uses what cannot be sent.
    """
    text = _text(function)
    if alone:
        return text
    parts: dict[str, str] = {}
    missing: list[str] = []
    _gather(function.__globals__, text, parts, missing, {function.__name__})
    if missing:
        raise ValueError(
            f"{function.__name__} uses {', '.join(missing)}, which cannot be sent to other processes: define it within "
            f"{function.__name__}, or move both to a module of their own and import them here"
        )
    return "\n".join([*parts.values(), text])


def _text(function: Callable[..., Any]) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip() + "\n"
    except (OSError, TypeError):
        raise ValueError(
            f"workers cannot import {function.__name__}, and its source is nowhere to be read (as of `python -c`, exec "
            "or a pipe): move it to a module of its own and import it here"
        ) from None


def _gather(scope: dict[str, Any], text: str, parts: dict[str, str], missing: list[str], known: set[str]) -> None:
    """Collect what a text needs of a notebook's names, what is needed first first."""
    for name in sorted(names_from_outside(text) - known):
        known.add(name)
        if name not in scope:
            continue  # it is the function's own affair, and told when it runs
        value = scope[name]
        line = _import_of(name, value) or _assignment(name, value)
        if line is not None:
            parts[name] = line
        elif isinstance(value, FunctionType | type) and value.__module__ == "__main__" and value.__name__ == name:
            try:
                own = _text(value)
            except ValueError:
                missing.append(name)
                continue
            _gather(scope, own, parts, missing, known)
            parts[name] = own
        else:
            missing.append(name)


def _import_of(name: str, value: Any) -> str | None:
    """The line that imports it, of a module or of what lies in one."""
    if isinstance(value, ModuleType) and value.__name__ != "__main__":
        return f"import {value.__name__} as {name}"
    module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if module in (None, "__main__") or not isinstance(qualified, str) or not qualified.isidentifier():
        return None
    found = getattr(sys.modules.get(str(module)), qualified, None)
    return f"from {module} import {qualified} as {name}" if found is value else None


def _assignment(name: str, value: Any) -> str | None:
    """The line that makes it, of plain data."""
    text = repr(value)
    if len(text) > MAX_VALUE_CHARS:
        return None
    try:
        return f"{name} = {text}" if ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
