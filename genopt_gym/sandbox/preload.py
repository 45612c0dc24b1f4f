"""What a zygote loads before it forks: so that no fork has to, and in tier ``seccomp`` because none could."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pkgutil
import sys
import warnings
from collections.abc import Iterator

from genopt_gym.sandbox import confine

ALWAYS = (
    *("math", "random", "collections", "itertools", "functools"),
    *("heapq", "bisect", "statistics", "re", "json"),
)
SUBMODULES = {
    "scientific": tuple(f"scipy.{name}" for name in ("fft", "linalg", "optimize", "sparse", "spatial", "special")),
    "data": tuple(
        f"sklearn.{name}"
        for name in (
            *("cluster", "compose", "decomposition", "discriminant_analysis", "ensemble", "experimental"),
            *("feature_selection", "impute", "kernel_ridge", "linear_model", "metrics", "model_selection"),
            *("naive_bayes", "neighbors", "neural_network", "pipeline", "preprocessing", "svm", "tree"),
        )
    ),
}
"""What takes long to import, so that no fork has to."""

NOT_LOADED = frozenset(
    (
        "antigravity",
        "this",
        "idlelib",
        "tkinter",
        "turtle",
        "turtledemo",
        "lib2to3",
        "ensurepip",
        "venv",
        "pydoc_data",
        "_pyrepl",
    )
)
"""Of the standard library: what opens windows or prints when it is imported, and installers."""
NO_PART = frozenset(("test", "tests", "testing", "conftest", "__main__", "f2py", "distutils", "externals"))
"""Submodules that are not for programs to use."""


def submodules(profile: str) -> tuple[str, ...]:
    """What is always loaded beside a profile's top-level modules."""
    return SUBMODULES.get(profile, ())


def load(profile: str) -> None:
    """Load a profile's modules, as far as they are installed."""
    for name in (*ALWAYS, *confine.PROFILES[profile], *submodules(profile)):
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)


def load_all(profile: str) -> None:
    """Load all that a profile promises: for forks that can open no file, and so import nothing later."""
    stdlib = [name for name in sys.stdlib_module_names if not name.startswith("__") and name not in NOT_LOADED]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(stdlib):
            _try(name)
            for part in _parts(name, deep=True):
                _try(part)
        for name in confine.PROFILES[profile]:
            for part in _parts(name, deep=False):
                _try(part)


def _parts(name: str, deep: bool) -> Iterator[str]:
    """The public submodules of a package that is loaded; with ``deep`` also theirs."""
    for found in pkgutil.iter_modules(getattr(sys.modules.get(name), "__path__", ()), f"{name}."):
        own = found.name.rpartition(".")[2]
        if own in NO_PART or (own.startswith("_") and not deep):
            continue
        yield found.name
        if deep and found.ispkg:
            yield from _parts(found.name, deep)


def _try(name: str) -> None:
    """A module that this system does not have is one that artifacts cannot import either."""
    with contextlib.suppress(Exception, SystemExit):
        importlib.import_module(name)
