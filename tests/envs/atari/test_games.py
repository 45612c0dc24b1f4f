"""What holds for every game: horizons, protocols, and policies that go wrong."""

from __future__ import annotations

import os
import re
from typing import Any

import gymnasium as gym
import psutil
import pytest

from genopt_gym.core.task import TaskSpec
from genopt_gym.env import OptimizationEnv
from genopt_gym.envs.atari.emulator import AtariTask
from genopt_gym.making import optimization_env
from genopt_gym.registration import TABLE
from tests.helpers.slow import ALIKE_GAMES

GAMES = {row.id: row for row in TABLE if row.id.startswith("GenOpt/Atari-")}

PAPER = {
    "Asterix": (100, 30, 3, 20_000, True, 5000),
    "Breakout": (300, 30, 1, 4000, True, 350),
    "Enduro": (100, 30, 1, 5000, False, 200),
    "Freeway": (100, 30, 3, 2500, False, 50),
    "Pong": (400, 20, 10, 4000, False, 21),
    "Qbert": (100, 30, 1, 4000, True, 10_000),
    "Seaquest": (100, 30, 1, 4000, True, 5000),
    "SpaceInvaders": (25, 20, 1, 4000, False, 2000),
}
"""Horizon, updates, evaluation episodes, cap, one life, early stop."""

COMPONENTS = {
    "Pong": ["predict_ball_trajectory", "select_action"],
    "Breakout": ["predict_ball_trajectory", "generate_paddle_target", "select_paddle_action"],
    "SpaceInvaders": ["decide_shoot", "decide_movement", "combine_actions"],
    "Freeway": ["analyze_traffic", "select_action"],
    "Asterix": ["analyze_situation", "select_action"],
    "Enduro": ["analyze_situation", "select_action"],
    "Qbert": ["analyze_situation", "select_action"],
    "Seaquest": ["analyze_situation", "select_action"],
}


def name_of(id: str) -> str:
    return re.sub(r"GenOpt/Atari-(\w+)-v0", r"\1", id)


def make(id: str, **parameters: Any) -> OptimizationEnv:
    defaults = {"validation_size": 1, "max_steps": 120, "start": "one_function/naive"}
    return optimization_env(gym.make(id, disable_env_checker=True, **{**defaults, **parameters}))


def task_of(id: str) -> type[AtariTask]:
    task = TaskSpec(GAMES[id].task, {}).load()
    assert issubclass(task, AtariTask)
    return task


@pytest.mark.parametrize("id", GAMES)
def test_paper_protocol_has_the_published_settings(id: str) -> None:
    horizon, updates, episodes, steps, one_life, solved = PAPER[name_of(id)]
    assert GAMES[id].updates == updates
    env = optimization_env(gym.make(id, protocol="paper", disable_env_checker=True))
    assert env.parameters.credit_horizon == horizon
    assert (env.parameters.trace_window, env.parameters.trial_start) == ("first", "restart")
    assert len(env.task.instances("validation")) == episodes
    assert env.task.max_inner_steps == steps
    assert env.task.metric.solved == solved
    assert env.evaluator.spec.arguments["one_life"] is one_life
    assert env.evaluator.spec.arguments["episodic_life"] is one_life
    assert env.evaluator.spec.arguments["fire_at_reset"] is (name_of(id) == "Breakout")


@pytest.mark.parametrize("id", GAMES)
def test_starts_have_the_papers_components(id: str) -> None:
    task = task_of(id)()
    assert list(task.starting_artifact("modular/naive").texts) == COMPONENTS[name_of(id)]
    wanted = {f"{s}/{i}" for s in ("modular", "one_function") for i in ("naive", "stub", "parametric")}
    assert wanted <= set(task.starts())


@pytest.mark.parametrize("id", GAMES)
def test_one_life_ends_with_the_first_life_lost(id: str) -> None:
    if not PAPER[name_of(id)][4]:
        pytest.skip("an episode is a whole game in this one")
    code = "import itertools\nsteps = itertools.count()\n\n\n"
    code += f"def policy(obs):\n    return {5 if name_of(id) == 'Seaquest' else '(1, 2, 3)[next(steps) // 7 % 3]'}\n"
    lengths = []
    for one_life in (True, False):
        env = make(id, one_life=one_life, max_steps=4000, sticky=0.0)
        [trial] = env.evaluator.evaluate(env.start.edited({"policy": code}), "validation").trials
        lengths.append(trial.steps)
    assert lengths[0] < lengths[1]


def test_episodic_life_plays_one_game_life_after_life() -> None:
    """A policy that counts its own steps: the second episode begins where the first life has ended, not anew."""
    code = "import itertools\nsteps = itertools.count()\n\n\ndef policy(obs):\n    return next(steps) // 7 % 3\n"
    found = []
    for episodic_life in (False, True):
        facts = {"one_life": True, "episodic_life": episodic_life, "sticky": 0.0, "validation_size": 4}
        env = make("GenOpt/Atari-Asterix-v0", **facts, max_steps=4000)
        found.append(env.evaluator.evaluate(env.start.edited({"policy": code}), "validation").trials)
    anew, after = found
    # The first is a game's first life either way, and so is the fourth of a game of three lives.
    assert [trial.steps for trial in after[::3]] == [trial.steps for trial in anew[::3]]
    whole = make("GenOpt/Atari-Asterix-v0", sticky=0.0, validation_size=1, max_steps=4000)
    [game] = whole.evaluator.evaluate(whole.start.edited({"policy": code}), "validation").trials
    # What one life after the other takes is a whole game, but for the no-op between two.
    assert sum(trial.steps for trial in after[:3]) == pytest.approx(game.steps, abs=0.2 * game.steps)
    assert after[1].steps != anew[1].steps


def test_episodic_life_needs_one_life() -> None:
    with pytest.raises(ValueError, match="episodic_life goes on after a life: it needs one_life"):
        make("GenOpt/Atari-Asterix-v0", episodic_life=True)


@pytest.mark.parametrize("id", [pytest.param(id, marks=[pytest.mark.slow] * (id in ALIKE_GAMES)) for id in GAMES])
def test_credit_feedback_shows_nothing_beyond_the_horizon(id: str) -> None:
    """With a horizon of 1, whatever happens from the second step on changes nothing in observation, reward or info."""
    credit: dict[str, Any] = {"credit_horizon": 1, "feedback_horizon": "credit", "batch_sampler": "fixed"}
    one, other = make(id, **credit, max_steps=60), make(id, **credit, max_steps=2)
    seen = []
    for env in (one, other):
        first = env.reset(seed=3)
        # The same first action, then another one for the rest of the game.
        late = "import itertools\nsteps = itertools.count()\n\n\n"
        late += "def policy(obs):\n    return 0 if next(steps) == 0 else {}\n"
        steps = [env.step({"policy": late.format(action)})[:2] for action in (1, 2)]
        for observation in (first[0], *(step[0] for step in steps)):
            del observation["context"]  # it tells max_steps, and so does the trace
            observation["trace"] = re.sub(r"of up to \d+ inner", "", observation["trace"])
        seen.append([repr(part) for part in (first[0], *steps)])
        assert first[1]["horizon_shown"] == 1
        for words in (first[0]["feedback"], steps[0][0]["feedback"]):
            assert "validation" not in words
    assert seen[0] == seen[1]
    # The two programs differ, but not in their first step: nor do the observations, their texts aside.
    assert re.sub(r"(else|edit) \d", "", seen[0][1]) == re.sub(r"(else|edit) \d", "", seen[0][2])


@pytest.mark.parametrize("id", GAMES)
def test_traced_trial_ends_with_its_window(id: str) -> None:
    env = make(id, credit_horizon=7, trace_window="first")
    _, info = env.reset(seed=0)
    assert info["trials"][0]["steps"] == 7
    assert env.evaluator.ledger.accounts["train"].inner_steps == 7


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_stays_flat_over_a_thousand_steps() -> None:
    env = make("GenOpt/Atari-Freeway-v0", credit_horizon=5, max_steps=10)
    env.reset(seed=0)
    process = psutil.Process(os.getpid())

    def total() -> int:
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])

    for step in range(1000):
        env.step({"policy": f"def policy(obs):\n    return {step} % 3\n"})
        if step == 300:
            before = total()
    assert total() - before < 8 << 20


WRONG = {
    "an action out of range": ("return 99", "contract_broken", "returned 99, but an action is an integer from 0", 0),
    "an invented field": ("return int(obs['Dragon']['x'])", "runtime_error", "KeyError: 'Dragon' in policy, line 2", 0),
    "no action": ("pass", "contract_broken", "returned None", 0),
    "ten seconds for a step": (
        "import time; time.sleep(10)",
        "timeout",
        "one call took longer than the 1 s allowed",
        0,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_policy_that_goes_wrong_is_an_outcome_with_its_inner_step(name: str) -> None:
    body, outcome, words, step = WRONG[name]
    env = make("GenOpt/Atari-Seaquest-v0", credit_horizon=20)
    env.reset(seed=0)
    observation, _, _, _, info = env.step({"policy": f"def policy(obs):\n    {body}\n"})
    assert info["outcome"] == outcome
    assert words in observation["feedback"]
    assert f"at inner step {step}" in observation["feedback"]


def test_policy_that_fails_on_the_second_life_names_the_step() -> None:
    env = make("GenOpt/Atari-Breakout-v0", credit_horizon=100, max_steps=400)
    _, first = env.reset(seed=0)
    code = "def policy(obs):\n    if obs['lives'] < 5:\n        raise RuntimeError('unprepared')\n    return 1\n"
    observation, _, _, _, info = env.step({"policy": code})
    assert info["outcome"] == "runtime_error"
    found = re.search(r"RuntimeError: unprepared in policy, line 3 .*at inner step (\d+)", observation["feedback"])
    assert found
    assert int(found[1]) > 10
    assert first["outcome"] == "ok"
