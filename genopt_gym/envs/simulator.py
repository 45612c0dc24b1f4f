"""What plays an episode of a policy task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable


class Simulator(Protocol):
    """One running episode."""

    def observe(self) -> Any:
        """What the policy sees: plain data or arrays, a new object each time."""

    def step(self, action: Any) -> tuple[float, bool]:
        """Play one action; the reward, and whether the episode has come to its end."""


class PacksObservations(Simulator, Protocol):
    """A simulator of a task with an ``observer``."""

    def pack(self) -> Sequence[Any]:
        """The parts that the observer makes an observation of, instead of ``observe``."""


@runtime_checkable
class TellsMishaps(Protocol):
    """A simulator that says when something has gone wrong that the reward does not tell."""

    def mishap(self) -> str:
        """What the latest observation shows to have gone wrong since the one before; empty if nothing."""
