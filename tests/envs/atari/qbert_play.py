"""Q*bert as the tests play it: whole games, and one hop at a time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ale_py import ALEInterface, LoggerMode, roms
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariEpisode, Objects
from genopt_gym.envs.atari.qbert import Qbert

Screen = NDArray[np.uint8]


def policy() -> Callable[[Objects], int]:
    """That of the benchmark: it finishes rounds, leaves by disks, and meets every enemy."""
    text = (Path(__file__).parents[3] / "benchmarks" / "policies" / "qbert.py").read_text()
    names: dict[str, Any] = {}
    exec(text, names)
    return lambda obs: int(names["select_action"](obs, names["analyze_situation"](obs)))


def implementation(structure: str, how: str) -> Callable[[Objects], int]:
    texts = Qbert.structures[structure].implementations[how]
    names: dict[str, Any] = {}
    for text in (*texts.values(), Qbert.structures[structure].workflow):
        exec(text, names)
    return lambda obs: int(names["workflow"](obs))


def played(seed: int, steps: int, choose: Callable[[Objects], int]) -> Iterator[tuple[Objects, bytes, Screen, Screen]]:
    """Observation and RAM of every fourth step, its screen, and the screen a frame later, with random actions.

    Every step with a curse, which is rare, is in; frames before the console begins and those in which all cubes flash
    after a round are out. Now and then Sam or a green ball, which are rare too, is put where the next enemy comes in.
    """
    ALEInterface.setLoggerMode(LoggerMode.Error)
    ale = ALEInterface()
    ale.setInt("random_seed", seed)
    ale.setFloat("repeat_action_probability", 0.1)
    ale.setInt("frame_skip", 1)
    rom = roms.get_rom_path("qbert")
    assert rom is not None
    ale.loadROM(rom)
    ale.reset_game()
    actions = ale.getMinimalActionSet()
    rng = random.Random(seed)
    objects: Objects = {}
    for step in range(steps):
        if ale.game_over():
            ale.reset_game()
            objects = {}
        ram = ale.getRAM()
        for countdown in (103, 105):  # to one that comes by itself: a second one at a time would be the test's doing
            ale.setRAM(countdown, 99)
        rare, shape = ("Sam", 0x26) if step % 80 == 30 else ("GreenBall", 0x11)
        if step % 40 == 30 and ram[92] == 7 and ram[39] != 1 and not ram[101] and rare not in objects:
            ale.setRAM(92, shape)
            ale.setRAM(107, 0xC4)
            ale.act(actions[0])
            ram = ale.getRAM()
        objects = Qbert.read_objects(ram.tobytes(), objects)
        action = actions[rng.randrange(6) if rng.random() < 0.03 else choose(objects)]
        sampled = (step % 4 == 0 or "Curse" in objects) and ram[97] and not ram[80]
        screen = ale.getScreenRGB() if sampled else None
        ale.act(action)
        if screen is not None:
            yield objects, ram.tobytes(), screen, ale.getScreenRGB()
        for _ in range(3):
            ale.act(action)


def begin(**arguments: Any) -> tuple[AtariEpisode, ALEInterface]:
    """An episode just before its first hop, and its emulator."""
    task = Qbert(sticky=0.0, **arguments)
    ale, _ = task.emulator_at(Instance("train", 0))
    episode = task.start_episode(Instance("train", 0), 0)
    assert isinstance(episode, AtariEpisode)
    while "row" not in episode.observe():
        episode.step(0)
    return episode, ale


def hop(episode: AtariEpisode, action: int) -> Objects:
    """The observation after a hop."""
    while "row" in episode.observe():
        episode.step(action)
    while "row" not in (objects := episode.observe()):
        episode.step(0)
    return objects
