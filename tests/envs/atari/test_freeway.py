"""Freeway's objects are where the screen shows them, and where the recorded reference has them."""

from __future__ import annotations

import random
from collections import Counter
from statistics import fmean

import numpy as np
import pytest
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from genopt_gym.envs.atari.freeway import Freeway
from tests.envs.atari.sprites import boxes, equal_shares, is_on_sprite

CHICKEN = (252, 252, 84)
CARS = (
    (167, 26, 26),
    (180, 231, 117),
    (105, 105, 15),
    (228, 111, 111),
    (24, 26, 167),
    (162, 98, 33),
    (84, 92, 214),
    (184, 50, 50),
    (135, 183, 84),
    (210, 210, 64),
)
"""The colour of the car in each lane, from the top."""
SPEEDS = (-0.8, -1, -4 / 3, -2, -4, 4, 2, 4 / 3, 1, 0.8)
EDGE = 8
"""Left of this column the screen is black."""
STAY, UP, DOWN = range(3)

Step = tuple[Objects, NDArray[np.uint8] | None]


@pytest.fixture(scope="module")
def game() -> list[Step]:
    """A whole game, with the screen of every fourth step from the second on: the first shows no chickens yet."""
    episode = Freeway().start_episode(Instance("train", 3), 0)
    assert isinstance(episode, AtariEpisode)
    rng = random.Random(5)
    steps: list[Step] = []
    over = False
    while not over:
        objects = episode.observe()
        steps.append((objects, episode.screen() if len(steps) % 4 == 1 else None))
        _, over = episode.step(UP if rng.random() < 0.8 else rng.randrange(3))
    return steps


def test_objects_equal_the_recorded_reference_on_99_percent_of_frames() -> None:
    shares = equal_shares(Freeway, "Freeway", ("Chicken", "Car"))
    assert min(shares.values()) >= 0.99


def test_cars_lie_on_their_sprites(game: list[Step]) -> None:
    """Every car, and nothing of its colour elsewhere in its lane."""
    seen, on_sprite, alone = Counter[str](), Counter[str](), Counter[str]()
    for objects, screen in game:
        if screen is None:
            continue
        for lane, colour in enumerate(CARS):
            name = f"Car{lane}"
            x, y, w, h = boxes(objects)[name]
            if x < 0:  # As the reference, and unlike the screen, a car goes on past the left edge before it goes round.
                x += 160
            elif x < EDGE:
                x, w = EDGE, x + w - EDGE
            if w <= 1:  # nothing or next to nothing of it is drawn
                continue
            seen[name] += 1
            on_sprite[name] += is_on_sprite(screen, (x, y, w, h), [colour], slack=2)
            road = screen[y - 2 : y + h + 2].copy()
            road[:, max(x - 1, 0) : x + w + 1] = 0
            alone[name] += not (road == colour).all(axis=-1).any()
    print(f"\nfreeway: cars on their sprite {dict(on_sprite)}, alone in their lane {dict(alone)}, of {dict(seen)}")
    assert len(seen) == 10
    assert min(seen.values()) >= 100
    assert all(on_sprite[name] >= 0.95 * seen[name] <= alone[name] for name in seen)


def test_chickens_lie_on_their_sprites(game: list[Step]) -> None:
    """But for the middle of the road, whose line has their colour."""
    seen, on_sprite = Counter[str](), Counter[str]()
    for objects, screen in game:
        for name in ("Chicken", "Chicken1"):
            box = boxes(objects)[name]
            if screen is not None and not 90 < box[1] < 110:
                seen[name] += 1
                on_sprite[name] += is_on_sprite(screen, box, [CHICKEN], slack=2)
    print(f"\nfreeway: chickens on their sprite {dict(on_sprite)} of {dict(seen)}")
    assert min(seen.values()) >= 100
    assert all(on_sprite[name] >= 0.95 * seen[name] for name in seen)


def test_cars_keep_the_speeds_that_the_contract_names(game: list[Step]) -> None:
    for lane, speed in enumerate(SPEEDS):
        moves = [objects[f"Car{lane}"]["dx"] for objects, _ in game[2:]]
        assert fmean(moves) == pytest.approx(speed, abs=0.01)
        assert max(abs(move - speed) for move in moves) <= 1


def test_up_and_down_are_what_the_contract_says() -> None:
    for action, way in ((STAY, 0), (UP, -4), (DOWN, 4)):
        episode = Freeway(sticky=0.0).start_episode(Instance("train", 0), 0)
        for _ in range(3):
            episode.step(UP)
        episode.observe()
        episode.step(action)
        assert episode.observe()["Chicken"]["dy"] == way


def test_the_chicken_is_back_at_the_start_when_it_got_across(game: list[Step]) -> None:
    crossings = [objects for objects, _ in game if objects["reward"]]
    assert len(crossings) > 5
    assert all(objects["Chicken"]["y"] == 187 for objects in crossings)


def test_a_game_takes_as_long_as_the_contract_says(game: list[Step]) -> None:
    assert len(game) == 2048


def test_the_observation_never_holds_the_score(game: list[Step]) -> None:
    names = {"Chicken", "Chicken1", *(f"Car{lane}" for lane in range(10)), "reward"}
    for objects, _ in game:
        assert set(objects) == names
        assert objects["reward"] in (0, 1)
