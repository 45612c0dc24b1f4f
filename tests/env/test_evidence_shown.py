"""What the optimizer is shown: start, horizon, window, batches and feedback, parameter by parameter."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from genopt_gym.testing.transcript import digest
from tests.helpers.loops import FAILING, LEAN, LEFT, NAIVE, UPRIGHT, cartpole, drawn, guess, rows, states

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
    observation, info = cartpole(credit_horizon=horizon, trace_window="first").reset(seed=0)
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
    env = cartpole(credit_horizon=200, trace_window="first", max_trace_chars=2000)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match=r"takes \d,\d+ characters and was cut to max_trace_chars=2,000"):
        observation, _, _, _, info = env.step({"policy": UPRIGHT})
    env.step({})  # a second warning would be an error here
    assert len(info["trials"][0]["events"]) == 200
    assert len(observation["trace"]) <= 2000
    assert 10 < info["horizon_shown"] == len(rows(observation["trace"])) < 100


def test_budget_that_does_not_bind_is_not_warned_about() -> None:
    env = cartpole(credit_horizon=200, trace_window="first")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        env.reset(seed=0)
        _, _, _, _, info = env.step({"policy": UPRIGHT})
    assert [str(each.message) for each in warned] == []
    assert info["horizon_shown"] == 200


# --- trial_start, batches


def test_continue_goes_on_exactly_where_the_window_ended() -> None:
    _, whole = cartpole(credit_horizon=None).reset(seed=4)
    env = cartpole(credit_horizon=10, trial_start="continue")
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
    env = cartpole(credit_horizon=5, trial_start="continue")
    env.reset(seed=4)
    _, _, _, _, info = env.step({"policy": LEFT})
    assert [step for step, _ in states(info)] == list(range(5, 10))
    assert {event["action"] for event in info["trials"][0]["events"]} == {0}


def test_continue_begins_anew_after_a_failure() -> None:
    env = cartpole(credit_horizon=5, trial_start="continue")
    _, info = env.reset(seed=4)
    first = drawn(info)
    failed = env.step({"policy": FAILING})[4]
    assert (drawn(failed), failed["trials"][0]["failure"]["step"]) == (first, 5)
    info = env.step({"policy": NAIVE})[4]
    assert states(info)[0][0] == 0
    assert drawn(info) != first


def test_restart_begins_anew() -> None:
    env = cartpole(credit_horizon=5, trace_window="first")
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
    assert said["score"] == (
        "Score (distance): 2, from 4 validation trials. The trace shows 4 train trials, which scored 2 on average.\n"
        "Best score so far: 2, of edit 1: those texts are the ones that stand now."
    )
    assert said["metrics"] == "train: exact 0.5.\nvalidation: exact 0.5."
    assert said["staged"] == (
        "Warm.\nThat is 0.667 of the way from the floor (4: made up) to the reference (1: made up)."
    )
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
    kinds = ["score", "metrics", "trials", "staged", "progress"]
    env = cartpole(credit_horizon=H, trace_window="first", feedback=kinds, **parameters)
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
