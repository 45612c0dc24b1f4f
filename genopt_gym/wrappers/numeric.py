"""Edits as vectors: each number of the artifact is moved a little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from genopt_gym.core.spaces import Edits
from genopt_gym.core.task import Metric
from genopt_gym.wrappers.codec import Codec, VectorEdits


class NumericCodec(Codec):
    """Actions move all numbers at once, in proportion to their size and by steps of their own."""

    def __init__(self, edits: Edits, metric: Metric, updates: int | None, step: float) -> None:
        super().__init__(edits, metric, updates, step)
        count = len(self.slots.unit)
        if not count:
            raise ValueError(
                f"there is no number to move in {', '.join(edits.texts)}; make the environment with a start that has "
                "some, such as start='modular/parametric'"
            )
        self.action_space = spaces.Box(-1.0, 1.0, (2 * count,), np.float32)

    def edit(self, texts: Mapping[str, str], action: Any) -> dict[str, str]:
        moves = np.asarray(action, np.float64)
        if moves.shape != self.action_space.shape:
            raise ValueError(f"an action has the shape {self.action_space.shape}, not {moves.shape}")
        if np.isnan(moves).any():
            raise ValueError("an action holds NaN, which moves no number: the policy has diverged")
        relative, absolute = np.split(np.clip(moves, -1, 1), 2)
        values = self.slots.values(texts)
        return self.slots.with_values(texts, values + relative * self.step * np.abs(values) + absolute * self._reach)


class NumericEdits(VectorEdits):
    """Moves of the artifact's numbers as a ``Box``, for agents such as those of Stable-Baselines3.

    An action has two entries from -1 to 1 for each number that may be edited, in the order of the texts: first all
    moves in proportion to the number's present size, then all moves in its unit (its size at the start, at least 1);
    1 is ``step`` times that. What lies beyond is clipped. For the observation see ``Codec``. Which numbers there are
    is fixed when the wrapper is made.

    Args:
        env: an ``OptimizationEnv``.
        step: how far one edit moves a number at most, in units; ints move by at least 1.

    >>> import gymnasium as gym
    >>> env = NumericEdits(gym.make("GenOpt/Control-CartPole-v0", start="modular/parametric"))
    >>> env.action_space.shape, env.observation_space.shape
    ((10,), (8,))
    """

    codec_class = NumericCodec
