"""Keywords of ``gym.make``: whose they are, what they default to, and what is refused."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, ClassVar, get_type_hints

import gymnasium as gym
import pytest

from genopt_gym.core.parameters import ParameterDict, Parameters
from genopt_gym.core.task import Task, TaskSpec
from tests.helpers.toys import Guess

CARTPOLE = "genopt_gym.envs.control.cart_pole:CartPole"


class Protocolled(Guess):
    """A task whose published protocol differs from the default one."""

    horizon = 7
    protocols: ClassVar[dict[str, dict[str, Any]]] = {
        "default": {},
        "paper": {"credit_horizon": 3, "validation_size": 2, "feedback": ["score"], "start": "plain/nine"},
    }

    def __init__(self, *, sticky: float = 0.25, **sizes: Any) -> None:
        super().__init__(**sizes)
        self.sticky = sticky


def resolve(**passed: Any) -> tuple[Parameters, TaskSpec]:
    return Parameters.resolve("tests.core.test_parameters:Protocolled", passed)


def test_defaults_come_from_the_task() -> None:
    parameters, spec = resolve()
    assert (parameters.start, parameters.credit_horizon) == ("plain/five", 7)
    assert spec == TaskSpec("tests.core.test_parameters:Protocolled", {})


def test_protocol_fills_what_was_not_passed() -> None:
    parameters, spec = resolve(protocol="paper")
    assert (parameters.credit_horizon, parameters.feedback, parameters.start) == (3, ["score"], "plain/nine")
    assert spec.arguments == {"validation_size": 2}


def test_protocol_fills_only_what_was_not_passed() -> None:
    parameters, spec = resolve(protocol="paper", credit_horizon=5, validation_size=9)
    assert (parameters.credit_horizon, parameters.feedback) == (5, ["score"])
    assert spec.arguments == {"validation_size": 9}


def test_passed_none_is_passed() -> None:
    assert resolve(credit_horizon=None, protocol="paper")[0].credit_horizon is None
    assert resolve(start=None)[0].start == "plain/five"


def test_keywords_of_the_task_and_of_its_bases_go_to_the_task() -> None:
    parameters, spec = resolve(sticky=0.0, split_seed=3, batch_size=2)
    assert spec.arguments == {"sticky": 0.0, "split_seed": 3}
    assert parameters.batch_size == 2
    task = spec.make()
    assert isinstance(task, Protocolled)
    assert (task.sticky, task.split_seed) == (0.0, 3)


def test_typed_keywords_are_those_of_the_environment_and_of_every_task() -> None:
    of_environment = {field.name for field in dataclasses.fields(Parameters)}
    of_every_task = set(inspect.signature(Task.__init__).parameters) - {"self"}
    assert set(ParameterDict.__annotations__) == of_environment | of_every_task | {"protocol"}
    declared, typed = get_type_hints(Parameters), get_type_hints(ParameterDict)
    for name in of_environment - {"trace_window", "accept"}:
        assert typed[name] == declared[name], name


@pytest.mark.parametrize(
    ("passed", "nearest"),
    [
        ("batchsize", "batch_size"),
        ("credit_horizons", "credit_horizon"),
        ("protocoll", "protocol"),
        ("sticki", "sticky"),
    ],
)
def test_unknown_keyword_is_a_type_error_that_names_the_nearest(passed: str, nearest: str) -> None:
    with pytest.raises(TypeError, match=f"unknown keyword '{passed}'; did you mean '{nearest}'"):
        resolve(**{passed: 1})


def test_keyword_that_is_near_to_none_lists_all() -> None:
    with pytest.raises(TypeError, match=r"unknown keyword 'zzz'; there are accept, batch_sampler, .*, validation_size"):
        resolve(zzz=1)


@pytest.mark.parametrize(
    ("passed", "message"),
    [
        ({"documentation": "some"}, "documentation='some' is not one of 'full', 'signature'"),
        ({"context": None}, "context=None is not one of 'full', 'goal', 'none'"),
        (
            {"trace_window": "middle"},
            "no trace window 'middle'. There are first, last, around_reward, highlights, or mod",
        ),
        ({"trial_start": "wait"}, "'restart', 'continue'"),
        ({"batch_sampler": "random"}, "'epoch', 'fixed', 'failures', 'mixed'"),
        ({"feedback_horizon": "all"}, "'episode', 'credit'"),
        ({"score_split": "test"}, "'validation', 'train'"),
        ({"reward": "sparse"}, "'improvement', 'score', 'delta'"),
        ({"accept": "never"}, "no acceptance rule 'never'. There are always, valid, train, validation, or"),
        ({"protocol": "mine"}, "protocol='mine' is not one of 'default', 'paper'"),
        ({"credit_horizon": 0}, "credit_horizon must be a whole number from 1, got 0"),
        ({"credit_horizon": 2.5}, "credit_horizon must be a whole number from 1, got 2.5"),
        ({"batch_size": True}, "batch_size must be a whole number from 1, got True"),
        ({"batch_size": None}, "batch_size must be a whole number from 1, got None"),
        ({"max_trace_chars": 999}, "max_trace_chars must be a whole number from 1000, got 999"),
        ({"feedback": "score"}, "feedback must be a list"),
        (
            {"feedback": ["score", "praise"]},
            "no feedback kind 'praise'. There are score, metrics, staged, trials, progress, answer",
        ),
    ],
)
def test_value_that_is_not_allowed_is_named(passed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve(**passed)


@pytest.mark.parametrize(
    ("passed", "message"),
    [
        ({"start": "modular/clever"}, "no start 'modular/clever'; this task has modular/naive, modular/stub"),
        ({"editable": ["act"]}, "editable names 'act', but the components are estimate_lean, select_action"),
        ({"batch_size": 5, "train_size": 4}, "batch_size=5 is more than the 4 train instances"),
        ({"validation_size": 0}, "validation_size must be a whole number from 1, got 0"),
        ({"budget": {"trials": 0}}, "budget of trials must be a whole number from 1"),
        ({"budget": {"hours": 1}}, "a budget has trials, inner_steps, tokens, money, calls, not 'hours'"),
    ],
)
def test_value_that_the_task_does_not_have_is_named(passed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gym.make("GenOpt/Control-CartPole-v0", **passed).reset()
