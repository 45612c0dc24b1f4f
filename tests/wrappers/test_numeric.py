"""NumericEdits: an action moves each number, in proportion to its size and by steps of its own."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genopt_gym.core.literals import find_literals
from genopt_gym.core.spaces import Edits
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.wrappers import NumericEdits
from genopt_gym.wrappers.numeric import NumericCodec
from tests.wrappers.test_views import make

TEXT = "def act(x):\n    return x > 4.0 * x + 10 or x < 0  # 0.5 and 3\n"


def codec(text: str = TEXT, step: float = 0.5) -> NumericCodec:
    return NumericCodec(Edits({"act": text}, 1000), CartPole.metric, None, step)


def numbers(text: str) -> list[float]:
    return [literal.value for literal in find_literals(text)]


def moved(action: list[float], step: float = 0.5) -> list[float]:
    return numbers(codec(step=step).edit({"act": TEXT}, action)["act"])


def test_first_half_moves_in_proportion() -> None:
    assert moved([1, 0, 0, 0, 0, 0]) == [6, 10, 0]
    assert moved([-0.5, -1, 1, 0, 0, 0]) == [3, 5, 0]


def test_second_half_moves_by_units_of_the_start() -> None:
    assert moved([0, 0, 0, 1, -1, 1]) == [6, 5, 1]
    far = TEXT.replace("4.0", "0.0")
    assert numbers(codec().edit({"act": far}, [1, 0, 0, 1, 0, 0])["act"]) == [2, 10, 0]


def test_whole_numbers_stay_whole_and_move_by_one_at_least() -> None:
    assert moved([0, 0, 0, 1, 1, -1], step=0.001) == [4.004, 11, -1]


def test_what_lies_beyond_one_is_clipped() -> None:
    assert moved([9, -np.inf, 0, 0, 0, 1e9]) == moved([1, -1, 0, 0, 0, 1])


def test_no_move_changes_nothing() -> None:
    assert codec().edit({"act": TEXT}, np.zeros(6)) == {"act": TEXT}


def test_only_numbers_that_move_are_rounded() -> None:
    text = "def act(x):\n    return x > 0.123456789 + 0.333333333\n"
    assert codec(text).edit({"act": text}, [0, 0, 0, 0.1])["act"] == text.replace("0.333333333", "0.383333")


def test_numbers_that_grow_and_grow_stay_finite() -> None:
    texts = {"act": "def act(x):\n    return x > 9e299\n"}
    largest = codec(texts["act"])
    for _ in range(3):
        texts = largest.edit(texts, [1, 1])
    assert numbers(texts["act"]) == [1e300]


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(-1, 1), min_size=6, max_size=6), max_size=20))
def test_after_any_moves_the_slots_are_the_same(actions: list[list[float]]) -> None:
    texts = {"act": TEXT}
    for action in actions:
        texts = codec().edit(texts, action)
    codec().slots.check(texts)
    assert codec().slots.with_values(texts, codec().slots.values(texts)) == texts


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ([np.nan, 0, 0, 0, 0, 0], "an action holds NaN"),
        ([0.0] * 5, r"an action has the shape \(6,\), not \(5,\)"),
        (0, r"an action has the shape \(6,\), not \(\)"),
    ],
)
def test_what_is_no_action_is_refused(action: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        codec().edit({"act": TEXT}, action)


def test_refused_action_costs_no_edit() -> None:
    env = NumericEdits(make(max_episode_steps=2))
    env.reset(seed=0)
    with pytest.raises(ValueError, match="NaN"):
        env.step(np.full(10, np.nan, np.float32))
    assert env.step(np.zeros(10, np.float32))[0][-1] == 0.5


def test_good_moves_are_rewarded() -> None:
    env = NumericEdits(make(max_episode_steps=4))
    env.reset(seed=0)
    less_velocity_and_threshold = np.array([0, 0, 0, 0, 0, 0, -1, 1, -1, -0.2], np.float32)
    assert sum(float(env.step(less_velocity_and_threshold)[1]) for _ in range(2)) > 0.1


def test_each_move_starts_from_the_last() -> None:
    env = NumericEdits(make())
    first, _ = env.reset(seed=0)
    up = np.array([0] * 5 + [0.2] * 5, np.float32)
    for step in range(1, 4):
        assert env.step(up)[0][:5] == pytest.approx(first[:5] + 0.1 * step)


def test_texts_that_are_not_python_have_no_numbers() -> None:
    env = NumericEdits(gym.make("tests.helpers.toys:Toy/Numbers-v0"))
    assert env.action_space.shape == (4,)
    assert "7 or so" not in codec().slots.numbers
    with pytest.raises(ValueError, match="no number to move in act"):
        codec("7 or so, I'd say")
