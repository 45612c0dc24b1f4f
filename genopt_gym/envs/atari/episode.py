"""A running game: what its policy sees of it, and what becomes of an action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ale_py import ALEInterface
from numpy.typing import NDArray

from genopt_gym.envs.atari.readers.screen import Objects as Objects
from genopt_gym.envs.atari.readers.screen import Packed

Mishap = Callable[[Objects, Objects], str]
"""What has gone wrong between an observation and the one before it, in a word or two; empty if nothing."""


def life_lost(objects: Objects, before: Objects) -> str:
    """What has gone wrong between two observations, in a word or two; empty if nothing."""
    return "life lost" if objects.get("lives", 0) < before.get("lives", 0) else ""


class AtariEpisode:
    """A running game on one emulator."""

    __slots__ = (
        "_actions",
        "_ale",
        "_before",
        "_last_life",
        "_mishap",
        "_objects",
        "_pack",
        "_packed_before",
        "_read",
        "_reward",
        "_shows_lives",
    )

    def __init__(
        self,
        ale: ALEInterface,
        actions: Sequence[Any],
        read: Any,
        *,
        shows_lives: bool,
        one_life: bool,
        mishap: Mishap = life_lost,
        pack: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._ale = ale
        self._actions = actions
        self._read = read
        self._mishap = mishap
        self._pack = pack
        self._packed_before = False
        """Whether the confined process knows what was there before."""
        self._shows_lives = shows_lives
        self._last_life = ale.lives() if one_life else 0
        """With fewer lives than this the episode is over."""
        self._objects: Objects = {}
        self._before: Objects = {}
        self._reward = 0

    def observe(self) -> dict[str, Any]:
        # RAM itself is never sent: it holds the score.
        before = self._before = self._objects
        objects: Objects = self._read(self._ale.getRAM().tobytes(), before)
        self._objects = objects
        objects["reward"] = self._reward
        if self._shows_lives:
            objects["lives"] = self._ale.lives()
        return objects

    def pack(self) -> Packed:
        """What the game's ``ScreenReader`` makes the observation of, instead of ``observe``."""
        assert self._pack is not None
        ram = self._pack(self._ale.getRAM().tobytes())
        lives = self._ale.lives() if self._shows_lives else None
        if self._packed_before:
            return ram, self._reward, lives
        self._packed_before = True
        return ram, self._reward, lives, self._objects

    def step(self, action: int) -> tuple[float, bool]:
        self._reward = reward = self._ale.act(self._actions[action])
        return reward, self._ale.game_over() or self._ale.lives() < self._last_life

    def mishap(self) -> str:
        return self._mishap(self._objects, self._before) if self._before else ""

    def go_on(self, no_op: Any, fire: Any) -> None:
        """Begin the next episode where this one has ended; with another game if that is over."""
        if self._ale.game_over():
            self._ale.reset_game()
        self._ale.act(no_op)
        if fire is not None:
            self._ale.act(fire)
        self._last_life, self._reward = self._ale.lives(), 0
        self._objects, self._before = {}, {}
        self._packed_before = False

    def screen(self) -> NDArray[np.uint8]:
        """The frame on the screen, (210, 160, 3)."""
        return np.asarray(self._ale.getScreenRGB(), dtype=np.uint8)
