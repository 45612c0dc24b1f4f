"""The limits that an artifact is held to, as its optimizer is told them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.core.artifact import Artifact
from genopt_gym.core.task import Task
from genopt_gym.sandbox.confine import PROFILES

TOLD = ("numpy", "pandas", "scipy", "sklearn", "lightgbm")
"""Of the modules that there are: others are there because these need them."""
PACKAGES = {"sklearn": "scikit-learn"}
"""Of modules whose package has another name; to ask which one has it would mean to read what every package holds."""


def limit_words(task: Task, artifact: Artifact, *, all_editable: bool, tells_score: bool) -> str:
    """What a text may hold and use; part of the contract at every level of documentation.

    Args:
        task: whose limits they are.
        artifact: the starting artifact.
        all_editable: whether no component is fixed.
        tells_score: whether the lowest score may be named.
    """
    limits = task.limits
    parts = [f"Limits: the text of a component has at most {MAX_TEXT_CHARS:,} characters."]
    if any(component.kind == "python" for component in artifact.components):
        reach = "work" if all_editable else "are refused, with whatever else could reach the fixed components"
        parts += [
            f"A call of the workflow may take {_seconds(limits.call_seconds)} and return "
            f"{limits.answer_bytes:,} bytes.",
            f"{_trials(task)} may take {_seconds(limits.cpu_seconds)} of processor time and, beside the libraries, "
            f"{limits.memory_mb:,} MB of memory.",
            f"Importable: the standard library{_libraries(task.profile)}; nothing else. `eval` and `exec` {reach}.",
            "No threads, no other processes, no network, and no files but those that the artifact writes itself.",
        ]
    if artifact.asks_model:
        parts.append(f"In a trial, llm(prompt) may be called {limits.llm_calls} times.")
    lowest = "the lowest score" + (f", {task.metric.format(task.metric.worst)}" if tells_score else "")
    costs = "in one trial costs the whole artifact" if task.error_costs == "artifact" else "costs its trial"
    parts.append(f"An error, or more than is allowed, {costs}: it gets {lowest}.")
    return "\n".join(parts)


def _trials(task: Task) -> str:
    return "A trial" if task.block_size == 1 else f"Up to {task.block_size} trials together"


def _seconds(number: float) -> str:
    return f"{number:,g} second{'' if number == 1 else 's'}"


def _libraries(profile: str) -> str:
    told = [found for name in PROFILES[profile] if name in TOLD and (found := _installed(name)) is not None]
    names = "".join(f", {name}" for name in told)
    return f"{names} and what these depend on" if profile == "data" else names


@cache
def _installed(module: str) -> str | None:
    """A module with the version of its package, as far as that is known; None if it is not installed."""
    if find_spec(module) is None:
        return None
    try:
        return f"{module} {version(PACKAGES.get(module, module))}"
    except PackageNotFoundError:
        return module
