"""Words after a step: short, true, and no longer than allowed. Which kind says what is told in ``test_env``."""

from __future__ import annotations

from collections.abc import Sequence

from genopt_gym.core.edit import EditOutcome
from genopt_gym.core.evidence import Failure, Instance, Trial
from genopt_gym.core.parameters import Parameters
from genopt_gym.evaluation import Evaluation
from genopt_gym.feedback import MAX_FEEDBACK_CHARS, feedback
from tests.helpers.toys import Guess


def trial(index: int, message: str | None = None) -> Trial:
    failure = None if message is None else Failure("runtime_error", "ValueError", message, "guess", 2)
    return Trial(Instance("train", index), 2.0, 2.0, 1, ended=True, failure=failure)


def words(trials: Sequence[Trial], outcome: EditOutcome = EditOutcome.RUNTIME_ERROR, *kinds: str) -> str:
    return feedback(
        Guess(),
        Parameters(feedback=list(kinds)),
        outcome=outcome,
        message="",
        accepted=True,
        score=2.0,
        previous_score=None,
        shown=[("train", Evaluation(trials, 2.0, 2.0))],
    )


def test_same_failure_is_told_once() -> None:
    assert words([trial(i, "no") for i in range(5)] + [trial(9)]) == (
        "Edit outcome: runtime_error.\n5 of 6 train trials failed.\nValueError: no in guess, line 2"
    )


def test_three_different_failures_are_enough() -> None:
    told = words([trial(i, f"number {i}") for i in range(5)])
    assert [line for line in told.split("\n") if "number" in line] == [
        f"ValueError: number {i} in guess, line 2" for i in range(3)
    ]


def test_endless_messages_are_cut() -> None:
    assert len(words([trial(0, "x" * 100_000)])) == MAX_FEEDBACK_CHARS


def test_coach_is_silent_about_what_did_not_run() -> None:
    assert "Warm." in words([trial(0)], EditOutcome.OK, "staged")
    assert "Warm." in words([trial(0)], EditOutcome.UNCHANGED, "staged")
    assert "Warm." not in words([trial(0, "no")], EditOutcome.RUNTIME_ERROR, "staged")
