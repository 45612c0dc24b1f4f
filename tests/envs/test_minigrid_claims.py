"""MiniGrid: what goals and contracts say is so in the environments themselves."""

from __future__ import annotations

import numpy as np
import pytest

from genopt_gym.envs.minigrid import (
    DoorKey,
    DynamicObstacles,
    KeyCorridor,
    LavaCrossing,
    Memory,
    MiniGridEpisode,
    MiniGridTask,
    MultiRoom,
    ObstructedMaze,
    in_runs,
)

pytest.importorskip("minigrid", reason="minigrid is not installed")

TASKS = [DoorKey, DynamicObstacles, KeyCorridor, LavaCrossing, Memory, MultiRoom, ObstructedMaze]


def episode(kind: type[MiniGridTask], seed: int) -> MiniGridEpisode:
    task = kind()
    return MiniGridEpisode(task.make_inner(), seed, task.actions)


def things(env: object, kind: str) -> list[tuple[int, int]]:
    grid = env.grid  # type: ignore[attr-defined]
    return [(i % grid.width, i // grid.width) for i, cell in enumerate(grid.grid) if cell and cell.type == kind]


@pytest.mark.parametrize("kind", TASKS)
def test_steps_and_rewards_are_those_of_the_environment(kind: type[MiniGridTask]) -> None:
    env = episode(kind, 0).env
    assert env.max_steps == kind.max_inner_steps
    assert f"1 - 0.9 * steps / {env.max_steps}" in kind.goal.replace("\n", " ")
    env.step_count = env.max_steps // 2
    assert env._reward() == pytest.approx(1 - 0.9 * 0.5, abs=1e-3)


@pytest.mark.parametrize("kind", TASKS)
def test_shorter_episodes_are_told(kind: type[MiniGridTask]) -> None:
    assert "after 17 steps" in kind(max_steps=17).goal
    assert "at the latest" not in kind().goal


@pytest.mark.parametrize("seed", range(5))
def test_mazes_are_as_the_goals_say(seed: int) -> None:
    """One key before a locked door; five gaps in rivers; the ball in a corner, behind doors that balls obstruct."""
    env = episode(DoorKey, seed).env
    [door], [_], [_] = things(env, "door"), things(env, "key"), things(env, "goal")
    assert env.grid.get(*door).is_locked
    env = episode(LavaCrossing, seed).env
    assert (tuple(env.agent_pos), things(env, "goal")) == ((1, 1), [(9, 9)])
    lava = set(things(env, "lava"))
    rows, columns = ([sum(place[axis] == n for place in lava) for n in range(1, 10)] for axis in (1, 0))
    assert sum(count >= 5 for count in rows) + sum(count >= 5 for count in columns) >= 5
    env = episode(ObstructedMaze, seed).env
    locked = [place for place in things(env, "door") if env.grid.get(*place).is_locked]
    assert (len(things(env, "door")), len(locked)) == (12, 8)
    beside = [sum(abs(x - u) + abs(y - v) == 1 for u, v in things(env, "ball")) for x, y in locked]
    assert min(beside) >= 1
    assert not things(env, "key")
    env = episode(KeyCorridor, seed).env
    assert [env.grid.get(*place).is_locked for place in things(env, "door")].count(True) == 1
    assert len(things(env, "ball")) == 1


def test_nothing_can_be_picked_up_in_memory() -> None:
    assert "Nothing can be picked up" in Memory.goal
    maze = episode(Memory, 0)
    for _ in range(60):
        maze.step(str(np.random.default_rng(0).choice(["forward", "left", "pickup"])))
        assert maze.observe()["carrying"] == ""
    x, y = next(iter(things(maze.env, "key") + things(maze.env, "ball")))
    maze.env.agent_pos, maze.env.agent_dir = (x - 1, y), 0
    maze.step("pickup")
    assert maze.observe()["carrying"] == ""


@pytest.mark.parametrize("kind", TASKS)
def test_a_wall_ends_an_episode_among_moving_obstacles_and_in_no_other_maze(kind: type[MiniGridTask]) -> None:
    maze = episode(kind, 1)
    free = [(x, y) for x, y in things(maze.env, "wall") if x > 0 and maze.env.grid.get(x - 1, y) is None]
    x, y = free[-1]
    maze.env.agent_pos, maze.env.agent_dir = (x - 1, y), 0
    assert maze.step("forward") == ((-1.0, True) if kind is DynamicObstacles else (0.0, False))
    assert ("a wall ends the episode with -1" in kind.goal) == (kind is DynamicObstacles)


@pytest.mark.parametrize(
    ("reached", "hit", "words"),
    [(0.0, 1.0, "at a ball or a wall"), (0.3, 0.7, "at a ball or a wall"), (0.9, 0.0, "mostly accomplished")],
)
def test_stages_tell_collisions_from_episodes_that_never_end(reached: float, hit: float, words: str) -> None:
    assert words in DynamicObstacles().staged(0.95 * reached - hit)


def test_rows_of_what_is_seen_can_be_read_back() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        row = rng.choice(["empty", "wall", "door red open", "unseen"], 7).tolist()
        back = []
        for part in in_runs(row).split(" | "):
            cell, _, count = part.partition(" x")
            back += [cell] * int(count or 1)
        assert back == row
