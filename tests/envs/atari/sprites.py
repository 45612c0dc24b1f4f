"""What the games' tests share: recorded objects to compare with, and sprites on the screen."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariEpisode, AtariTask, Objects

Extent = tuple[int, int, int, int]
"""x, y, w, h"""

Player = Callable[[random.Random, Objects, int], int]
"""Plays a game for a test: random source, observation, step number -> action."""


def recorded_frames(game: str) -> Iterator[tuple[bytes, list[tuple[str, Extent]], bool]]:
    """RAM, the reference's objects, and whether an episode begins there; skips where there is no recording."""
    folder = os.environ.get("GENOPT_TEST_DATA")
    if not folder:
        pytest.skip("GENOPT_TEST_DATA names no folder with recorded objects")
    with gzip.open(Path(folder) / "atari-objects" / f"{game}.jsonl.gz", "rt") as lines:
        next(lines)
        for line in lines:
            frame = json.loads(line)
            objects = [(name, (x, y, w, h)) for name, x, y, w, h, *_ in frame["o"]]
            yield bytes.fromhex(frame["ram"]), objects, frame["n"]


def category(name: str) -> str:
    """``Alien`` of ``Alien12``."""
    return name.rstrip("0123456789")


def boxes(objects: Objects) -> dict[str, Extent]:
    """The objects of an observation that have a place on the screen."""
    return {
        name: (value["x"], value["y"], value["w"], value["h"])
        for name, value in objects.items()
        if isinstance(value, dict) and "x" in value
    }


def equal_shares(task: type[AtariTask], game: str, names: Collection[str]) -> dict[str, float]:
    """By category: the share of recorded frames where our boxes and the reference's are the same."""
    frames, equal = 0, Counter[str]()
    ours: Objects = {}
    for ram, reference, begins in recorded_frames(game):
        ours = task.read_objects(ram, {} if begins else ours)
        frames += 1
        mine = boxes(ours)
        for name in names:
            theirs = sorted(box for other, box in reference if other == name)
            equal[name] += theirs == sorted(box for own, box in mine.items() if category(own) == name)
    shares = {name: equal[name] / frames for name in names}
    print(f"\n{game}: frames equal to the reference, of {frames}")
    for name, share in shares.items():
        print(f"  {name:<16} {share:7.2%}")
    return shares


def is_on_sprite(screen: NDArray[np.uint8], box: Extent, colours: Collection[tuple[int, int, int]], slack: int) -> bool:
    """Whether the pixels of these colours in and just around a box fill it from edge to edge.

    The box is grown by ``slack`` pixels on each side; what of the sprite's colours lies in that area must begin and
    end within ``slack`` pixels of the box's own edges. So a box that is shifted, too large or empty is off.
    """
    height, width, _ = screen.shape
    x, y, w, h = box
    left, top, right, bottom = (
        max(x - slack, 0),
        max(y - slack, 0),
        min(x + w + slack, width),
        min(y + h + slack, height),
    )
    area = screen[top:bottom, left:right]
    mask = np.zeros(area.shape[:2], bool)
    for colour in colours:
        mask |= (area == colour).all(axis=-1)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return False
    found = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    wanted = (max(x, 0), max(y, 0), min(x + w, width), min(y + h, height))
    return all(abs(int(a) - b) <= slack for a, b in zip(found, wanted, strict=True))


def sprite_shares(
    task: AtariTask,
    colours: Mapping[str, Collection[tuple[int, int, int]]],
    play: Player,
    *,
    steps: int,
    every: int,
    slack: int = 2,
    seed: int = 5,
) -> dict[str, tuple[int, int]]:
    """By category: how many boxes there were on every so-many-th frame, and how many lay on their sprite."""
    rng = random.Random(seed)
    seen, on_sprite = Counter[str](), Counter[str]()
    index, over = 0, True
    for step in range(steps):
        if over:
            begun = task.start_episode(Instance("train", index), 0)
            assert isinstance(begun, AtariEpisode)
            episode = begun
            index += 1
        objects = episode.observe()
        if step % every == 0:
            screen = episode.screen()
            for name, box in boxes(objects).items():
                if category(name) in colours:
                    seen[category(name)] += 1
                    on_sprite[category(name)] += is_on_sprite(screen, box, colours[category(name)], slack)
        _, over = episode.step(play(rng, objects, step))
    counts = {name: (seen[name], on_sprite[name]) for name in colours}
    print(f"\n{task.game}: boxes on their sprite")
    for name, (all_, on) in counts.items():
        print(f"  {name:<16} {on:>5} of {all_:>5}" + (f" {on / all_:7.2%}" if all_ else ""))
    return counts
