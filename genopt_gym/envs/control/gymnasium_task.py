"""What tasks over a Gymnasium environment share: its episodes, and its observation as named numbers."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.actions import Actions
from genopt_gym.envs.disguise.observations import NumbersMap
from genopt_gym.envs.disguise.words import Words
from genopt_gym.envs.rollout import RolloutTask, Simulator


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
    """A policy task over one Gymnasium environment, whose actions are integers or numbers within bounds."""

    family: ClassVar[str] = "Control"
    disguised_start: ClassVar[str] = "modular/random"
    block_size: ClassVar[int] = 16
    trace_row_chars = 90
    inner: str
    """Id of the inner environment."""
    fields: Mapping[str, str]
    """Entries of its observation in their order: names, and what they mean; empty if nobody has named them."""
    action: ClassVar[str]
    """What its actions do."""

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**{"validation_size": 16, "test_size": 64} | sizes)
        self._envs: list[gym.Env[Any, Any]] = []

    def start_episode(self, instance: Instance, slot: int) -> Simulator:
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

    def make_inner(self) -> gym.Env[Any, Any]:
        """The inner environment, bare."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries as they are loaded
            # The episode cap is ours; the wrappers of gym.make would cost more than the physics.
            return gym.make(self.inner, disable_env_checker=True).unwrapped

    def _env(self, slot: int) -> gym.Env[Any, Any]:
        while len(self._envs) <= slot:
            self._envs.append(self.make_inner())
        return self._envs[slot]


def describe_fields(of_what: str, fields: Mapping[str, str]) -> str:
    """The contract of an observation with named entries.

    >>> print(describe_fields("", {"x": "metres to the right", "y": "metres up"}))
    obs is a dict of floats:
    - x: metres to the right;
    - y: metres up.
    """
    lines = [f"- {name}: {meaning}" for name, meaning in fields.items()]
    return f"obs is a dict of floats{of_what}:\n" + ";\n".join(lines) + "."
