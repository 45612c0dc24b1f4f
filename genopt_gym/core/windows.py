"""Trace windows: which inner steps of a trial its trace shows. A new one is a class here or elsewhere, and a row.

Workers look windows up by name, so a class of one's own lies in a module that can be imported.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple

from genopt_gym.core.registry import Registry


class Played(NamedTuple):
    """What a window may go by, once a trial has ended.

    Attributes:
        rewards: one for each inner step that was traced.
        mishaps: the steps, in rising order, at which it is seen that something has gone wrong, such as a life lost.
    """

    rewards: Sequence[float]
    mishaps: Sequence[int] = ()


class TraceWindow(ABC):
    """Chooses the inner steps of a trial that the trace shows. It keeps no state: a new one is made for each trial.

    Attributes:
        ends_trial: whether a trial may end as soon as it has as many steps as the credit horizon: for a window that
            would choose no later one.
        tells_skipped: whether the trace says what happened in the steps between those that it shows. Such a window
            goes by the whole trial, and has no score of its own.
    """

    ends_trial: ClassVar[bool] = False
    tells_skipped: ClassVar[bool] = False

    @abstractmethod
    def choose(self, played: Played, horizon: int) -> Sequence[int]:
        """The steps to show, in rising order, at most ``horizon`` of them; 0 is the trial's first.

        It is called for trials with more than ``horizon`` steps. The same trial must lead to the same steps.
        """

    def fit(self, sizes: Sequence[int], room: int, steps: Sequence[int] = ()) -> Sequence[int]:
        """Which of the chosen steps stay in a text that has no room for all, in rising order.

        Args:
            sizes: characters that each chosen step takes.
            room: characters there are.
            steps: the chosen steps' numbers.

        Returns:
            Positions in ``sizes``. Left to itself a window gives up its latest steps.
        """
        return drop_until_fits(sizes, room, lambda count: False)


class First(TraceWindow):
    """The first steps; the traced trial ends with them."""

    ends_trial = True

    def choose(self, played: Played, horizon: int) -> Sequence[int]:
        return range(horizon)


class Last(TraceWindow):
    """The last steps."""

    def choose(self, played: Played, horizon: int) -> Sequence[int]:
        return range(len(played.rewards) - horizon, len(played.rewards))

    def fit(self, sizes: Sequence[int], room: int, steps: Sequence[int] = ()) -> Sequence[int]:
        return drop_until_fits(sizes, room, lambda count: True)


class AroundReward(TraceWindow):
    """The steps around the first one with a reward; the last steps where there is none."""

    def choose(self, played: Played, horizon: int) -> Sequence[int]:
        n = len(played.rewards)
        middle = next((i for i, reward in enumerate(played.rewards) if reward), n)
        end = min(n, max(horizon, middle + (horizon + 1) // 2))
        return range(end - horizon, end)

    def fit(self, sizes: Sequence[int], room: int, steps: Sequence[int] = ()) -> Sequence[int]:
        return drop_until_fits(sizes, room, lambda count: count % 2 == 0)


WINDOWS: Final = Registry(
    "trace window",
    TraceWindow,  # type: ignore[type-abstract]
    {
        "first": "genopt_gym.core.windows:First",
        "last": "genopt_gym.core.windows:Last",
        "around_reward": "genopt_gym.core.windows:AroundReward",
        "highlights": "genopt_gym.core.highlights:Highlights",
    },
    in_other_processes=True,
)


def drop_until_fits(sizes: Sequence[int], room: int, drops_first: Callable[[int], bool]) -> range:
    """An unbroken run of steps that fits; ``drops_first`` says of so many left whether the first of them goes next.

    >>> drop_until_fits([10, 10, 10, 10], 25, lambda count: True)
    range(2, 4)
    """
    start, end, size = 0, len(sizes), sum(sizes)
    while size > room and start < end:
        if drops_first(end - start):
            size -= sizes[start]
            start += 1
        else:
            end -= 1
            size -= sizes[end]
    return range(start, end)


def checked(window: str, chosen: Sequence[int], steps: int, horizon: int) -> Sequence[int]:
    """The steps that a window has chosen; ValueError if a trial of so many steps has no such window."""
    positions: Sequence[int] = chosen if type(chosen) is range else [int(step) for step in chosen]
    run = type(positions) is range and positions.step > 0
    rising = run or all(a < b for a, b in pairwise(positions))
    within = not positions or (positions[0] >= 0 and positions[-1] < steps)
    if not (rising and within and len(positions) <= horizon):
        raise ValueError(
            f"trace window {window!r} has chosen {list(positions)!r:.200} of {steps} steps: a window holds at most "
            f"{horizon} of them, in rising order"
        )
    return positions
