"""Between texts and vectors: what a policy that cannot read is shown of an artifact, and the edits it can make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from genopt_gym.core.checks import number
from genopt_gym.core.spaces import Edits
from genopt_gym.core.task import Metric
from genopt_gym.env import Action, OptimizationEnv
from genopt_gym.making import optimization_env
from genopt_gym.observation import Observation
from genopt_gym.wrappers.slots import Slots

BOUND = 10.0
"""Largest size of an entry of an observation; what lies beyond is shown as this."""
STEP = 0.5
"""How far one edit moves a number at most, in units of the number's size at the start."""

Vector = NDArray[np.float32]


class Codec(ABC):
    """Makes vectors out of observations, and edits out of actions.

    A vector holds the numbers of the artifact in units of their size at the start; for comparisons that can be
    turned 1 or -1; the score and the best score on the metric's normalised scale; and the share of edits that are
    left (1 where a run has no end).

    Args:
        edits: action space of the environment; its texts are the starting artifact.
        metric: of the task.
        updates: edits in a run; ``None`` if there is no fixed number.
        step: see ``STEP``.
    """

    turns_comparisons: ClassVar[bool] = False
    action_space: gym.Space[Any]

    def __init__(self, edits: Edits, metric: Metric, updates: int | None, step: float) -> None:
        self.step = number("step", step, above=0)
        self.slots = Slots(edits.texts, self.turns_comparisons)
        self._metric = metric
        self._updates = updates
        # A whole number moves by one at least, or it would never move.
        self._reach = np.maximum(step * self.slots.unit, self.slots.whole)
        entries = len(self.slots.unit) + sum(map(len, self.slots.operators.values())) + 3
        self.observation_space = spaces.Box(-BOUND, BOUND, (entries,), np.float32)

    def vector(self, texts: Mapping[str, str], observation: Observation, made: int) -> Vector:
        """The observation, after ``made`` edits, of an artifact with these texts."""
        scores = [self._metric.normalise(float(observation[name][0])) for name in ("score", "best_score")]
        left = 1.0 if self._updates is None else 1 - made / self._updates
        numbers = self.slots.values(texts) / self.slots.unit
        entries = np.concatenate([numbers, self.slots.directions(texts), scores, [left]])
        return np.array(np.clip(entries, -BOUND, BOUND), np.float32)

    @abstractmethod
    def edit(self, texts: Mapping[str, str], action: Any) -> dict[str, str]:
        """The edit of these texts that an action means; ValueError if it means none."""


class VectorEdits(gym.Wrapper[Any, Any, Observation, Action], gym.utils.RecordConstructorArgs):
    """Base of the wrappers that show vectors; each names its codec.

    Args:
        env: an ``OptimizationEnv``.
        step: see ``STEP``.
    """

    codec_class: ClassVar[type[Codec]]

    def __init__(self, env: gym.Env[Observation, Action], step: float = STEP) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, step=step)
        super().__init__(env)
        core, edits = edited_env(env)
        updates = None if env.spec is None else env.spec.max_episode_steps
        self.codec = self.codec_class(edits, core.metric, updates, step)
        self.observation_space = self.codec.observation_space
        self.action_space = self.codec.action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Vector, dict[str, Any]]:
        """Begin a run; ValueError if ``options["artifact"]`` gives it other slots than those of the start."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.codec.slots.check(observation["artifact"])
        self._made = 0
        return self._shown(observation), info

    def step(self, action: Any) -> tuple[Vector, SupportsFloat, bool, bool, dict[str, Any]]:
        """Make the edit that ``action`` means; ValueError if it means none."""
        edit = self.codec.edit(self._texts, action)
        self._made += 1
        observation, reward, terminated, truncated, info = self.env.step(edit)
        return self._shown(observation), reward, terminated, truncated, info

    def _shown(self, observation: Observation) -> Vector:
        self._texts = observation["artifact"]
        return self.codec.vector(self._texts, observation, self._made)


def edited_env(env: gym.Env[Any, Any]) -> tuple[OptimizationEnv, Edits]:
    """The environment inside and its action space; ValueError if ``env`` does not take edits."""
    if not isinstance(env.action_space, Edits):
        raise ValueError(f"this wrapper is for environments whose actions are edits of an artifact, not for {env}")
    return optimization_env(env), env.action_space
