"""Q*bert's objects are where the screen shows them, and where the recorded reference has them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariEpisode
from genopt_gym.envs.atari.qbert import Qbert
from genopt_gym.envs.atari.readers.qbert import CUBES, TARGETS
from tests.envs.atari.qbert_play import begin, hop, implementation, played, policy
from tests.envs.atari.sprites import boxes, equal_shares, is_on_sprite, recorded_frames

ORANGE, PURPLE, GREEN, WHITE = (181, 83, 40), (146, 70, 192), (50, 132, 50), (252, 224, 112)
COLOURS = {"Player": ORANGE, "Coily": PURPLE, "PurpleBall": PURPLE, "Sam": GREEN, "GreenBall": GREEN, "Curse": WHITE}
"""Of the sprites, as ale-py draws them. A disk's colour is another in every frame."""
ALLOWED = {*COLOURS, *(f"Disk{number}" for number in range(5))} | {"cubes", "row", "col", "frozen", "lives", "reward"}
PLACES = [
    [(68 - 12 * row + 24 * col + 4 * (2 * col > row), y, 20, 5) for col in range(row + 1)]
    for row, y in enumerate((34, 62, 91, 120, 149, 178))
]
"""Of the cubes' tops, as the contract gives them."""


def test_objects_equal_the_recorded_reference_on_99_percent_of_frames() -> None:
    """Disks and cubes. In the frame before the console begins, the reference has no disks, but the screen has.

    The other categories are no reference. Its player is a frame ahead of the screen, with y from steps that are up to
    7 pixels off, and stays above the screen (y -49) while there is none; enemies are put together from what it
    remembers of frames before, and so kept (or lost) while others come in: its Sam is often there with none drawn. Its
    only Coily is one at the corner in the first frame of each game. These are held to the screen below.
    """
    assert equal_shares(Qbert, "Qbert", ["Disk"])["Disk"] >= 0.99
    ours = sorted(place for row in PLACES for place in row)
    for _, reference, _ in recorded_frames("Qbert"):
        assert sorted(box for name, box in reference if name == "Cube") == ours


@pytest.mark.slow
def test_boxes_lie_on_the_sprites_and_sprites_in_boxes() -> None:
    """At least 95% of boxes have their sprite, edge to edge; and no sprite's colour is outside the boxes.

    Enemies that share a row are drawn in turns, so what is not there now has to be there a frame later. Cubes hide the
    player as it falls, so these boxes are only asked for some pixel of it, and many have none.
    """
    seen, on_sprite, partly, stray = Counter[str](), Counter[str](), Counter[bool](), Counter[bool]()
    for seed, choose in ((1, policy()), (2, implementation("modular", "parametric"))):
        for objects, ram, now, later in played(seed, 1800, choose):
            left = {ORANGE: now, PURPLE: now, GREEN: now}
            drawn = boxes(objects)
            for name, box in drawn.items():
                x, y, w, h = box
                if name not in COLOURS:
                    for screen in (now, later):  # a disk is one colour, and seldom a dark one
                        patch = screen[y : y + h, x : x + w].reshape(-1, 3)
                        if (patch == patch[0]).all() and patch[0].any():
                            on_sprite["Disk"] += 1
                            break
                    seen["Disk"] += 1
                    continue
                if name == "Player" and ram[59] == 255:
                    partly[bool((now[y : y + h, max(x, 0) : x + w] == ORANGE).all(-1).any())] += 1
                    continue
                screens = (now,) if name == "Player" else (now, later)
                seen[name] += 1
                on_sprite[name] += any(is_on_sprite(screen, box, [COLOURS[name]], 2) for screen in screens)
            for colour in left:
                mask = (now == colour).all(-1)
                for x, y, w, h in drawn.values():
                    mask[max(y - 2, 0) : y + h + 3, max(x - 2, 0) : x + w + 2] = False
                stray[bool(mask.any())] += 1
    print("\nqbert: boxes on their sprite")
    for name in seen:
        print(f"  {name:<16} {on_sprite[name]:>5} of {seen[name]:>5} {on_sprite[name] / seen[name]:7.2%}")
    print(f"  falling player in sight in {partly[True]} of {partly.total()}; stray pixels in {stray[True]} frames")
    assert set(seen) == {*COLOURS, "Disk"}
    assert min(seen.values()) >= 100
    assert all(on_sprite[name] >= 0.95 * seen[name] for name in seen)
    assert stray[True] <= 0.005 * stray.total()


def test_coily_on_the_topmost_cube_is_there_when_it_is_drawn() -> None:
    """Which the console does only while the score is not shown, with the player in one of the two upper rows."""
    for moves, drawn in (((), True), ((3,), True), ((3, 3), False)):
        episode, ale = begin()
        for move in moves:
            hop(episode, move)
        for address, value in ((39, 0), (73, 0), (69, 5), (71, 5)):
            ale.setRAM(address, value)
        episode.step(0)
        box = boxes(episode.observe()).get("Coily")
        purple = (episode.screen() == PURPLE).all(-1).any()
        assert (box is not None) == drawn == purple
        assert box is None or is_on_sprite(episode.screen(), box, [PURPLE], 0)


def test_cubes_and_disks_in_every_round() -> None:
    """A cube's number goes with its colour, drops with a hop, and a hop too many undoes it from the ninth round on."""
    episode, ale = begin()
    for round_ in range(21):
        kind = min(round_, 16 + round_ % 4)
        objects = episode.observe()
        hops = 2 if kind in (*range(4, 8), *range(12, 20)) else 1
        assert objects["cubes"] == [[hops] * size for size in range(1, 7)]
        disks = [name for name in sorted(objects) if name.startswith("Disk")]
        assert disks == [f"Disk{number}" for number in range(5 if kind >= 5 else 2)]
        expected = hops
        for step in range(5 if round_ in (0, 5, 8, 13) else 1):
            objects = hop(episode, 3 if step % 2 == 0 else 4)
            if step % 2 == 0:
                expected = expected - 1 if expected else 0 if kind < 8 else 2 if kind >= 16 else 1
                assert objects["cubes"][1][1] == expected, (round_, step)
            episode.step(0)  # the screen has a new colour a frame later
            screen = episode.screen()
            numbers: dict[Any, set[int]] = {}
            for row, places in zip(objects["cubes"], PLACES, strict=True):
                for number, (x, y, _, _) in zip(row, places, strict=True):
                    numbers.setdefault(tuple(screen[y + 2, x + 2]), set()).add(number)
            assert all(len(found) == 1 for found in numbers.values()), (round_, step, numbers)
            for name in ("PurpleBall", "Coily"):  # none of them is to come in between
                if name in objects:
                    ale.setRAM(39, 255)
                    for address in range(92, 97):
                        ale.setRAM(address, 7)
        for part in CUBES:
            for address in range(*part.indices(128)):
                ale.setRAM(address, TARGETS[kind])
        while "row" in episode.observe():
            episode.step(0)
        assert episode.observe()["cubes"] == [[0] * size for size in range(1, 7)]
        while "row" not in episode.observe():
            episode.step(0)


def test_the_pyramid_is_there_before_the_console_begins() -> None:
    class FromTheOpening(Qbert):
        opening_steps = 0

    episode = FromTheOpening().start_episode(Instance("train", 0), 0)
    assert isinstance(episode, AtariEpisode)
    first = episode.observe()
    assert (episode.screen()[35, 75:80] == episode.screen()[180, 15]).all()
    episode.step(0)
    assert first == episode.observe()
    assert first["cubes"] == [[1] * size for size in range(1, 7)]


def test_actions_are_what_the_contract_says() -> None:
    episode, _ = begin()
    for action, cube in ((3, (1, 1)), (5, (2, 1)), (2, (1, 1)), (4, (0, 0)), (5, (1, 0)), (3, (2, 1)), (4, (1, 0))):
        objects = hop(episode, action)
        assert (objects["row"], objects["col"]) == cube
    for action in (0, 1):
        for _ in range(5):
            episode.step(action)
        assert (episode.observe()["row"], episode.observe()["col"]) == (1, 0)


def test_a_hop_off_the_edge_costs_a_life_and_a_disk_does_not() -> None:
    episode, _ = begin()
    assert hop(episode, 2)["lives"] == 3
    for _ in range(4):
        hop(episode, 5)
    objects = hop(episode, 4)
    assert (objects["lives"], objects["row"], "Disk0" in objects, "Disk1" in objects) == (3, 0, False, True)


def test_lives_are_those_that_the_screen_shows() -> None:
    """It shows the ones in reserve, 8 pixels each, beneath the score; ALE's own count misses those that are won."""
    episode, ale = begin()
    for won in range(2):
        hop(episode, 3)
        objects = hop(episode, 3)
        reserve = (episode.screen()[16:29, 33:73] == (210, 210, 64)).all(-1).any(axis=0)
        assert objects["lives"] == 4 + won
        assert len(np.flatnonzero(reserve.reshape(-1, 8).any(axis=1))) == objects["lives"] - 1
        ale.setRAM(57, 5)
        hop(episode, 4)
        hop(episode, 4)
    assert ale.lives() == 4


def test_frozen_goes_with_the_flashing_background() -> None:
    episode, ale = begin()
    assert episode.observe()["frozen"] == 0
    ale.setRAM(88, 0xD8)
    flashes = []
    for _ in range(60):
        episode.step(0)
        if episode.screen()[100, 0].any():
            flashes.append(episode.observe()["frozen"])
    assert len(flashes) > 40
    assert all(flashes)
    assert episode.observe()["frozen"] == 0


def test_the_observation_never_holds_the_score() -> None:
    episode = Qbert().start_episode(Instance("train", 0), 0)
    choose = policy()
    for _ in range(600):
        objects = episode.observe()
        assert set(objects) <= ALLOWED
        episode.step(choose(objects))


@pytest.mark.parametrize("how", ["naive", "stub", "parametric"])
def test_both_structures_play_the_same_game(how: str) -> None:
    episode = Qbert().start_episode(Instance("train", 0), 0)
    modular, one_function = implementation("modular", how), implementation("one_function", how)
    over, steps = False, 0
    while not over and steps < 700:
        objects = episode.observe()
        action = modular(objects)
        assert action == one_function(objects)
        _, over = episode.step(action)
        steps += 1
