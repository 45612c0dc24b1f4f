"""The games as plain environments: the vector tells what the policies of the tasks see."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from genopt_gym.core.errors import UserError
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.emulator import AtariTask, Objects
from genopt_gym.envs.atari.layout import FIELDS, Layout
from genopt_gym.envs.atari.objects import ObjectsEnv
from genopt_gym.registration import GAMES
from genopt_gym.runs.config import Config

PONG = "GenOpt/Objects-Pong-v0"

every_game = pytest.mark.parametrize("game", GAMES, ids=lambda game: game[0])


def make(id: str, **parameters: Any) -> tuple[gym.Env[Any, Any], ObjectsEnv]:
    env = gym.make(id, **parameters)
    assert isinstance(env.unwrapped, ObjectsEnv)
    return env, env.unwrapped


def task_class(entry: str) -> type[AtariTask]:
    task = TaskSpec(entry, {}).load()
    assert issubclass(task, AtariTask)
    return task


def play(env: gym.Env[Any, Any], seed: int | None, actions: list[int]) -> NDArray[np.float32]:
    return np.stack([env.reset(seed=seed)[0], *(env.step(action)[0] for action in actions)])


@every_game
def test_vector_tells_all_that_the_tasks_policies_see(game: tuple[str, str]) -> None:
    id, entry = game
    env, core = make(id)
    task = task_class(entry)
    vector, _ = env.reset(seed=0)
    env.action_space.seed(0)
    objects: Objects = {}
    for _ in range(100):
        objects = task.read_objects(core.ale.getRAM().tobytes(), objects)
        entries = dict(zip(core.names, vector.tolist(), strict=True))
        assert env.observation_space.contains(vector)
        boxes = {name: value for name, value in objects.items() if isinstance(value, dict)}
        present = {name for name, value in entries.items() if name.endswith(".present") and value}
        assert present == {f"{name}.present" for name in boxes}
        for name, box in boxes.items():
            x, y, *rest = (entries[f"{name}.{field}"] for field in FIELDS[1:])
            pixels = [80 * x + 80, 105 * y + 105, *(16 * value for value in rest)]
            assert pixels == pytest.approx([box[field] for field in FIELDS[1:]], abs=1e-3)
        told = {name.split(".")[0] for name in core.names} | {"weather"}
        assert objects.keys() <= told
        vector = env.step(env.action_space.sample())[0]
    assert "lives" in core.names or not task.has_lives


@every_game
def test_specs_are_json(game: tuple[str, str]) -> None:
    spec = gym.spec(game[0])
    assert EnvSpec.from_json(spec.to_json()) == spec


def steps_of_a_game(env: gym.Env[Any, Any]) -> tuple[int, bool]:
    """Of a game without actions, and whether it was truncated."""
    env.reset(seed=0)
    for step in range(1, 5000):
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            return step, truncated
    return 5000, False


def test_games_are_truncated_where_their_task_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    breakout = "GenOpt/Objects-Breakout-v0"  # where nobody serves, nothing else ends a game
    assert steps_of_a_game(make(breakout)[1]) == (4500, True)
    assert steps_of_a_game(make(breakout, max_steps=50)[1]) == (50, True)
    monkeypatch.setattr(AtariTask, "max_inner_steps", 60)
    assert steps_of_a_game(make(breakout)[1]) == (60, True)


def test_step_before_reset_and_a_task_that_is_no_game_are_refused() -> None:
    with pytest.raises(gym.error.ResetNeeded):
        make(PONG)[1].step(np.int64(0))
    with pytest.raises(TypeError, match="no Atari game"):
        ObjectsEnv("genopt_gym.envs.control.cart_pole:CartPole")


def test_environment_meets_gymnasiums_own_checks() -> None:
    check_env(make(PONG)[1])


@pytest.mark.slow
@every_game
def test_every_game_meets_gymnasiums_own_checks(game: tuple[str, str]) -> None:
    check_env(make(game[0])[1])


def test_same_seed_gives_the_same_games() -> None:
    actions = [2, 3, 0, 5] * 30
    once, again = make(PONG)[0], make(PONG)[0]
    first, second = play(once, 3, actions), play(once, None, actions)
    assert np.array_equal(first, play(again, 3, actions))
    assert np.array_equal(second, play(again, None, actions))
    assert not np.array_equal(first, second)  # the next game has other dice


def test_seed_gives_the_same_games_after_others_were_played() -> None:
    actions = [2, 3, 0, 5] * 30
    env = make(PONG)[0]
    first = play(env, 3, actions)
    play(env, None, actions)
    assert np.array_equal(first, play(env, 3, actions))


def test_games_begin_after_their_opening_and_with_fire_if_asked() -> None:
    env, core = make("GenOpt/Objects-Breakout-v0", fire_at_reset=True)
    env.reset(seed=0)
    env.step(0)
    assert env.step(0)[0][core.names.index("Ball.present")] == 1
    env, core = make("GenOpt/Objects-SpaceInvaders-v0")
    assert env.reset(seed=0)[0][core.names.index("in_play")] == 1


def test_one_life_ends_an_episode_with_the_first_life_lost() -> None:
    lengths = []
    for one_life in (True, False):
        env, _ = make("GenOpt/Objects-Breakout-v0", one_life=one_life)
        env.reset(seed=0)
        over, steps = False, 0
        while not over:
            over, steps = env.step(1)[2], steps + 1
        lengths.append(steps)
    assert 2 * lengths[0] < lengths[1]


def test_time_limit_and_screen() -> None:
    env, _ = make(PONG, max_episode_steps=3, render_mode="rgb_array")
    env.reset(seed=0)
    assert [env.step(0)[3] for _ in range(3)] == [False, False, True]
    frame = env.render()
    assert isinstance(frame, np.ndarray)
    assert frame.shape == (210, 160, 3)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_eight_side_by_side(mode: Any) -> None:
    envs = gym.make_vec(PONG, num_envs=8, vectorization_mode=mode)
    try:
        observations, _ = envs.reset(seed=0)
        assert observations.shape == (8, 21)
        for _ in range(30):
            observations, rewards, _, _, _ = envs.step(np.full(8, 2))
        alone = play(make(PONG)[0], 5, [2] * 30)[-1]
        assert np.array_equal(observations[5], alone)
        assert rewards.shape == (8,)
    finally:
        envs.close()


def test_absent_object_is_all_zeros() -> None:
    layout = Layout(["Player", "Ball"])
    box = {"x": 0, "y": 210, "w": 16, "h": 8, "dx": -16, "dy": 32}
    assert layout.vector({"Ball": box, "Ghost": box}).tolist() == [0] * 7 + [1, -1, 1, 1, 0.5, -1, 2]


def test_wrong_parameters_are_told() -> None:
    with pytest.raises(ValueError, match="sticky must be a number from 0 and below 1"):
        make(PONG, sticky=1.5)
    with pytest.raises(ValueError, match="render_mode='human'"):
        ObjectsEnv(GAMES[0][1], render_mode="human")


def test_it_is_no_optimization_task() -> None:
    with pytest.raises(UserError, match="none whose steps are edits"):
        Config(PONG, "random").make()
