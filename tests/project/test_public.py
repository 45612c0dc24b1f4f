"""What ``genopt_gym`` itself exports: complete, documented, typed, and loaded when it is used."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import gymnasium as gym
import pytest

import genopt_gym
from tests.env.test_registration import HEAVY, loaded_after

CARTPOLE = "GenOpt/Control-CartPole-v0"
SOURCE = ast.parse(Path(genopt_gym.__file__).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", genopt_gym.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(genopt_gym, name))
    assert name in dir(genopt_gym)


def test_type_checkers_see_the_names_that_there_are() -> None:
    (block,) = (node for node in SOURCE.body if isinstance(node, ast.If))
    imported = {
        alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert sorted(imported) == genopt_gym.__all__ == sorted(genopt_gym.__all__)
    assert imported == {name: genopt_gym._MODULES[name] for name in imported}


def test_what_is_not_exported_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'genopt_gym' has no attribute 'no_such_name'"):
        genopt_gym.no_such_name  # noqa: B018


def test_importing_the_package_loads_the_table_of_ids_alone() -> None:
    own = {name for name in loaded_after("import genopt_gym") if name.startswith("genopt_gym")}
    assert own == {"genopt_gym", "genopt_gym.registration", "genopt_gym.version"}


def test_the_classes_to_inherit_load_nothing_heavy() -> None:
    code = "from genopt_gym import Agent, AgentDone, Callback, Metric, Problem, Task, make, make_agent, resume, run"
    assert loaded_after(code).isdisjoint(HEAVY)


def test_make_is_gymnasiums_with_keywords_that_are_known() -> None:
    env = genopt_gym.make(CARTPOLE, max_episode_steps=3, credit_horizon=5, accept="valid", validation_size=2)
    other = gym.make(CARTPOLE, max_episode_steps=3, credit_horizon=5, accept="valid", validation_size=2)
    assert env.spec == other.spec
    # A keyword of the task's own, which no type can know.
    assert genopt_gym.make("GenOpt/Policy-Any-v0", inner="CartPole-v1").spec is not None
    with pytest.raises(TypeError, match="did you mean 'start'"):
        genopt_gym.make(CARTPOLE, strat="modular/naive")


def test_an_agent_is_made_by_name_or_class() -> None:
    by_name = genopt_gym.make_agent("hill-climbing")
    assert type(genopt_gym.make_agent(type(by_name))) is type(by_name)
    assert genopt_gym.make_agent(by_name) is by_name
