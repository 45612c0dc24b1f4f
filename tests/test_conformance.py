"""Every environment and every agent of the suite, held to the public conformance suites."""

from __future__ import annotations

from typing import Any, ClassVar

from genopt_gym.agents import AGENTS
from genopt_gym.registration import TABLE
from genopt_gym.testing import AgentConformance, TaskConformance

CHEAP: dict[str, dict[str, Any]] = {
    "Control": {"validation_size": 3, "credit_horizon": 30},
    "Atari": {"validation_size": 1, "credit_horizon": 50},
}
"""By family, what keeps trials short here."""

AGENT_FACTS: dict[str, dict[str, Any]] = {
    "cma-es": {"options": {"population": 4}},
    "scripted": {
        "options": {"edits": [{"select_action": "def select_action(obs, lean): return 1"}, "", {}]},
        "deterministic_across_seeds": True,
    },
}
"""By name, what the suite has to know of an agent."""


class TestOneStepTaskWithTextAndMinimisedScore(TaskConformance):
    """A task from outside the package: one call a trial, a text component, a score to minimise."""

    id = "tests.toys:Toy/Guess-v0"


class TestNondeterministicTask(TaskConformance):
    id = "tests.toys:Toy/WobblyGuess-v0"


class TestAgentsOnMinimisedScore(AgentConformance):
    agent = "hill-climbing"
    id = "tests.toys:Toy/Guess-v0"
    parameters: ClassVar[dict[str, Any]] = {"start": "plain/nine"}


def _class_name(name: str) -> str:
    return "Test" + "".join(part.capitalize() for part in name.replace("/", "-").split("-"))


for row in TABLE:
    family = row.id.removeprefix("GenOpt/").partition("-")[0]
    facts = {"id": row.id, "parameters": CHEAP.get(family, {})}
    globals()[_class_name(row.id)] = type(_class_name(row.id), (TaskConformance,), facts)

for agent in AGENTS:
    facts = {"agent": agent, **AGENT_FACTS.get(agent, {})}
    globals()[_class_name(agent)] = type(_class_name(agent), (AgentConformance,), facts)
