"""The optimization environment: each parameter does what it says, and each step tells what happened."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.core.actions import MAX_TEXT_CHARS
from genopt_gym.env import OptimizationEnv
from genopt_gym.evaluation import BudgetSpent
from tests.helpers.loops import CARTPOLE, LEFT, NAIVE, cartpole, guess
from tests.helpers.toys import PERFECT

# --- what can be done, and how it went


@pytest.mark.parametrize(
    ("action", "outcome", "says"),
    [
        ({}, "unchanged", ""),
        ({"policy": NAIVE}, "unchanged", ""),
        ({"policy": LEFT}, "ok", ""),
        ({"policy": "def policy(obs:"}, "syntax_error", "line 1 of policy"),
        ({"policy": "def other(obs): return 0"}, "contract_broken", "expected `def policy(obs) -> int`"),
        ({"policy": "def policy(): return 0"}, "contract_broken", "found `def policy()` on line 1"),
        ({"policy": "x" * (MAX_TEXT_CHARS + 1)}, "contract_broken", "has 20,001 characters; at most 20,000"),
        ({"policy": "# \ud800"}, "contract_broken", "half a character"),
        ({"policy": None}, "unparsable", "must be a string, not a NoneType"),
        ({"polcy": LEFT}, "unparsable", "did you mean 'policy'?"),
        (None, "unparsable", "this is a NoneType"),
        ([LEFT], "unparsable", "this is a list"),
        (LEFT, "ok", ""),
        (f"Let us go left:\n```python\n{LEFT}```\n", "ok", ""),
        ('{"policy": "def policy(obs):\\n    return 0\\n"}', "ok", ""),
        ("<<<<<<< SEARCH\n    return 2\n=======\n    return 0\n>>>>>>> REPLACE\n", "unparsable", "was not found"),
        ("I have no idea.", "unparsable", "no new text for any of the components policy"),
    ],
)
def test_outcome_of_an_action(action: Any, outcome: str, says: str) -> None:
    env = cartpole(validation_size=1, credit_horizon=3)
    env.reset(seed=0)
    observation, _, _, _, info = env.step(action)
    assert info["outcome"] == outcome
    assert says in observation["feedback"]
    assert env.observation_space.contains(observation)


def test_unreadable_edit_costs_a_step_and_changes_nothing() -> None:
    env = cartpole()
    first, shown = env.reset(seed=0)
    observation, reward, _, _, info = env.step("I have no idea.")
    assert (observation["artifact"], observation["score"], reward) == (first["artifact"], first["score"], 0)
    assert info["trials"] == []
    assert (observation["trace"], info["horizon_shown"]) == (first["trace"], shown["horizon_shown"])
    assert "Nothing was run in this step" in observation["feedback"]


def test_edit_that_does_not_compile_scores_low_and_stays_where_all_edits_stay() -> None:
    env = cartpole()
    env.reset(seed=0)
    observation, _, _, _, info = env.step({"policy": "def policy(obs:"})
    assert (observation["score"], info["trials"]) == ([0], [])
    assert observation["artifact"] == {"policy": "def policy(obs:"}
    assert env.step({"policy": NAIVE})[4]["outcome"] == "ok"


def test_partial_edit_leaves_the_other_components() -> None:
    env = cartpole(start="modular/naive")
    first, _ = env.reset(seed=0)
    text = "def select_action(obs, lean): return 1"
    observation = env.step({"select_action": text})[0]
    assert observation["artifact"] == {**first["artifact"], "select_action": text}


def test_info_tells_what_the_docs_promise() -> None:
    env = cartpole()
    _, info = env.reset(seed=0)
    assert set(info) == {
        *("outcome", "accepted", "artifact", "score", "best_score", "horizon_shown", "trials", "truncated_by")
    }
    assert (info["outcome"], info["accepted"], info["truncated_by"]) == ("ok", True, None)


@pytest.mark.parametrize("feedback_horizon", ["episode", "credit"])
def test_info_holds_the_observed_scores_as_plain_numbers(feedback_horizon: str) -> None:
    env = cartpole(feedback_horizon=feedback_horizon, credit_horizon=7)
    told = [env.reset(seed=0), *(env.step(edit)[::4] for edit in ({"policy": LEFT}, {"policy": "def ("}, "no idea"))]
    for observation, info in told:
        assert (info["score"], info["best_score"]) == (observation["score"][0], observation["best_score"][0])
        assert type(info["score"]) is type(info["best_score"]) is float
    if feedback_horizon == "credit":
        assert {info["score"] for _, info in told} == {0, 7}, "nothing of what came after the window"


# --- the run's begin and end


def test_reset_can_start_anywhere() -> None:
    env = cartpole(start="modular/naive", editable=["select_action"])
    texts = {"estimate_lean": "def estimate_lean(obs): return 1.0"}
    observation, info = env.reset(seed=0, options={"artifact": texts})
    assert observation["artifact"] == {**env.start.texts, **texts}
    assert info["artifact"] == env.start.edited(texts).id
    assert env.first.artifact.id == info["artifact"]
    assert env.reset(seed=0)[0]["artifact"] == env.start.texts


def test_reset_starts_even_from_what_does_not_run() -> None:
    env = cartpole()
    observation, info = env.reset(seed=0, options={"artifact": {"policy": "def ("}})
    assert (info["outcome"], observation["score"]) == ("syntax_error", [0])
    assert env.step({"policy": NAIVE})[4]["outcome"] == "ok"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"artefact": {}}, "reset knows the option 'artifact', not 'artefact'"),
        ({"artifact": {"polcy": LEFT}}, "did you mean 'policy'"),
        ({"artifact": {"policy": 3}}, "must be a string"),
        ({"artifact": {"policy": "x" * (MAX_TEXT_CHARS + 1)}}, "at most 20,000"),
    ],
)
def test_reset_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cartpole().reset(options=options)


def test_solved_on_validation_terminates() -> None:
    env = guess(start="plain/nine", budget={"trials": 15})
    env.reset(seed=0)
    assert env.step({"hint": "5"})[2:4] == (False, False)
    _, _, terminated, truncated, info = env.step({"guess": PERFECT})
    assert (terminated, truncated, info["truncated_by"]) == (True, False, None)


def test_solved_on_train_alone_does_not() -> None:
    env = guess(score_split="train", batch_sampler="fixed", train_size=1)
    env.reset(seed=0)
    observation, _, terminated, _, _ = env.step({"hint": "3"})
    assert (observation["score"], terminated) == ([0], False)


def test_time_limit_truncates_after_the_given_updates() -> None:
    env = gym.make(CARTPOLE, validation_size=1, credit_horizon=3, max_episode_steps=3)
    env.reset(seed=0)
    ends = [env.step({})[3] for _ in range(3)]
    assert ends == [False, False, True]


def test_spent_budget_truncates_before_it_is_passed() -> None:
    """A step needs five trials, four of them on validation."""
    env = guess(budget={"trials": 17})
    env.reset(seed=0)
    _, _, _, truncated, info = env.step({"hint": "6"})
    assert (truncated, info["truncated_by"]) == (False, None)
    _, _, _, truncated, info = env.step({"hint": "7"})
    assert (truncated, info["truncated_by"]) == (True, "budget of trials")
    assert env.evaluator.ledger.total.trials == 15


def test_edit_that_the_budget_refuses_has_an_outcome_of_its_own() -> None:
    """Five trials a step, and three are left after ``reset``."""
    env = guess(budget={"trials": 8})
    env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step({"hint": "9"})
    assert (info["outcome"], info["accepted"], info["trials"]) == ("budget_spent", False, [])
    assert (reward, terminated, truncated, info["truncated_by"]) == (0, False, True, "budget of trials")
    assert (observation["artifact"]["hint"], observation["score"]) == ("5", [2])
    assert "It was not evaluated: the budget of 8 trials would be passed" in observation["feedback"]
    assert env.evaluator.ledger.total.trials == 5


def test_budget_that_does_not_bear_the_first_evaluation_is_told() -> None:
    with pytest.raises(BudgetSpent, match="the budget of 4 trials would be passed"):
        guess(budget={"trials": 4}).reset(seed=0)


def test_inner_steps_can_be_the_budget() -> None:
    env = cartpole(budget={"inner_steps": 3000}, validation_size=1)
    env.reset(seed=0)
    truncated = False
    for step in range(1, 200):
        _, _, _, truncated, info = env.step({"policy": NAIVE + f"# {step}\n"})
        if truncated:
            break
    assert info["truncated_by"] == "budget of inner_steps"
    assert 2000 - 60 <= env.evaluator.ledger.total.inner_steps <= 3000


# --- splits


def test_split_seed_fixes_validation() -> None:
    scores = [cartpole(split_seed=seed).reset(seed=0)[0]["score"][0] for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]


def test_sizes_of_the_splits_are_parameters_too() -> None:
    env = cartpole(validation_size=5)
    env.reset(seed=0)
    assert env.last.validation is not None
    assert len(env.last.validation.trials) == 5


# --- rendering


def test_loop_is_printed_with_a_line_per_step() -> None:
    env = guess(render_mode="ansi", start="plain/nine")
    env.reset(seed=0)
    env.step({"hint": "5"})
    env.step("no idea")
    printed = env.render()
    assert isinstance(printed, str)
    assert [line.split() for line in printed.splitlines()[1:]] == [
        ["0", "ok", "4", "4"],
        ["1", "ok", "2", "2"],
        ["2", "unparsable", "2", "2"],
    ]


def test_loop_is_drawn() -> None:
    env = guess(render_mode="rgb_array")
    env.reset(seed=0)
    picture: Any = env.render()
    assert (picture.ndim, picture.shape[2], str(picture.dtype)) == (3, 3, "uint8")
    env.step({"hint": "9"})
    later: Any = env.render()
    assert not np.array_equal(picture, later)


def test_unknown_render_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="render_mode='human' is not one of ansi, rgb_array"):
        OptimizationEnv("tests.helpers.toys:Guess", render_mode="human")


def test_observations_are_arrays_of_the_spaces_type() -> None:
    observation, _ = cartpole().reset(seed=0)
    for name in ("score", "best_score"):
        assert (observation[name].dtype, observation[name].shape) == (np.float64, (1,))
        assert math.isfinite(observation[name][0])
