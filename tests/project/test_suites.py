"""Suites: every task in one exists with these parameters, and plans take a suite for its tasks."""

from __future__ import annotations

import os
from pathlib import Path

import gymnasium as gym
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.parameters import Parameters
from genopt_gym.registration import TABLE
from genopt_gym.study.planning.plan import load_plan
from genopt_gym.suites import SUITES, suite

TASKS = {row.id: row.task for row in TABLE}
DATA = Path(os.environ.get("GENOPT_TEST_DATA", ""))


@pytest.mark.parametrize("name", SUITES)
def test_every_task_takes_its_parameters(name: str) -> None:
    for id, parameters in suite(name).tasks.items():
        resolved, spec = Parameters.resolve(TASKS[id], parameters)
        taken = {**spec.arguments, **vars(resolved)}
        given = {key: value for key, value in parameters.items() if key != "protocol"}
        assert {key: taken[key] for key in given} == given, id


def test_the_quick_suite_makes_environments() -> None:
    for env in suite("quick").make(credit_horizon=5):
        assert isinstance(env, gym.Env)


def test_a_plan_takes_a_suite_for_its_tasks() -> None:
    plan = load_plan({"tasks": "suite:quick", "agents": ["random"], "seeds": 1})
    assert {run.config.id: run.config.parameters for run in plan.runs} == suite("quick").tasks


def test_a_task_that_the_plan_names_itself_keeps_the_plans_parameters() -> None:
    tasks = {"suite:quick": None, "GenOpt/Control-CartPole-v0": {"validation_size": 3}}
    plan = load_plan({"tasks": tasks, "agents": ["random"], "seeds": 1})
    parameters = {run.config.id: run.config.parameters for run in plan.runs}
    assert len(parameters) == len(suite("quick").tasks)
    assert parameters["GenOpt/Control-CartPole-v0"] == {"validation_size": 3}


def test_the_command_lines_tasks_may_be_a_suite() -> None:
    plan = load_plan({"tasks": ["GenOpt/Control-Acrobot-v0"], "agents": ["random"]}, tasks=["suite:quick"], seeds=1)
    assert {run.config.id for run in plan.runs} == set(suite("quick").tasks)


def test_a_suite_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"no suite 'opne'; did you mean open\?"):
        load_plan({"tasks": "suite:opne", "agents": ["random"]})


def test_each_seed_can_have_a_disguise_of_its_own() -> None:
    factors = {"disguise": [None, "replicate"]}
    plan = load_plan({"tasks": ["GenOpt/Control-CartPole-v0"], "agents": ["random"], "factors": factors, "seeds": 3})
    found = {(run.seed, run.config.parameters["disguise"]) for run in plan.runs}
    assert found == {(seed, disguise) for seed in range(3) for disguise in (None, seed)}
