"""Functions by name, or by their text: how workers find what somebody has defined."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import linecache
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from genopt_gym.core import registry
from genopt_gym.core.parsing import parse_python
from genopt_gym.wrapping.cells import source_of

_importing: list[str] = []
"""Modules that are being imported to find a function in them."""

MOVE_IT = "move it to a module of its own and import it here"


def reference(function: Callable[..., Any], component: bool = False) -> str:
    """``module:name``, by which a worker can import the function; or, where none could, its source.

    Args:
        function: defined with ``def`` at the top level of a module, a script, or a cell of a notebook.
        component: its own text is all that will be run of it.

    Raises:
        ValueError: workers could not import it, and its source does not stand alone.

    >>> reference(reference)
    'genopt_gym.wrapping.references:reference'
    """
    if not inspect.isfunction(function):
        raise ValueError(f"{function!r} is not a function defined with `def`, so workers cannot import it")
    name = function.__qualname__
    if not name.isidentifier():
        raise ValueError(f"workers cannot import {name}: define it with `def` at the top level of a module")
    module = function.__module__
    if module not in sys.modules:
        raise ValueError(f"workers cannot import {name}, whose module is called {module}: {MOVE_IT}")
    if getattr(sys.modules.get(module), name, None) is not function:
        raise ValueError(f"workers cannot import {name}: {module}.{name} is something else by now")
    if module != "__main__":
        return f"{module}:{name}"
    importable = _importable_main()
    return source_of(function, alone=component) if importable is None else f"{importable}:{name}"


def _importable_main() -> str | None:
    """The name by which others can import the running script; None of a notebook, or where a file has no such name."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None and main.__spec__.name != "__main__":  # python -m; a folder that is run has no name
        return main.__spec__.name
    file = getattr(main, "__file__", None)
    if file is not None and Path(file).stem.isidentifier() and Path(file).stem != "__main__":
        found = importlib.util.find_spec(Path(file).stem)
        if found is not None and found.origin is not None and Path(found.origin).resolve() == Path(file).resolve():
            return found.name
    return None


def short_name(reference: Any) -> str:
    """What a function is called that goes by its reference or its source.

    >>> short_name("stopping:score"), short_name("def score(workflow, seed):\\n    return 1.0\\n")
    ('stopping:score', 'score')
    """
    if not _is_source(reference):
        return str(reference)
    names = [node.name for node in parse_python(reference).body if isinstance(node, ast.FunctionDef)]
    return names[-1] if names else "function"


def _is_source(reference: Any) -> bool:
    return isinstance(reference, str) and "\n" in reference and "def " in reference


def _load_source(source: str) -> Callable[..., Any]:
    """The last function of a source, in a module of its own."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    module, file = f"genopt_own_{digest}", f"<own {digest}>"
    if module not in sys.modules:
        # So that tracebacks, and whoever asks for the source, find the lines.
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        made = ModuleType(module)
        _importing.append(short_name(source))
        try:
            exec(compile(source, file, "exec", dont_inherit=True), vars(made))
        except Exception as error:
            raise ValueError(f"the source of {short_name(source)} raises {type(error).__name__}: {error}") from error
        finally:
            _importing.pop()
        sys.modules[module] = made
    found = getattr(sys.modules[module], short_name(source), None)
    if not inspect.isfunction(found):
        raise ValueError(f"a source has a function at its top level; this has none: {source[:100]!r}")
    return found


def load(reference: str) -> Callable[..., Any]:
    """The function called ``module:name``, or of that source; ValueError if there is none."""
    if _is_source(reference):
        return _load_source(reference)
    if not registry.is_reference(reference):
        raise ValueError(f"{reference!r} is no function; name it with its module, as in my_module:score")
    module, _, name = reference.partition(":")
    _importing.append(module)
    try:
        found = registry.load(reference)
    finally:
        _importing.pop()
    if not inspect.isfunction(found):
        raise ValueError(f"{module} has no function {name!r} at its top level")
    return found


def refuse_while_importing() -> None:
    """Else a worker that imports a module would start workers that import it, and so on."""
    if _importing:
        raise RuntimeError(
            f"importing {_importing[-1]} makes an environment of its function, but workers have to import it: put that "
            'under `if __name__ == "__main__":`'
        )
