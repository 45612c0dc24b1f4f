"""physics=: constants that differ from episode to episode, and lie where the mode says."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask
from genopt_gym.envs.control.physics import Spread, draw, spread
from genopt_gym.making import optimization_env
from genopt_gym.registration import TABLE
from tests.helpers.extras import or_skipped

IDS = [row.id for row in TABLE if "/Control-" in row.id]


def task_of(id: str, **parameters: Any) -> GymnasiumTask:
    env = optimization_env(gym.make(id, validation_size=2, **parameters))
    assert isinstance(env.task, GymnasiumTask)
    return env.task


def is_inside(value: float, each: Spread) -> bool:
    return each.inside[0] <= value <= each.inside[1]


@given(st.integers(0, 2**31), st.booleans())
def test_drawn_values_lie_in_their_ranges(seed: int, outside: bool) -> None:
    constants = {"mass": spread(2.0), "length": spread(0.5), "gravity": spread(9.8)}
    values = draw(constants, seed, outside)
    for name, each in constants.items():
        ranges = [each.inside, *(each.outside if outside else ())]
        assert any(low <= values[name] <= high for low, high in ranges)
    assert all(is_inside(values[n], each) for n, each in constants.items()) != outside


@pytest.mark.parametrize("id", or_skipped(IDS))
def test_varied_differs_by_instance_and_stays_inside_in_all_splits(id: str) -> None:
    task = task_of(id, physics="varied")
    drawn = [task.constants_of(Instance(split, i)) for split in ("train", "validation", "test") for i in range(2)]
    assert len({tuple(values.items()) for values in drawn}) == len(drawn)
    assert all(is_inside(values[n], each) for values in drawn for n, each in task.constants.items())


@pytest.mark.parametrize("id", or_skipped(IDS))
def test_shifted_tests_outside_of_what_it_trains_on(id: str) -> None:
    task = task_of(id, physics="shifted")
    for split in ("train", "validation"):
        values = task.constants_of(Instance(split, 0))
        assert all(is_inside(values[n], each) for n, each in task.constants.items())
    values = task.constants_of(Instance("test", 0))
    assert not all(is_inside(values[n], each) for n, each in task.constants.items())


@pytest.mark.parametrize("id", or_skipped(IDS))
def test_the_standard_constants_are_those_of_the_inner_environment(id: str) -> None:
    task = task_of(id)
    inner = task.make_inner().unwrapped
    for name, value in task.constants_of(Instance("train", 0)).items():
        if name not in ("wind_power", "turbulence_power"):  # without wind whatever their values
            assert getattr(inner, name) == value


@pytest.mark.parametrize("id", or_skipped(IDS))
def test_the_drawn_constants_change_the_episode_and_not_what_is_told(id: str) -> None:
    parameters: dict[str, Any] = {"start": "modular/random", "validation_size": 1, "credit_horizon": 30}
    seen = []
    for physics in ("standard", "varied"):
        env = optimization_env(gym.make(id, physics=physics, **parameters))
        env.reset(seed=0)
        assert env.last.train is not None
        seen.append(env.last.train.trials[0].events)
    assert set(seen[0][0].observation) == set(seen[1][0].observation)
    assert [event.observation for event in seen[0]] != [event.observation for event in seen[1]]


def test_the_optimizer_is_told_that_constants_differ() -> None:
    assert "differ from episode to episode" in task_of("GenOpt/Control-CartPole-v0", physics="varied").goal
    assert "differ from episode to episode" not in task_of("GenOpt/Control-CartPole-v0").goal


@pytest.mark.parametrize(
    ("id", "physics", "message"),
    [
        ("GenOpt/Control-CartPole-v0", "odd", "is not one of 'standard', 'varied', 'shifted'"),
        ("GenOpt/Policy-Any-v0", "varied", "nobody has said which constants"),
        ("GenOpt/Atari-Pong-v0", "varied", "unknown keyword 'physics'"),
    ],
)
def test_physics_that_cannot_be_are_refused(id: str, physics: str, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        gym.make(id, physics=physics)
