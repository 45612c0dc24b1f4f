"""A heuristic's rule, played in this process."""

from __future__ import annotations

from typing import Any

from genopt_gym.envs.heuristics.heuristic_task import Decider, HeuristicTask


def play(task: HeuristicTask, simulator: Decider, rule: str) -> float:
    """The sum of rewards of a rule: the name of a start, or a component's text."""
    [(component,), workflow, starts] = (getattr(task.structures["one_function"], name) for name in FIELDS)
    namespace: dict[str, Any] = {}
    exec(starts[rule][component.name] if rule in starts else rule, namespace)
    exec(workflow, namespace)
    total, over = 0.0, False
    while not over:
        action = namespace["workflow"](*simulator.observe().values())
        assert simulator.lacks(action) is None
        reward, over = simulator.step(action)
        total += reward
    return total


FIELDS = ("components", "workflow", "implementations")
