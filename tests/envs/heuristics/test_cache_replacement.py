"""Caches: hits worked out by hand, and an optimum that no sequence of choices beats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genopt_gym.envs.heuristics.cache_replacement import SIZES, Cache, CacheReplacement
from genopt_gym.envs.heuristics.traces import KINDS, RequestTrace, belady, draw_trace, least_recently_used
from tests.helpers.rules import play

TEXTBOOK = (7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1)
"""Silberschatz, Galvin and Gagne, Operating System Concepts: with three frames 15 faults first in first out, 12 for the
least recently used, 9 at best."""
LRU = "def evict(page, cached, recent):\n    return cached[0][0]\n"


def trace(requests: tuple[int, ...], size: int) -> RequestTrace:
    hits = least_recently_used(requests, size)
    return RequestTrace(requests, size, tuple(sum(hits[:n]) for n in range(len(hits) + 1)), belady(requests, size))


@pytest.mark.parametrize(("rule", "faults"), [("naive", 15), (LRU, 12)])
def test_the_textbook_string(rule: str, faults: int) -> None:
    cache = Cache(trace(TEXTBOOK, 3))
    score = play(CacheReplacement(), cache, rule)
    assert len(TEXTBOOK) - cache.hits == faults
    assert score == pytest.approx((12 - faults) / (12 - 9))


def test_the_textbook_optimum() -> None:
    assert len(TEXTBOOK) - belady(TEXTBOOK, 3) == 9


def most_hits(requests: tuple[int, ...], size: int, cached: frozenset[int] = frozenset()) -> int:
    """By trying all choices."""
    if not requests:
        return 0
    page, *rest = requests
    left = tuple(rest)
    if page in cached:
        return 1 + most_hits(left, size, cached)
    if len(cached) < size:
        return most_hits(left, size, cached | {page})
    return max(most_hits(left, size, cached - {out} | {page}) for out in cached)


@given(st.lists(st.integers(0, 4), max_size=11).map(tuple), st.integers(1, 3))
def test_belady_is_brute_force(requests: tuple[int, ...], size: int) -> None:
    assert belady(requests, size) == most_hits(requests, size)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_leaves_room_between_the_two(kind: str) -> None:
    for seed in range(3):
        drawn = draw_trace(kind, seed, *SIZES["train"])
        assert len(drawn.requests) == SIZES["train"][1]
        assert drawn.optimum > drawn.lru[-1] + 20


def test_a_rule_is_told_all_requests() -> None:
    drawn = draw_trace("loops", 0, 12, 300)
    told: list[int] = []
    cache, over = Cache(drawn), False
    while not over:
        observation = cache.observe()
        told += observation["recent"] if not told else observation["recent"][1:]
        assert observation["recent"][-1] == observation["page"]
        assert len(observation["cached"]) == 12
        _, over = cache.step(observation["cached"][0][0])
    assert tuple(told) == drawn.requests[: len(told)]
