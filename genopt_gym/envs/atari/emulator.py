"""What all Atari games share: the emulator, exact start states, and episodes whose objects come from RAM."""

from __future__ import annotations

import math
import random
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from ale_py import ALEInterface, ALEState, LoggerMode, roms
from numpy.typing import NDArray

from genopt_gym.envs.rollout import RolloutTask, Simulator
from genopt_gym.evidence import Instance
from genopt_gym.task import Limits

Objects = dict[str, Any]
"""Objects by name, each a dict of x, y, w, h, dx, dy in pixels of the 160 x 210 screen."""

Box = tuple[str, int, int, int, int]
"""Name, x, y, w, h."""


def with_movement(boxes: Sequence[Box], previous: Objects) -> Objects:
    """Objects with how far each has moved since the step before; 0 for one that was not there."""
    objects = {}
    for name, x, y, w, h in boxes:
        before = previous.get(name)
        dx, dy = (x - before["x"], y - before["y"]) if before else (0, 0)
        objects[name] = {"x": x, "y": y, "w": w, "h": h, "dx": dx, "dy": dy}
    return objects


FRAME_SKIP = 4
NO_OP = 0


class AtariEpisode:
    """A running game on one emulator."""

    __slots__ = ("_actions", "_ale", "_objects", "_read", "_reward")

    def __init__(self, ale: ALEInterface, actions: Sequence[Any], read: Any) -> None:
        self._ale = ale
        self._actions = actions
        self._read = read
        self._objects: Objects = {}
        self._reward = 0

    def observe(self) -> dict[str, Any]:
        # RAM itself is never sent: it holds the score.
        objects: Objects = self._read(self._ale.getRAM().tobytes(), self._objects)
        self._objects = objects
        objects["reward"] = self._reward
        return objects

    def step(self, action: int) -> tuple[float, bool]:
        self._reward = reward = self._ale.act(self._actions[action])
        return reward, self._ale.game_over()

    def screen(self) -> NDArray[np.uint8]:
        """The frame on the screen, (210, 160, 3)."""
        return np.asarray(self._ale.getScreenRGB(), dtype=np.uint8)


class AtariTask(RolloutTask):
    """A game of the Arcade Learning Environment, played by a policy that sees objects.

    Args:
        sticky: probability that a frame repeats the action before (Machado et al. 2018, section 5.2: 0.25).
        test_noops: test episodes begin after 0 to this many random no-op steps.
        sizes: see ``Task``.
    """

    family: ClassVar[str] = "Atari"
    limits: ClassVar[Limits] = Limits(call_seconds=1.0, cpu_seconds=300)
    max_inner_steps: ClassVar[int] = 4000
    game: ClassVar[str]
    """Name of the ROM in ale-py."""

    def __init__(self, *, sticky: float = 0.25, test_noops: int = 30, **sizes: Any) -> None:
        super().__init__(**sizes)
        if not 0 <= sticky < 1:
            raise ValueError(f"sticky is a probability below 1, got {sticky}")
        if test_noops < 0:
            raise ValueError(f"test_noops cannot be negative, got {test_noops}")
        self._sticky = sticky
        # Each frame misses with the probability of a repeat; all of them, once in a billion starts.
        self._settling_steps = math.ceil(math.log(1e-9, sticky) / FRAME_SKIP) if sticky else 0
        self._test_noops = test_noops
        self._emulators: list[ALEInterface] = []
        self._starts: dict[tuple[str, int], ALEState] = {}
        self._actions: list[Any] = []

    @staticmethod
    @abstractmethod
    def read_objects(ram: bytes, previous: Objects) -> Objects:
        """The objects in 128 bytes of RAM; ``previous`` are those of the agent step before (for dx and dy)."""

    def start_episode(self, instance: Instance, slot: int) -> Simulator:
        ale, actions = self.emulator_at(instance, slot)
        return AtariEpisode(ale, actions, self.read_objects)

    def emulator_at(self, instance: Instance, slot: int = 0) -> tuple[ALEInterface, Sequence[Any]]:
        """The slot's emulator, brought to the instance's start, and the actions of the game."""
        while len(self._emulators) <= slot:
            self._emulators.append(self._boot(0))
        ale = self._emulators[slot]
        start = self._start(instance)
        ale.restoreState(start)
        # A state does not hold the action that a sticky first frame would repeat: that is the emulator's last one.
        # These make it NO_OP, as after a reset. They need a game that is not over, hence the first restore.
        for _ in range(self._settling_steps):
            ale.act(self._actions[NO_OP])
        # So the start is exact, even across emulators, and 70 times faster than a seeded one.
        ale.restoreState(start)
        return ale, self._actions

    def action_count(self) -> int:
        if not self._actions:
            self._boot(0)
        return len(self._actions)

    def film(self, instance: Instance, actions: Sequence[Any], moments: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
        episode = self.start_episode(instance, 0)
        assert isinstance(episode, AtariEpisode)
        played = 0
        for moment in moments:
            for action in actions[played:moment]:
                episode.step(action)
            played = moment
            yield episode.screen()

    def _start(self, instance: Instance) -> ALEState:
        key = (instance.split, instance.index)
        if key not in self._starts:
            seed = self.seed(instance)
            ale = self._boot(seed)
            noops = random.Random(seed).randint(0, self._test_noops) if instance.split == "test" else 0
            for _ in range(noops):
                ale.act(self._actions[NO_OP])
            self._starts[key] = ale.cloneState(include_rng=True)
        return self._starts[key]

    def _boot(self, seed: int) -> ALEInterface:
        ALEInterface.setLoggerMode(LoggerMode.Error)
        ale = ALEInterface()
        ale.setInt("random_seed", seed)
        ale.setFloat("repeat_action_probability", self._sticky)
        ale.setInt("frame_skip", FRAME_SKIP)
        rom = roms.get_rom_path(self.game)
        assert rom is not None
        ale.loadROM(rom)
        ale.reset_game()
        self._actions = ale.getMinimalActionSet()
        return ale
