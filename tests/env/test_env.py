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
from tests.helpers.loops import CARTPOLE, LEFT, NAIVE, cartpole, drawn, guess
from tests.helpers.toys import PERFECT

# --- score_split, reward


def test_score_split_train_observes_the_train_batch() -> None:
    env = guess(score_split="train", batch_size=1)
    _, info = env.reset(seed=0)
    observation, _, _, _, info = env.step({"hint": "7"})
    assert observation["score"] == [0 if drawn(info)[0] % 2 else 4]
    assert "validation" not in observation["feedback"]
    assert env.best[1] == 2


def test_improvement_sums_to_the_gain_of_the_run() -> None:
    env = guess(start="plain/nine", reward="improvement")
    env.reset(seed=0)
    rewards = [env.step(edit)[1] for edit in ({"hint": "5"}, {"hint": "9"}, {"guess": "def ("}, {"guess": PERFECT})]
    assert rewards == pytest.approx([2 / 3, 0, 0, 2 / 3])
    assert sum(rewards) == pytest.approx(4 / 3 - 0)


def test_improvement_counts_from_the_floor_on() -> None:
    env = guess(start="plain/zero", reward="improvement")
    env.reset(seed=0)
    assert env.step({"hint": "9"})[1] == 0  # from -1/3 to the floor
    assert env.step({"hint": "5"})[1] == pytest.approx(2 / 3)


def test_score_is_normalised_and_clipped_below() -> None:
    env = guess(reward="score")
    env.reset(seed=0)
    rewards = [env.step({"hint": hint})[1] for hint in ("5", "9", "0", "no number")]
    assert rewards == pytest.approx([2 / 3, 0, -1 / 3, -1])
    assert env.task.metric.normalise(9) < -1


def test_delta_is_the_change_from_step_to_step() -> None:
    env = guess(reward="delta")
    env.reset(seed=0)
    rewards = [env.step({"hint": hint})[1] for hint in ("9", "5", "5", "no number", "5")]
    assert rewards == pytest.approx([-2 / 3, 2 / 3, 0, -1, 7 / 3])


def test_best_score_is_the_best_so_far() -> None:
    env = guess(start="plain/nine")
    best = [env.reset(seed=0)[0]["best_score"][0]]
    best += [env.step({"hint": hint})[0]["best_score"][0] for hint in ("5", "9", "no number")]
    assert best == [4, 2, 2, 2]
    artifact, score = env.best
    assert (artifact.texts["hint"], score) == ("5", 2)


# --- accept


def kept(accept: str, *hints: str) -> list[tuple[str, bool]]:
    """After each edit, the artifact's hint, and whether the edit was accepted."""
    env = guess(accept=accept, batch_size=4, train_size=4)
    env.reset(seed=0)
    steps = [env.step({"hint": hint}) for hint in hints]
    return [(observation["artifact"]["hint"], info["accepted"]) for observation, *_, info in steps]


@pytest.mark.parametrize(
    ("accept", "after_failing", "after_worse", "after_equal"),
    [
        ("always", "no number", "9", "3"),
        ("valid", "5", "9", "3"),
        ("train", "5", "5", "3"),
        ("validation", "5", "5", "3"),
    ],
)
def test_accept_decides_which_edits_stay(accept: str, after_failing: str, after_worse: str, after_equal: str) -> None:
    assert kept(accept, "no number")[-1] == (after_failing, after_failing == "no number")
    assert kept(accept, "9")[-1] == (after_worse, after_worse == "9")
    assert kept(accept, "3")[-1] == (after_equal, True)


def test_validation_accepts_what_train_refuses_and_the_other_way_round() -> None:
    """One train instance, an odd one: hint 9 is as good as 5 on it, and worse over all."""
    taken = {}
    for accept in ("train", "validation"):
        env = guess(accept=accept, batch_sampler="fixed", train_size=2)
        seed = next(seed for seed in range(20) if drawn(env.reset(seed=seed)[1]) == [1])
        env.reset(seed=seed)
        taken[accept] = env.step({"hint": "9"})[4]["accepted"]
    assert taken == {"train": True, "validation": False}


def test_refused_edit_is_seen_but_does_not_stay() -> None:
    env = guess(accept="validation", batch_size=4, train_size=4)
    first, start = env.reset(seed=0)
    observation, _, _, _, info = env.step({"hint": "9"})
    assert observation["artifact"] == first["artifact"]
    assert info["artifact"] != start["artifact"]
    assert "Answer: 9" in observation["trace"]
    assert observation["score"] == [4]
    assert "The edit was not accepted" in observation["feedback"]
    observation, _, _, _, info = env.step({})
    assert (info["outcome"], info["artifact"]) == ("unchanged", start["artifact"])
    assert observation["score"] == [2]


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
    first, _ = env.reset(seed=0)
    observation, reward, _, _, info = env.step("I have no idea.")
    assert (observation["artifact"], observation["score"], reward) == (first["artifact"], first["score"], 0)
    assert info["trials"] == []
    assert info["horizon_shown"] == 0
    assert observation["trace"] == ""


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
