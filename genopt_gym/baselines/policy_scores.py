"""Scores of a policy that sees vectors, on the same episodes as artifacts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genopt_gym.core.evidence import Instance
from genopt_gym.envs.atari.emulator import AtariTask

Act = Callable[[NDArray[np.float32]], Sequence[Any]]
"""Actions for a batch of observations, (episodes, entries)."""


def play(task: AtariTask, instances: Sequence[Instance], act: Act) -> tuple[list[float], int]:
    """Play an episode per instance, all in lockstep, each to its end or the task's cap.

    Returns:
        The episodes' returns, and how many agent steps they took together.
    """
    episodes = [task.start_episode(instance, slot) for slot, instance in enumerate(instances)]
    returns = [0.0] * len(episodes)
    live, step, total = list(range(len(episodes))), 0, 0
    while live and step < task.max_inner_steps:
        observations = np.stack([task.layout.vector(episodes[slot].observe()) for slot in live])
        running = []
        for slot, action in zip(live, act(observations), strict=True):
            reward, over = episodes[slot].step(int(action))
            returns[slot] += reward
            if not over:
                running.append(slot)
        step, total, live = step + 1, total + len(live), running
    return returns, total
