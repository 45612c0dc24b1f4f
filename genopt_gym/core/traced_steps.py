"""The inner steps of a trial while it is traced: packed, bounded in size, and cut to the window at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

TRACE_BYTES = 8 << 20
"""What one trial's events may weigh; of an artifact that returns more, less is traced."""

Choose = Callable[[Sequence[float], Sequence[int]], Sequence[int]]
"""A window's steps, of so many rewards and of the steps with a mishap."""


class Skipped(msgspec.Struct, frozen=True, array_like=True):
    """Inner steps in a row that a window left out, and what happened in them."""

    first: int
    last: int
    reward: float
    """In all of them together."""
    mishaps: list[str]


class TracedSteps:
    """Collects the events of one trial, as packed bytes.

    Args:
        choose: the window.
        latest: how many of the latest steps it may always choose; ``None`` if it chooses all, or the first ones.

    Attributes:
        full: no more fits, so nothing is traced from here on.
        heavy: the calls weigh too much: what is traced from here on has to do without.
    """

    def __init__(self, choose: Choose, latest: int | None) -> None:
        self.full = False
        self.heavy = False
        self._choose = choose
        self._latest = latest
        # Packed at once, while they are at hand: thousands of small objects kept alive slow the emulator's caches down.
        self._events: list[msgspec.Raw | None] = []
        self._rewards: list[float] = []
        self._mishaps: dict[int, str] = {}
        self._weights: list[int] = []
        self._weight = 0

    def __len__(self) -> int:
        return len(self._rewards)

    def add(self, packed: bytes, reward: float, mishap: str, weight: int) -> None:
        """The next step; ``weight`` is the size in bytes of what the artifact sent for it."""
        if mishap:
            self._mishaps[len(self._rewards)] = mishap
        self._events.append(msgspec.Raw(packed))
        self._rewards.append(reward)
        self._weights.append(weight)
        self._weight += weight
        if self._weight > TRACE_BYTES:
            self._lighten()

    def window(self) -> Sequence[int]:
        """The steps to show."""
        chosen = self._choose(self._rewards, list(self._mishaps))
        return chosen if not self.heavy else [step for step in chosen if self._events[step] is not None]

    def events(self, window: Sequence[int]) -> list[msgspec.Raw]:
        return [self._events[step] for step in window]  # type: ignore[misc]  # those of a window were kept

    def reward(self, window: Sequence[int]) -> float:
        return float(sum(self._rewards[step] for step in window))

    def mishaps(self, window: Sequence[int], offset: int) -> list[tuple[int, str]]:
        """Those that a window holds; ``offset`` is the first step's number."""
        if not self._mishaps:
            return []
        return [(offset + step, self._mishaps[step]) for step in window if step in self._mishaps]

    def skipped(self, window: Sequence[int], offset: int) -> list[Skipped]:
        """What lies between the steps of a window, before them and behind; ``offset`` is the first step's number."""
        gaps = []
        for before, after in pairwise((-1, *window, len(self))):
            if after > before + 1:
                between = range(before + 1, after)
                mishaps = [what for step, what in self._mishaps.items() if before < step < after]
                gaps.append(Skipped(offset + between[0], offset + between[-1], self.reward(between), mishaps))
        return gaps

    def _lighten(self) -> None:
        """Keep what the window would choose by now, and the latest steps; do without calls if that does not help."""
        if self._latest is None:
            self.full = True
            return
        n = len(self)
        kept = {*self._choose(self._rewards, list(self._mishaps)), *range(max(0, n - self._latest), n)}
        for step in range(n):
            if step not in kept and self._events[step] is not None:
                self._events[step] = None
                self._weight -= self._weights[step]
        self.heavy = self._weight > TRACE_BYTES // 2
