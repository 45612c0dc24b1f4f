"""Agents by name, and their options."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym.agents import AGENTS, Agent, make_agent


class MyAgent(Agent):
    """An agent from outside the package."""

    def __init__(self, *, patience: int = 3) -> None:
        self.patience = patience

    def act(self, observation: dict[str, Any]) -> dict[str, str]:
        return {}


def test_ones_own_agent_goes_by_module_and_class() -> None:
    agent = make_agent("tests.agents.test_agents:MyAgent", {"patience": 5})
    assert isinstance(agent, MyAgent)
    assert agent.patience == 5


def test_every_agent_of_the_suite_has_a_docstring_of_its_own() -> None:
    for entry in AGENTS.values():
        module, _, name = entry.partition(":")
        agent_class = getattr(__import__(module, fromlist=[name]), name)
        assert issubclass(agent_class, Agent)
        assert agent_class.__doc__ != Agent.__doc__


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hill-climb", {}, "no agent 'hill-climb'; did you mean 'hill-climbing'"),
        ("zzz", {}, "no agent 'zzz'.*There are random, hill-climbing, cma-es, scripted"),
        ("cma-es", {"sigmas": 1}, "agent 'cma-es' has no option 'sigmas'.*sigma"),
        ("scripted", {}, "agent 'scripted' needs the option 'edits'"),
        ("cma-es", {"sigma": 0}, "sigma must be a number above 0"),
        ("cma-es", {"population": 2}, "population must be a whole number from 4"),
    ],
)
def test_name_or_option_that_does_not_exist_is_told(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_agent(name, options)
