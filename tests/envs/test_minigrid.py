"""MiniGrid: what is told of a maze, what may be answered, and that a program that remembers gets through."""

from __future__ import annotations

import sys
from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance
from genopt_gym.core.intervals import bootstrap_interval
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.minigrid import DIRECTIONS, DoorKey, MiniGridEpisode, cell_name
from genopt_gym.evaluation import Evaluation, Evaluator

pytest.importorskip("minigrid", reason="minigrid is not installed")

NAMES = ["DoorKey", "DynamicObstacles", "KeyCorridor", "LavaCrossing", "Memory", "MultiRoom", "ObstructedMaze"]
SOLVED = ["DoorKey", "DynamicObstacles", "KeyCorridor", "LavaCrossing", "MultiRoom"]
"""Where the start ``working`` gets to the goal."""


def play(name: str, artifact: str | dict[str, str], trials: int = 2, **arguments: Any) -> Evaluation:
    """Test trials of a start, or of a text of ``policy``."""
    spec = TaskSpec(f"genopt_gym.envs.minigrid:{name}", {"test_size": trials, **arguments})
    evaluator = Evaluator(spec, splits=("test",))
    if isinstance(artifact, str):
        return evaluator.evaluate(evaluator.task.starting_artifact(artifact), "test")
    return evaluator.evaluate(evaluator.task.starting_artifact("one_function/stub").edited(artifact), "test")


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_is_what_is_there(seed: int) -> None:
    """Every cell that is seen is the one that stands there in the environment's own grid."""
    task = DoorKey()
    episode = MiniGridEpisode(task.make_inner(), seed, task.actions)
    for action in ("forward", "right", "forward", "left", "left", "forward"):
        episode.step(action)
        observation, env = episode.observe(), episode.env
        ahead, right = env.dir_vec, env.right_vec
        assert observation["direction"] == DIRECTIONS[env.agent_dir]
        assert observation["view"][6][3] == "agent"
        for row, cells in enumerate(observation["view"]):
            for column, cell in enumerate(cells):
                if cell in ("unseen", "agent"):
                    continue
                x, y = env.agent_pos + (6 - row) * ahead + (column - 3) * right
                there = env.grid.get(x, y)
                assert cell == ("empty" if there is None else cell_name(*there.encode()))


def test_what_is_carried_is_told() -> None:
    task = DoorKey()
    episode = MiniGridEpisode(task.make_inner(), 0, task.actions)
    assert episode.observe()["carrying"] == ""
    [key] = [(i % 16, i // 16) for i, cell in enumerate(episode.env.grid.grid) if cell and cell.type == "key"]
    episode.env.agent_pos, episode.env.agent_dir = (key[0] - 1, key[1]), 0
    if episode.env.grid.get(*episode.env.agent_pos) is not None:
        pytest.skip("the key lies at a wall")
    episode.step("pickup")
    assert episode.observe()["carrying"].startswith("key ")


def test_a_program_that_remembers_solves_door_key() -> None:
    evaluation = play("DoorKey", "modular/working", 20)
    assert evaluation.failure is None
    assert sum(trial.score > 0 for trial in evaluation.trials) >= 18


@pytest.mark.slow
@pytest.mark.parametrize("name", SOLVED)
def test_working_is_better_than_chance_on_test_mazes(name: str) -> None:
    blind = play(name, "modular/random", 20)
    working = play(name, "modular/working", 20)
    assert bootstrap_interval([b.score - a.score for a, b in zip(blind.trials, working.trials, strict=True)])[0] > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_start_plays(name: str) -> None:
    for start in DoorKey().starts():
        assert play(name, start, 1, max_steps=40).failure is None, start


def test_memory_lasts_for_a_trial_and_no_longer() -> None:
    text = """\
calls = []


def policy(obs):
    calls.append(obs["direction"])
    if len(calls) > 5:
        raise RuntimeError("another trial's calls")
    return "left"
"""
    evaluation = play("DoorKey", {"policy": text}, 8, max_steps=5)
    assert evaluation.failure is None
    longer = play("DoorKey", {"policy": text}, 2, max_steps=6)
    assert all(trial.failure and trial.failure.step == 5 for trial in longer.trials)


@pytest.mark.parametrize("result", ["'jump'", "['left', 'left']", "0", "None", "{'action': 'left'}"])
def test_what_is_no_action_is_told(result: str) -> None:
    [trial] = play("MultiRoom", {"policy": f"def policy(obs):\n    return {result}\n"}, 1).trials
    assert trial.failure is not None
    assert trial.failure.outcome == "contract_broken"
    assert "an action is one of left, right, forward, pickup, drop, toggle, done" in trial.failure.message


def test_only_three_actions_among_moving_obstacles() -> None:
    [trial] = play("DynamicObstacles", {"policy": "def policy(obs):\n    return 'toggle'\n"}, 1).trials
    assert trial.failure is not None
    assert "an action is one of left, right, forward" in trial.failure.message


@pytest.mark.parametrize("waste", ["while True: pass", "time.sleep(3)"])
def test_a_player_that_takes_more_than_a_second_for_a_step_is_stopped(waste: str) -> None:
    [trial] = play(
        "MultiRoom", {"policy": f"import time\ndef policy(obs):\n    {waste}\n    return 'left'\n"}, 1
    ).trials
    assert trial.failure is not None
    assert trial.failure.outcome == "timeout"
    assert "one call took longer than the 1 s allowed" in trial.failure.message


def test_the_trace_shows_rows_that_change() -> None:
    env = gym.make("GenOpt/MiniGrid-MultiRoom-v0", validation_size=1, credit_horizon=6, start="one_function/stub")
    trace = env.reset(seed=0)[0]["trace"]
    assert "view.0" in trace
    assert "agent" in trace
    assert trace.count("mission=") == 1


def test_a_film_has_a_frame_for_every_moment() -> None:
    frames = list(DoorKey().film(Instance("train", 0), ["left", "right", "forward"], [0, 2, 3]))
    assert [frame.shape for frame in frames] == [(256, 256, 3)] * 3


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minigrid", None)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[minigrid\]'"):
        gym.make("GenOpt/MiniGrid-DoorKey-v0")


def test_max_steps_is_a_number() -> None:
    with pytest.raises(ValueError, match="max_steps must be a whole number from 1, got 0"):
        DoorKey(max_steps=0)


def test_there_is_no_disguise() -> None:
    with pytest.raises(ValueError, match="disguise: MiniGrid has none"):
        gym.make("GenOpt/MiniGrid-DoorKey-v0", disguise=1)
