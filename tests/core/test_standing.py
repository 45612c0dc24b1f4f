"""Which trials a score comes from, and what those that are shown can tell of it."""

from __future__ import annotations

from genopt_gym.core.evidence import Instance, Trial
from genopt_gym.core.metric import Metric
from genopt_gym.core.standing import score_words

SHARE = Metric("share", 0, 1, 0.2, 1, None)
ERROR = Metric("error", low=20, high=0, floor=5, reference=1, solved=None, direction="minimize")


def words(metric: Metric, score: float, *shown: float) -> str:
    train = [Trial(Instance("train", i), each, each, 1, ended=True) for i, each in enumerate(shown)]
    hidden = [Trial(Instance("validation", 0), score, score, 1, ended=True)]
    return score_words(metric, score, "validation", {"validation": hidden, "train": train})


def test_shown_trials_that_could_not_be_better_are_said_to_hold_nothing_back() -> None:
    last = "the best there is: the trials that hold the score back are not shown."
    assert words(SHARE, 0.4, 1.0).endswith(f"which scored 1, {last}")
    assert words(SHARE, 0.4, 1.0, 1.0).endswith(f"which scored 1 on average, {last}")
    assert words(ERROR, 3.0, 0.0).endswith(last)


def test_nothing_of_the_kind_is_said_where_a_shown_trial_or_the_score_tells_otherwise() -> None:
    assert words(SHARE, 0.4, 1.0, 0.0).endswith("The trace shows 2 train trials, which scored 0.5 on average.")
    assert "the best there is" not in words(SHARE, 1.0, 1.0)
    assert "the best there is" not in words(ERROR, 3.0, 2.0)
