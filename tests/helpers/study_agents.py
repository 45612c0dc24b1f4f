"""Agents that end their process, fail or wait at an edit of choice."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from genopt_gym.agents.base import Agent, Problem
from genopt_gym.agents.hill_climbing import HillClimbing


class Crashing(HillClimbing):
    """Kills its process once: the file ``mark`` says that it has."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark = Path(mark)

    def act(self, observation: dict[str, Any]) -> Any:
        if not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().act(observation)


class Broken(Agent):
    """Raises at its first edit."""

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)

    def act(self, observation: dict[str, Any]) -> Any:
        raise LookupError("it never learned")


class Signing(HillClimbing):
    """Leaves the id of its process beside each run it takes part in."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = Path(folder)

    def reset(self, observation: dict[str, Any], problem: Problem) -> None:
        super().reset(observation, problem)
        (self._folder / f"{problem.seed}-{os.getpid()}").touch()


class Waiting(Agent):
    """Never finds an edit. The files ``acting`` and ``closed`` say how far it has come."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def act(self, observation: dict[str, Any]) -> Any:
        (self._folder / "acting").touch()
        time.sleep(3600)

    def close(self) -> None:
        (self._folder / "closed").touch()
