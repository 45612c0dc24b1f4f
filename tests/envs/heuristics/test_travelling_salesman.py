"""Tours worked out by hand, and a bound that no tour falls short of."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from genopt_gym.envs.heuristics import held_karp
from genopt_gym.envs.heuristics.held_karp import (
    distances,
    farthest_insertion,
    held_karp_bound,
    nearest_neighbour,
    stored_bounds,
    tour_length,
)
from genopt_gym.envs.heuristics.travelling_salesman import SIGHT, Tour, TravellingSalesman, draw_cities
from tests.helpers.rules import play

LINE = ((50, 0), (60, 0), (35, 0), (100, 0))
"""The nearest neighbour goes 10 to the right, 25 back to the left, 65 to the far right and 50 home."""


@pytest.mark.parametrize(("rule", "length"), [("working", 150), ("naive", 130), ("stub", 150)])
def test_rules_by_hand(rule: str, length: float) -> None:
    tour = Tour(LINE, 130)
    score = play(TravellingSalesman(), tour, rule)
    assert tour.length == length
    assert score == pytest.approx(-100 * (length - 130) / 130)


def test_constructions_by_hand() -> None:
    matrix = distances(LINE)
    assert nearest_neighbour(matrix) == [0, 1, 2, 3]
    assert tour_length(matrix, nearest_neighbour(matrix)) == 150
    assert tour_length(matrix, farthest_insertion(matrix)) == 130


def test_the_start_working_is_the_nearest_neighbour() -> None:
    cities, bound = draw_cities("uniform, 40 cities", 1)
    tour = Tour(cities, bound)
    play(TravellingSalesman(), tour, "working")
    matrix = distances(cities)
    assert tour.length == pytest.approx(tour_length(matrix, nearest_neighbour(matrix)))


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_below_the_best_tour_and_close_to_it(seed: int) -> None:
    cities = np.random.default_rng(seed).integers(0, 1000, (7, 2)).tolist()
    matrix = distances(cities)
    best = min(tour_length(matrix, (0, *rest)) for rest in permutations(range(1, 7)))
    assert 0.97 * best < held_karp_bound(cities) <= best + 1e-6


def test_stored_bounds_are_the_computed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the first of each split; ``benchmarks/held_karp.py`` computes all."""
    task = TravellingSalesman()
    asked = [(task.distribution(each), task.seed(each)) for each in (task.instances(s)[0] for s in task.distributions)]
    stored = [stored_bounds()[f"{distribution} {seed}"] for distribution, seed in asked]
    monkeypatch.setattr("genopt_gym.envs.heuristics.travelling_salesman.stored_bounds", dict)
    draw_cities.cache_clear()
    assert [draw_cities(*each)[1] for each in asked] == pytest.approx(stored, abs=0.002)


def test_the_nearest_neighbour_is_as_far_from_the_bound_as_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Johnson and McGeoch 1997: 25.6 percent for 100 cities anywhere in a square. Farthest insertion is much better."""
    monkeypatch.setattr(held_karp, "ROUNDS", 60)
    gaps = []
    for seed in range(12):
        cities, bound = draw_cities("uniform, 100 cities", seed)
        matrix = distances(cities)
        gaps.append([tour_length(matrix, make(matrix)) / bound - 1 for make in (nearest_neighbour, farthest_insertion)])
    nearest, farthest = 100 * np.mean(gaps, axis=0)
    assert nearest == pytest.approx(25.6, abs=4)
    assert farthest < nearest / 2


def test_only_what_is_near_is_seen() -> None:
    cities, bound = draw_cities("uniform, 40 cities", 2)
    tour = Tour(cities, bound)
    observation = tour.observe()
    near = sorted(range(1, 40), key=lambda city: distances(cities)[0, city])[:SIGHT]
    assert [city[0] for city in observation["near"]] == sorted(near)
    assert observation["rest"]["count"] == 39
