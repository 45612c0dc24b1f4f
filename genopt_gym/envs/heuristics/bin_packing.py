"""BinPacking: items come one at a time, and every one has to go into a bin at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from genopt_gym.core.artifact import Component
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import Metric
from genopt_gym.envs.heuristics.heuristic_task import MEMORY, HeuristicTask, structures_of

CONTRACT = f"""\
item is the size of the item that has to be packed now, an integer. free lists the room in every open bin that it fits
into, in the order in which they were opened; the last entry is a new bin, whose room is the whole capacity.
Returns a list of numbers, one for each entry of free: the item goes into the bin with the greatest, the first of them
if several are equal. It stays there; what comes next is not known, nor how many items there are.
{MEMORY}"""

WORKFLOW = """\
def workflow(item, free):
    priorities = [float(number) for number in priority(item, free)]
    if len(priorities) != len(free):
        raise ValueError(f"priority returned {len(priorities)} numbers for {len(free)} bins")
    return priorities.index(max(priorities))
"""

STARTS = {
    "naive": """\
def priority(item, free):
    # The emptiest of the open bins, so that all are filled alike.
    return [*free[:-1], 0]
""",
    "stub": """\
def priority(item, free):
    return list(range(len(free)))
""",
    "parametric": """\
def priority(item, free):
    capacity = max(free)
    priorities = []
    for room in free:
        left = (room - item) / capacity
        number = 0.2 * left - 0.1 * left * left
        if room == item:
            number += 0.1
        if left < 0.1:
            number -= 0.05
        if room == capacity:
            number -= 0.5
        priorities.append(number)
    return priorities
""",
    "working": """\
def priority(item, free):
    # Best fit: the fullest bin that still takes the item.
    return [-room for room in free]
""",
}

SOURCES = {
    "floor": "first fit on the test instances",
    "reference": "the L2 lower bound itself: no packing is below it",
}

_FUNSEARCH = "Romera-Paredes et al. 2024 (Nature 625), table 1"
PUBLISHED = {
    f"{_FUNSEARCH}: {rule} on {instances}": -percent
    for rule, percents in {
        "first fit": (6.42, 6.45, 5.74, 5.23, 4.23, 4.20, 4.00),
        "best fit": (5.81, 6.06, 5.37, 4.94, 3.98, 3.90, 3.79),
        "FunSearch": (5.30, 4.19, 3.11, 2.47, 0.68, 0.32, 0.03),
    }.items()
    for instances, percent in zip(
        ("OR1", "OR2", "OR3", "OR4", "Weibull 5k", "Weibull 10k", "Weibull 100k"), percents, strict=True
    )
}


class BinPacking(HeuristicTask):
    """Pack items that come one at a time into as few bins as possible; the artifact is the rule that picks the bin.

    Train and validation draw items as OR-Library's OR1 and OR2 do (120 and 250 items of 20 to 100, bins of 150) and as
    the Weibull sets do (shape 3, scale 45, bins of 100); test as OR3 (500 items) and Weibull 5k (5,000 items), and from
    a distribution with two modes that no other split has.

    First fit and best fit come out as they were published. Romera-Paredes et al. 2024 (table 1), in percent above the
    bound: first fit 6.42, 6.45, 5.74, 5.23 on OR1 to OR4 and 4.23, 4.20, 4.00 on Weibull 5k, 10k, 100k; best fit 5.81,
    6.06, 5.37, 4.94 and 3.98, 3.90, 3.79; the rules that FunSearch found 5.30, 4.19, 3.11, 2.47 and 0.68, 0.32, 0.03.

    >>> BinPacking().starting_artifact("one_function/stub").texts["priority"]
    'def priority(item, free):\\n    return list(range(len(free)))\\n'
    """

    horizon = 60
    metric = Metric(
        "percent of bins above the L2 lower bound, counted negatively, mean over instances",
        *(-250, 0, -4.27, 0, None),
        sources=SOURCES,
        published=PUBLISHED,
    )
    decision = "the position, from 0, of a bin in free"
    goal = """\
Write a rule for online bin packing: items come one at a time, each has to be put into a bin with enough room at once,
and in the end as few bins as possible should have been opened. The reward of a step is the item's share of the size of
all items, less what a new bin adds to the score's percent; an instance's rewards add up to its score."""
    strategy = """\
Hint: a bin is only worth what may still be put into it; room that is too small for nearly every item is lost."""
    distributions: Mapping[str, Sequence[str]] = {
        "train": ("uniform, 120 items", "Weibull, 250 items"),
        "validation": ("uniform, 250 items", "Weibull, 1000 items"),
        "test": ("uniform, 500 items", "Weibull, 5000 items", "two modes, 1000 items"),
    }
    structures = structures_of(Component("priority", "priority(item, free) -> list", CONTRACT), WORKFLOW, STARTS)

    def start_episode(self, instance: Instance, slot: int) -> Packing:
        items, capacity = draw_items(self.distribution(instance), self.seed(instance))
        return Packing(items, capacity)

    def returns(self) -> str:
        return "the position in free of the bin that the item goes into"

    def staged(self, score: float) -> str:
        if score < -8:
            return "Far too many bins: fill what is open before you open another."
        if score < -4:
            return "About what first fit and best fit get; ask which rooms are never filled."
        return "Fewer bins than best fit."


class Packing:
    """An instance that is being packed."""

    def __init__(self, items: Sequence[int], capacity: int) -> None:
        self._items = items
        self._bound, self._total = l2_bound(items, capacity), sum(items)
        self._free = np.full(len(items) + 1, capacity)
        self._capacity = capacity
        self.bins = 0
        self._next = 0
        self._look()

    def _look(self) -> None:
        self._fits = np.flatnonzero(self._free[: self.bins + 1] >= self._items[self._next])

    def observe(self) -> dict[str, Any]:
        return {"item": self._items[self._next], "free": self._free[self._fits].tolist()}

    def lacks(self, result: Any) -> str | None:
        if type(result) is int and 0 <= result < len(self._fits):
            return None
        return f"it is the position of one of {len(self._fits)} bins"

    def step(self, action: int) -> tuple[float, bool]:
        """The reward is the share of all items that this one is, less what a new bin adds, in percent: the sum is how
        far above the bound the number of bins is, counted negatively."""
        item, chosen = self._items[self._next], self._fits[action]
        opened = int(chosen == self.bins)
        self._free[chosen] -= item
        self.bins += opened
        self._next += 1
        over = self._next == len(self._items)
        if not over:
            self._look()
        return 100 * (item / self._total - opened / self._bound), over


@lru_cache(512)
def draw_items(distribution: str, seed: int) -> tuple[tuple[int, ...], int]:
    """Items, and the capacity of a bin.

    >>> items, capacity = draw_items("uniform, 120 items", 0)
    >>> len(items), min(items) >= 20, max(items) <= 100, capacity
    (120, True, True, 150)
    """
    kind, _, size = distribution.partition(", ")
    count, draw = int(size.split()[0]), np.random.default_rng(seed)
    if kind == "uniform":
        return tuple(draw.integers(20, 101, count).tolist()), 150
    if kind == "Weibull":
        return tuple(np.clip(45 * draw.weibull(3, count), 1, 100).astype(int).tolist()), 100
    small, large = draw.integers(10, 31, count), draw.integers(45, 81, count)
    return tuple(np.where(draw.random(count) < 0.5, small, large).tolist()), 100


@lru_cache(512)
def l2_bound(items: Sequence[int], capacity: int) -> int:
    """Martello and Toth's lower bound L2 on the number of bins: large items, which share a bin with no other large one,
    and what is left of the rest once it has filled the rooms beside them.

    >>> l2_bound((60, 60, 60, 40), 100), l2_bound((50, 50, 50, 1), 100)
    (3, 2)
    """
    sizes = np.sort(np.asarray(items))
    best = -(-int(sizes.sum()) // capacity)
    for least in {0, *sizes[2 * sizes <= capacity].tolist()}:
        huge = sizes > capacity - least
        large = ~huge & (2 * sizes > capacity)
        rest = (2 * sizes <= capacity) & (sizes >= least)
        overflow = int(sizes[rest].sum()) - (int(large.sum()) * capacity - int(sizes[large].sum()))
        best = max(best, int(huge.sum()) + int(large.sum()) + max(0, -(-overflow // capacity)))
    return best
