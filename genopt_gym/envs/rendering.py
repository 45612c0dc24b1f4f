"""Screens of Gymnasium environments, drawn by their own renderers without a window."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genopt_gym.envs.control.gymnasium_task import GymnasiumEpisode

LARGEST_SIDE = 320
"""Pixels; larger screens are made smaller by a whole factor."""
DRIVERS = {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}


class Screens:
    """An environment that is drawn while its episode is played.

    Args:
        env: made with ``render_mode="rgb_array"``.
        episode: its episode, at the beginning.
    """

    def __init__(self, env: gym.Env[Any, Any], episode: GymnasiumEpisode) -> None:
        self._env = env
        self.episode = episode

    def frame(self) -> NDArray[np.uint8]:
        """The screen now, (height, width, 3)."""
        from PIL import Image

        drawn = np.ascontiguousarray(self._env.render(), np.uint8)
        factor = -(-max(drawn.shape[:2]) // LARGEST_SIDE)
        return drawn if factor == 1 else np.asarray(Image.fromarray(drawn).reduce(factor))

    def close(self) -> None:
        self._env.close()


def open_screens(
    make: Callable[[str], gym.Env[Any, Any]], begin: Callable[[gym.Env[Any, Any]], GymnasiumEpisode]
) -> Screens | None:
    """An environment at the beginning of an episode; ``None`` if it cannot be drawn here.

    Args:
        make: makes the environment with a render mode.
        begin: resets it.
    """
    with _without_window(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries as they are loaded
        try:
            env = make("rgb_array")
            screens = Screens(env, begin(env))
            drawn = env.render()
        except Exception:  # of whatever package draws, or of its absence
            return None
    drawable = isinstance(drawn, np.ndarray) and drawn.ndim == 3 and drawn.shape[2] == 3
    return screens if drawable else None


@contextmanager
def _without_window() -> Iterator[None]:
    """pygame starts with drivers that need no display; whoever opens a window later gets the real ones."""
    module = sys.modules.get("pygame")
    if module is not None and module.get_init():
        yield
        return
    before = {name: os.environ.get(name) for name in DRIVERS}
    os.environ.update({name: value for name, value in DRIVERS.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
        if (module := sys.modules.get("pygame")) is not None and module.get_init():
            module.display.quit()
            module.mixer.quit()
