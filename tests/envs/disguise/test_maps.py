"""Observations and actions under a disguise come back exactly."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.envs.disguise.actions import disguised_actions
from genopt_gym.envs.disguise.observations import BOX, NumbersMap, ScreenMap
from genopt_gym.envs.disguise.words import Words

DISGUISES = st.integers(0, 10_000)
FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False)
BOXES = st.fixed_dictionaries({name: st.integers(-300, 300) for name in BOX})


def defined(source: str, name: str) -> Any:
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope[name]


@given(DISGUISES, st.dictionaries(st.sampled_from(["Ball", "Enemy", "Car0", "Car1"]), BOXES), st.integers(-99, 99))
def test_objects_and_places_on_the_screen_come_back(disguise: int, boxes: dict[str, Any], place: int) -> None:
    words = Words(disguise)
    screen = ScreenMap(words, random.Random(disguise), {"road": "x", "curve": "dx", "depth": "y"})
    observation = {**boxes, "road": place, "curve": -place, "depth": place, "reward": 3}
    plain = defined(screen.undo, "plain")(screen(observation))
    expected = {
        words.within(name): {words(field): value[field] for field in BOX} if isinstance(value, dict) else value
        for name, value in observation.items()
    }
    assert plain == expected


@given(DISGUISES)
def test_places_of_one_axis_keep_their_order_and_their_ratios(disguise: int) -> None:
    screen = ScreenMap(Words(disguise), random.Random(disguise), {"at": "x"})
    a, b, c = (screen({"at": x})[Words(disguise)("at")] for x in (10, 20, 40))
    assert 2 * (b - a) == c - b != 0


def test_texts_and_pictures_of_signs_are_other_texts_and_signs() -> None:
    words = Words(5)
    screen = ScreenMap(words, random.Random(5), {})
    seen = screen({"weather": "snow", "bricks": ["##.", "..."], "cubes": [[1], [0, 2]]})
    rows = seen[words("bricks")]
    assert seen[words("weather")] == words("snow")
    assert rows[0][0] == rows[0][1] != rows[0][2] == rows[1][0]
    assert not set("".join(rows)) & set("#.")
    assert seen[words("cubes")] == [[1], [0, 2]]


@given(DISGUISES, st.lists(FLOATS, min_size=1, max_size=8))
def test_numbers_come_back_to_the_last_bit(disguise: int, numbers: list[float]) -> None:
    listed = NumbersMap(Words(disguise), random.Random(disguise), len(numbers))
    assert defined(listed.undo, "plain")(listed(numbers)) == numbers
    names = [f"name{'abcdefgh'[i]}" for i in range(len(numbers))]
    named = NumbersMap(Words(disguise), random.Random(disguise), names)
    seen = named(dict(zip(names, numbers, strict=True)))
    assert sorted(defined(named.undo, "plain")(seen).values()) == sorted(numbers)
    assert not set(seen) & set(names)


@given(DISGUISES, st.integers(1, 20), st.integers(-3, 3))
def test_codes_are_a_permutation(disguise: int, count: int, start: int) -> None:
    codes = disguised_actions(spaces.Discrete(count, start=start), random.Random(disguise))
    coded = defined(codes.redo, "coded")
    assert sorted(codes.original(code) for code in range(start, start + count)) == list(range(start, start + count))
    assert all(codes.original(coded(action)) == action for action in range(start, start + count))


@given(DISGUISES, st.lists(st.floats(-2, 2, allow_subnormal=False), min_size=1, max_size=4))
def test_numbers_that_are_an_action_come_back_and_stay_in_bounds(disguise: int, action: list[float]) -> None:
    numbers = disguised_actions(spaces.Box(-2.0, 2.0, (len(action),), np.float64), random.Random(disguise))
    coded = defined(numbers.redo, "coded")(action)
    assert numbers.original(coded) == action
    assert numbers.space.contains(np.array(coded))


def test_two_disguises_agree_on_an_action_code_by_chance_alone() -> None:
    """Of eighteen actions one agrees in the mean, as with any two permutations."""
    space, pairs = spaces.Discrete(18), 300
    agreed = 0
    for pair in range(pairs):
        one, other = (disguised_actions(space, random.Random(f"disguise {2 * pair + each}")) for each in (0, 1))
        agreed += sum(one.original(code) == other.original(code) for code in range(18))
    # The number that agree has mean 1 and variance 1: four standard errors.
    assert abs(agreed / pairs - 1) < 4 / pairs**0.5
