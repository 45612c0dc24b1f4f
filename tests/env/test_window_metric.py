"""Under ``feedback_horizon="credit"`` scores and rewards have the scale of windows."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from genopt_gym.core.evidence import View
from genopt_gym.core.task import Metric
from genopt_gym.core.window_metric import WindowScores, window_metric
from genopt_gym.env import OptimizationEnv
from genopt_gym.envs.window_scores import measured_windows
from genopt_gym.making import optimization_env
from genopt_gym.registration import TABLE

POINTS = Metric("points in a game, mean over games", 0, 10_000, 210, 8503, 9000, published={"somebody": 1.0}, record=9)
SCORES = WindowScores([10, 100, 1000], [0.0, 50.0, 210.0], [0.0, 150.0, 2000.0], (0.2, 2.0), 50.0)
MEASURED = [row for row in TABLE if row.task.partition(":")[2] in measured_windows()]

SWING_UP = """\
def policy(obs):
    height, lean, turning = obs["angle_cos"], obs["angle_sin"], obs["velocity"]
    if height > 0.8:
        torque = -12 * lean - 3 * turning
    else:
        torque = 2 * (5 - turning * turning / 6 - 5 * height) * (1 if turning >= 0 else -1)
    return max(-2.0, min(2.0, torque))
"""


def blind(id: str, **parameters: Any) -> OptimizationEnv:
    return optimization_env(gym.make(id, feedback_horizon="credit", **parameters))


def test_scale_is_that_of_the_first_steps() -> None:
    metric = window_metric(POINTS, View(100), SCORES)
    assert metric.name == "points in the shown 100 steps of a game, mean over the shown games"
    assert (metric.floor, metric.reference) == (50, 150)
    assert (metric.low, metric.high, metric.direction) == (0, 10_000, "maximize")
    assert (metric.solved, metric.record, metric.published) == (None, None, {})
    between = window_metric(POINTS, View(55), SCORES)
    assert (between.floor, between.reference) == (25, 75)


def test_windows_that_begin_anywhere_go_by_the_pace_of_whole_games() -> None:
    for view in (View(100, "last"), View(100, "first", keep_actions=True)):
        metric = window_metric(POINTS, view, SCORES)
        assert (metric.floor, metric.reference) == (20, 200)


def test_scale_is_no_finer_than_one_usual_reward() -> None:
    """Where nobody has scored yet, a first point is worth 1."""
    metric = window_metric(POINTS, View(10), SCORES)
    assert (metric.floor, metric.reference) == (0, 50)
    losing = Metric("cost", 100, 0, 50, 10, None, direction="minimize")
    less = window_metric(losing, View(10), WindowScores([10], [5.0], [4.9], (1.0, 1.0), 2.0))
    assert (less.floor, less.reference) == (5, 3)
    assert less.normalise(3) == 1


def test_whole_trials_keep_their_metric() -> None:
    env = blind("GenOpt/Control-CartPole-v0", credit_horizon=500)
    assert env.metric is env.task.metric
    env = blind("GenOpt/Reasoning-LegCounting-v0", validation_size=1)
    assert env.metric is env.task.metric


def test_what_nobody_has_measured_keeps_floor_and_reference() -> None:
    metric = window_metric(POINTS, View(10), None)
    assert (metric.floor, metric.reference) == (210, 8503)


def test_a_policy_for_an_environment_that_a_task_has_too_shares_its_scale() -> None:
    any_policy, cart_pole = (
        blind(f"GenOpt/{name}-v0", credit_horizon=30) for name in ("Policy-Any", "Control-CartPole")
    )
    assert (any_policy.metric.floor, any_policy.metric.reference) == (
        cart_pole.metric.floor,
        cart_pole.metric.reference,
    )
    assert any_policy.metric.floor != any_policy.task.metric.floor


def test_reward_is_a_signal_that_a_window_can_give() -> None:
    """The first 100 steps of a pendulum that stands up: 1 on their own scale, little on that of whole episodes."""
    small = {"start": "one_function/stub", "validation_size": 1, "batch_size": 6, "batch_sampler": "fixed"}
    env = blind("GenOpt/Control-Pendulum-v0", credit_horizon=100, reward="score", **small)
    env.reset(seed=0)
    assert env.step({})[1] < 0.5
    observation, reward, _, _, info = env.step({"policy": SWING_UP})
    assert info["outcome"] == "ok"
    assert 0.7 < reward < 1.3
    assert "in the shown 100 steps of an episode, counted negatively" in observation["feedback"]
    assert "of the shown steps" not in observation["feedback"]
    env.set_view(credit_horizon=30)
    assert "in the shown 30 steps" in env.step({})[0]["feedback"]


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.id)
@pytest.mark.parametrize("horizon", [1, 7, 100])
def test_every_measured_window_has_a_scale(row: Any, horizon: int) -> None:
    env = blind(row.id, credit_horizon=horizon)
    metric = env.metric
    assert metric.better(metric.reference, metric.floor)
    assert abs(metric.reference - metric.floor) < abs(env.task.metric.reference - env.task.metric.floor)
    assert f"in the shown {'step' if horizon == 1 else f'{horizon} steps'} of" in metric.name
    assert "in the shown steps of" in env.context


def test_games_and_control_are_measured() -> None:
    """`benchmarks/window_scores.py --write` has been run; of MiniGrid for the mazes that a start solves."""
    played = {row.id for row in TABLE if row.id.startswith(("GenOpt/Atari", "GenOpt/Control"))}
    mazes = ("DoorKey", "DynamicObstacles", "KeyCorridor", "LavaCrossing", "MultiRoom")
    assert {row.id for row in MEASURED} == played | {f"GenOpt/MiniGrid-{maze}-v0" for maze in mazes}
