"""The starts with numbers to tune: nothing else in them is a number."""

from __future__ import annotations

import gymnasium as gym
import pytest

from genopt_gym.core.literals import find_literals
from genopt_gym.env import OptimizationEnv

COUNTS = {"BinPacking": 6, "CacheReplacement": 4, "JobShop": 7, "TravellingSalesman": 5}


@pytest.mark.parametrize("name", COUNTS)
def test_every_number_is_a_weight_or_a_threshold(name: str) -> None:
    env = gym.make(f"GenOpt/Heuristics-{name}-v0", start="one_function/parametric").unwrapped
    assert isinstance(env, OptimizationEnv)
    [text] = env.start.texts.values()
    values = [literal.value for literal in find_literals(text)]
    assert len(values) == COUNTS[name]
    assert all(isinstance(value, float) for value in values)
