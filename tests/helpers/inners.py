"""Inner environments as somebody else might register them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class Line(gym.Env[Any, Any]):
    """Reward for actions near their lower bounds; it notes what it was given."""

    def __init__(self, actions: Any, observations: Any = None, reward: float = 0.0) -> None:
        self.action_space = actions
        self.observation_space = spaces.Box(-1, 1, (2, 2)) if observations is None else observations
        self._reward = reward

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action)
        distance = float(np.sum(np.abs(action - getattr(self.action_space, "low", 0))))
        return self.observation_space.sample(), self._reward - distance, False, False, {}


class Nested(gym.Env[Any, Any]):
    """Always the same observation, of many kinds."""

    action_space = spaces.Discrete(2)
    observation_space = spaces.Dict(
        {
            "image": spaces.Box(0, 255, (1, 2, 2), np.uint8),
            "at": spaces.MultiDiscrete([3, 3], start=[1, 1]),
            "on": spaces.MultiBinary(3),
            "pair": spaces.Tuple([spaces.Text(4), spaces.Discrete(5)]),
            "inner": spaces.Dict({"x": spaces.Box(0, 1, ())}),
        }
    )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        image = np.arange(4, dtype=np.uint8).reshape(1, 2, 2)
        return {
            "image": image,
            "at": np.array([2, 1]),
            "on": np.array([0, 1, 1], np.int8),
            "pair": ("ab", np.int64(4)),
            "inner": {"x": np.float32(0.5)},
        }, {}

    def step(self, action: Any) -> Any:
        return self.reset()[0], 1.0, False, False, {}


class Unseeded(Line):
    """It begins with something new each time, whatever the seed."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return super().reset(seed=None)


class Failing(Line):
    """It cannot be played."""

    def step(self, action: Any) -> Any:
        raise RuntimeError("out of order")


def broken() -> gym.Env[Any, Any]:
    raise RuntimeError("no licence")


LINE = "tests.helpers.inners:Line"
ARM = {"actions": spaces.Box(np.array([-1, 0.1], np.float32), np.array([1, 0.7], np.float32))}
INNERS: dict[str, dict[str, Any]] = {
    "Arm": ARM,
    "FromOne": {"actions": spaces.Discrete(2, start=1), "observations": spaces.Discrete(5)},
    "Rich": {"actions": spaces.Discrete(2), "reward": 1e9},
    "Unbounded": {"actions": spaces.Box(-np.inf, np.inf, (1,))},
    "Whole": {"actions": spaces.Box(0, 3, (2,), np.int8)},
    "Grid": {"actions": spaces.Box(0, 1, (2, 2))},
    "Many": {"actions": spaces.MultiDiscrete([2, 3], start=[0, 2])},
    "Switches": {"actions": spaces.MultiBinary(3)},
    "Graph": {"actions": spaces.Discrete(2), "observations": spaces.Graph(spaces.Discrete(2), None)},
    "Huge": {"actions": spaces.Discrete(2), "observations": spaces.Box(0, 255, (512, 513), np.uint8)},
    "Named": {"actions": spaces.Discrete(2), "observations": spaces.Dict({"x": spaces.Discrete(2)})},
    "Image": {"actions": spaces.Discrete(2), "observations": spaces.Box(0, 255, (84, 84, 3), np.uint8)},
}
for name, arguments in INNERS.items():
    gym.register(f"Inner/{name}-v0", LINE, max_episode_steps=4, kwargs=arguments)
gym.register("Inner/Endless-v0", LINE, kwargs=ARM)
gym.register("Inner/Goal-v0", LINE, max_episode_steps=4, reward_threshold=-2.5, kwargs=ARM)
gym.register("Inner/Nested-v0", "tests.helpers.inners:Nested", max_episode_steps=4)
gym.register("Inner/Unseeded-v0", "tests.helpers.inners:Unseeded", kwargs={"actions": spaces.Discrete(2)})
gym.register("Inner/Failing-v0", "tests.helpers.inners:Failing", kwargs={"actions": spaces.Discrete(2)})
gym.register("Inner/Broken-v0", "tests.helpers.inners:broken")
