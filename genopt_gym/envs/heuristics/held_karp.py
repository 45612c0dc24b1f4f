"""Held and Karp's lower bound on the length of a tour, by subgradient ascent over 1-trees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS, DECAY = 120, 0.94
"""Steps of the ascent, and how each is shorter than the one before; more of them raise the bound by less than 0.1 %."""


def distances(cities: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Euclidean distances between all pairs."""
    places = np.asarray(cities, float)
    differences = places[:, None, :] - places[None, :, :]
    matrix: NDArray[np.float64] = np.sqrt((differences**2).sum(axis=2))
    return matrix


def tour_length(matrix: NDArray[np.float64], tour: Sequence[int]) -> float:
    """Length of the closed tour."""
    return float(matrix[list(tour), [*tour[1:], tour[0]]].sum())


def nearest_neighbour(matrix: NDArray[np.float64], first: int = 0) -> list[int]:
    """The tour that always goes to the nearest city that was not visited yet."""
    left, tour = set(range(len(matrix))) - {first}, [first]
    while left:
        tour.append(min(sorted(left), key=lambda city: float(matrix[tour[-1], city])))
        left.remove(tour[-1])
    return tour


def farthest_insertion(matrix: NDArray[np.float64]) -> list[int]:
    """The tour that takes in the city farthest from it, where that costs least, again and again."""
    tour = [0, int(np.argmax(matrix[0]))]
    away = np.minimum(matrix[tour[0]], matrix[tour[1]])
    while len(tour) < len(matrix):
        city = int(np.argmax(away))
        after = [*tour[1:], tour[0]]
        costs = matrix[tour, city] + matrix[city, after] - matrix[tour, after]
        tour.insert(int(np.argmin(costs)) + 1, city)
        away = np.minimum(away, matrix[city])
    return tour


def held_karp_bound(cities: Sequence[Sequence[int]]) -> float:
    """A length that no tour falls short of, usually 0.7 to 1 % below the optimum.

    >>> round(held_karp_bound([(0, 0), (0, 100), (100, 100), (100, 0)]), 3)
    400.0
    """
    matrix = distances(cities)
    count = len(matrix)
    upper = tour_length(matrix, nearest_neighbour(matrix))
    weights, best, direction, scale = np.zeros(count), 0.0, np.zeros(count), 1.0
    for _ in range(ROUNDS):
        length, degrees = _one_tree(matrix + weights[:, None] + weights[None, :])
        bound = length - 2 * float(weights.sum())
        best = max(best, bound)
        away = degrees - 2
        if not away.any():  # the 1-tree is a tour, so the bound is exact
            break
        direction = 0.7 * away + 0.3 * direction
        weights += scale * (upper - bound) / float((away**2).sum()) * direction
        scale *= DECAY
    return best


def _one_tree(costs: NDArray[np.float64]) -> tuple[float, NDArray[np.int64]]:
    """The least 1-tree: a spanning tree of all cities but the first, and its two shortest edges; length, degrees."""
    count = len(costs)
    degrees = np.zeros(count, np.int64)
    nearest, parent = costs[1].copy(), np.ones(count, np.int64)
    nearest[:2] = np.inf
    length = 0.0
    for _ in range(count - 2):
        city = int(nearest.argmin())
        length += float(nearest[city])
        degrees[city] += 1
        degrees[parent[city]] += 1
        closer = (costs[city] < nearest) & np.isfinite(nearest)
        nearest[closer] = costs[city][closer]
        parent[closer] = city
        nearest[city] = np.inf
    row = costs[0, 1:]
    two = np.argpartition(row, 1)[:2]
    degrees[two + 1] += 1
    degrees[0] = 2
    return length + float(row[two].sum()), degrees


@cache
def stored_bounds() -> dict[str, float]:
    """Bounds that were computed before, by instance; see ``benchmarks/held_karp.py``."""
    text = files("genopt_gym.envs.heuristics").joinpath("held_karp.json").read_text(encoding="utf-8")
    stored: Any = json.loads(text)
    return dict(stored)
