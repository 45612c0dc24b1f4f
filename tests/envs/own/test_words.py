"""What a scoring function says, does and does wrong."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from genopt_gym import wrap
from genopt_gym.evaluation import EvaluationError
from tests.helpers import own, scored

BOUNDS: dict[str, Any] = {"low": 0, "high": 1}


def test_words_of_train_trials_are_shown_and_those_of_validation_are_not() -> None:
    observation, info = wrap(own.with_words, [own.one], **BOUNDS, batch_size=2).reset(seed=0)
    told = [line for line in observation["feedback"].splitlines() if "words of" in line]
    assert [line.partition(":")[0] for line in told] == [f"train/{t['instance']['index']}" for t in info["trials"]]
    observation, _ = wrap(own.with_words, [own.one], **BOUNDS, feedback=["score"]).reset(seed=0)
    assert "words of" not in observation["feedback"]


def test_words_are_from_the_whole_trial_and_so_beyond_a_horizon_that_cuts_it() -> None:
    for horizon, told in ((None, True), (2, False)):
        env = wrap(
            scored.talkative, [scored.guess], **BOUNDS, credit_horizon=horizon, feedback_horizon="credit",
            trace_window="last",
        )  # fmt: skip
        observation, _ = env.reset(seed=0)
        assert ("the hidden number was" in observation["feedback"]) is told


def test_a_scorer_that_prints_disturbs_nothing() -> None:
    assert wrap(own.printing, [own.one], **BOUNDS).reset(seed=0)[0]["score"] == [1]


def test_of_a_scorer_that_forks_the_copy_is_ended(capfd: pytest.CaptureFixture[str]) -> None:
    assert wrap(own.forking, [own.one], **BOUNDS).reset(seed=0)[0]["score"] == [1]


def test_a_scorer_that_returns_text_is_told_in_a_sentence() -> None:
    with pytest.raises(EvaluationError, match=r"worded returned 'good' for \w+/\d+, but a score is a number") as caught:
        wrap(own.worded, [own.one], **BOUNDS).reset(seed=0)
    assert "\n" not in str(caught.value)


def test_examples_that_are_drawn_by_the_seed_are_warned_of() -> None:
    with pytest.warns(
        UserWarning, match=r"draws from SOME by its seed, so train, validation and test share its 4 exam"
    ):
        wrap(own.drawing, [own.one], **BOUNDS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wrap(own.with_words, [own.one], **BOUNDS)
