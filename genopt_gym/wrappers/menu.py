"""Edits as a menu: one number up or down, or one comparison turned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gymnasium import spaces

from genopt_gym.core.spaces import Edits
from genopt_gym.core.task import Metric
from genopt_gym.wrappers.codec import Codec, VectorEdits
from genopt_gym.wrappers.slots import turned


class MenuCodec(Codec):
    """Actions choose one entry of a menu; entry 0 changes nothing."""

    turns_comparisons = True
    action_space: spaces.Discrete

    def __init__(self, edits: Edits, metric: Metric, updates: int | None, step: float) -> None:
        super().__init__(edits, metric, updates, step)
        self._moves = [(i, way) for i in range(len(self.slots.unit)) for way in (1, -1)]
        self._turns = [(name, i) for name, found in self.slots.operators.items() for i in range(len(found))]
        if not self._moves and not self._turns:
            raise ValueError(
                f"there is no number and no comparison in {', '.join(edits.texts)}; make the environment with a start "
                "that has some, such as start='modular/parametric'"
            )
        self.action_space = spaces.Discrete(1 + len(self._moves) + len(self._turns))

    def edit(self, texts: Mapping[str, str], action: Any) -> dict[str, str]:
        if not self.action_space.contains(action):
            raise ValueError(f"an action is a whole number from 0 to {self.action_space.n - 1}, not {action!r}")
        entry = int(action) - 1
        if entry < 0:
            return {}
        if entry < len(self._moves):
            i, way = self._moves[entry]
            values = self.slots.values(texts)
            values[i] += way * self._reach[i]
            return self.slots.with_values(texts, values)
        name, i = self._turns[entry - len(self._moves)]
        return {name: turned(texts[name], i)}


class MenuEdits(VectorEdits):
    """A menu of small edits as a ``Discrete`` space.

    Entry 0 changes nothing; then come, in the order of the texts, two entries for each number that may be edited (up,
    and down, by ``step`` times its size at the start, at least 1); then one for each comparison (``<`` becomes ``>``,
    ``<=`` ``>=``, ``==`` ``!=``, and back). For the observation see ``Codec``. The menu is fixed when the wrapper is
    made.

    Args:
        env: an ``OptimizationEnv``.
        step: how far one edit moves a number, in units; ints move by at least 1.

    >>> import gymnasium as gym
    >>> MenuEdits(gym.make("GenOpt/Control-CartPole-v0", start="modular/parametric")).action_space
    Discrete(12)
    """

    codec_class = MenuCodec
