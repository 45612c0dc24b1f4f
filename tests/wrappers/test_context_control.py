"""Horizon, window and batch size as part of the action, and what they cost."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from genopt_gym.making import optimization_env
from genopt_gym.testing.transcript import digest
from genopt_gym.wrappers import ContextControl, NumericEdits, TextEdits

CARTPOLE = "GenOpt/Control-CartPole-v0"
PARAMETERS: dict[str, Any] = {
    "start": "modular/parametric",
    "validation_size": 2,
    "credit_horizon": 5,
    "trace_window": "first",
}
OFFERED: dict[str, Any] = {"credit_horizon": [1, 4, None], "trace_window": ["first", "last"], "batch_size": [1, 3]}


def make(**arguments: Any) -> Any:
    return ContextControl(gym.make(CARTPOLE, **PARAMETERS), **(arguments or OFFERED))


def written(**arguments: Any) -> Any:
    return ContextControl(TextEdits(gym.make(CARTPOLE, **PARAMETERS)), **(arguments or OFFERED))


def play(env: Any) -> list[str]:
    env.action_space.seed(0)
    return [digest(env.reset(seed=3)), *(digest(env.step(env.action_space.sample())) for _ in range(3))]


@pytest.mark.parametrize("kind", [make, written])
def test_gymnasiums_checker_says_only_that_it_is_wrapped(kind: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(kind(), skip_render_check=True)
    assert all("different from the unwrapped version" in str(warning.message) for warning in caught)


@pytest.mark.parametrize("kind", [make, written])
def test_its_spec_rebuilds_it_and_copies_go_on_alike(kind: Any) -> None:
    env = kind(**OFFERED, budget={"characters": 100_000}, weights={"inner_steps": 0.1})
    before = play(env)
    twin = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(twin, ContextControl)
    assert play(twin) == before
    twins = [env, copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    action = env.action_space.sample()
    assert len({digest(each.step(action)) for each in twins}) == 1


def test_the_evidence_of_a_step_is_what_its_action_chose() -> None:
    env = make()
    env.reset(seed=0)
    for horizon, window, batch, shown in ((0, 0, 0, 1), (1, 0, 1, 12), (1, 1, 0, 4)):
        action = {"edit": {}, "credit_horizon": horizon, "trace_window": window, "batch_size": batch}
        _, _, _, _, info = env.step(action)
        assert info["horizon_shown"] == min(shown, 4)
        assert sum(len(trial["events"]) for trial in info["trials"]) == shown
    _, _, _, _, info = env.step({"edit": {}})
    assert (info["context"]["credit_horizon"], info["context"]["trace_window"]) == (4, "last")
    assert env.reset(seed=0)[1]["context"]["credit_horizon"] == 5


def test_a_reply_chooses_by_lines_and_its_edit_is_read_without_them() -> None:
    env = written()
    page, _ = env.reset(seed=0)
    assert "HORIZON: 1 or HORIZON: 4 or HORIZON: all (now 5)" in page
    program = "def select_action(obs, lean):\n    # BATCH: 3\n    return int(lean > 0.5)\n"
    reply = f"I want less.\nHORIZON: 4\nBATCH: 1\n```python select_action\n{program}```\n"
    page, _, _, _, info = env.step(reply)
    assert info["outcome"] == "ok"
    assert (info["context"]["credit_horizon"], info["context"]["batch_size"]) == (4, 1)
    assert optimization_env(env).artifact.texts["select_action"].strip() == program.strip()
    assert "HORIZON: all (now 4)" in page
    page, _, _, _, info = env.step("HORIZON: 41\n```python select_action\ndef select_action(obs, lean): ...\n```")
    assert info["outcome"] == "unparsable"
    assert "HORIZON: 41 is not among what may be chosen: 1, 4, all." in page
    page, *_ = ContextControl(TextEdits(gym.make(CARTPOLE, **PARAMETERS)), [1, 2]).reset(seed=0)
    assert "WINDOW" not in page


def test_cost_is_taken_off_the_reward_and_counted() -> None:
    free, charged = make(), make(**OFFERED, weights={"inner_steps": 0.1, "characters": 0.001})
    for env in (free, charged):
        env.reset(seed=0)
    for horizon in (0, 1):
        action: dict[str, Any] = {"edit": {}, "credit_horizon": horizon}
        observation, reward, _, _, info = free.step(action)
        assert info["context"]["cost"] == {
            "inner_steps": sum(trial["steps"] for trial in info["trials"]),
            "characters": len(observation["trace"]),
        }
        cost = info["context"]["cost"]
        expected = reward - 0.1 * cost["inner_steps"] - 0.001 * cost["characters"]
        assert charged.step(action)[1] == pytest.approx(expected)


def test_a_budget_of_evidence_is_never_passed_and_ends_the_run() -> None:
    env = make(**OFFERED, budget={"inner_steps": 14})
    env.reset(seed=0)  # 5 inner steps
    *_, truncated, info = env.step({"edit": {}, "credit_horizon": 1})
    assert not truncated
    assert info["context"]["spent"]["inner_steps"] == 9
    # All inner steps might be 500.
    *_, reward, terminated, truncated, info = env.step({"edit": {}, "credit_horizon": 2})
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert (info["outcome"], info["truncated_by"]) == ("budget_spent", "budget of inner_steps")
    assert info["context"]["spent"]["inner_steps"] == 9
    env = make(**OFFERED, budget={"characters": 1_000})
    _, info = env.reset(seed=0)
    steps, truncated = 0, False
    while not truncated:
        *_, truncated, info = env.step({"edit": {}})
        steps += 1
    assert info["truncated_by"] == "budget of characters"
    assert info["context"]["spent"]["characters"] >= 1_000
    assert steps < 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"budget": {}}, "offer something to choose: lists of credit_horizon, trace_window, batch_size"),
        ({"credit_horizon": [0]}, "credit_horizon must be a whole number from 1, got 0"),
        ({"trace_window": ["opening"]}, "opening"),
        ({"batch_size": [2, 2]}, r"batch_size offers a value twice: \[2, 2\]"),
        ({"batch_size": [2], "budget": {"tokens": 1}}, "evidence costs inner_steps and characters, not 'tokens'"),
        ({"batch_size": [2], "weights": {"inner_steps": -1}}, "the weight of inner_steps"),
    ],
)
def test_what_cannot_be_offered_is_told(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(**arguments)


def test_other_environments_and_places_outside_a_list_are_told() -> None:
    with pytest.raises(ValueError, match="whose actions are edits or replies"):
        ContextControl(NumericEdits(gym.make(CARTPOLE, **PARAMETERS)), [1, 2])
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="credit_horizon is a whole number from 0 to 2, not 3"):
        env.step({"edit": {}, "credit_horizon": 3})
    assert json.dumps(env.step({"edit": {}})[4]["context"])
