"""A user's own scoring function as an environment."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym

from genopt_gym.core import registry
from genopt_gym.registration import FUNCTION

_importing: list[str] = []
"""Modules that are being imported to find a function in them."""


def wrap(
    function: Callable[..., Any], components: Sequence[Callable[..., Any]], **parameters: Any
) -> gym.Env[Any, Any]:
    """The environment whose artifact is ``components``, scored by ``function``.

    Args:
        function: ``function(workflow, seed)`` runs one trial and returns its score, a number from ``low`` to ``high``,
            or that and a dict of further metrics. ``workflow(...)`` asks the components, which run confined; the
            function itself runs in a trusted worker, once for each trial. ``seed`` (0 to 2**31 - 1) is all that
            differs from trial to trial. It may raise ``genopt_gym.ContractBroken`` if what it was answered is no
            answer: that trial fails with these words. Any other exception of its own ends the run.
        components: Python functions whose text is the starting artifact; a docstring is the documentation of the
            contract. Only this text is run: what it needs it has to import itself.
        **parameters: ``low`` and ``high``, the worst and the best score; what else ``FunctionTask`` takes
            (``workflow``, ``goal``, ``texts``, ...); and the keywords of ``gym.make``.

    Workers import what is named here, so all functions are defined at the top level of a module. A script works too,
    if whatever it does beside definitions is under ``if __name__ == "__main__":``.

    Raises:
        ValueError: a function that workers could not import, or a parameter that is not allowed.
        TypeError: a keyword that nobody knows, or none where one is needed.

    >>> wrap(lambda workflow, seed: 1.0, [], low=0, high=1)
    Traceback (most recent call last):
    ValueError: workers cannot import <lambda>: define it with `def` at the top level of a module
    """
    spec = dataclasses.replace(gym.spec(FUNCTION.id), nondeterministic=not parameters.get("deterministic", True))
    name = reference(function)
    return gym.make(spec, function=name, components=[reference(each) for each in components], **parameters)


MOVE_IT = "move it to a module of its own and import it here"


def reference(function: Callable[..., Any]) -> str:
    """``module:name``, by which a worker can import the function; ValueError if it could not.

    >>> reference(wrap)
    'genopt_gym.wrapping:wrap'
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
    return f"{_importable_main(name) if module == '__main__' else module}:{name}"


def _importable_main(name: str) -> str:
    """The name by which others can import the running script."""
    main = sys.modules["__main__"]
    if main.__spec__ is not None and main.__spec__.name != "__main__":  # python -m; a folder that is run has no name
        return main.__spec__.name
    file = getattr(main, "__file__", None)
    if file is not None and Path(file).stem.isidentifier() and Path(file).stem != "__main__":
        found = importlib.util.find_spec(Path(file).stem)
        if found is not None and found.origin is not None and Path(found.origin).resolve() == Path(file).resolve():
            return found.name
    where = "an interactive session" if file is None else file
    raise ValueError(f"workers cannot import {name} from {where}: {MOVE_IT}")


def load(reference: str) -> Callable[..., Any]:
    """The function called ``module:name``; ValueError if there is none."""
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
