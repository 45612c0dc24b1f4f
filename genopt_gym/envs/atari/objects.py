"""The games themselves as plain Gymnasium environments: the objects as a vector, an action a step, no artifact."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from genopt_gym.core.task import TaskSpec
from genopt_gym.envs.atari.emulator import AtariEpisode, AtariTask


class ObjectsEnv(gym.Env[NDArray[np.float32], np.int64]):
    """A game as the policies of ``GenOpt/Atari-<Game>-v0`` meet it, for agents that learn from vectors.

    Observations are the same objects, read from the same RAM, in the game's ``Layout`` (entries: ``names``); actions
    are the same minimal set; a reward is what the game gives in a step of 4 frames. An episode is a game and begins
    after the steps in which no action does anything; it is truncated where the task ends it.

    Args:
        task: the game's task, ``module:Class``.
        sticky: probability that a frame repeats the action before.
        one_life: whether an episode ends with the first life lost.
        fire_at_reset: whether FIRE is pressed before the first step.
        max_steps: steps after which an episode is truncated; ``None`` is the game's own number.
        render_mode: ``"rgb_array"`` renders the screen, (210, 160, 3).

    >>> import gymnasium as gym
    >>> import genopt_gym
    >>> env = gym.make("GenOpt/Objects-Pong-v0")
    >>> observation, _ = env.reset(seed=0)
    >>> observation.shape, env.unwrapped.names[:3]
    ((21,), ('Player.present', 'Player.x', 'Player.y'))
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 15}  # noqa: RUF012

    def __init__(
        self,
        task: str,
        *,
        sticky: float = 0.25,
        one_life: bool = False,
        fire_at_reset: bool = False,
        max_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode={render_mode!r} is not one of None, 'rgb_array'")
        game = TaskSpec(task, {}).load()
        if not issubclass(game, AtariTask):
            raise TypeError(f"{task} is no Atari game: a task that inherits AtariTask is needed")
        made = game(sticky=sticky, one_life=one_life, fire_at_reset=fire_at_reset, max_steps=max_steps)
        self._task = made
        self.render_mode = render_mode
        self.names = made.layout.names
        self._vector = made.layout.vector
        self.observation_space = spaces.Box(made.layout.low, made.layout.high, dtype=np.float32)
        self.action_space = made.action_space()
        self._episode: AtariEpisode | None = None
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        super().reset(seed=seed)
        if self._episode is None or seed is not None:
            # A seed needs a new emulator; without one the game is begun again, 20 times faster, on the same dice.
            self.ale = self._task.boot(int(self.np_random.integers(2**31)))
        else:
            self.ale.reset_game()
        self._episode = self._task.open_game(self.ale)
        self._steps = 0
        return self._vector(self._episode.observe()), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        if self._episode is None:
            raise gym.error.ResetNeeded("a game begins with reset: call it before step")
        reward, over = self._episode.step(int(action))
        self._steps += 1
        truncated = self._steps >= self._task.max_inner_steps
        return self._vector(self._episode.observe()), float(reward), over, truncated, {}

    def render(self) -> NDArray[np.uint8] | None:
        return self._episode.screen() if self._episode is not None and self.render_mode else None
