"""Every environment and every agent of the suite, held to the public conformance suites."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium as gym
import pytest

from genopt_gym.agents import AGENTS, agent_class
from genopt_gym.agents.model_agent import ModelAgent
from genopt_gym.registration import TABLE
from genopt_gym.testing import AgentConformance, TaskConformance
from tests.envs.bbeh.checkout import shared_checkout
from tests.helpers import tables
from tests.helpers.extras import skip_without, skip_without_extra
from tests.helpers.slow import ALIKE_GAMES, slow

CHEAP: dict[str, dict[str, Any]] = {
    "Control": {"validation_size": 3, "credit_horizon": 30},
    "GenOpt/Control-Acrobot-v0": {"validation_size": 1, "credit_horizon": 30},
    "Policy": {"validation_size": 3, "credit_horizon": 30},
    "MiniGrid": {"validation_size": 1, "credit_horizon": 30, "max_steps": 40},
    "Heuristics": {"validation_size": 1, "credit_horizon": 30},
    "Atari": {"validation_size": 1, "credit_horizon": 50, "max_steps": 120},
    "BBEH": {"data_dir": shared_checkout(), "train_size": 15, "validation_size": 4},
    "Reasoning": {"train_size": 15, "validation_size": 3, "test_size": 3},
    "Discovery": {"improve_calls": 2},
    "MLAgentBench": {"data_dir": str(tables.folder())},
    "GenOpt/MLAgentBench-Vectorization-v0": {"start": "modular/working", "rounds": 1, "validation_size": 1},
}
"""By family, or by id, what keeps trials short here."""

IN_FULL = {
    "GenOpt/Atari-Pong-v0",
    "GenOpt/BBEH-MultistepArithmetic-v0",
    "GenOpt/Control-CartPole-v0",
    "GenOpt/Discovery-CirclePacking26-v0",
    "GenOpt/Heuristics-BinPacking-v0",
}
"""One of each way to run an artifact is always held to everything."""
IN_BRIEF = {
    "test_check_env",
    "test_spec_is_json",
    "test_splits_are_disjoint",
    "test_test_split_is_hidden",
    "test_protocols",
    "test_metric",
}
"""What the others are always held to; the rest of the suite is for `make test-all`."""

PLAYED = {"test_check_env", "test_spec_is_json"}
"""Those of the brief ones that play trials."""
ALIKE = ALIKE_GAMES | {"GenOpt/MLAgentBench-Vectorization-v0"}
"""Ids whose trials take long, and whose family has others that are always played here; tests/envs plays these too."""

INNERS = {
    "Blackjack-v1": "a Tuple",
    "FrozenLake-v1": "a Discrete",
    "CliffWalking-v1"
    if "CliffWalking-v1" in gym.registry
    else "CliffWalking-v0": "a Discrete, and no floor of rewards",
    "Taxi-v4" if "Taxi-v4" in gym.registry else "Taxi-v3": "a Discrete with many values",
    "tests.helpers.inners:Inner/Nested-v0": "a Dict with an image, texts and integers",
    "minigrid:MiniGrid-Empty-5x5-v0": "a Dict with an image and a text of another space than Text",
}
"""Environments behind `Policy-Any`, and what they observe."""

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

    id = "tests.helpers.toys:Toy/Guess-v0"


class TestNondeterministicTask(TaskConformance):
    id = "tests.helpers.toys:Toy/WobblyGuess-v0"


class TestAgentsOnMinimisedScore(AgentConformance):
    agent = "hill-climbing"
    id = "tests.helpers.toys:Toy/Guess-v0"
    parameters: ClassVar[dict[str, Any]] = {"start": "plain/nine"}


def _class_name(name: str) -> str:
    return "Test" + "".join(part.capitalize() for part in name.replace("/", "-").split("-"))


for row in TABLE:
    family = row.id.removeprefix("GenOpt/").partition("-")[0]
    if family == "NetHack":
        continue  # needs an environment of its own: held to the suite in tests/envs/nethack
    facts: dict[str, Any] = {"id": row.id, "parameters": CHEAP.get(row.id, CHEAP.get(family, {}))}
    if row.id not in IN_FULL:
        quick = IN_BRIEF - PLAYED if row.id in ALIKE else IN_BRIEF
        names = [name for name in dir(TaskConformance) if name.startswith("test_") and name not in quick]
        facts |= {name: slow(getattr(TaskConformance, name)) for name in names}
    facts["pytestmark"] = skip_without_extra(row.id)
    globals()[_class_name(row.id)] = type(_class_name(row.id), (TaskConformance,), facts)

for inner in INNERS:
    facts = {"id": "GenOpt/Policy-Any-v0", "parameters": {**CHEAP["Policy"], "inner": inner}}
    quick = {"test_check_env"} if inner == "Blackjack-v1" else set()
    names = [name for name in dir(TaskConformance) if name.startswith("test_") and name not in quick]
    facts |= {name: slow(getattr(TaskConformance, name)) for name in names}
    facts["pytestmark"] = skip_without(module for module in (inner.rpartition(":")[0],) if module)
    name = _class_name(f"PolicyOver-{inner.rpartition(':')[2]}")
    globals()[name] = type(name, (TaskConformance,), facts)

DISGUISED = {"GenOpt/Control-CartPole-v0"}
"""Always held to the suite under a disguise; the other ids that have one are by `make test-all`."""

for row in TABLE:
    family = row.id.removeprefix("GenOpt/").partition("-")[0]
    if family not in ("Atari", "Control", "Tabular") and "HousePrice" not in row.id and "Titanic" not in row.id:
        continue  # has none, and says so
    facts = {"id": row.id, "parameters": CHEAP.get(row.id, CHEAP.get(family, {})) | {"disguise": 1}}
    marks = skip_without_extra(row.id)
    facts["pytestmark"] = marks if row.id in DISGUISED else [marks, pytest.mark.slow]
    name = _class_name(f"Disguised-{row.id}")
    globals()[name] = type(name, (TaskConformance,), facts)

for agent in AGENTS:
    if issubclass(agent_class(agent), ModelAgent):
        continue  # needs a model's server: held to the suite in test_proposers.py and in tests/agents/external
    if agent == "mcp":
        continue  # a client drives it: tests/serve
    if agent == "bandit":
        continue  # acts in an environment that it has wrapped: tests/agents/test_bandit.py
    if agent == "sb3":
        continue  # needs a trained policy: held to the suite in tests/agents/test_sb3.py
    facts = {"agent": agent, **AGENT_FACTS.get(agent, {})}
    globals()[_class_name(agent)] = type(_class_name(agent), (AgentConformance,), facts)
