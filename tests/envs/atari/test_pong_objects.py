"""Pong's objects against a recorded reference, and against what the screen shows."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from ale_py import ALEInterface, LoggerMode, roms

from genopt_gym.envs.atari.pong_content import read_objects

COLOURS = {"Player": (92, 186, 92), "Enemy": (213, 130, 74), "Ball": (236, 236, 236)}
SCRIPT = (3, 3, 0, 2, 0, 0, 2, 2, 0, 3, 0, 5, 1, 4, 4, 0)


def test_objects_equal_the_recorded_reference() -> None:
    folder = os.environ.get("GENOPT_TEST_DATA")
    if not folder:
        pytest.skip("GENOPT_TEST_DATA names no folder with recorded objects")
    seen, equal = Counter[tuple[str, str]](), Counter[tuple[str, str]]()

    def compare(name: str, field: str, same: bool) -> None:
        seen[name, field] += 1
        equal[name, field] += same

    ours: dict[str, dict[str, int]] = {}
    before: dict[str, list[int]] = {}
    with gzip.open(Path(folder) / "atari-objects" / "Pong.jsonl.gz", "rt") as lines:
        next(lines)
        for line in lines:
            frame = json.loads(line)
            ours = read_objects(bytes.fromhex(frame["ram"]), {} if frame["n"] else ours)
            reference = {name: numbers for name, *numbers in frame["o"]}
            for name in COLOURS:
                compare(name, "presence", (name in ours) == (name in reference))
                if name in ours and name in reference:
                    # The reference reports an object's position as its first movement.
                    moving = name in before and not frame["n"]
                    for field, number in zip(("x", "y", "w", "h", "dx", "dy"), reference[name], strict=True):
                        if moving or field not in ("dx", "dy"):
                            compare(name, field, ours[name][field] == number)
            before = reference
    shares = {key: equal[key] / seen[key] for key in seen}
    for (name, field), share in shares.items():
        print(f"{name:8}{field:10}{share:8.2%} of {seen[name, field]}")
    assert len(shares) == 21
    assert min(shares.values()) >= 0.99


def test_boxes_cover_the_sprites() -> None:
    """Each box holds pixels of its sprite's colour on at least 95% of the frames of a scripted game."""
    ALEInterface.setLoggerMode(LoggerMode.Error)
    ale = ALEInterface()
    ale.setInt("random_seed", 7)
    ale.setFloat("repeat_action_probability", 0.25)
    ale.setInt("frame_skip", 4)
    rom = roms.get_rom_path("pong")
    assert rom is not None
    ale.loadROM(rom)
    actions = ale.getMinimalActionSet()
    seen, covered = Counter[str](), Counter[str]()
    objects: dict[str, dict[str, int]] = {}
    for step in range(500):
        ale.act(actions[SCRIPT[step % len(SCRIPT)]])
        objects = read_objects(ale.getRAM(), objects)
        screen = ale.getScreenRGB()
        for name, box in objects.items():
            patch = screen[box["y"] : box["y"] + box["h"], box["x"] : box["x"] + box["w"]]
            seen[name] += 1
            covered[name] += float((patch == COLOURS[name]).all(axis=-1).mean()) >= 0.5
    assert min(seen[name] for name in COLOURS) > 100
    assert all(covered[name] >= 0.95 * seen[name] for name in COLOURS), (seen, covered)
