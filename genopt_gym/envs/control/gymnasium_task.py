"""What tasks over a Gymnasium environment share: its episodes, and its observation as named numbers."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.actions import Actions
from genopt_gym.envs.control.physics import Physics, Spread, check_mode, draw
from genopt_gym.envs.disguise.observations import NumbersMap
from genopt_gym.envs.disguise.words import Words
from genopt_gym.envs.rendering import Screens, open_screens
from genopt_gym.envs.rollout import RolloutTask, Simulator

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEASURED = {
    "floor": "uniform random policy, measured over 500 test episodes with these physics",
    "reference": "a program good with the standard constants, measured over 500 test episodes with these physics",
}


UNTOLD = """
The physics differ from episode to episode (masses, lengths, gravity, forces) and are not told; the numbers given for
them are those of the standard setting."""


class GymnasiumEpisode:
    """An episode of a Gymnasium environment; ``read`` makes what the policy gets out of what is observed."""

    def __init__(self, env: gym.Env[Any, Any], read: Callable[[Any], Any], seed: int) -> None:
        self._env = env
        self._read = read
        self._space = None if isinstance(env.action_space, spaces.Discrete) else env.action_space
        self._values, _ = env.reset(seed=seed)

    def observe(self) -> Any:
        return self._read(self._values)

    def step(self, action: Any) -> tuple[float, bool]:
        if self._space is not None:
            action = np.array(action, self._space.dtype).reshape(self._space.shape or ())
        self._values, reward, terminated, truncated, _ = self._env.step(action)
        return float(reward), terminated or truncated


class GymnasiumTask(RolloutTask):
    """A policy task over one Gymnasium environment, whose actions are integers or numbers within bounds.

    Args:
        physics: ``standard``; ``varied`` draws the constants anew for each instance, from the inner range of each;
            ``shifted`` does so for train and validation, and tests outside of these ranges. Observations do not tell.
        sizes: see ``Task``.
    """

    family: ClassVar[str] = "Control"
    disguised_start: ClassVar[str] = "modular/random"
    block_size: ClassVar[int] = 16
    inner: str
    """Id of the inner environment."""
    fields: Mapping[str, str]
    """Entries of its observation in their order: names, and what they mean; empty if nobody has named them."""
    action: ClassVar[str]
    """What its actions do."""
    constants: ClassVar[Mapping[str, Spread]] = {}
    """By attribute of the inner environment, what ``physics`` varies."""
    scales: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Floor and reference of the metric where ``physics`` is not standard."""

    def __init__(self, *, physics: Physics = "standard", **sizes: Any) -> None:
        super().__init__(**{"validation_size": 16, "test_size": 64} | sizes)
        check_mode(physics, self.constants, getattr(self, "inner", "this environment"))
        self.physics = physics
        if physics != "standard":
            self.goal += UNTOLD
        if physics in self.scales:
            floor, reference = self.scales[physics]
            self.metric = replace(self.metric, floor=floor, reference=reference, record=None, sources=MEASURED)
        self._envs: list[gym.Env[Any, Any]] = []

    def constants_of(self, instance: Instance) -> dict[str, float]:
        """The physical constants of an instance's episode, by attribute of the inner environment."""
        if self.physics == "standard":
            return {name: each.standard for name, each in self.constants.items()}
        outside = self.physics == "shifted" and instance.split == "test"
        return draw(self.constants, self.seed(instance, "physics"), outside)

    def set_constants(self, env: Any, constants: Mapping[str, float]) -> None:
        """Give an inner environment its constants, before it is reset."""
        for name, value in constants.items():
            setattr(env, name, value)

    def start_episode(self, instance: Instance, slot: int) -> Simulator:
        if self.physics != "standard":
            self.set_constants(self._env(slot).unwrapped, self.constants_of(instance))
        return GymnasiumEpisode(self._env(slot), self.reader(), self.seed(instance))

    def reader(self) -> Callable[[Any], Any]:
        """What makes the policy's observation, numbers by their names, out of what the environment observes."""
        names = tuple(self.fields)
        return lambda values: dict(zip(names, values.tolist(), strict=True))

    def action_space(self) -> Actions:
        space = self._env(0).action_space
        assert isinstance(space, Actions)
        return space

    def observation_map(self, words: Words, rng: random.Random) -> NumbersMap:
        return NumbersMap(words, rng, tuple(self.fields))

    def vocabulary(self) -> Sequence[str]:
        return tuple(self.fields)

    def make_inner(self, render_mode: str | None = None) -> gym.Env[Any, Any]:
        """The inner environment, bare."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries as they are loaded
            # The episode cap is ours; the wrappers of gym.make would cost more than the physics.
            drawn: dict[str, Any] = (
                {} if render_mode is None else {"render_mode": render_mode}
            )  # which not every environment knows
            return gym.make(self.inner, disable_env_checker=True, **drawn).unwrapped

    def film(
        self, instance: Instance, actions: Sequence[Any], moments: Sequence[int], boxes: bool = False
    ) -> Iterator[NDArray[np.uint8]] | None:
        def begin(env: gym.Env[Any, Any]) -> GymnasiumEpisode:
            if self.physics != "standard":
                self.set_constants(env.unwrapped, self.constants_of(instance))
            return GymnasiumEpisode(env, self.reader(), self.seed(instance))

        screens = open_screens(self.make_inner, begin)
        return None if screens is None else _played(screens, self.original_actions(actions), moments)

    def _env(self, slot: int) -> gym.Env[Any, Any]:
        while len(self._envs) <= slot:
            self._envs.append(self.make_inner())
        return self._envs[slot]


def _played(screens: Screens, actions: Sequence[Any], moments: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    try:
        played = 0
        for moment in moments:
            for action in actions[played:moment]:
                screens.episode.step(action)
            played = moment
            yield screens.frame()
    finally:
        screens.close()


def describe_fields(of_what: str, fields: Mapping[str, str]) -> str:
    """The contract of an observation with named entries.

    >>> print(describe_fields("", {"x": "metres to the right", "y": "metres up"}))
    obs is a dict of floats:
    - x: metres to the right;
    - y: metres up.
    """
    lines = [f"- {name}: {meaning}" for name, meaning in fields.items()]
    return f"obs is a dict of floats{of_what}:\n" + ";\n".join(lines) + "."
