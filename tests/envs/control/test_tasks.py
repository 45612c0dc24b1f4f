"""Control tasks: they say of their inner environments what is true, and their starts can be played and searched."""

from __future__ import annotations

import importlib.util
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from genopt_gym.core.errors import UserError
from genopt_gym.core.evidence import Instance, View
from genopt_gym.core.literals import find_literals, replace_literals
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.control.acrobot import Acrobot
from genopt_gym.envs.control.cart_pole import CartPole
from genopt_gym.envs.control.gymnasium_task import GymnasiumTask
from genopt_gym.envs.control.lunar_lander import LossLimit, LunarLander
from genopt_gym.envs.control.mountain_car import MountainCar
from genopt_gym.envs.control.pendulum import Pendulum
from genopt_gym.evaluation import Evaluation, Evaluator
from tests.helpers.driving import drive

HAS_BOX2D = all(importlib.util.find_spec(module) for module in ("Box2D", "pygame"))
needs_box2d = pytest.mark.skipif(not HAS_BOX2D, reason="Box2D or pygame is not installed")
TASKS = [Acrobot, CartPole, pytest.param(LunarLander, marks=needs_box2d), MountainCar, Pendulum]
SHORT = View(40)


def play(task: type[GymnasiumTask], start: str, texts: dict[str, str] | None = None, count: int = 2) -> Evaluation:
    """The start, with other texts for some components, in the first 40 steps of some episodes."""
    evaluator = Evaluator(TaskSpec(f"{task.__module__}:{task.__name__}", {}))
    artifact = evaluator.task.starting_artifact(start)
    return evaluator.evaluate(artifact.edited(texts or {}), evaluator.task.instances("train")[:count], SHORT)


@pytest.mark.parametrize("task", TASKS)
def test_the_task_agrees_with_the_spec_and_spaces(task: type[GymnasiumTask]) -> None:
    made = task()
    env, spec = made.make_inner(), gym.spec(made.inner)
    assert env.observation_space.shape == (len(made.fields),)
    assert made.max_inner_steps == spec.max_episode_steps
    assert made.metric.solved == spec.reward_threshold
    assert made.action_space() == env.action_space


@pytest.mark.parametrize("task", TASKS)
def test_an_observation_is_the_inner_one_by_name(task: type[GymnasiumTask]) -> None:
    made, instance = task(), Instance("test", 3)
    values, _ = made.make_inner().reset(seed=made.seed(instance))
    observation = made.start_episode(instance, 0).observe()
    assert observation == dict(zip(made.fields, values.tolist(), strict=True))


@pytest.mark.parametrize("task", TASKS)
def test_both_structures_play_the_same(task: type[GymnasiumTask]) -> None:
    for implementation in ("naive", "stub", "parametric"):
        modular, whole = (play(task, f"{cut}/{implementation}") for cut in ("modular", "one_function"))
        assert modular.failure is whole.failure is None
        assert [t.score for t in modular.trials] == [t.score for t in whole.trials]


@pytest.mark.parametrize("task", TASKS)
def test_whatever_its_numbers_the_parametric_start_gives_actions(task: type[GymnasiumTask]) -> None:
    texts = task().starting_artifact("modular/parametric").texts
    rng = np.random.default_rng(0)
    for scale in (0.1, 3, 1000):
        tried = {
            name: replace_literals(text, (scale * rng.normal(size=len(find_literals(text)))).tolist())
            for name, text in texts.items()
        }
        assert play(task, "modular/parametric", tried).failure is None, tried


@pytest.mark.parametrize("task", TASKS)
def test_a_coach_has_other_words_for_other_scores(task: type[GymnasiumTask]) -> None:
    metric = task.metric
    words = [task().staged(score) for score in np.linspace(metric.worst, metric.best, 1000)]
    assert len(set(words)) >= 3
    assert words == sorted(words, key=list(dict.fromkeys(words)).index)


def after(task: GymnasiumTask, actions: list[Any], state: Any = None) -> dict[str, float]:
    """The observation after some actions in the first train episode."""
    env = task.make_inner()
    values, _ = env.reset(seed=0)
    if state is not None:
        env.unwrapped.state = np.array(state)  # type: ignore[attr-defined]
    for action in actions:
        values, *_ = env.step(action)
    return dict(zip(task.fields, values.tolist(), strict=True))


def test_mountain_car_moves_as_its_contract_says() -> None:
    for action, push in ((0, -0.001), (1, 0), (2, 0.001)):
        moved = after(MountainCar(), [action], (-0.9, 0.0))
        assert moved["velocity"] == pytest.approx(push - 0.0025 * np.cos(-2.7))
        assert moved["position"] == pytest.approx(-0.9 + moved["velocity"])


def test_the_pendulum_accelerates_as_its_contract_says() -> None:
    for torque in (-2.0, 0.0, 1.5):
        moved = after(Pendulum(), [np.array([torque], np.float32)], (0.3, 0.0))
        assert moved["velocity"] / 0.05 == pytest.approx(15 * np.sin(0.3) + 3 * torque, rel=1e-4)
    assert after(Pendulum(), [np.zeros(1, np.float32)], (0.0, 0.0))["angle_cos"] == 1


def test_acrobot_bends_as_its_contract_says() -> None:
    assert after(Acrobot(), [2], (0, 0, 0, 0))["elbow_sin"] > 0 > after(Acrobot(), [0], (0, 0, 0, 0))["elbow_sin"]
    hanging = after(Acrobot(), [1], (0, 0, 0, 0))
    assert (hanging["shoulder_cos"], hanging["elbow_cos"], hanging["elbow_velocity"]) == pytest.approx((1, 1, 0))


@needs_box2d
def test_the_lander_moves_as_its_contract_says() -> None:
    lander = LunarLander()
    left, main, right, none = (after(lander, [action] * 10) for action in (1, 2, 3, 0))
    assert left["turning"] > none["turning"] > right["turning"]
    assert left["velocity_x"] < none["velocity_x"] < right["velocity_x"]
    assert main["velocity_y"] > none["velocity_y"]
    env: Any = lander.make_inner().unwrapped
    env.reset(seed=0)
    assert env.legs[0].position.x > env.lander.position.x > env.legs[1].position.x


class Loss(gym.Env[Any, Any]):
    """An episode that loses 300 a step for ever."""

    observation_space = action_space = gym.spaces.Discrete(2)

    def reset(self, **options: Any) -> Any:
        return 0, {}

    def step(self, action: Any) -> Any:
        return 0, -300.0, False, False, {}


def test_an_episode_ends_when_1000_points_are_lost() -> None:
    env = LossLimit(Loss())
    for _ in range(2):
        env.reset()
        assert [env.step(0)[1:3] for _ in range(4)] == [*[(-300, False)] * 3, (-100, True)]


def test_lunar_lander_without_its_libraries_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
    with pytest.raises(UserError, match=r"pip install 'genopt-gym\[box2d\]'"):
        LunarLander()


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_search_improves_the_parametric_start(task: type[GymnasiumTask]) -> None:
    env = drive("cma-es", 40, f"GenOpt/Control-{task.__name__}-v0", start="modular/parametric")
    tester = Evaluator(env.evaluator.spec, splits=("test",))
    before, after_search = (tester.evaluate(each, "test") for each in (env.first.artifact, env.best[0]))
    gains = np.array([b.score - a.score for a, b in zip(before.trials, after_search.trials, strict=True)])
    assert gains.mean() > 2 * gains.std(ddof=1) / np.sqrt(len(gains))
