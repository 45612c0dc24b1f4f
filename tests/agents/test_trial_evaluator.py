"""Trials of an optimizer's own choice: the same as the environment's, and no more to be seen of them."""

from __future__ import annotations

from typing import Any

import pytest

from genopt_gym.agents.trial_evaluator import EvaluatedTrial, TrialEvaluator
from genopt_gym.evaluation import BudgetSpent
from tests.helpers.loops import FAILING, NAIVE, UPRIGHT, cartpole, guess


def evaluate(instances: list[str], text: str = NAIVE, **parameters: Any) -> list[EvaluatedTrial]:
    env = cartpole(**parameters)
    env.reset(seed=0)
    return TrialEvaluator(env).evaluate({"policy": text}, instances)


def test_a_train_trial_is_what_a_step_would_show() -> None:
    env = cartpole(score_split="train")
    observation, info = env.reset(seed=0)
    index = info["trials"][0]["instance"]["index"]
    (trial,) = TrialEvaluator(env).evaluate({"policy": NAIVE}, [f"train/{index}"])
    assert trial.trace == observation["trace"]
    assert trial.feedback == observation["feedback"]
    assert trial.score == observation["score"][0]
    assert trial.value == env.task.metric.normalise(trial.score)


def test_trials_come_in_the_order_of_the_names() -> None:
    names = ["validation/1", "train/5", "validation/0", "train/3", "train/5"]
    assert [trial.instance for trial in evaluate(names)] == names


def test_of_validation_there_are_scores_alone() -> None:
    (trial,) = evaluate(["validation/0"])
    assert (trial.trace, trial.feedback) == ("", "")
    assert trial.score > 20


def test_validation_as_a_whole_was_already_paid_for() -> None:
    env = cartpole()
    env.reset(seed=0)
    before = env.evaluator.ledger.total.trials
    trials = TrialEvaluator(env).evaluate({"policy": NAIVE}, ["validation/0", "validation/1"])
    assert sum(trial.score for trial in trials) / 2 == env.last.score
    assert env.evaluator.ledger.total.trials == before


@pytest.mark.parametrize("silent", [{"feedback_horizon": "credit"}, {"score_split": "train"}])
def test_validation_that_selects_silently_is_not_shown(silent: dict[str, Any]) -> None:
    env = cartpole(**silent)
    env.reset(seed=0)
    assert TrialEvaluator(env).names("validation") == []
    with pytest.raises(ValueError, match="no instance 'validation/0' to see; there are those of train"):
        TrialEvaluator(env).evaluate({"policy": NAIVE}, ["validation/0"])


def test_under_credit_nothing_is_told_of_what_lies_beyond_the_window() -> None:
    (trial,) = evaluate(["train/1"], UPRIGHT, feedback_horizon="credit", trace_window="last")
    assert trial.score == 20
    assert "in the shown 20 steps of an episode" in trial.feedback
    assert "): 20, from 1 train trial." in trial.feedback


@pytest.mark.parametrize("name", ["test/0", "train/1000", "train/-1", "train/x", "", "elsewhere/1"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no instance"):
        evaluate([name])


def test_what_cannot_be_run_is_not_run() -> None:
    env = cartpole()
    env.reset(seed=0)
    before = env.evaluator.ledger.total.trials
    trials = TrialEvaluator(env).evaluate({"policy": "def steer(obs): ..."}, ["train/0", "train/1"])
    assert [(trial.outcome, trial.score) for trial in trials] == [("contract_broken", env.task.metric.low)] * 2
    assert "expected `def policy(obs)" in trials[0].feedback
    assert env.evaluator.ledger.total.trials == before


def test_what_fails_is_told() -> None:
    (trial,) = evaluate(["train/0"], FAILING)
    assert trial.outcome == "runtime_error"
    assert "ValueError: told to" in trial.feedback


def test_traces_share_the_size_budget() -> None:
    trials = evaluate([f"train/{i}" for i in range(4)], UPRIGHT, max_trace_chars=3000, credit_horizon=100)
    assert all(500 < len(trial.trace) <= 750 for trial in trials)


def test_a_value_is_more_where_a_score_is_better() -> None:
    """Of the guessing toy less is better: 4 is its floor, 1 its reference."""
    env = guess()
    env.reset(seed=0)
    trials = TrialEvaluator(env).evaluate(dict(env.start.texts), ["train/0"])
    assert [trial.value for trial in trials] == [(4 - trial.score) / 3 for trial in trials]


def test_the_budget_is_the_runs() -> None:
    env = cartpole(budget={"trials": 5})
    env.reset(seed=0)
    with pytest.raises(BudgetSpent):
        TrialEvaluator(env).evaluate({"policy": NAIVE}, [f"train/{i}" for i in range(5)])
