"""Online bin packing: bounds, packings and scores worked out by hand, and the gaps that others published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, stdev

import pytest

from genopt_gym.envs.heuristics.bin_packing import PUBLISHED, BinPacking, Packing, draw_items, l2_bound
from tests.helpers.rules import play

FIRST_FIT = "def priority(item, free):\n    return [0 for _ in free]\n"
BEST_FIT = "working"
FUNSEARCH = """\
LIMITS = ((2, 4), (3, 3), (5, 2), (7, 1), (9, 0.9), (12, 0.95), (15, 0.97), (21, 0.98), (150, 0.99))


def priority(item, free):
    # What FunSearch found for the OR sets: by how much room is left (Romera-Paredes et al. 2024).
    return [next(worth for most, worth in LIMITS if room - item <= most) for room in free]
"""


@pytest.mark.parametrize(
    ("items", "bound"),
    [((6, 6, 6), 3), ((5, 5, 5, 5), 2), ((4, 4, 4, 4), 2), ((7, 7, 4, 4, 4), 4), ((9, 1, 1), 2), ((10,), 1)],
)
def test_the_bound_by_hand(items: tuple[int, ...], bound: int) -> None:
    assert l2_bound(items, 10) == bound


@pytest.mark.parametrize(("rule", "bins"), [(FIRST_FIT, 3), (BEST_FIT, 2), ("naive", 3), ("stub", 4)])
def test_rules_by_hand(rule: str, bins: int) -> None:
    """First fit puts the 3 to the 5, and best fit to the 7; so only best fit has room for the other 5."""
    packing = Packing((5, 7, 3, 5), 10)
    score = play(BinPacking(), packing, rule)
    assert packing.bins == bins
    assert score == pytest.approx(-100 * (bins - 2) / 2)


def test_equal_priorities_mean_the_bin_that_was_opened_first() -> None:
    packing = Packing((6, 6, 4), 10)
    play(BinPacking(), packing, FIRST_FIT)
    assert packing.bins == 2


def gaps(distribution: str, instances: int, rule: str) -> list[float]:
    drawn = (draw_items(distribution, seed) for seed in range(instances))
    return [play(BinPacking(), Packing(*each), rule) for each in drawn]


SETS = {
    "OR1": ("uniform, 120 items", 20),
    "OR2": ("uniform, 250 items", 20),
    "OR3": ("uniform, 500 items", 20),
    "OR4": ("uniform, 1000 items", 20),
    "Weibull 5k": ("Weibull, 5000 items", 5),
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("words", "rule"), [("first fit", FIRST_FIT), ("best fit", BEST_FIT)])
def test_published_gaps_on_instances_of_the_same_kind(name: str, words: str, rule: str) -> None:
    """As many instances as in the published set, drawn in the same way: the means differ by what drawing explains."""
    found = gaps(*SETS[name], rule)
    [published] = [gap for title, gap in PUBLISHED.items() if title.endswith(f"{words} on {name}")]
    assert abs(fmean(found) - published) < 3 * stdev(found) * (2 / len(found)) ** 0.5


def published_instances(number: int) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Items, capacity and fewest bins, as OR-Library's file ``binpackN.txt`` has them."""
    file = Path(os.environ.get("GENOPT_TEST_DATA", "")) / "or-library" / f"binpack{number}.txt"
    if not file.is_file():
        pytest.skip(f"GENOPT_TEST_DATA names no folder with or-library/binpack{number}.txt")
    words = iter(file.read_text().split())
    for _ in range(int(next(words))):
        next(words)  # the instance's name
        capacity, count, bins = (int(next(words)) for _ in range(3))
        yield tuple(int(next(words)) for _ in range(count)), capacity, bins


@pytest.mark.parametrize("number", range(1, 5))
def test_published_gaps_on_the_published_instances(number: int) -> None:
    """Equal to two decimals: all bins of the set over all bins of the bound, as it was published."""
    excess = {"first fit": FIRST_FIT, "best fit": BEST_FIT}
    instances = list(published_instances(number))
    for words, rule in excess.items():
        bins = bound = 0
        for items, capacity, _ in instances:
            packing = Packing(items, capacity)
            play(BinPacking(), packing, rule)
            bins, bound = bins + packing.bins, bound + l2_bound(items, capacity)
        [published] = [gap for title, gap in PUBLISHED.items() if title.endswith(f"{words} on OR{number}")]
        assert 100 * (bins / bound - 1) == pytest.approx(-published, abs=0.006)
    assert all(l2_bound(items, capacity) <= best for items, capacity, best in instances)


def test_what_others_found_is_better_than_best_fit_by_as_much_as_they_say() -> None:
    ours = [b - a for a, b in zip(gaps(*SETS["OR3"], BEST_FIT), gaps(*SETS["OR3"], FUNSEARCH), strict=True)]
    assert fmean(ours) == pytest.approx(5.37 - 3.11, abs=3 * stdev(ours) * (2 / len(ours)) ** 0.5)


def test_every_bin_can_hold_what_is_in_it() -> None:
    items, capacity = draw_items("two modes, 1000 items", 3)
    packing = Packing(items, capacity)
    play(BinPacking(), packing, BEST_FIT)
    assert packing._free.min() >= 0
    assert capacity * packing.bins - sum(items) == packing._free[: packing.bins].sum()
