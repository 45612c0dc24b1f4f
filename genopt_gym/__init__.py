"""The Gymnasium suite for generative optimization: one environment step is one edit of an artifact.

What this module exports is kept from version to version; everything else may change. It is imported when it is first
used, so that ``import genopt_gym``, which makes all ids known to Gymnasium, stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genopt_gym.registration import register_all
from genopt_gym.version import VERSION

if TYPE_CHECKING:
    from genopt_gym.agents import Agent, AgentDone, Problem, make_agent
    from genopt_gym.asynchronous import areset, astep
    from genopt_gym.core.artifact import Artifact, Component, Structure
    from genopt_gym.core.edit import EditOutcome, parse_edit
    from genopt_gym.core.errors import ContractBroken, UserError
    from genopt_gym.core.scored import Scored, Text
    from genopt_gym.core.task import Metric, Task
    from genopt_gym.evaluation import Evaluator
    from genopt_gym.making import make
    from genopt_gym.runs.api import resume, run
    from genopt_gym.runs.callbacks import Callback
    from genopt_gym.runs.run import load_run
    from genopt_gym.study.api import compare
    from genopt_gym.study.study import load_study
    from genopt_gym.wrapping.api import wrap

__version__ = VERSION

__all__ = [
    "Agent",
    "AgentDone",
    "Artifact",
    "Callback",
    "Component",
    "ContractBroken",
    "EditOutcome",
    "Evaluator",
    "Metric",
    "Problem",
    "Scored",
    "Structure",
    "Task",
    "Text",
    "UserError",
    "areset",
    "astep",
    "compare",
    "load_run",
    "load_study",
    "make",
    "make_agent",
    "parse_edit",
    "resume",
    "run",
    "wrap",
]

_PLACES = {
    "agents": ("Agent", "AgentDone", "Problem", "make_agent"),
    "asynchronous": ("areset", "astep"),
    "core.artifact": ("Artifact", "Component", "Structure"),
    "core.edit": ("EditOutcome", "parse_edit"),
    "core.errors": ("ContractBroken", "UserError"),
    "core.scored": ("Scored", "Text"),
    "core.task": ("Metric", "Task"),
    "evaluation": ("Evaluator",),
    "making": ("make",),
    "runs.api": ("resume", "run"),
    "runs.callbacks": ("Callback",),
    "runs.run": ("load_run",),
    "study.api": ("compare",),
    "study.study": ("load_study",),
    "wrapping.api": ("wrap",),
}
_MODULES = {name: f"genopt_gym.{module}" for module, names in _PLACES.items() for name in names}

register_all()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'genopt_gym' has no attribute {name!r}")
    found = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
