"""Pong's objects are where the screen shows them, and where the recorded reference has them."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari import emulator
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from genopt_gym.envs.atari.pong import Pong

COLOURS = {"Player": (92, 186, 92), "Enemy": (213, 130, 74), "Ball": (236, 236, 236)}
"""Of the sprites, as ale-py draws them."""


def recorded_frames() -> Iterator[tuple[bytes, dict[str, list[int]], bool]]:
    """RAM, the reference's objects by name, and whether an episode begins there."""
    folder = os.environ.get("GENOPT_TEST_DATA")
    if not folder:
        pytest.skip("GENOPT_TEST_DATA names no folder with recorded objects")
    with gzip.open(Path(folder) / "atari-objects" / "Pong.jsonl.gz", "rt") as lines:
        next(lines)
        for line in lines:
            frame = json.loads(line)
            ram = bytes.fromhex(frame["ram"])
            yield ram, {name: numbers for name, *numbers in frame["o"]}, frame["n"]


def test_objects_equal_the_recorded_reference_on_99_percent_of_frames() -> None:
    seen, equal = Counter[str](), Counter[str]()
    ours: Objects = {}
    before: dict[str, list[int]] = {}
    for ram, reference, begins in recorded_frames():
        ours = Pong.read_objects(ram, {} if begins else ours)
        for name in COLOURS:
            seen[name] += 1
            if name not in reference or name not in ours:
                equal[name] += (name in reference) == (name in ours)
                continue
            x, y, w, h, dx, dy = reference[name]
            mine = ours[name]
            same = (mine["x"], mine["y"], mine["w"], mine["h"]) == (x, y, w, h)
            # On first appearance the reference takes the position itself for the movement.
            if name in before and not begins:
                same = same and (mine["dx"], mine["dy"]) == (dx, dy)
            equal[name] += same
        before = reference
    shares = {name: equal[name] / seen[name] for name in COLOURS}
    print(f"\nframes equal to the reference of {seen['Ball']}: {shares}")
    assert min(shares.values()) >= 0.99


def test_boxes_lie_on_the_sprites() -> None:
    """In play with sticky actions, at least 95% of boxes hold mostly pixels of their sprite's colour."""
    pong = Pong()
    episode = pong.start_episode(Instance("train", 3), 0)
    assert isinstance(episode, AtariEpisode)
    rng = random.Random(5)
    seen, on_sprite = Counter[str](), Counter[str]()
    for step in range(600):
        objects = episode.observe()
        objects = {name: box for name, box in objects.items() if name != "reward"}
        if step % 4 == 0:
            screen = episode.screen()
            for name, box in objects.items():
                patch = screen[box["y"] : box["y"] + box["h"], box["x"] : box["x"] + box["w"]]
                seen[name] += 1
                on_sprite[name] += float((patch == COLOURS[name]).all(axis=-1).mean()) > 0.5
        ball = objects.get("Ball")
        follow = 2 if ball and ball["y"] < objects["Player"]["y"] else 3
        _, over = episode.step(follow if rng.random() < 0.7 else rng.randrange(6))
        if over:
            break
    assert min(seen.values()) > 50
    assert all(on_sprite[name] >= 0.95 * seen[name] for name in seen), (seen, on_sprite)


def test_up_and_down_are_what_the_contract_says() -> None:
    for action, way in ((2, -1), (4, -1), (3, 1), (5, 1)):
        episode = Pong(sticky=0.0).start_episode(Instance("train", 0), 0)
        episode.observe()
        for _ in range(3):
            episode.step(action)
        assert episode.observe()["Player"]["dy"] * way > 0


def test_the_observation_never_holds_the_score() -> None:
    episode = Pong().start_episode(Instance("train", 0), 0)
    for _ in range(200):
        episode.step(0)
        assert set(episode.observe()) <= {"Player", "Enemy", "Ball", "reward"}


def test_start_states_are_exact_on_any_emulator() -> None:
    """Two emulators brought to the same instance play the same game, sticky actions included."""
    pong = Pong()
    one, two = (pong.start_episode(Instance("test", 1), slot) for slot in (0, 1))
    rng = random.Random(1)
    for _ in range(300):
        assert one.observe() == two.observe()
        action = rng.randrange(6)
        assert one.step(action) == two.step(action)


def test_a_start_does_not_depend_on_the_game_played_before() -> None:
    """Not even on its last action, which a sticky first frame would repeat."""

    def opening(pong: Pong) -> list[Any]:
        episode = pong.start_episode(Instance("train", 5), 0)
        return [(episode.observe(), episode.step(0)) for _ in range(40)]

    fresh = opening(Pong())
    for last_action in (2, 3):
        used = Pong()
        episode, over = used.start_episode(Instance("train", 0), 0), False
        while not over:
            _, over = episode.step(last_action)
        assert opening(used) == fresh


def test_instances_differ_by_their_seed_unless_the_protocol_is_the_papers() -> None:
    def game(pong: Pong, index: int) -> list[Any]:
        episode = pong.start_episode(Instance("validation", index), 0)
        return [(episode.step(step % 6), episode.observe()) for step in range(300)]

    assert game(Pong(), 0) != game(Pong(), 1)
    paper = Pong(sticky=0.0, test_noops=0)
    assert game(paper, 0) == game(paper, 1)


def test_start_that_was_dropped_comes_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many are kept, so that memory stays flat however many train instances there are."""
    monkeypatch.setattr(emulator, "KEPT_STARTS", 1)
    pong = Pong()

    def opening(index: int) -> list[Any]:
        episode = pong.start_episode(Instance("test", index), 0)
        return [(episode.observe(), episode.step(2)) for _ in range(40)]

    first = opening(0)
    opening(1)
    assert len(pong._starts) == 1
    assert opening(0) == first
