"""What is known of a planned run before it has told anything."""

from __future__ import annotations

import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.runs.config import Config
from genopt_gym.study.loader import metric_of
from genopt_gym.study.records import PlannedRun

OWN = {"function": "tests.helpers.scored:nearness", "components": ["tests.helpers.scored:guess"]}


def planned(id: str, **parameters: object) -> PlannedRun:
    return PlannedRun("key", Config(id, "random", parameters=parameters), "random", {}, "random", 0)


def test_the_score_of_a_task_is_known() -> None:
    assert metric_of(planned("GenOpt/Control-CartPole-v0")).high == 500


def test_the_score_of_ones_own_function_is_what_its_parameters_say() -> None:
    assert metric_of(planned("GenOpt/Function-Any-v0", **OWN, low=0, high=3)).high == 3


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("GenOpt/Control-Nothing-v0", "the task of the run key cannot be found"),
        ("GenOpt/Function-Any-v0", "the task of the run key cannot be found: .*function"),
    ],
)
def test_a_run_whose_task_is_not_there_is_told(id: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        metric_of(planned(id))
