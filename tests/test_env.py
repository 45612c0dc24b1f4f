"""The optimization environment: each parameter does what it says, and each step tells what happened."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.env import MAX_TEXT_CHARS, OptimizationEnv
from genopt_gym.evaluation import BudgetSpent
from genopt_gym.testing.transcript import digest
from tests.toys import PERFECT

CARTPOLE = "GenOpt/Control-CartPole-v0"
GUESS = "tests.toys:Toy/Guess-v0"
LEAN = "return 1 if obs['pole_angle'] > 0 else 0"
NAIVE = f"def policy(obs):\n    {LEAN}\n"
LEFT = "def policy(obs):\n    return 0\n"
UPRIGHT = """\
def policy(obs):
    lean = obs['pole_angle'] + 0.3 * obs['pole_velocity']
    return 1 if lean + 0.1 * obs['cart_velocity'] + 0.05 * obs['cart_position'] > 0 else 0
"""
FAILING = "def policy(obs):\n    raise ValueError('told to')\n"


def cartpole(**parameters: Any) -> OptimizationEnv:
    """The cart-pole environment with one component, and cheap trials."""
    defaults = {"start": "one_function/naive", "validation_size": 2, "credit_horizon": 20}
    env = gym.make(CARTPOLE, **{**defaults, **parameters}).unwrapped
    assert isinstance(env, OptimizationEnv)
    return env


def guess(**parameters: Any) -> OptimizationEnv:
    """The guessing toy: hint 5 scores 2, hint 9 scores 4, hint 0 scores 5; less is better, 0 is solved.

    On its normalised scale 4 is 0 and 1 is 1.
    """
    env = gym.make(GUESS, **parameters).unwrapped
    assert isinstance(env, OptimizationEnv)
    return env


def rows(trace: str) -> list[str]:
    """The rows of a rendered table, without its header."""
    lines = trace.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("step,"))
    return [line for line in lines[start + 1 :] if line and line[0].isdigit()]


def states(info: dict[str, Any], trial: int = 0) -> list[tuple[int, float]]:
    """Step and cart position of the traced events."""
    return [(e["step"], e["observation"]["cart_position"]) for e in info["trials"][trial]["events"]]


def drawn(info: dict[str, Any]) -> list[int]:
    return [trial["instance"]["index"] for trial in info["trials"]]


# --- start, editable, what the optimizer is told


def test_start_names_the_artifact() -> None:
    observation, info = cartpole(start="one_function/stub").reset(seed=0)
    assert observation["artifact"] == {"policy": LEFT}
    assert info["artifact"] == cartpole(start="one_function/stub").start.id


def test_documentation_says_less() -> None:
    full, signature = (cartpole(documentation=level).context for level in ("full", "signature"))
    for context in (full, signature):
        assert "policy(obs) -> int" in context
    assert "cart_position: metres" in full
    assert "cart_position: metres" not in signature


def test_context_has_three_levels() -> None:
    full, goal, none = (cartpole(context=level).context for level in ("full", "goal", "none"))
    for context, has_goal, has_strategy in ((full, True, True), (goal, True, False), (none, False, False)):
        assert ("Write a policy for a cart" in context) is has_goal
        assert ("make it as high as you can" in context) is has_goal
        assert ("the angle alone comes too late" in context) is has_strategy
        assert "def workflow(obs)" in context
    assert "make it as low as you can" in guess().context


def test_editable_limits_the_actions() -> None:
    env = cartpole(start="modular/naive", editable=["select_action"])
    first, _ = env.reset(seed=0)
    assert list(env.action_space.sample()) in ([], ["select_action"])
    assert "`estimate_lean` (fixed: it cannot be edited)" in env.context
    assert "`select_action`:" in env.context
    observation, _, _, _, info = env.step({"estimate_lean": "def estimate_lean(obs): return 0"})
    assert info["outcome"] == "forbidden"
    assert "estimate_lean cannot be edited; you may edit select_action" in observation["feedback"]
    assert observation["artifact"] == first["artifact"]
    _, _, _, _, info = env.step({"select_action": "def select_action(obs, lean): return 0"})
    assert info["outcome"] == "ok"


# --- credit horizon and window


@pytest.mark.parametrize("horizon", [1, 5, 20])
def test_credit_horizon_is_how_many_steps_the_trace_shows(horizon: int) -> None:
    observation, info = cartpole(credit_horizon=horizon).reset(seed=0)
    assert info["horizon_shown"] == len(rows(observation["trace"])) == horizon
    assert [step for step, _ in states(info)] == list(range(horizon))


def test_horizon_beyond_the_episode_shows_all_of_it() -> None:
    for horizon in (500, None):
        observation, info = cartpole(credit_horizon=horizon).reset(seed=0)
        steps = info["trials"][0]["steps"]
        assert 20 < steps < 100
        assert info["horizon_shown"] == len(rows(observation["trace"])) == steps


def test_window_first_ends_the_trial_and_others_run_it_to_its_end() -> None:
    trials = {
        window: cartpole(trace_window=window, credit_horizon=5).reset(seed=0)[1]["trials"][0]
        for window in ("first", "last", "around_reward")
    }
    assert trials["first"]["steps"] == 5
    n = trials["last"]["steps"]
    assert n == trials["around_reward"]["steps"] > 20
    shown = {window: [event["step"] for event in trial["events"]] for window, trial in trials.items()}
    assert shown["first"] == shown["around_reward"] == list(range(5))  # every step of CartPole has a reward
    assert shown["last"] == list(range(n - 5, n))


def test_every_component_call_of_the_window_is_an_event() -> None:
    _, info = cartpole(start="modular/naive", credit_horizon=3).reset(seed=0)
    for event in info["trials"][0]["events"]:
        (lean, select) = event["calls"]
        assert lean == ["estimate_lean", [{"$ref": "obs"}], event["observation"]["pole_angle"]]
        assert select == ["select_action", [{"$ref": "obs"}, {"$ref": "estimate_lean"}], event["action"]]
        assert event["action"] == int(event["observation"]["pole_angle"] > 0)
        assert event["reward"] == 1


def test_trace_is_cut_to_its_budget_and_says_so() -> None:
    with pytest.warns(UserWarning, match="will be cut to max_trace_chars=2,000"):
        env = cartpole(credit_horizon=200, max_trace_chars=2000)
    env.reset(seed=0)
    observation, _, _, _, info = env.step({"policy": UPRIGHT})
    assert len(info["trials"][0]["events"]) == 200
    assert len(observation["trace"]) <= 2000
    assert 10 < info["horizon_shown"] == len(rows(observation["trace"])) < 100


def test_budget_that_does_not_bind_is_not_warned_about() -> None:
    cartpole(credit_horizon=200)  # a warning would be an error here


# --- between, batches


def test_continue_goes_on_exactly_where_the_window_ended() -> None:
    _, whole = cartpole(credit_horizon=None).reset(seed=4)
    env = cartpole(credit_horizon=10, between="continue")
    _, info = env.reset(seed=4)
    seen, index = states(info), drawn(info)
    while len(seen) < len(states(whole)):
        info = env.step({})[4]
        assert drawn(info) == index
        seen += states(info)
    assert seen == states(whole)
    info = env.step({})[4]
    assert drawn(info) != index
    assert states(info)[0][0] == 0


def test_continue_plays_on_with_the_edited_artifact() -> None:
    env = cartpole(credit_horizon=5, between="continue")
    env.reset(seed=4)
    _, _, _, _, info = env.step({"policy": LEFT})
    assert [step for step, _ in states(info)] == list(range(5, 10))
    assert {event["action"] for event in info["trials"][0]["events"]} == {0}


def test_continue_begins_anew_after_a_failure() -> None:
    env = cartpole(credit_horizon=5, between="continue")
    _, info = env.reset(seed=4)
    first = drawn(info)
    failed = env.step({"policy": FAILING})[4]
    assert (drawn(failed), failed["trials"][0]["failure"]["step"]) == (first, 5)
    info = env.step({"policy": NAIVE})[4]
    assert states(info)[0][0] == 0
    assert drawn(info) != first


def test_restart_begins_anew() -> None:
    env = cartpole(credit_horizon=5)
    for info in (env.reset(seed=4)[1], env.step({})[4]):
        assert [step for step, _ in states(info)] == list(range(5))


def test_batch_pools_trials() -> None:
    env = cartpole(batch_size=3, credit_horizon=4)
    observation, info = env.reset(seed=0)
    assert len(set(drawn(info))) == 3
    parts = observation["trace"].split("\n\n")
    assert [part.split(":")[0] for part in parts] == [f"Trial train/{index}" for index in drawn(info)]
    assert [len(rows(part)) for part in parts] == [4, 4, 4]
    assert info["horizon_shown"] == 4


def batches(sampler: str) -> list[list[int]]:
    """The first batches of four out of six instances; the second artifact is right for odd ones alone."""
    env = guess(batch_sampler=sampler, batch_size=4, train_size=6)
    return [drawn(env.reset(seed=1)[1]), drawn(env.step({"hint": "7"})[4]), drawn(env.step({})[4])]


def test_batch_samplers_draw_as_they_say() -> None:
    first, second, _ = batches("epoch")
    assert sorted(first + second[:2]) == list(range(6))
    assert batches("fixed") == [first] * 3
    _, second, third = batches("failures")
    failed = [index for index in second if index % 2 == 0]
    assert failed
    assert third[: len(failed)] == failed
    assert set(third) != set(second)


def test_reset_seed_orders_the_train_trials() -> None:
    env = guess(batch_size=3)
    orders = [[drawn(env.reset(seed=seed)[1]), drawn(env.step({})[4])] for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


# --- feedback


def test_each_kind_of_feedback_says_its_words() -> None:
    said = {}
    for kind in ("score", "metrics", "staged", "progress", "answer"):
        env = guess(feedback=[kind], batch_size=4, train_size=4)
        env.reset(seed=0)
        said[kind] = env.step({"hint": "7"})[0]["feedback"].removeprefix("Edit outcome: ok.\n")
    assert said["score"] == "Score (distance): 2."
    assert said["metrics"] == "train: exact 0.5.\nvalidation: exact 0.5."
    assert said["staged"] == "Warm."
    assert said["progress"] == "The score is the same as before."
    assert sorted(said["answer"].split("\n")) == [
        "Expected answer of train/0: 3",
        "Expected answer of train/2: 3",
    ]


def test_no_feedback_tells_the_outcome_alone() -> None:
    env = guess(feedback=[])
    env.reset(seed=0)
    assert env.step({"hint": "7"})[0]["feedback"] == "Edit outcome: ok."


def test_progress_goes_with_the_metric() -> None:
    env = guess(feedback=["progress"])
    assert "score" not in env.reset(seed=0)[0]["feedback"]
    assert "got worse" in env.step({"hint": "9"})[0]["feedback"]
    assert "improved" in env.step({"hint": "5"})[0]["feedback"]


def test_failures_are_told_with_their_place() -> None:
    env = cartpole()
    env.reset(seed=0)
    observation, _, _, _, info = env.step({"policy": FAILING})
    assert info["outcome"] == "runtime_error"
    place = "ValueError: told to in policy, line 2 (`raise ValueError('told to')`), at inner step 0"
    assert place in observation["feedback"]
    assert place in observation["trace"]
    assert "1 of 1 train trials failed." in observation["feedback"]
    assert "2 of 2 validation trials failed." in observation["feedback"]


# --- feedback_horizon: nothing from beyond the window

H = 8
AS_BEFORE = NAIVE + "# No other behaviour.\n"
SAME_UP_TO_H = f"""\
calls = [0]
def policy(obs):
    calls[0] += 1
    if calls[0] > {H}:
        return 0
    {LEAN}
"""
FAILS_AFTER_H = SAME_UP_TO_H.replace("return 0", "raise ValueError('late')")


def beyond(text: str, **parameters: Any) -> tuple[dict[str, Any], float]:
    """What is seen of an edit, but for its own text; and the reward."""
    env = cartpole(credit_horizon=H, feedback=["score", "metrics", "staged", "progress"], **parameters)
    env.reset(seed=0)
    observation, reward, _, _, _ = env.step({"policy": text})
    del observation["artifact"]
    return observation, reward


@pytest.mark.parametrize("later", [SAME_UP_TO_H, FAILS_AFTER_H], ids=["behaves differently", "fails"])
@pytest.mark.parametrize("reward", ["improvement", "score", "delta"])
def test_credit_shows_nothing_of_what_comes_after_the_window(later: str, reward: str) -> None:
    parameters = {"feedback_horizon": "credit", "reward": reward}
    assert digest(beyond(later, **parameters)) == digest(beyond(AS_BEFORE, **parameters))


@pytest.mark.parametrize("later", [SAME_UP_TO_H, FAILS_AFTER_H], ids=["behaves differently", "fails"])
def test_episode_shows_it(later: str) -> None:
    a, b = beyond(later)[0], beyond(AS_BEFORE)[0]
    assert a["trace"] == b["trace"]
    assert a["feedback"] != b["feedback"]
    assert a["score"] != b["score"]


def test_credit_scores_the_window() -> None:
    env = cartpole(credit_horizon=H, feedback_horizon="credit")
    observation, _ = env.reset(seed=0)
    assert observation["score"] == observation["best_score"] == [H]
    assert "validation" not in observation["feedback"]


def test_credit_still_selects_by_validation() -> None:
    env = cartpole(credit_horizon=H, feedback_horizon="credit")
    env.reset(seed=0)
    env.step({"policy": SAME_UP_TO_H})
    env.step({"policy": UPRIGHT})
    artifact, score = env.best
    assert artifact.texts["policy"] == UPRIGHT
    assert score > 200


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
    assert set(info) == {"outcome", "accepted", "artifact", "horizon_shown", "trials", "truncated_by"}
    assert (info["outcome"], info["accepted"], info["truncated_by"]) == ("ok", True, None)


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
        OptimizationEnv("tests.toys:Guess", render_mode="human")


def test_observations_are_arrays_of_the_spaces_type() -> None:
    observation, _ = cartpole().reset(seed=0)
    for name in ("score", "best_score"):
        assert (observation[name].dtype, observation[name].shape) == (np.float64, (1,))
        assert math.isfinite(observation[name][0])
