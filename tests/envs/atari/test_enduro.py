"""Enduro's objects are where the screen shows them, in all weathers."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from ale_py import ALEInterface
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from genopt_gym.envs.atari.enduro import Enduro
from tests.envs.atari.sprites import boxes, category, recorded_frames

PLAYER = (192, 192, 192)
ENTRIES = {"road_left", "road_right", "curve", "cars_left", "day", "weather", "reward"}
WEATHERS = {"day": 60, "snow": 46, "dusk": 38, "night": 20, "fog": 14, "dawn": 3}
"""By weather, the hour of the game's clock at which it begins or soon will."""
ROAD = slice(57, 155)
"""Rows of the road, less the five at the horizon where the hills end."""
SLACK = 2


class AnyTime(Enduro):
    """From the hour at which the weather of the instance's number sets in."""

    def emulator_at(self, instance: Instance, slot: int = 0) -> tuple[ALEInterface, Sequence[Any]]:
        ale, actions = super().emulator_at(instance, slot)
        ale.setRAM(49, list(WEATHERS.values())[instance.index % len(WEATHERS)])
        return ale, actions


def drive(rng: random.Random, objects: Objects) -> int:
    """Gas, and away from the nearest car, between the borders."""
    middle, here = (objects["road_left"] + objects["road_right"]) / 2, objects["Player"]["x"] + 8
    if abs(here - middle) > 24:
        return 7 if here < middle else 8
    for name in ("Car0", "Car1", "Car2"):
        car = objects.get(name)
        if car and abs(car["x"] + car["w"] / 2 - here) < 22:
            return 8 if car["x"] + car["w"] / 2 > here else 7
    return 1 if rng.random() < 0.8 else rng.randrange(9)


def driven(task: Enduro, *, starts: int, steps: int) -> Iterator[tuple[AtariEpisode, Objects]]:
    """Every observation of drives from the first train instances, and the episode at that moment."""
    rng = random.Random(7)
    for index in range(starts):
        episode = task.start_episode(Instance("train", index), 0)
        assert isinstance(episode, AtariEpisode)
        for _ in range(steps):
            objects = episode.observe()
            yield episode, objects
            episode.step(drive(rng, objects))


def cars_drawn(screen: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels are of cars ahead or their lights: not ground, and no grey as borders and the own car are."""
    road = screen[ROAD, 8:].astype(np.int16)
    grey = (road[:, :, 0] == road[:, :, 1]) & (road[:, :, 1] == road[:, :, 2])
    drawn = np.zeros(screen.shape[:2], bool)
    drawn[ROAD, 8:] = (road != screen[54, 10]).any(axis=-1) & ~grey
    return drawn


def test_the_player_is_within_2_pixels_of_the_recorded_reference() -> None:
    """The reference's x is a line fitted to the byte for the frame to come; its y, w and h are equal to ours.

    Which of the two is right the next test says, without slack.
    """
    frames, near = 0, 0
    for ram, reference, _ in recorded_frames("Enduro"):
        player = Enduro.read_objects(ram, {})["Player"]
        x, y, w, h = dict(reference)["Player"]
        frames += 1
        near += (y, w, h) == (player["y"], player["w"], player["h"]) and abs(player["x"] - x) <= 2
    assert near >= 0.99 * frames, (near, frames)


def test_the_player_is_where_its_pixels_are() -> None:
    """To the pixel: its colour is in all columns and rows of the box, and in none beside it."""
    looked, exact = 0, 0
    for step, (episode, objects) in enumerate(driven(AnyTime(), starts=6, steps=80)):
        x, y = objects["Player"]["x"], objects["Player"]["y"]
        if step % 4 == 0 and objects["road_left"] + 8 < x < objects["road_right"] - 24:
            area = (episode.screen()[y - 1 : y + 12, x - 1 : x + 17] == PLAYER).all(axis=-1)
            columns, rows = area.any(axis=0), area.any(axis=1)
            looked += 1
            exact += columns[1:-1].all() and rows[1:-1].all() and not (columns[[0, -1]].any() or rows[0] or rows[-1])
    print(f"\nenduro: frames in which the player's box is that of its pixels: {exact} of {looked}")
    assert looked >= 100
    assert exact >= 0.99 * looked, (exact, looked)


def test_boxes_of_cars_lie_on_their_pixels_in_all_weathers() -> None:
    """What is drawn in and around a box begins and ends where the box does; and each pixel drawn is in some box."""
    seen, on_sprite = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    looked, covered = Counter[str](), Counter[str]()
    for step, (episode, objects) in enumerate(driven(AnyTime(), starts=6, steps=220)):
        if step % 2:
            continue
        drawn, weather = cars_drawn(episode.screen()), objects["weather"]
        left = drawn.copy()
        for name, (x, y, w, h) in boxes(objects).items():
            if category(name) == "Car":
                area = drawn[y - SLACK : y + h + SLACK, x - SLACK : x + w + SLACK]
                rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
                seen[weather, name] += 1
                if len(rows):
                    found = (columns[0], rows[0], columns[-1] + 1 - w, rows[-1] + 1 - h)
                    on_sprite[weather, name] += all(0 <= int(edge) <= 2 * SLACK for edge in found)
                left[y : y + h, x : x + w] = False
        looked[weather] += 1
        covered[weather] += not left.any()
    print("\nenduro: boxes on their sprite")
    for weather in WEATHERS:
        names = sorted(name for other, name in seen if other == weather)
        shares = "  ".join(f"{name} {on_sprite[weather, name]}/{seen[weather, name]}" for name in names)
        print(f"  {weather:<6} {shares}; frames with nothing else drawn {covered[weather]}/{looked[weather]}")
    for name in (f"Car{stretch}" for stretch in range(7)):
        counts = [(seen[weather, name], on_sprite[weather, name]) for weather in WEATHERS]
        assert sum(count for count, _ in counts) >= 100
        assert sum(on for _, on in counts) >= 0.95 * sum(count for count, _ in counts), (name, counts)
    for weather in WEATHERS:
        assert looked[weather] >= 30
        assert covered[weather] >= 0.99 * looked[weather]


def test_a_car_keeps_its_movement_when_it_comes_into_the_next_stretch() -> None:
    """It moves a little sideways, and forwards, or back where one crawls; a mix-up of two cars would be a jump."""
    moved, small = 0, 0
    for _, objects in driven(AnyTime(), starts=6, steps=150):
        for name, box in objects.items():
            if category(name) == "Car" and (box["dx"] or box["dy"]):
                moved += 1
                # The farther, the less it moves on the screen.
                most = 4 + (box["y"] - 50) / 4
                small += abs(box["dx"]) <= 16 and -9 <= box["dy"] <= most
    assert moved >= 800
    assert small >= 0.99 * moved, (small, moved)


def test_the_road_is_where_its_borders_are() -> None:
    looked, beside, ahead = 0, 0, 0
    curves = set()
    for step, (episode, objects) in enumerate(driven(Enduro(), starts=1, steps=1200)):
        if step % 5:
            continue
        screen = episode.screen()
        left, right, player = objects["road_left"], objects["road_right"], objects["Player"]["x"]
        near = np.flatnonzero((screen[150] == PLAYER).all(axis=-1))
        near = near[(near < player - 1) | (near > player + 17)]
        looked += 1
        beside += any(abs(x - left) <= 5 for x in near) and any(abs(x - right) <= 5 for x in near)
        far = np.flatnonzero((screen[53] != screen[54, 10]).any(axis=-1) & (np.arange(160) >= 8))
        ahead += len(far) > 0 and abs(far.mean() - (left + right) / 2 - objects["curve"]) <= 3
        curves.add(objects["curve"])
    assert 0 in curves
    assert curves & {-51, 50}
    assert beside >= 0.95 * looked, (beside, looked)
    assert ahead >= 0.95 * looked, (ahead, looked)


def test_the_counter_of_cars_left_is_the_dashboards() -> None:
    """The same number is the same picture, and another number another one."""
    pictures = defaultdict(set)
    for episode, objects in driven(Enduro(), starts=1, steps=500):
        picture = episode.screen()[179:188, 80:104].tobytes()
        pictures[objects["cars_left"]].add(picture)
    assert {200, 199, 190} <= set(pictures)
    # The number is a frame ahead of the picture when a car is passed in a step's last frame.
    most_common = [pictures[number] for number in pictures if len(pictures[number]) == 1]
    assert len(most_common) >= 0.8 * len(pictures)
    assert len(set.union(*most_common)) == len(most_common)


def test_weather_is_what_the_ground_and_the_sky_show() -> None:
    grounds = defaultdict(set)
    for step, (episode, objects) in enumerate(driven(AnyTime(), starts=6, steps=24)):
        if step % 5 == 0:
            screen = episode.screen()
            grounds[objects["weather"]].add((tuple(screen[54, 10].tolist()), tuple(screen[2, 80].tolist())))
    assert set(grounds) == set(WEATHERS)
    assert {ground for ground, _ in grounds["snow"]} == {(236, 236, 236)}
    assert {ground for ground, _ in grounds["night"] | grounds["dawn"]} == {(0, 0, 0)}
    assert all(ground == sky for ground, sky in grounds["fog"])
    pairs = [pair for weather in grounds for pair in grounds[weather]]
    assert len(pairs) == len(set(pairs))


def test_actions_do_what_the_contract_says() -> None:
    enduro = Enduro(sticky=0.0)
    ways = {0: 0, 1: 0, 2: 1, 3: -1, 4: 0, 5: 1, 6: -1, 7: 1, 8: -1}
    for action, way in ways.items():
        episode = enduro.start_episode(Instance("train", 0), 0)
        for _ in range(16):
            episode.step(1)
        before = episode.observe()
        for _ in range(4):
            episode.step(action)
        after = episode.observe()
        moved = after["Player"]["x"] - before["Player"]["x"]
        assert moved * way > 0 if way else moved == 0
        assert (after["road_left"] - before["road_left"]) * way < 0 if way else True
        faster = before["Player"]["y"] - after["Player"]["y"]
        assert (faster > 0) == (action in (1, 7, 8))
        assert (faster < 0) == (action in (4, 5, 6))


def test_the_observation_never_holds_the_score() -> None:
    for _, objects in driven(Enduro(), starts=1, steps=300):
        assert {category(name) for name in boxes(objects)} <= {"Player", "Car"}
        assert set(objects) - set(boxes(objects)) == ENTRIES


def play(start: str, steps: int) -> list[int]:
    artifact = Enduro().starting_artifact(start)
    names: dict[str, Any] = {}
    for text in (*artifact.texts.values(), artifact.workflow):
        exec(text, names)
    episode = Enduro().start_episode(Instance("train", 1), 0)
    actions: list[int] = []
    for _ in range(steps):
        actions.append(names["workflow"](episode.observe()))
        episode.step(actions[-1])
    return actions


@pytest.mark.parametrize("implementation", ["naive", "stub", "parametric"])
def test_both_structures_play_the_same(implementation: str) -> None:
    actions = play(f"modular/{implementation}", 200)
    assert actions == play(f"one_function/{implementation}", 200)
    assert set(actions) <= set(range(9))
