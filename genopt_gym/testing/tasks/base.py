"""What the requirements on a task are made of: its environment, edits of many kinds, the same run elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import gymnasium as gym
import pytest

from genopt_gym.env import OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.testing.transcript import Edit, FreshRun, run_in_fresh_process


class TaskSuite:
    """What ``TaskConformance`` tells of its attributes, and helpers of its parts."""

    id: ClassVar[str]
    parameters: ClassVar[Mapping[str, Any]] = {}
    samples: ClassVar[int] = 25

    def make(self, **more: Any) -> gym.Env[Any, Any]:
        """The environment as a user makes it."""
        return gym.make(self.id, **{**self.parameters, **more})

    def core(self, **more: Any) -> OptimizationEnv:
        """The environment without its wrappers."""
        return optimization_env(self.make(**more))

    def edits(self) -> list[Edit]:
        """A run's worth of edits, of many kinds, that the task's own texts provide."""
        env = self.core()
        start = {name: env.start.texts[name] for name in env.editable}
        structure = env.task.structures[str(env.parameters.start).partition("/")[0]]
        python = [c.name for c in env.start.components if c.kind == "python" and c.name in env.editable]
        env.action_space.seed(0)
        edits: list[Edit] = [
            {},
            *({name: texts[name] for name in start} for texts in structure.implementations.values()),
            {name: counting_calls(name, start[name]) for name in python},
            start,
            "no edit in here",
            *(env.action_space.sample() for _ in range(3)),
            dict.fromkeys(python, "def ("),
        ]
        edits += [f"Try this:\n```python {name}\n{start[name]}# é漢\U0001f3ae\n```\n" for name in python]
        return edits

    def fresh_runs(self) -> list[FreshRun]:
        """The same run in two new processes, with one worker and with two."""
        request = json.dumps([self.id, dict(self.parameters), self.edits()])
        return [_fresh_run(request, workers) for workers in (1, 2)]

    def needs_determinism(self, env: gym.Env[Any, Any]) -> None:
        if not self.is_deterministic(env):
            pytest.skip("registered as nondeterministic")

    def is_deterministic(self, env: gym.Env[Any, Any]) -> bool:
        assert env.spec is not None
        assert env.spec.nondeterministic is not optimization_env(env).task.deterministic
        return not env.spec.nondeterministic


def counting_calls(name: str, text: str) -> str:
    """A component that counts its calls in a module global and fails at the 40th, with a message that holds all that
    could differ from process to process: the order of a set, an address, random numbers."""
    return f"""{text}

import random

_calls_of_{name} = []
_plain_{name} = {name}


def {name}(*arguments):
    _calls_of_{name}.append(random.random())
    if len(_calls_of_{name}) >= 40:
        raise RuntimeError(f"{{sum(_calls_of_{name})}} {{set('unordered')}} {{object()}}")
    return _plain_{name}(*arguments)
"""


@cache
def _fresh_run(request: str, workers: int) -> FreshRun:
    id, parameters, edits = json.loads(request)
    return run_in_fresh_process(id, parameters, edits, seed=7, workers=workers)
