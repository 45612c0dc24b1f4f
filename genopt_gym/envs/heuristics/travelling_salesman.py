"""TravellingSalesman: a tour that is made city by city, by somebody who sees only what is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np

from genopt_gym.core.artifact import Component
from genopt_gym.core.evidence import Instance
from genopt_gym.core.task import Metric
from genopt_gym.envs.heuristics.held_karp import held_karp_bound, stored_bounds
from genopt_gym.envs.heuristics.heuristic_task import MEMORY, HeuristicTask, structures_of

SIGHT = 12
"""So many of the nearest cities are seen."""
SIDE = 10_000
"""Of the square that cities lie in."""

CONTRACT = f"""\
here is the place of the traveller, a list [x, y] of integers from 0 to {SIDE - 1}. near lists the {SIGHT} nearest of
the cities that were not visited yet, in the order of their numbers (all of them, once they are fewer); an entry is
[number, x, y, distance]. start is the place where the tour began and has to end, [x, y]. rest is a dict: count (how
many cities were not visited yet), x and y (the middle of all these).
Returns the number of the city to go to, one of those in near. No more is seen of the others.
{MEMORY}"""

WORKFLOW = "def workflow(here, near, start, rest):\n    return next_city(here, near, start, rest)\n"

STARTS = {
    "naive": """\
def next_city(here, near, start, rest):
    # From west to east.
    return min(near, key=lambda city: city[1])[0]
""",
    "stub": """\
def next_city(here, near, start, rest):
    return near[0][0]
""",
    "parametric": """\
from math import dist


def next_city(here, near, start, rest):
    def cost(city):
        number, x, y, distance = city
        others = [dist((x, y), (u, v)) for other, u, v, _ in near if other != number]
        cost = 0.5 * distance - 0.5 * min(others, default=distance)
        cost += 0.1 * dist((x, y), (rest["x"], rest["y"])) - 0.2 * dist((x, y), start)
        return cost - 0.1 * dist(here, start)

    number, *_ = min(near, key=cost)
    return number
""",
    "working": """\
def next_city(here, near, start, rest):
    # The nearest neighbour.
    return min(near, key=lambda city: city[3])[0]
""",
}

SOURCES = {
    "floor": "nearest neighbour on the test instances",
    "reference": "Held and Karp's bound itself; optimal tours are 0.7 to 1 % above it",
}


class TravellingSalesman(HeuristicTask):
    """Visit all cities and come home, by a way that is as short as possible; the artifact picks the next city.

    The rule sees the nearest cities alone, so that no tour can be planned ahead. Train has 40 cities anywhere in the
    square, validation 80, half of the instances in clusters, test 200, and some on lines, which no other split has. The
    score is how far the tour is above Held and Karp's bound (by subgradient ascent; stored for the instances of the
    default splits). Beside it, with all cities in sight: nearest neighbour is as here, farthest insertion gets 8 to 12
    percent; optimal tours are 0.7 to 1 percent above the bound.

    >>> TravellingSalesman().starting_artifact("one_function/stub").texts["next_city"].splitlines()[-1].strip()
    'return near[0][0]'
    """

    horizon = 40
    metric = Metric(
        "percent above the Held-Karp bound, counted negatively, mean over instances",
        *(-1000, 0, -30.1, 0, None),
        sources=SOURCES,
    )
    decision = "the number of a city in near"
    goal = """\
Write a rule for a travelling salesman who sees only the nearest cities: it picks the next one until all are visited,
and then he returns to the start. The whole way should be as short as possible. The reward of a step is an equal share
of the bound less the way, in percent of the bound; an instance's rewards add up to its score."""
    strategy = """\
Hint: the nearest city is often right, but cities that are left behind have to be fetched from far away in the end."""
    distributions: Mapping[str, Sequence[str]] = {
        "train": ("uniform, 40 cities",),
        "validation": ("uniform, 80 cities", "clusters, 80 cities"),
        "test": ("uniform, 200 cities", "clusters, 200 cities", "lines, 200 cities"),
    }
    structures = structures_of(
        Component("next_city", "next_city(here, near, start, rest) -> int", CONTRACT), WORKFLOW, STARTS
    )

    def start_episode(self, instance: Instance, slot: int) -> Tour:
        return Tour(*draw_cities(self.distribution(instance), self.seed(instance)))

    def returns(self) -> str:
        return "the number of a city in near"

    def staged(self, score: float) -> str:
        if score < -35:
            return "Long ways back and forth: distance has to count for more."
        if score < -20:
            return "About what the nearest neighbour gets; see which cities were left behind and fetched at the end."
        return "Better than the nearest neighbour."


class Tour:
    """A tour under way."""

    def __init__(self, cities: Sequence[tuple[int, int]], bound: float) -> None:
        self._cities, self._bound = cities, bound
        self._places = np.array(cities, float)
        self._left = np.ones(len(cities), bool)
        self._sums = self._places.sum(axis=0)
        self.length = 0.0
        self._here = 0
        self._leave(0)

    def _leave(self, city: int) -> None:
        self._left[city] = False
        self._sums = self._sums - self._places[city]
        self._here = city
        numbers = np.flatnonzero(self._left)
        distances = np.sqrt(((self._places[numbers] - self._places[city]) ** 2).sum(axis=1))
        seen = np.sort(np.argsort(distances, kind="stable")[:SIGHT])
        self._near = [
            [number, *self._cities[number], distance]
            for number, distance in zip(numbers[seen].tolist(), distances[seen].tolist(), strict=True)
        ]
        self._count = len(numbers)

    def observe(self) -> dict[str, Any]:
        x, y = (self._sums / self._count).tolist()
        return {
            "here": list(self._cities[self._here]),
            "near": self._near,
            "start": list(self._cities[0]),
            "rest": {"count": self._count, "x": x, "y": y},
        }

    def lacks(self, result: Any) -> str | None:
        if type(result) is int and any(city[0] == result for city in self._near):
            return None
        return "it is the number of a city in near"

    def step(self, action: int) -> tuple[float, bool]:
        """The reward is an equal share of the bound, less the way, in percent of the bound; the sum is how far the tour
        is above it, counted negatively."""
        way = self._distance(self._here, action)
        self._leave(action)
        over = self._count == 0
        if over:
            way += self._distance(action, 0)
        self.length += way
        return 100 * (1 / (len(self._cities) - 1) - way / self._bound), over

    def _distance(self, a: int, b: int) -> float:
        (x, y), (u, v) = self._cities[a], self._cities[b]
        return sqrt((x - u) ** 2 + (y - v) ** 2)


@lru_cache(256)
def draw_cities(distribution: str, seed: int) -> tuple[tuple[tuple[int, int], ...], float]:
    """Cities, and Held and Karp's bound.

    >>> cities, bound = draw_cities("uniform, 40 cities", 0)
    >>> len(cities), 40_000 < bound < 60_000
    (40, True)
    """
    kind, _, size = distribution.partition(", ")
    count, draw = int(size.split()[0]), np.random.default_rng(seed)
    places = draw.random((count, 2))
    if kind == "clusters":
        middles = 0.1 + 0.8 * draw.random((max(3, count // 25), 2))
        places = middles[draw.integers(len(middles), size=count)] + 0.05 * draw.standard_normal((count, 2))
    elif kind == "lines":
        line = draw.integers(8, size=count)
        places[:, 1] = (line + 0.5) / 8
        places = np.where((line % 2 == 0)[:, None], places, places[:, ::-1])
    cities = tuple((x, y) for x, y in np.clip(places * SIDE, 0, SIDE - 1).astype(int).tolist())
    stored = stored_bounds().get(f"{distribution} {seed}")
    return cities, round(held_karp_bound(cities), 3) if stored is None else stored
