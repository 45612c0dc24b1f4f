"""Control tasks have films: Gymnasium's own pictures of the episode that the artifact has played."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

from genopt_gym.core.evidence import View
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.control.acrobot import Acrobot
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask
from genopt_gym.envs.control.lunar_lander import LunarLander
from genopt_gym.envs.control.mountain_car import MountainCar
from genopt_gym.envs.control.pendulum import Pendulum
from genopt_gym.envs.policy import AnyPolicy
from genopt_gym.envs.rendering import LARGEST_SIDE
from genopt_gym.evaluation import Evaluator
from genopt_gym.runs.film import has_screen, record, save_film
from genopt_gym.show.frames import WIDEST, frames

pytest.importorskip("pygame")


@pytest.mark.parametrize("kind", [Acrobot, CartPole, LunarLander, MountainCar, Pendulum])
def test_a_frame_is_gymnasiums_own_picture_of_that_moment(kind: type[GymnasiumTask]) -> None:
    task = kind()
    instance = task.instances("test")[0]
    actions = [[0.5]] * 12 if kind is Pendulum else [i % 2 for i in range(12)]
    shown = list(task.film(instance, actions, [0, 5, 12]) or ())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        env: Any = gym.make(task.inner, render_mode="rgb_array").unwrapped
        env.reset(seed=task.seed(instance))
        expected = [env.render()]
        for count, action in enumerate(actions, 1):
            env.step(np.array(action, np.float32) if kind is Pendulum else action)
            if count in (5, 12):
                expected.append(env.render())
    for frame, whole in zip(shown, expected, strict=True):
        assert max(frame.shape) <= LARGEST_SIDE
        assert np.array_equal(frame, np.asarray(Image.fromarray(whole).reduce(2)))
    assert not np.array_equal(shown[0], shown[-1])


def test_physics_of_the_instance_are_those_of_its_film() -> None:
    """A longer pole is drawn longer."""
    task = CartPole(physics="varied")
    lengths = {each: task.constants_of(each)["length"] for each in task.instances("test")}
    short, long = (choose(lengths, key=lambda each: lengths[each]) for choose in (min, max))

    def pole(instance: Any) -> int:
        film = task.film(instance, (), [0])
        assert film is not None
        frame = next(film)
        # Gymnasium's brown.
        return int((np.abs(frame.astype(int) - (202, 152, 101)).sum(2) < 30).sum())

    assert pole(long) > pole(short) * 1.2


def test_a_policy_for_any_environment_is_filmed_where_that_can_be_drawn() -> None:
    assert has_screen(AnyPolicy(inner="FrozenLake-v1"))
    gym.register("test/Blank-v0", entry_point=f"{__name__}:Blank", max_episode_steps=5)
    try:
        assert not has_screen(AnyPolicy(inner="test/Blank-v0"))
    finally:
        del gym.registry["test/Blank-v0"]


class Blank(gym.Env[Any, Any]):
    """Has nothing to draw."""

    observation_space = gym.spaces.Box(0, 1, (1,))
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return np.zeros(1, np.float32), {}

    def step(self, action: int) -> Any:
        return np.zeros(1, np.float32), 0.0, False, False, {}


def test_what_was_played_is_saved_and_nothing_of_the_drawing_stays(tmp_path: Path) -> None:
    before = dict(os.environ)
    tester = Evaluator(TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {}), splits=("test",))
    start = tester.task.starting_artifact("modular/naive")
    played = record(tester, start, tester.task.instances("test")[:1])[0]
    assert save_film(tmp_path / "film.gif", tester.task, played)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (300, 200)
        assert getattr(film, "n_frames", 1) > 1
    assert dict(os.environ) == before


def test_the_page_gets_a_sheet_of_small_frames() -> None:
    spec = TaskSpec("genopt_gym.envs.control.cart_pole:CartPole", {})
    tester = Evaluator(spec, splits=("train",))
    start = tester.task.starting_artifact("modular/naive")
    view = View(horizon=30, window="first")
    trial = tester.evaluate(start, tester.task.instances("train")[:1], view).trials[0]
    sheet = frames(tester.task, trial)
    assert sheet is not None
    assert sheet["moments"] == [event.step for event in trial.events]
    assert sheet["width"] <= WIDEST
