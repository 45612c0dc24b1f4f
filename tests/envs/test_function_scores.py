"""What a user's function may give back as a score: any kind of number; and problems whose best score nobody knows."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from genopt_gym.evaluation import EvaluationError
from genopt_gym.testing import TaskConformance
from tests.envs.test_function import NEARNESS, make, nearness
from tests.helpers import scored

OPEN: dict[str, Any] = {"low": None, "high": None, "floor": 0, "reference": 1, "failed_score": -10}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("'nan'", r"parrot returned nan for \w+/\d+, but a score is a number from 0 to 1"),
        ("1.5", "parrot returned 1.5 .* but a score is a number from 0 to 1"),
        ("'much'", "parrot returned 'much' .* but a score is a number"),
    ],
)
def test_a_score_that_is_none_is_an_error(answer: str, words: str) -> None:
    env = make()
    env.reset(seed=0)
    with pytest.raises(EvaluationError, match=words):
        env.step({"say": f"def say(): return {answer}"})


@pytest.mark.parametrize(
    ("kind", "score"),
    [
        *(("True", 1), ("np.True", 1), ("np.float32", 0.5), ("np.int64", 1), ("array", 1), ("Fraction", 0.5)),
        *(("Decimal", 0.5), ("above", 1), ("below", 0), ("negative zero", 0), ("metrics", 0.5)),
    ],
)
def test_any_kind_of_number_is_a_score(kind: str, score: float) -> None:
    env = make(scored.constant, scored.kind)
    env.reset(seed=0)
    observation, *_, info = env.step({"kind": f"def kind(): return {kind!r}"})
    assert (info["outcome"], float(observation["score"][0])) == ("ok", score)
    assert not np.signbit(observation["score"][0])


@pytest.mark.parametrize("kind", ["text", "array of one", "np.nan", "inf", "nothing", "complex", "a little above"])
def test_what_is_no_number_between_the_bounds_is_no_score(kind: str) -> None:
    env = make(scored.constant, scored.kind)
    env.reset(seed=0)
    with pytest.raises(EvaluationError, match="but a score is a number from 0 to 1"):
        env.step({"kind": f"def kind(): return {kind!r}"})


def test_a_function_that_ends_its_process_is_told() -> None:
    env = make(scored.constant, scored.kind)
    env.reset(seed=0)
    with pytest.raises(EvaluationError, match=r"constant ended its process by sys.exit\('enough'\)"):
        env.step({"kind": "def kind(): return 'exit'"})


def test_an_open_problem_needs_no_bounds() -> None:
    env = nearness(**OPEN, record=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
    observation, _ = env.reset(seed=0)
    assert "of any finite size" in env.context
    better = "def guess(low, high):\n    return (low + high) / 2\n"
    observation, reward, terminated, *_ = env.step({"guess": better})
    assert observation["score"][0] > 0.5
    assert env.task.metric.is_beyond_record(observation["score"][0])
    assert reward > 0
    assert not terminated
    observation, reward, *_ = env.step({"guess": "def guess(low, high):\n    return 2\n"})
    assert observation["score"][0] == -10
    assert env.observation_space.contains(observation)


@pytest.mark.slow
class TestFunctionWithoutBounds(TaskConformance):
    """Nobody knows a worst or a best score."""

    id = "GenOpt/Function-Any-v0"
    parameters: ClassVar[dict[str, Any]] = {**NEARNESS, **OPEN}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"low": None, "high": None}, "say floor"),
        ({"low": None, "high": 1}, "say floor"),
        ({"low": None, "high": 1, "floor": 0}, "say failed_score"),
        ({"low": None, "high": 1, "floor": 1, "failed_score": 0}, "scores lie between"),
        ({"low": 0, "high": 1, "floor": 0.9, "reference": 0.1}, "opposite directions"),
        ({"low": 0, "high": 1, "record": 2}, "scores lie between"),
        ({"low": 0, "high": 1, "record": "much"}, "record must be a finite number"),
    ],
)
def test_bad_bounds_are_told_in_a_sentence(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        nearness(**parameters)
