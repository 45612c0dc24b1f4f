"""What goes wrong is told when it happens: games with lives take them away only later, while nothing moves."""

from __future__ import annotations

import random

import pytest

from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.emulator import AtariTask

GAMES = {"asterix:Asterix": (9, 40), "seaquest:Seaquest": (18, 20), "space_invaders:SpaceInvaders": (6, 40)}
"""By game its number of actions, and how many steps after its mishap a life may be lost at most."""
STEPS = 900


@pytest.mark.parametrize("game", GAMES)
def test_each_life_lost_has_a_mishap_some_steps_before(game: str) -> None:
    task = TaskSpec(f"genopt_gym.envs.atari.{game}", {}).make()
    assert isinstance(task, AtariTask)
    episode, draw = task.start_episode(Instance("train", 3), 0), random.Random(0)
    (actions, latest), lives, done = GAMES[game], 0, False
    mishaps: list[int] = []
    losses: list[int] = []
    for step in range(STEPS):
        objects = episode.observe()
        if episode.mishap():
            mishaps.append(step)
        if objects["lives"] < lives:
            losses.append(step)
        lives = objects["lives"]
        done = episode.step(draw.randrange(actions))[1]
        if done:
            losses.append(step + 1)
            break
    assert len(losses) >= 2
    # The last may be so late that its life is still there.
    assert len(losses) <= len(mishaps) <= len(losses) + (not done)
    delays = [loss - mishap for mishap, loss in zip(mishaps, losses, strict=False)]
    assert all(4 < delay <= latest for delay in delays), delays
