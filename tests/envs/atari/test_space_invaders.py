"""Space Invaders' objects are where the screen shows them, and where the recorded reference has them."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari import emulator
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from genopt_gym.envs.atari.space_invaders import SpaceInvaders
from tests.envs.atari.sprites import Extent, boxes, category, equal_shares, sprite_shares

SHIELD = (181, 83, 40)
SHOT = (142, 142, 142)
COLOURS = {
    "Player": [(50, 132, 50)],
    "Alien": [(134, 134, 29)],
    "Satellite": [(151, 25, 122)],
    "Missile": [SHOT],
    "Bomb": [SHOT],
}
"""Of the sprites, as ale-py draws them."""

STAY, SHOOT, RIGHT, LEFT, SHOOT_RIGHT, SHOOT_LEFT = range(6)


class LastTwoFrames(AtariEpisode):
    """Its screen shows the shots of the last two frames.

    The game draws the missile on every second frame and the bombs on the others: a step of 4 frames always ends on a
    frame of the same kind, where one of the two is never seen.
    """

    shots: NDArray[np.bool_] | bool = False

    def step(self, action: int) -> tuple[float, bool]:
        reward = sum(self._ale.act(self._actions[action]) for _ in range(3))
        self.shots = (super().screen() == SHOT).all(axis=-1)
        self._reward = reward = reward + self._ale.act(self._actions[action])
        return reward, self._ale.game_over()

    def screen(self) -> NDArray[np.uint8]:
        screen = super().screen().copy()
        screen[self.shots] = SHOT
        return screen


class FromTheOpening(SpaceInvaders):
    opening_steps = 0


class FrameByFrame(SpaceInvaders):
    opening_steps = 4 * SpaceInvaders.opening_steps

    def start_episode(self, instance: Instance, slot: int) -> AtariEpisode:
        ale, actions = self.emulator_at(instance, slot)
        return LastTwoFrames(ale, actions, self.read_objects, shows_lives=True, one_life=False)


@pytest.fixture
def both_frames(monkeypatch: pytest.MonkeyPatch) -> SpaceInvaders:
    monkeypatch.setattr(emulator, "FRAME_SKIP", 1)
    return FrameByFrame()


def begun(task: SpaceInvaders, index: int = 0) -> AtariEpisode:
    episode = task.start_episode(Instance("train", index), 0)
    assert isinstance(episode, AtariEpisode)
    return episode


def hunt(rng: random.Random, objects: Objects, step: int) -> int:
    """Fires at the column on the left, so that the formation loses its first columns, and steps aside from bombs."""
    x = objects["Player"]["x"]
    if rng.random() < 0.1:
        return rng.randrange(6)
    for name in ("Bomb0", "Bomb1"):
        bomb = objects.get(name)
        if bomb and bomb["y"] > 120 and x - 4 < bomb["x"] < x + 11:
            return SHOOT_LEFT if bomb["x"] > x + 3 and x > 44 else SHOOT_RIGHT
    aliens = [box for name, box in objects.items() if category(name) == "Alien"]
    if not aliens:
        return SHOOT
    way = min(alien["x"] - x for alien in aliens)
    return SHOOT_LEFT if way < -2 else SHOOT_RIGHT if way > 2 else SHOOT


def test_objects_equal_the_recorded_reference_on_99_percent_of_frames() -> None:
    """The reference's bullets are not compared: it judges whether one is there by the step before."""
    shares = equal_shares(SpaceInvaders, "SpaceInvaders", ["Player", "Alien", "Shield", "Satellite"])
    assert min(shares.values()) >= 0.99


@pytest.mark.slow
def test_boxes_lie_on_the_sprites(both_frames: SpaceInvaders) -> None:
    """The cannon is not drawn half of the time before it starts, but has its box."""
    counts = sprite_shares(both_frames, COLOURS, hunt, steps=3000, every=3)
    assert all(seen >= 100 and on_sprite >= 0.95 * seen for seen, on_sprite in counts.values()), counts


def test_every_shot_on_the_screen_has_a_box(both_frames: SpaceInvaders) -> None:
    """Save those that hit something in this very step."""
    episode, rng, seen, boxed = begun(both_frames), random.Random(2), 0, 0
    for step in range(700):
        objects = episode.observe()
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break
        columns = {box[0] for name, box in boxes(episode.observe()).items() if category(name) in ("Missile", "Bomb")}
        shots = (episode.screen() == SHOT).all(axis=-1)
        drawn = set(np.flatnonzero(shots.any(axis=0)).tolist())
        seen += len(drawn)
        boxed += len(drawn & columns)
    assert seen > 500
    assert boxed >= 0.95 * seen


def test_aliens_and_shields_on_the_screen_are_those_in_the_observation() -> None:
    """None more, none less; an alien that blows up is no alien any more. Of a shield the rows and pixels are exact."""
    episode, rng, frames, exact = begun(SpaceInvaders(), 4), random.Random(4), 0, Counter[str]()
    for step in range(900):
        objects = episode.observe()
        if step % 2 == 0:
            frames += 1
            screen = episode.screen()
            left = (screen == SHIELD).all(axis=-1)
            is_alien = (screen[31:180] == COLOURS["Alien"][0]).all(axis=-1)
            for name, (x, y, w, h) in boxes(objects).items():
                if category(name) == "Alien":
                    is_alien[y - 31 : y + h - 31, x : x + w] = False
            # An explosion takes as much room as an alien, about 8 x 10.
            exact["aliens"] += int(is_alien.sum()) <= 80
            for number, x in enumerate((42, 74, 106)):
                shield = objects.get(f"Shield{number}", {"y": 0, "h": 0, "left": 0})
                rows = np.flatnonzero(left[:, x : x + 8].any(axis=1))
                drawn = (int(rows[0]), int(np.ptp(rows)) + 1) if len(rows) else (0, 0)
                same = (shield["y"], shield["h"]) == drawn and shield["left"] == left[:, x : x + 8].sum()
                exact["shields"] += bool(same)
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break
    print(f"\nframes with the same aliens, and shields the same, of {frames}: {dict(exact)}")
    assert frames > 100
    assert exact["aliens"] >= 0.99 * frames
    assert exact["shields"] >= 0.99 * 3 * frames


def test_an_alien_keeps_its_number_when_columns_on_its_left_are_gone() -> None:
    """The game shifts its bits then."""
    episode, rng = begun(SpaceInvaders(sticky=0.0)), random.Random(1)
    before: Objects = {}
    columns = []
    for step in range(2500):
        objects = episode.observe()
        numbers = {name: box for name, box in objects.items() if category(name) == "Alien"}
        for name, box in numbers.items():
            if name in before:
                assert abs(box["x"] - before[name]["x"]) < 12
                assert (box["dx"], box["dy"]) == (box["x"] - before[name]["x"], box["y"] - before[name]["y"])
            else:
                assert len(numbers) == 36
                assert (box["dx"], box["dy"]) == (0, 0)
        before = numbers
        columns.append(min((int(name[5:]) % 6 for name in numbers), default=0))
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break
    assert max(columns) >= 2


def test_bombs_keep_their_numbers_and_fall_straight_down() -> None:
    episode, rng = begun(SpaceInvaders()), random.Random(3)
    falls = Counter[int]()
    before: dict[str, Extent] = {}
    for step in range(600):
        objects = episode.observe()
        for name, box in boxes(objects).items():
            if category(name) == "Bomb":
                assert objects[name]["dx"] == 0
                if name in before and before[name][0] == box[0]:
                    falls[objects[name]["dy"]] += 1
        before = boxes(objects)
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break
    assert falls[4] > 0.9 * falls.total()
    assert set(falls) <= {0, 4, 6}


def test_actions_do_what_the_contract_says_once_in_play() -> None:
    for action, way, fires in (
        (STAY, 0, False),
        (SHOOT, 0, True),
        (RIGHT, 1, False),
        (LEFT, -1, False),
        (SHOOT_RIGHT, 1, True),
        (SHOOT_LEFT, -1, True),
    ):
        episode = begun(FromTheOpening(sticky=0.0))
        waiting = 0
        while not episode.observe()["in_play"]:
            assert episode.observe()["Player"]["x"] == 34
            episode.step(SHOOT_RIGHT)
            waiting += 1
        assert waiting == SpaceInvaders.opening_steps
        for _ in range(10):
            episode.step(RIGHT)
        at = episode.observe()["Player"]["x"]
        for _ in range(5):
            episode.step(action)
        seen = episode.observe()
        assert np.sign(seen["Player"]["x"] - at) == way
        assert ("Missile" in seen) == fires


def test_the_observation_never_holds_the_score() -> None:
    episode, rng = begun(SpaceInvaders()), random.Random(1)
    names = {"Player", "Missile", "Bomb", "Alien", "Shield", "Satellite", "in_play", "reward", "lives"}
    keys = {"x", "y", "w", "h", "dx", "dy"}
    for step in range(400):
        objects = episode.observe()
        assert {category(name) for name in objects} <= names
        for name in boxes(objects):
            assert set(objects[name]) == (keys | {"left"} if category(name) == "Shield" else keys)
        _, over = episode.step(hunt(rng, objects, step))
        if over:
            break


def test_a_life_is_lost_out_of_play_and_rewards_are_points_of_targets() -> None:
    episode, rng, points = begun(SpaceInvaders(), 2), random.Random(1), Counter[int]()
    lives, was_out = 3, True
    for _ in range(1500):
        objects = episode.observe()
        if objects["lives"] < lives:
            assert was_out
            lives = objects["lives"]
        was_out = not objects["in_play"]
        points[objects["reward"]] += 1
        _, over = episode.step(rng.randrange(6))
        if over:
            break
    assert lives < 3
    assert set(points) <= {0, 5, 10, 15, 20, 25, 30, 200}
