"""Request traces for caches, and what the least recently used rule and Belady's optimum make of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from itertools import accumulate
from typing import NamedTuple

import numpy as np


class RequestTrace(NamedTuple):
    """The requests of one instance, and how often two rules hit."""

    requests: tuple[int, ...]
    size: int
    """Pages that the cache holds."""
    lru: tuple[int, ...]
    """Hits of the least recently used rule before each request, and at the end."""
    optimum: int
    """Hits of Belady's rule."""


@lru_cache(256)
def draw_trace(kind: str, seed: int, size: int, length: int) -> RequestTrace:
    """A trace whose kind is one of ``KINDS``, for a cache of so many pages."""
    draw = np.random.default_rng(seed)
    names: dict[int, int] = {}
    requests = tuple(names.setdefault(page, len(names)) for page in KINDS[kind](draw, size, length))
    hits = least_recently_used(requests, size)
    return RequestTrace(requests, size, tuple(accumulate(hits, initial=0)), belady(requests, size))


def least_recently_used(requests: Sequence[int], size: int) -> list[bool]:
    """By request, whether it hits.

    >>> sum(least_recently_used([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1], 3))
    8
    """
    cached: OrderedDict[int, None] = OrderedDict()
    hits = []
    for page in requests:
        hits.append(page in cached)
        cached[page] = None
        cached.move_to_end(page)
        if len(cached) > size:
            cached.popitem(last=False)
    return hits


def belady(requests: Sequence[int], size: int) -> int:
    """Most hits that any rule can have: drop the page that is needed last (Belady 1966).

    >>> belady([7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1], 3)
    11
    """
    never = len(requests)
    needed: list[int] = [never] * never
    last: dict[int, int] = {}
    for position in range(never - 1, -1, -1):
        needed[position] = last.get(requests[position], never)
        last[requests[position]] = position
    next_use: dict[int, int] = {}
    queue: list[tuple[int, int]] = []  # by next use, latest first; entries of other times than next_use are stale
    hits = 0
    for position, page in enumerate(requests):
        hits += page in next_use
        if page not in next_use and len(next_use) == size:
            while True:
                when, out = heappop(queue)
                if next_use.get(out) == -when:
                    break
            del next_use[out]
        next_use[page] = needed[position]
        heappush(queue, (-needed[position], page))
    return hits


# --- kinds


def _zipf(draw: np.random.Generator, size: int, length: int, first: int = 0) -> list[int]:
    """Few pages get most requests, and which ones changes slowly."""
    pages = 8 * size
    weights = 1 / np.arange(1, pages + 1) ** 0.9
    ranks = draw.choice(pages, length, p=weights / weights.sum())
    order = draw.permutation(pages)
    requests = []
    for position, rank in enumerate(ranks):
        if position % 40 == 39:
            one, other = draw.integers(0, 2 * size), draw.integers(0, pages)
            order[one], order[other] = order[other], order[one]
        requests.append(first + int(order[rank]))
    return requests


def _scans(draw: np.random.Generator, size: int, length: int) -> list[int]:
    """The same, interrupted by runs over pages that nobody asks for again."""
    popular = iter(_zipf(draw, size, length + 4 * size))
    requests: list[int] = []
    fresh = 1_000_000
    while len(requests) < length:
        requests += [next(popular) for _ in range(int(draw.integers(2 * size, 4 * size)))]
        run = int(draw.integers(size // 2, 2 * size))
        requests += range(fresh, fresh + run)
        fresh += run
    return requests[:length]


def _loops(draw: np.random.Generator, size: int, length: int) -> list[int]:
    """Rounds over a little more pages than fit, again and again, among requests for popular ones."""
    popular, requests = _zipf(draw, size, length, 1_000_000), []
    around, position = int(size * draw.uniform(1.1, 1.8)), 0
    for request in popular:
        if draw.random() < 0.6:
            requests.append(position % around)
            position += 1
        else:
            requests.append(request)
    return requests


def _bursts(draw: np.random.Generator, size: int, length: int) -> list[int]:
    """Pages that are asked for a few times within a while and then never again, among popular ones."""
    requests: list[int] = []
    popular = _zipf(draw, size, length)
    short: list[int] = []
    fresh = 1_000_000
    for request in popular:
        if draw.random() < 0.4:
            if draw.random() < 0.35 or not short:
                short.append(fresh)
                fresh += 1
            short = short[-max(4, size // 3) :]
            requests.append(short[int(draw.integers(len(short)))])
        else:
            requests.append(request)
    return requests


def _mixture(draw: np.random.Generator, size: int, length: int) -> list[int]:
    """Phases of the three above, each over pages of its own."""
    requests: list[int] = []
    while len(requests) < length:
        kind = (_zipf, _scans, _loops)[int(draw.integers(3))]
        offset = 10_000_000 * int(draw.integers(1, 4))
        phase = kind(draw, size, int(draw.integers(length // 6, length // 3)))
        requests += [offset + page for page in phase]
    return requests[:length]


KINDS: dict[str, Callable[[np.random.Generator, int, int], list[int]]] = {
    "Zipf with drift": _zipf,
    "scans": _scans,
    "loops": _loops,
    "bursts": _bursts,
    "mixture": _mixture,
}
