"""The feedback kind ``trials``: how far trials differ, and how they ended."""

from __future__ import annotations

from typing import Any

from genopt_gym.core.evidence import Failure, Instance, Trial
from genopt_gym.core.feedback_kinds import Seen
from genopt_gym.core.task import Task
from genopt_gym.core.trial_words import TrialSpread
from genopt_gym.envs.atari.breakout import Breakout
from genopt_gym.envs.control.cart_pole import CartPole
from tests.helpers.toys import Guess


def trial(score: float, steps: int = 1, ended: bool = True, **more: Any) -> Trial:
    return Trial(Instance("validation", 0), score, score, steps, ended, **more)


def words(task: Task, *trials: Trial) -> list[str]:
    return list(TrialSpread().lines(Seen(task, "ok", 0.0, None, {"validation": trials})))


def test_spread_and_standard_error_are_told_of_several_trials() -> None:
    assert words(Guess(), trial(1.0), trial(3.0)) == [
        "validation, 2 trials: scores from 1 to 3, standard error of their mean 1."
    ]
    assert words(Guess(), trial(2.0), trial(2.0)) == ["validation, 2 trials: all scored 2."]
    assert words(Guess(), trial(2.0)) == []


def test_how_episodes_ended_is_told_with_their_lengths() -> None:
    failure = Failure("runtime_error", "ValueError", "no")
    trials = [trial(9, 9), trial(500, 500), trial(12, 12), trial(0, 3, failure=failure), trial(7, 7, ended=False)]
    assert words(CartPole(), *trials) == [
        "validation, 5 trials: scores from 0 to 500, standard error of their mean 99; 2 over after 9 to 12 steps; 1 at "
        "the cap after 500 steps; 1 failed after 3 steps; 1 cut by the credit horizon after 7 steps."
    ]


def test_games_say_whether_their_lives_ended_them() -> None:
    assert "1 over with no life left after 812 steps" in words(Breakout(), trial(9, 812))[0]
    assert "1 over with the life lost after 90 steps" in words(Breakout(one_life=True), trial(9, 90))[0]
