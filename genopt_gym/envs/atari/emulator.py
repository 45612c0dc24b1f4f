"""What all Atari games share: the emulator, exact start states, and episodes whose objects come from RAM."""

from __future__ import annotations

import math
import random
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from ale_py import ALEInterface, ALEState, LoggerMode, roms
from gymnasium import spaces
from numpy.typing import NDArray

from genopt_gym.core.checks import number, whole_number
from genopt_gym.core.drawing import with_boxes
from genopt_gym.core.errors import ParameterError
from genopt_gym.core.evidence import Instance
from genopt_gym.core.limits import Limits
from genopt_gym.envs.atari.episode import AtariEpisode as AtariEpisode
from genopt_gym.envs.atari.episode import Mishap as Mishap
from genopt_gym.envs.atari.episode import Objects as Objects
from genopt_gym.envs.atari.episode import life_lost as life_lost
from genopt_gym.envs.atari.layout import Layout
from genopt_gym.envs.atari.readers.screen import ScreenReader
from genopt_gym.envs.disguise.observations import BOX, ScreenMap
from genopt_gym.envs.disguise.policies import DisguisedEpisode
from genopt_gym.envs.disguise.words import RUN, Words
from genopt_gym.envs.rollout import EVIDENCE, RolloutTask

FRAME_SKIP = 4
KEPT_STARTS = 256
"""Start states that are kept, the most recently used: each is 14 KB, and saves 86 ms."""
NO_OP, FIRE = 0, 1
_actions_of: dict[str, list[Any]] = {}
"""By game, the actions that do something in it: an emulator tells them once it has the game, and that takes 90 ms."""


def published(
    *, episodes: int, steps: int, solved: float, one_life: bool = False, fire_at_reset: bool = False
) -> dict[str, Mapping[str, Any]]:
    """The protocols of a game: ours, and the settings of Nie et al. 2026 (arXiv 2603.23994, section 5).

    Args:
        episodes: the paper's evaluation episodes.
        steps: its cap on the agent steps of an episode.
        solved: its early stop.
        one_life: whether its episode ends with the first life lost.
        fire_at_reset: whether its wrapper presses FIRE before the policy's first step.
    """
    paper = {
        "sticky": 0.0,
        "test_noops": 0,
        "validation_size": episodes,
        "max_steps": steps,
        "solved": solved,
        "one_life": one_life,
        "episodic_life": one_life,
        "fire_at_reset": fire_at_reset,
        "accept": "valid",
    }
    return {"default": EVIDENCE, "paper": paper}


class AtariTask(RolloutTask):
    """A game of the Arcade Learning Environment, played by a policy that sees objects.

    Args:
        sticky: probability that a frame repeats the action before (Machado et al. 2018, section 5.2: 0.25).
        test_noops: test episodes begin after 0 to this many random no-op steps.
        one_life: whether an episode ends with the first life lost, rather than with the game.
        episodic_life: with ``one_life``, whether the episodes of an evaluation are the lives of one game, one after the
            other; else each has a game of its own. Train trials always have.
        fire_at_reset: whether FIRE is pressed before the policy's first step.
        max_steps: cap on the agent steps of an episode; ``None`` is the game's own.
        solved: validation score at which a run ends; ``None`` is the game's own, which most have not.
        sizes: see ``Task``.
    """

    family: ClassVar[str] = "Atari"
    has_boxes: ClassVar[bool] = True
    disguised_start: ClassVar[str] = "modular/random"
    limits: Limits = Limits(call_seconds=1.0, cpu_seconds=300)
    max_inner_steps = 4500
    """Five minutes at 60 frames a second, as the human players of Mnih et al. 2015 had."""
    game: ClassVar[str]
    """Name of the ROM in ale-py."""
    opening_steps: ClassVar[int] = 0
    """Steps at a game's start in which no action does anything; a trial begins after them."""
    game_steps: ClassVar[int | None] = None
    """How many agent steps a game takes, where that does not depend on how it is played."""
    has_lives: ClassVar[bool] = True
    """Whether the screen shows a number of lives; the observation then has ``lives``."""
    axes: ClassVar[Mapping[str, str]] = {}
    """Entries of the observation beside its objects that are places (``x``, ``y``) or movements (``dx``, ``dy``)."""
    screen: ClassVar[ScreenReader | None] = None
    """Reads the objects in the confined process too; without it, or under a disguise, that is sent them whole."""
    layout: ClassVar[Layout]
    """The observation as a vector, for ``GenOpt/Objects-<Game>-v0``."""

    def __init__(
        self,
        *,
        sticky: float = 0.25,
        test_noops: int = 30,
        one_life: bool = False,
        episodic_life: bool = False,
        fire_at_reset: bool = False,
        max_steps: int | None = None,
        solved: float | None = None,
        **sizes: Any,
    ) -> None:
        super().__init__(**sizes)
        if max_steps is not None:
            self.max_inner_steps = whole_number("max_steps", max_steps, 1)
        if solved is not None:
            self.metric = replace(self.metric, solved=number("solved", solved))
        whole_number("test_noops", test_noops, 0)
        steps = min(self.max_inner_steps, self.game_steps or self.max_inner_steps)
        self.goal = self.goal.replace("{steps}", f"{steps:,}")
        if one_life:
            self.goal += " Here an episode is a single life: it ends when one is lost."
        if self.has_lives or "lives" in self.layout.names:
            self.ending = "over with the life lost" if one_life else "over with no life left"
        self._sticky = number("sticky", sticky, 0, below=1)
        # Each frame misses with the probability of a repeat; all of them, once in a billion starts.
        self._settling_steps = math.ceil(math.log(1e-9, sticky) / FRAME_SKIP) if sticky else 0
        self._test_noops = test_noops
        self._one_life = one_life
        if episodic_life and not one_life:
            raise ParameterError("episodic_life goes on after a life: it needs one_life", "episodic_life")
        self._episodic_life = episodic_life
        self._fire_at_reset = fire_at_reset
        if self.screen is not None and self.screen.read is self.read_objects:
            self.observer = self.screen.name
        self._emulators: list[ALEInterface] = []
        self._starts: OrderedDict[tuple[str, int], ALEState] = OrderedDict()
        self._spare: ALEInterface | None = None
        """One that was booted for a start, and is now for the next slot."""

    @staticmethod
    @abstractmethod
    def read_objects(ram: bytes, previous: Objects) -> Objects:
        """The objects in 128 bytes of RAM; ``previous`` are those of the agent step before (for dx and dy)."""

    @staticmethod
    def mishap(objects: Objects, before: Objects) -> str:
        """What has gone wrong between two observations where the reward does not tell, in a word or two."""
        return life_lost(objects, before)

    def __getstate__(self) -> dict[str, Any]:
        """Without emulators, which belong to a process."""
        return self.__dict__ | {"_emulators": [], "_starts": OrderedDict(), "_spare": None}

    def start_episode(self, instance: Instance, slot: int) -> AtariEpisode:
        return self._episode(self.emulator_at(instance, slot)[0])

    def open_game(self, ale: ALEInterface, noops: int = 0) -> AtariEpisode:
        """An episode on an emulator that was just reset, after the opening and some no-ops."""
        for _ in range(self.opening_steps + noops):
            ale.act(self._actions[NO_OP])
        if self._fire_at_reset:
            ale.act(self._actions[FIRE])
        return self._episode(ale)

    def put_on(self, disguise: int) -> None:
        super().put_on(disguise)
        self.observer = ""  # it knows the objects' names

    def earlier_episodes(self, instance: Instance) -> int:
        """The lives of the game that come before the instance's own."""
        if not self._episodic_life or instance.split == "train":
            return 0
        return instance.index % self._lives

    def next_episode(self, episode: Any) -> None:
        """The next life of the same game, or another game after its last."""
        if isinstance(episode, DisguisedEpisode):
            episode = episode.original
        episode.go_on(self._actions[NO_OP], self._actions[FIRE] if self._fire_at_reset else None)

    @cached_property
    def _lives(self) -> int:
        """Of a game."""
        return max(self.boot(0).lives(), 1)

    def emulator_at(self, instance: Instance, slot: int = 0) -> tuple[ALEInterface, Sequence[Any]]:
        """The slot's emulator, brought to the instance's start, and the actions of the game."""
        start = self._start(instance)
        while len(self._emulators) <= slot:
            ale, self._spare = self._spare or self.boot(0), None
            self._emulators.append(ale)
        ale = self._emulators[slot]
        ale.restoreState(start)
        # A state does not hold the action that a sticky first frame would repeat: that is the emulator's last one.
        # These make it NO_OP, as after a reset. They need a game that is not over, hence the first restore.
        for _ in range(self._settling_steps):
            ale.act(self._actions[NO_OP])
        # So the start is exact, even across emulators, and 70 times faster than a seeded one.
        ale.restoreState(start)
        return ale, self._actions

    def observation_map(self, words: Words, rng: random.Random) -> ScreenMap:
        return ScreenMap(words, rng, self.axes)

    def vocabulary(self) -> Sequence[str]:
        words = {"reward", "lives", *BOX}
        for name in self.layout.names:
            words |= set(RUN.findall(name.replace(".", " ")))
        return sorted(words)

    def action_space(self) -> spaces.Discrete:
        return spaces.Discrete(len(self._actions))

    @property
    def _actions(self) -> list[Any]:
        """What the game's emulator takes, in the order of the task's numbers."""
        if self.game not in _actions_of:
            self._spare = self.boot(0)
        return _actions_of[self.game]

    def film(
        self, instance: Instance, actions: Sequence[Any], moments: Sequence[int], boxes: bool = False
    ) -> Iterator[NDArray[np.uint8]]:
        episode = self.start_episode(instance, 0)
        actions = self.original_actions(actions)
        played = 0
        for moment in moments:
            for action in actions[played:moment]:
                if boxes:
                    episode.observe()  # a game may tell where an object is from the observation before
                episode.step(action)
            played = moment
            yield with_boxes(episode.screen(), episode.observe()) if boxes else episode.screen()

    def _start(self, instance: Instance) -> ALEState:
        key = (instance.split, instance.index)
        if key not in self._starts:
            seed = self.seed(instance)
            ale = self.boot(seed)
            noops = random.Random(seed).randint(0, self._test_noops) if instance.split == "test" else 0
            self.open_game(ale, noops)
            self._starts[key] = ale.cloneState(include_rng=True)
            self._spare = ale
            if len(self._starts) > KEPT_STARTS:
                self._starts.popitem(last=False)
        self._starts.move_to_end(key)
        return self._starts[key]

    def _episode(self, ale: ALEInterface) -> AtariEpisode:
        return AtariEpisode(
            ale,
            self._actions,
            self.read_objects,
            shows_lives=self.has_lives,
            one_life=self._one_life,
            mishap=self.mishap,
            pack=self.screen.pack if self.observer and self.screen is not None else None,
        )

    def boot(self, seed: int) -> ALEInterface:
        """A new emulator with the game in it, just reset."""
        ALEInterface.setLoggerMode(LoggerMode.Error)
        ale = ALEInterface()
        ale.setInt("random_seed", seed)
        ale.setFloat("repeat_action_probability", self._sticky)
        ale.setInt("frame_skip", FRAME_SKIP)
        rom = roms.get_rom_path(self.game)
        assert rom is not None
        ale.loadROM(rom)
        ale.reset_game()
        _actions_of[self.game] = ale.getMinimalActionSet()
        return ale
