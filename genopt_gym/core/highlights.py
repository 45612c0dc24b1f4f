"""The window ``highlights``: a few segments of a trial around what mattered in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, pairwise, zip_longest
from statistics import median_low
from typing import ClassVar

from genopt_gym.core.windows import Played, TraceWindow

SEGMENT = 16
"""A segment has so many steps at least, unless more mishaps want to be shown: then down to ``SHORTEST``."""
FEW = 12
"""So many segments at most, unless more mishaps want to be shown."""
SHORTEST = 8
BEFORE = 3
"""A segment has so many steps before what it is about for each one after."""
ROOM_FOR_REWARDS = 6
"""With so many segments and more, one is left for the largest loss, and one for the largest gain."""


class Highlights(TraceWindow):
    """A few segments: the end, what went wrong (lives lost, crashes), the largest losses and gains, the opening."""

    tells_skipped: ClassVar[bool] = True

    def choose(self, played: Played, horizon: int) -> Sequence[int]:
        last = len(played.rewards) - 1
        anchors = _anchors(played, horizon)
        chosen: set[int] = set()
        # All segments grow by a step in turn, so what one has no use for goes to the others.
        for turn in count():
            for anchor in anchors:
                step = _neighbour(anchor, turn)
                if 0 <= step <= last:
                    chosen.add(step)
                    if len(chosen) == horizon:
                        return sorted(chosen)
        raise AssertionError("a trial with more steps than the horizon has steps for it")

    def fit(self, sizes: Sequence[int], room: int, steps: Sequence[int] = ()) -> Sequence[int]:
        segments = _segments(steps if len(steps) == len(sizes) else range(len(sizes)))
        size, dropped, end = sum(sizes), 0, segments[-1:]
        while size > room and segments:
            longest = max(segments, key=len)
            # Shortened as it has grown: most of it lies before what it is about.
            after = dropped % (BEFORE + 1) == BEFORE and longest not in end
            position = longest.pop(-1 if after else 0)
            dropped += 1
            size -= sizes[position]
            if not longest:
                segments.remove(longest)
        return [position for segment in segments for position in segment]


def _neighbour(anchor: int, turn: int) -> int:
    """The step that a segment gains in a turn: before its anchor, now and then after it; at the opening after it.

    >>> [_neighbour(50, turn) for turn in range(6)]
    [50, 49, 48, 47, 51, 46]
    """
    rounds, place = divmod(turn, BEFORE + 1)
    if anchor == 0:
        return turn
    return anchor + rounds if place == 0 else anchor - rounds * BEFORE - place


def _segments(steps: Sequence[int]) -> list[list[int]]:
    """Positions in ``steps``, in runs without a gap."""
    runs = [[0]] if steps else []
    for position, (before, step) in enumerate(pairwise(steps), start=1):
        if step == before + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return runs


def _anchors(played: Played, horizon: int) -> list[int]:
    """What the segments are about, the most important first."""
    last = len(played.rewards) - 1
    wanted = len(played.mishaps) + 3
    places = max(1, min(horizon // SEGMENT, FEW), min(wanted, horizon // SHORTEST))
    chosen = _Chosen(last, reach=horizon // places)
    losses, gains = _by_size(played.rewards)
    for_mishaps = places - (bool(losses) + bool(gains)) * (places >= ROOM_FOR_REWARDS)
    for step in chosen.apart([list(played.mishaps)]):
        if len(chosen.steps) >= for_mishaps:
            break
        chosen.add(step)
    rewards = (step for pair in zip_longest(chosen.apart(losses), chosen.apart(gains)) for step in pair)
    for number, step in enumerate(rewards):
        if number == 2 and len(chosen.steps) < places:
            chosen.add(0)
        if len(chosen.steps) >= places:
            break
        if step is not None and not chosen.covers(step):
            chosen.add(step)
    if len(chosen.steps) < places and 0 not in chosen.steps:
        chosen.add(0)
    return chosen.steps


class _Chosen:
    """Steps chosen so far, beginning with the last, and how far each other one is from them."""

    def __init__(self, last: int, reach: int) -> None:
        self.steps: list[int] = []
        self._before = reach * BEFORE // (BEFORE + 1) - 1
        self._after = reach // (BEFORE + 1) - 1
        self.add(last)

    def add(self, step: int) -> None:
        self.steps.append(step)

    def covers(self, step: int) -> bool:
        """Whether a segment holds the step anyway."""
        return any(-self._before <= step - anchor <= max(self._after, 0) for anchor in self.steps)

    def apart(self, levels: Sequence[Sequence[int]]) -> Iterator[int]:
        """Steps level by level; within one, the farthest from all that was chosen first."""
        for level in levels:
            left = list(level)
            known = 0
            distance = {step: len(self.steps) and min(abs(step - other) for other in self.steps) for step in left}
            known = len(self.steps)
            while left:
                for other in self.steps[known:]:
                    for step in left:
                        distance[step] = min(distance[step], abs(step - other))
                known = len(self.steps)
                step = max(left, key=distance.__getitem__)
                left.remove(step)
                yield step


def _by_size(rewards: Sequence[float]) -> tuple[list[list[int]], list[list[int]]]:
    """Steps with less and with more than the usual reward, the farthest from it first; equal ones together."""
    usual = median_low(rewards)
    losses: dict[float, list[int]] = {}
    gains: dict[float, list[int]] = {}
    for step, reward in enumerate(rewards):
        if reward != usual:
            (losses if reward < usual else gains).setdefault(reward, []).append(step)
    return [losses[reward] for reward in sorted(losses)], [gains[reward] for reward in sorted(gains, reverse=True)]
