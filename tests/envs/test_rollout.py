"""Rollouts: which results of a policy are actions, and what becomes of those that are not."""

from __future__ import annotations

import math
import random
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from genopt_gym.core.evidence import Instance, Trial
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.actions import action_check, random_action
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.evaluation import Evaluator

THREE = spaces.Discrete(3)
FROM_ONE = spaces.Discrete(2, start=1)
TORQUE = spaces.Box(-2, 2, (1,))
SCALAR = spaces.Box(-2, 2, ())
PAIR = spaces.Box(np.array([0, -0.1], np.float32), np.array([1, 0.1], np.float32))

ACTIONS = [
    *((THREE, action) for action in (0, 2)),
    *((FROM_ONE, action) for action in (1, 2)),
    *((space, action) for space in (TORQUE, SCALAR) for action in (-2, 0.5, 2.0, [1], [-0.0])),
    *((PAIR, action) for action in ([0, 0], [1.0, 0.1], [0.5, -0.1])),
]
NO_ACTIONS = [
    *((THREE, result) for result in (-1, 3, 1.0, True, "1", None, [1], math.nan)),
    *((FROM_ONE, result) for result in (0, 3)),
    *((space, result) for space in (TORQUE, SCALAR) for result in (2.0001, math.nan, math.inf, True, "1", None)),
    *((TORQUE, result) for result in ([], [1, 1], [[1]], ["1"], [None], {"torque": 1}, [math.nan], 10**18)),
    *((PAIR, result) for result in ([0], 0.0, [0, 0.11], [math.nan, 0], [0, 0, 0], [True, 0])),
]


@pytest.mark.parametrize(("space", "action"), ACTIONS)
def test_an_action_lacks_nothing(space: Any, action: Any) -> None:
    assert action_check(space)(action) is None


@pytest.mark.parametrize(("space", "result"), NO_ACTIONS)
def test_for_anything_else_it_is_said_what_an_action_is(space: Any, result: Any) -> None:
    words = action_check(space)(result)
    assert words is not None
    assert words.startswith("an action is ")


def test_the_words_name_kind_and_bounds() -> None:
    words = [action_check(space)(None) for space in (THREE, FROM_ONE, TORQUE, PAIR)]
    assert words == [
        "an action is an integer from 0 to 2",
        "an action is an integer from 1 to 2",
        "an action is a number from -2 to 2",
        "an action is a list of 2 numbers from 0 to 1, from -0.1 to 0.1",
    ]


@pytest.mark.parametrize("space", [THREE, FROM_ONE, TORQUE, PAIR])
def test_random_actions_are_actions(space: Any) -> None:
    lacks = action_check(space)
    drawn = [eval(random_action(space), {"random": random.Random(seed)}) for seed in range(50)]
    assert all(lacks(action) is None for action in drawn)
    assert len(set(map(str, drawn))) > 1


PENDULUM = TaskSpec("genopt_gym.envs.control.pendulum:Pendulum", {})


def play_pendulum(result: str) -> Trial:
    evaluator = Evaluator(PENDULUM)
    artifact = evaluator.task.starting_artifact("one_function/naive")
    text = f"import numpy as np\n\ndef policy(obs):\n    return {result}\n"
    (trial,) = evaluator.evaluate(artifact.edited({"policy": text}), [Instance("train", 0)]).trials
    return trial


@pytest.mark.parametrize("result", ["float('nan')", "2.5", "[1.0, 1.0]", "'left'", "np.array([[0.5]])", "None"])
def test_a_result_that_is_no_action_breaks_the_contract(result: str) -> None:
    trial = play_pendulum(result)
    assert trial.failure is not None
    assert (trial.failure.outcome, trial.failure.step) == ("contract_broken", 0)
    assert trial.failure.message.startswith("the workflow returned ")
    assert trial.failure.message.endswith(", but an action is a number from -2 to 2")
    assert trial.score == -3255


def test_a_number_may_come_in_any_dress() -> None:
    dresses = ("0.5", "[0.5]", "(0.5,)", "np.float64(0.5)", "np.array([0.5])")
    trials = [play_pendulum(result) for result in dresses]
    assert [trial.failure for trial in trials] == [None] * len(dresses)
    assert len({trial.score for trial in trials}) == 1


def test_an_episode_goes_on_where_its_window_ended_with_actions_that_are_lists() -> None:
    keywords: dict[str, Any] = {"trial_start": "continue", "credit_horizon": 5, "batch_sampler": "fixed"}
    env = gym.make("GenOpt/Control-Pendulum-v0", start="one_function/naive", validation_size=1, **keywords)
    env.reset(seed=0)
    env.step({"policy": "def policy(obs):\n    return [0.5]\n"})
    _, _, _, _, info = env.step({"policy": "def policy(obs):\n    return [0.25]\n"})
    (trial,) = info["trials"]
    assert [event["step"] for event in trial["events"]] == [10, 11, 12, 13, 14]
    assert trial["actions"] == [*trial["actions"][:5], *[[0.5]] * 5, *[[0.25]] * 5]


def test_a_score_stays_within_what_whole_episodes_score() -> None:
    window = Trial(Instance("train", 0), 700.0, 700.0, 1, ended=False)
    assert CartPole().score([window]) == 500
