"""How far a training with Stable-Baselines3 is, in a terminal or a notebook."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from genopt_gym.core.live import LiveView

EPISODES = 100
"""Of so many last runs the mean return is shown."""
PAUSE = 0.25
"""Seconds between two drawings."""


def training_progress(steps: int, view: LiveView) -> Any:
    """A callback of Stable-Baselines3 that shows edits made and the mean return of the last runs.

    Args:
        steps: edits of the whole training.
        view: where to; its owner closes it.
    """
    from stable_baselines3.common.callbacks import BaseCallback

    class TrainingProgress(BaseCallback):
        def _on_training_start(self) -> None:
            columns = (TextColumn("edits"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=view.console)
            self._task = self._bar.add_task("edits", total=steps)
            self._due = 0.0

        def _on_step(self) -> bool:
            made = min(self.num_timesteps, steps)
            if view.can_show and (time.monotonic() >= self._due or made == steps):
                self._due = time.monotonic() + PAUSE
                self._bar.update(self._task, completed=made)
                view.show(Group(self._bar, Text(self._returns())))
            return True

        def _returns(self) -> str:
            episodes = list(self.model.ep_info_buffer or ())[-EPISODES:]
            if not episodes:
                return ""
            mean = sum(episode["r"] for episode in episodes) / len(episodes)
            return f"return {mean:.3f}, mean of the last {len(episodes)} runs"

    return TrainingProgress()
