"""Runs that begin at varied starting artifacts, so that a policy learns more than one path."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from genopt_gym.core.checks import number
from genopt_gym.env import Action
from genopt_gym.observation import Observation
from genopt_gym.wrappers.codec import edited_env
from genopt_gym.wrappers.slots import Slots, Texts


class PerturbedStarts(gym.Wrapper[Observation, Action, Observation, Action], gym.utils.RecordConstructorArgs):
    """Begins each run with other numbers in the starting artifact, drawn with the seed of ``reset``.

    Args:
        env: an ``OptimizationEnv``.
        spread: standard deviation of the numbers, in units of their size at the start (at least 1).

    >>> env = PerturbedStarts(gym.make("GenOpt/Control-CartPole-v0", start="modular/parametric"))
    >>> for seed in (0, 1):
    ...     print(env.reset(seed=seed)[0]["artifact"]["select_action"].splitlines()[1])
        return int(lean > -0.167835)
        return int(lean > 0.552678)
    """

    def __init__(self, env: gym.Env[Observation, Action], spread: float = 0.5) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, spread=spread)
        super().__init__(env)
        self._spread = number("spread", spread, 0)
        self._texts = edited_env(env)[1].texts
        self._rng = np.random.default_rng()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a run; an ``options["artifact"]`` is taken as it is."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        texts = perturbed(self._texts, self._spread, self._rng)
        return self.env.reset(seed=seed, options={"artifact": texts} | (options or {}))


def perturbed(texts: Texts, spread: float, rng: np.random.Generator) -> dict[str, str]:
    """Texts with other numbers, normally distributed around theirs."""
    slots = Slots(texts)
    return slots.with_values(texts, slots.values(texts) + spread * slots.unit * rng.normal(size=slots.unit.shape))
